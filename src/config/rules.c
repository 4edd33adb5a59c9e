/* SPDX-License-Identifier: MIT */
#include "config/rules.h"

#include "base/text.h"
#include "config/section.h"

enum { NAME_MAX_BYTES = 64 };

static const struct schema_kind policy_kind = {"policy", schema_policy_options, NULL};
static const struct schema_kind rule_kind = {"rule", schema_rule_options, NULL};

/* A list that was written must restrict: an empty one would read as a condition that was not
 * written. */
static int read_list(const struct section *section, const char *name, struct config_list *list,
	struct error *error)
{
	list->items = section_list(section, name, &list->count);
	if (section_has(section, name) && list->count == 0)
		return section_error(section, name, error,
			"nobody is in an empty list: name at least one, or leave the option out");
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i][0] == '\0')
			return section_error(section, name, error, "has an empty text in its list");
	return 0;
}

static int read_lists(const struct section *section, struct config_rule *rule, struct error *error)
{
	const struct {
		const char *name;
		struct config_list *list;
	} lists[] = {
		{"groups", &rule->groups},
		{"users", &rule->users},
		{"emails", &rule->emails},
		{"backends", &rule->backends},
		{"platforms", &rule->platforms},
		{"meetings", &rule->meetings},
	};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (read_list(section, lists[i].name, lists[i].list, error) != 0)
			return -1;
	return 0;
}

static int read_time(
	const struct section *section, const char *name, int64_t *time_r, struct error *error)
{
	const char *text = section_string(section, name);

	*time_r = 0;
	if (!section_has(section, name))
		return 0;
	/* 0 stands for "none", so 1970 itself cannot be had. */
	if (text_to_time(text, time_r) != 0 || *time_r <= 0)
		return section_error(section, name, error,
			"a time in UTC like \"2026-01-01T08:00Z\" is needed, not \"%.64s\"", text);
	return 0;
}

/* These stand for something else in answers and logs. */
static bool is_reserved(const char *name)
{
	return strcmp(name, "default") == 0 || strcmp(name, "no policy") == 0;
}

static int check_name(const struct section *section, struct error *error)
{
	const char *name = section_title(section);

	if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES || !text_is_printable(name))
		return section_error(section, NULL, error,
			"a rule's name has 1 to %d bytes and no control characters",
			NAME_MAX_BYTES);
	if (is_reserved(name))
		return section_error(
			section, NULL, error, "this name has a meaning already: choose another");
	return 0;
}

static int read_rule(const struct section *section, struct config_rule *rule, struct error *error)
{
	rule->name = section_title(section);
	rule->line = section->line;
	if (check_name(section, error) != 0)
		return -1;
	if (!section_has(section, "allow"))
		return section_error(section, NULL, error,
			"allow is missing: write allow = true or allow = false");
	rule->allow = section_bool(section, "allow");
	if (read_lists(section, rule, error) != 0 ||
		read_time(section, "not-before", &rule->not_before, error) != 0)
		return -1;
	return read_time(section, "not-after", &rule->not_after, error);
}

static int read_default(
	const struct section *section, struct config_policy *policy, struct error *error)
{
	const char *text = section_string(section, "default");

	policy->allow_by_default = strcmp(text, "allow") == 0;
	if (!policy->allow_by_default && strcmp(text, "deny") != 0)
		return section_error(section, "default", error,
			"\"deny\" or \"allow\" is needed, not \"%.64s\"", text);
	return 0;
}

static int read_rules(struct arena *arena, const char *file, cfg_opt_t *parsed,
	struct config_policy *policy, struct error *error)
{
	unsigned count = cfg_opt_size(parsed);
	struct config_rule *rules = arena_alloc(arena, count, sizeof *rules);

	if (rules == NULL)
		return error_set(error, "%s: out of memory", file);
	policy->rules = rules;
	for (; policy->count < count; policy->count++) {
		cfg_t *rule = cfg_opt_getnsec(parsed, (unsigned)policy->count);
		const struct section *section = section_read(arena, file, &rule_kind, rule, error);

		if (section == NULL || read_rule(section, &rules[policy->count], error) != 0)
			return -1;
	}
	return 0;
}

int rules_read(struct arena *arena, const char *file, cfg_t *parsed, struct config_policy *policy,
	struct error *error)
{
	cfg_opt_t *policies = schema_option(parsed, "policy");
	unsigned count = cfg_opt_size(policies);
	const struct section *section;

	if (count == 0)
		return 0;
	if (count > 1)
		return error_set(error,
			"%s:%d: a second policy section: put all rules into the first, on line %d",
			file, schema_line(cfg_opt_getnsec(policies, 1)),
			schema_line(cfg_opt_getnsec(policies, 0)));
	policy->present = true;
	parsed = cfg_opt_getnsec(policies, 0);
	section = section_read(arena, file, &policy_kind, parsed, error);
	if (section == NULL || read_default(section, policy, error) != 0)
		return -1;
	return read_rules(arena, file, schema_option(parsed, "rule"), policy, error);
}
