/* SPDX-License-Identifier: MIT
 *
 * A configuration file: read, checked, and its drivers opened as at a start.
 */
#include "fuzz.h"

#include "auth/registry.h"
#include "config/config.h"
#include "platform/registry.h"

static void open_drivers(const struct settings *settings)
{
	struct error error = {""};

	for (size_t i = 0; i < settings->platform_count; i++) {
		const struct section *section = settings->platforms[i];
		const struct platform_driver *driver = platform_find(section_type(section));
		void *instance = NULL;

		if (platform_open(driver, section, &instance, &error) == 0)
			platform_close(driver, &instance);
	}
	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *section = settings->backends[i];
		const struct auth_backend *backend = auth_find(section_type(section));
		void *instance = auth_open(backend, section, &error);

		if (instance != NULL)
			auth_close(backend, instance);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct error error = {""};
	struct settings *settings = config_load(file_of(bytes, length),
		(struct config_types){platform_section_types(), auth_section_types()}, &error);

	PROMISE(settings != NULL || error.text[0] != '\0');
	if (settings != NULL)
		open_drivers(settings);
	config_free(&settings);
	return 0;
}
