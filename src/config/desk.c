/* SPDX-License-Identifier: MIT */
#include "config/desk.h"

#include "config/section.h"

static const struct schema_kind desk_kind = {"guest-desk", schema_desk_options, NULL, NULL};

/* Finds the backend of that type that the option names, or else the only one. `*backend_r` is NULL
 * if there is none. */
static int find_backend(const struct settings *settings, const struct section *section,
	const char *option, const char *type, const struct section **backend_r, struct error *error)
{
	const char *title = section_string(section, option);
	size_t found = 0;

	*backend_r = NULL;
	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];

		if (strcmp(section_type(backend), type) != 0 ||
			(section_has(section, option) &&
				strcmp(section_title(backend), title) != 0))
			continue;
		*backend_r = backend;
		found++;
	}
	if (found == 0 && section_has(section, option))
		return section_error(section, option, error,
			"there is no backend \"%.64s\" of type \"%s\"", title, type);
	if (found > 1)
		return section_error(section, NULL, error,
			"there are %zu backends of type \"%s\": write %s = \"TITLE\"", found, type,
			option);
	return 0;
}

static bool has_backend(const struct settings *settings, const char *title)
{
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strcmp(section_title(settings->backends[i]), title) == 0)
			return true;
	return false;
}

static int check_backends(
	const struct section *section, const struct settings *settings, struct error *error)
{
	const struct config_list *list = &settings->desk.backends;

	for (size_t i = 0; i < list->count; i++)
		if (!has_backend(settings, list->items[i]))
			return section_error(section, "backends", error,
				"there is no backend \"%.64s\"", list->items[i]);
	return 0;
}

static int read_desk(const struct section *section, struct settings *settings, struct error *error)
{
	struct config_desk *desk = &settings->desk;

	if (section_fill(section, desk, error) != 0 ||
		check_backends(section, settings, error) != 0 ||
		find_backend(settings, section, "accounts", "guest-account", &desk->accounts,
			error) != 0 ||
		find_backend(
			settings, section, "invitations", "invite", &desk->invitations, error) != 0)
		return -1;
	if (desk->accounts == NULL && desk->invitations == NULL)
		return section_error(section, NULL, error,
			"the desk has nothing to offer: add a backend of type "
			"\"guest-account\" or \"invite\"");
	desk->section = section;
	desk->present = true;
	return 0;
}

int desk_read(struct arena *arena, cfg_t *parsed, struct settings *settings, struct error *error)
{
	cfg_opt_t *desks = schema_option(parsed, "guest-desk");
	unsigned count = cfg_opt_size(desks);
	const struct section *section;

	if (count == 0)
		return 0;
	if (count > 1) {
		error_set(error, "a second guest-desk section: keep one");
		return sources_blame(
			settings->sources, schema_line(cfg_opt_getnsec(desks, 1)), error);
	}
	section = section_read(
		arena, settings->sources, &desk_kind, cfg_opt_getnsec(desks, 0), error);
	return section != NULL ? read_desk(section, settings, error) : -1;
}
