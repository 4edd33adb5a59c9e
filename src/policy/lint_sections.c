/* SPDX-License-Identifier: MIT */
#include "policy/sources.h"

struct lint {
	const struct settings *settings;
	void (*found)(
		void *context, const char *about, const char *file, int line, const char *text);
	void *context;
	size_t count;
};

/* ---- the guest desk ---- */

static void find_in_desk(struct lint *lint, const char *text)
{
	lint->found(lint->context, "guest-desk", section_file(lint->settings->desk.section),
		section_line(lint->settings->desk.section), text);
	lint->count++;
}

static bool tells_groups_of_hosts(const struct settings *settings, const char *title)
{
	const struct section *backend = config_backend(settings, title);

	return backend != NULL && source_tells(backend, SOURCE_GROUPS);
}

static void lint_named(struct lint *lint)
{
	const struct config_list *backends = &lint->settings->desk.backends;
	char text[256];

	for (size_t i = 0; i < backends->count; i++) {
		if (tells_groups_of_hosts(lint->settings, backends->items[i]))
			continue;
		snprintf(text, sizeof text,
			"backends: \"%s\" reports no groups, so nobody from it can use the desk",
			backends->items[i]);
		find_in_desk(lint, text);
	}
}

static void lint_desk(struct lint *lint)
{
	struct buffer titles = BUFFER_INIT(512);
	size_t count = source_list(lint->settings, SOURCE_GROUPS, &titles);
	char text[700];

	if (lint->settings->desk.backends.count > 0) {
		lint_named(lint);
	} else if (count == 0) {
		find_in_desk(lint, "nobody can use it: no backend reports groups");
	} else if (count > 1) {
		snprintf(text, sizeof text,
			"groups: the desk trusts %s, each for its own people: "
			"name the backends that you mean in `backends`",
			titles.data != NULL ? titles.data : "");
		find_in_desk(lint, text);
	}
	buffer_release(&titles);
}

/* ---- order of the backends ---- */

/* Whoever creates guest accounts could use the name of a person in a later backend, who could then
 * no longer sign in. */
static void lint_order(struct lint *lint, size_t guests)
{
	const struct settings *settings = lint->settings;
	const struct section *section = settings->backends[guests];
	char about[80], text[256];

	for (size_t i = guests + 1; i < settings->backend_count; i++) {
		if (!source_takes_passwords(settings->backends[i]) ||
			policy_makes_guests(settings->backends[i]))
			continue;
		snprintf(about, sizeof about, "backend \"%s\"", section_title(section));
		snprintf(text, sizeof text,
			"a guest account locks out a person with the same name in \"%s\", which "
			"is asked later: move this section below that one",
			section_title(settings->backends[i]));
		lint->found(
			lint->context, about, section_file(section), section_line(section), text);
		lint->count++;
		return;
	}
}

size_t policy_lint_sections(const struct settings *settings,
	void (*found)(
		void *context, const char *about, const char *file, int line, const char *text),
	void *context)
{
	struct lint lint = {settings, found, context, 0};

	if (settings->desk.present)
		lint_desk(&lint);
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strcmp(section_type(settings->backends[i]), "guest-account") == 0)
			lint_order(&lint, i);
	return lint.count;
}
