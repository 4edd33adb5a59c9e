/* SPDX-License-Identifier: MIT
 *
 * The configuration of a command, as the user of the service reads it.
 */
#include "ctl/ctl.h"

#include "auth/registry.h"
#include "platform/registry.h"
#include "service/user.h"

void ctl_load_settings(struct ctl *ctl)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct error error;

	if (service_become_user(ctl->config_file, &error) == 0)
		ctl->settings = config_load(ctl->config_file, types, &error);
	if (ctl->settings == NULL)
		ctl_fail(EX_CONFIG, &error);
}
