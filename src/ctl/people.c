/* SPDX-License-Identifier: MIT */
#include "ctl/people.h"

#include "base/memory.h"
#include "policy/sources.h"

#include <stdlib.h>

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

/* The groups of all users of a backend, each once, sorted. */
struct known {
	struct users *users; /* has the names; NULL: cannot be read */
	const char **groups;
	size_t count;
};

static int compare_groups(const void *a, const void *b)
{
	const char *const *one = a, *const *other = b;

	return strcmp(*one, *other);
}

static void add_groups(struct known *known, const struct user *user)
{
	const char *at = user->groups;

	for (size_t i = 0; i < user->group_count; i++, at += strlen(at) + 1)
		known->groups[known->count++] = at;
}

/* Reads the users file of a backend once, for all rules. */
static struct known learn(const struct section *backend)
{
	struct known known = {.users = is_file(backend) ? load(backend) : NULL};
	const struct user *user;
	size_t room = 0, kept = 0;

	for (size_t i = 0; known.users != NULL && (user = users_at(known.users, i)) != NULL; i++)
		room += user->group_count;
	known.groups = xcalloc(room + 1, sizeof *known.groups);
	for (size_t i = 0; known.users != NULL && (user = users_at(known.users, i)) != NULL; i++)
		add_groups(&known, user);
	qsort(known.groups, known.count, sizeof *known.groups, compare_groups);
	for (size_t i = 0; i < known.count; i++)
		if (i == 0 || strcmp(known.groups[i], known.groups[kept - 1]) != 0)
			known.groups[kept++] = known.groups[i];
	known.count = kept;
	return known;
}

static bool any_has(const struct known *known, const char *group)
{
	return bsearch(&group, known->groups, known->count, sizeof *known->groups,
		       compare_groups) != NULL;
}

static bool is_named(const struct config_list *titles, const struct section *backend)
{
	for (size_t i = 0; i < titles->count; i++)
		if (strcmp(titles->items[i], section_title(backend)) == 0)
			return true;
	return titles->count == 0;
}

/* Whether we know for certain that nobody is in the group. `known` has each backend. */
static bool nobody_has(const struct settings *settings, const struct known *known,
	const struct config_list *titles, const char *group)
{
	bool looked = false;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];

		if (!is_named(titles, backend) || !source_tells(backend, SOURCE_GROUPS))
			continue;
		if (known[i].users == NULL || any_has(&known[i], group))
			return false;
		looked = true;
	}
	return looked;
}

static size_t lint_groups(const struct settings *settings, const struct known *known,
	const struct config_list *titles, const struct config_list *groups,
	const struct service_finding *where, service_found *found, void *context)
{
	char text[300];
	size_t count = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct service_finding finding = *where;

		if (!nobody_has(settings, known, titles, groups->items[i]))
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
	struct known *known = xcalloc(settings->backend_count + 1, sizeof *known);
	size_t count = 0;

	for (size_t i = 0; i < settings->backend_count; i++)
		known[i] = learn(settings->backends[i]);
	for (size_t i = 0; i < settings->policy.count; i++) {
		const struct config_rule *rule = &settings->policy.rules[i];
		char about[100];
		struct service_finding where = {about, rule->name, rule->file, rule->line, NULL};

		snprintf(about, sizeof about, "rule \"%s\"", rule->name);
		count += lint_groups(
			settings, known, &rule->backends, &rule->groups, &where, found, context);
	}
	if (settings->desk.present) {
		desk.file = section_file(settings->desk.section);
		desk.line = section_line(settings->desk.section);
		count += lint_groups(settings, known, &settings->desk.backends,
			&settings->desk.groups, &desk, found, context);
	}
	for (size_t i = 0; i < settings->backend_count; i++) {
		users_drop(&known[i].users);
		free(known[i].groups);
	}
	free(known);
	return count;
}
