/* SPDX-License-Identifier: MIT */
#include "ctl/people.h"

#include "policy/sources.h"

static bool is_file(const struct section *backend)
{
	return strcmp(section_type(backend), "file") == 0;
}

static struct users *load(const struct section *backend)
{
	enum users_kind kind = USERS_OWN;
	struct error error;

	users_kind_named(section_string(backend, "format"), &kind);
	return users_load(section_string(backend, "users"), kind, &error);
}

bool people_find(const struct settings *settings, const char *backend, const char *name,
	struct people *people)
{
	char key[USERS_NAME_SIZE];

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *section = settings->backends[i];

		if (!is_file(section) ||
			(backend != NULL && strcmp(section_title(section), backend) != 0))
			continue;
		*people = (struct people){.backend = section, .users = load(section)};
		if (people->users != NULL && users_key(people->users, name, key) == 0)
			people->user = users_find(people->users, key);
		if (people->user != NULL)
			return true;
		people_release(people);
	}
	return false;
}

void people_release(struct people *people)
{
	people->user = NULL;
	users_drop(&people->users);
}

/* ---- groups without members ---- */

static bool has_group(const struct user *user, const char *group)
{
	const char *at = user->groups;

	for (size_t i = 0; i < user->group_count; i++, at += strlen(at) + 1)
		if (strcmp(at, group) == 0)
			return true;
	return false;
}

static bool any_has(const struct users *users, const char *group)
{
	const struct user *user;

	for (size_t i = 0; (user = users_at(users, i)) != NULL; i++)
		if (has_group(user, group))
			return true;
	return false;
}

static bool is_named(const struct config_list *titles, const struct section *backend)
{
	for (size_t i = 0; i < titles->count; i++)
		if (strcmp(titles->items[i], section_title(backend)) == 0)
			return true;
	return titles->count == 0;
}

/* Whether we know for certain that nobody is in the group. */
static bool nobody_has(
	const struct settings *settings, const struct config_list *titles, const char *group)
{
	bool looked = false;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];
		struct users *users;
		bool has;

		if (!is_named(titles, backend) || !source_tells(backend, SOURCE_GROUPS))
			continue;
		users = is_file(backend) ? load(backend) : NULL;
		if (users == NULL)
			return false;
		has = any_has(users, group);
		users_drop(&users);
		if (has)
			return false;
		looked = true;
	}
	return looked;
}

static size_t lint_groups(const struct settings *settings, const struct config_list *titles,
	const struct config_list *groups, const struct service_finding *where, service_found *found,
	void *context)
{
	char text[300];
	size_t count = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct service_finding finding = *where;

		if (!nobody_has(settings, titles, groups->items[i]))
			continue;
		snprintf(text, sizeof text, "groups: no user is in \"%.200s\"", groups->items[i]);
		finding.text = text;
		found(context, &finding);
		count++;
	}
	return count;
}

size_t people_lint(const struct settings *settings, service_found *found, void *context)
{
	struct service_finding desk = {.about = "guest-desk"};
	size_t count = 0;

	for (size_t i = 0; i < settings->policy.count; i++) {
		const struct config_rule *rule = &settings->policy.rules[i];
		char about[100];
		struct service_finding where = {about, rule->name, rule->file, rule->line, NULL};

		snprintf(about, sizeof about, "rule \"%s\"", rule->name);
		count += lint_groups(
			settings, &rule->backends, &rule->groups, &where, found, context);
	}
	if (settings->desk.present) {
		desk.file = section_file(settings->desk.section);
		desk.line = section_line(settings->desk.section);
		count += lint_groups(settings, &settings->desk.backends, &settings->desk.groups,
			&desk, found, context);
	}
	return count;
}
