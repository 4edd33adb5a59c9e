/* SPDX-License-Identifier: MIT
 *
 * The configuration of a command, as the user of the service reads it.
 */
#include "ctl/ctl.h"

#include "auth/registry.h"
#include "ctl/progress.h"
#include "platform/registry.h"
#include "service/user.h"

void ctl_load_settings(struct ctl *ctl)
{
	struct config_types types = {platform_section_types(), auth_section_types()};
	struct error error;

	if (service_become_user(ctl->config_file, &error) == 0) {
		progress_start("reading the configuration");
		ctl->settings = config_load(ctl->config_file, types, &error);
		progress_stop();
	}
	if (ctl->settings == NULL)
		ctl_fail(EX_CONFIG, &error);
}

bool ctl_may_name(const struct ctl *ctl)
{
	return ctl->settings == NULL || ctl->settings->log_users == CONFIG_USERS_PLAIN;
}
