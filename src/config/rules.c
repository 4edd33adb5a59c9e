/* SPDX-License-Identifier: MIT */
#include "config/rules.h"

#include "base/text.h"
#include "config/section.h"

enum { NAME_MAX_BYTES = 64 };

static int read_networks(struct arena *arena, const struct section *section,
	struct config_rule *rule, struct error *error)
{
	struct network *parsed = arena_alloc(arena, rule->networks.count, sizeof *parsed);

	rule->parsed_networks = parsed;
	for (size_t i = 0; i < rule->networks.count; i++) {
		const char *text = rule->networks.items[i];
		const char *fault = network_parse(text, &parsed[i]);

		if (fault != NULL)
			return section_error(
				section, "networks", error, "\"%.64s\" %s", text, fault);
	}
	return 0;
}

/* Refuses `second-factor = false`, which would read as "people without a second factor". No
 * condition can express that. */
static int check_second_factor(
	const struct section *section, const struct config_rule *rule, struct error *error)
{
	if (section_has(section, "second-factor") && !rule->second_factor)
		return section_error(section, "second-factor", error,
			"must be true: to accept people without one, leave the option out");
	return 0;
}

/* Whether every pattern of the list excludes something: it has a character other than
 * `matching_all`. */
static bool leaves_out(const struct config_list *patterns, const char *matching_all)
{
	for (size_t i = 0; i < patterns->count; i++)
		if (patterns->items[i][strspn(patterns->items[i], matching_all)] == '\0')
			return false;
	return patterns->count > 0;
}

bool config_names_meetings(const struct config_rule *rule)
{
	return leaves_out(&rule->meetings, "*");
}

/* Refuses rules that allow by meeting tokens alone or with conditions that anybody can meet.
 * Visitors supply the token unchecked, so such a rule would admit everybody everywhere. */
static int check_tokens(
	const struct section *section, const struct config_rule *rule, struct error *error)
{
	if (!rule->allow || rule->meeting_tokens.count == 0 || config_names_meetings(rule) ||
		rule->users.count > 0 || rule->groups.count > 0 || leaves_out(&rule->emails, "*@."))
		return 0;
	return section_error(section, "meeting-tokens", error,
		"visitors supply the token and nobody confirms it, so no rule allows by it alone: "
		"add the ids of the meetings (meetings = {\"ID\"}), or whom the rule is for "
		"(users, groups or emails)");
}

/* These names have a meaning in answers and logs. */
static bool is_reserved(const char *name)
{
	return strcmp(name, "default") == 0 || strcmp(name, "no policy") == 0;
}

static int check_name(struct arena *arena, struct section *section, struct error *error)
{
	const char *name = section_title(section);

	if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES || !text_is_printable(name))
		return section_error(section, NULL, error,
			"a rule's name has 1 to %d bytes and no control characters",
			NAME_MAX_BYTES);
	if (is_reserved(name))
		return section_error(section, NULL, error, "this name is reserved: choose another");
	return 0;
}

static const struct schema_kind policy_kind = {"policy", schema_policy_options, NULL, NULL};
static const struct schema_kind rule_kind = {"rule", schema_rule_options, NULL, check_name};
static const struct schema_kind meet_kind = {"meet", schema_meet_options, NULL, check_name};

static int read_rule(struct arena *arena, const struct section *section, struct config_rule *rule,
	struct error *error)
{
	rule->name = section_title(section);
	rule->line = section_line(section);
	rule->file = section_file(section);
	if (!section_has(section, "allow"))
		return section_error(section, NULL, error,
			"allow is missing: write allow = true or allow = false");
	if (section_fill(section, rule, error) != 0 || check_tokens(section, rule, error) != 0 ||
		read_networks(arena, section, rule, error) != 0 ||
		check_second_factor(section, rule, error) != 0)
		return -1;
	if (rule->role[0] != '\0' && !rule->allow)
		return section_error(section, "role", error,
			"a rule that denies cannot give a role: leave the option out");
	if (rule->title[0] != '\0' && rule->meetings.count == 0)
		return section_error(section, "title", error,
			"a title belongs to meetings: add their ids (meetings = {\"ID\"})");
	return 0;
}

static int read_rules(struct arena *arena, const struct sources *sources, cfg_opt_t *parsed,
	struct config_policy *policy, struct error *error)
{
	unsigned count = cfg_opt_size(parsed);
	struct config_rule *rules = arena_alloc(arena, count, sizeof *rules);

	policy->rules = rules;
	for (; policy->count < count; policy->count++) {
		cfg_t *rule = cfg_opt_getnsec(parsed, (unsigned)policy->count);
		const struct section *section =
			section_read(arena, sources, &rule_kind, rule, error);

		if (section == NULL || read_rule(arena, section, &rules[policy->count], error) != 0)
			return -1;
	}
	return 0;
}

static int read_meets(struct arena *arena, const struct sources *sources, cfg_opt_t *parsed,
	struct config_policy *policy, struct error *error)
{
	unsigned count = cfg_opt_size(parsed);
	struct config_meet *meets = arena_alloc(arena, count, sizeof *meets);

	policy->meets = meets;
	for (; policy->meet_count < count; policy->meet_count++) {
		struct config_meet *meet = &meets[policy->meet_count];
		cfg_t *each = cfg_opt_getnsec(parsed, (unsigned)policy->meet_count);
		const struct section *section =
			section_read(arena, sources, &meet_kind, each, error);

		if (section == NULL)
			return -1;
		meet->name = section_title(section);
		meet->line = section_line(section);
		meet->file = section_file(section);
		if (!section_has(section, "allow"))
			return section_error(section, NULL, error,
				"allow is missing: write allow = true or allow = false");
		if (section_fill(section, meet, error) != 0)
			return -1;
	}
	return 0;
}

static int refuse_second(const struct sources *sources, cfg_opt_t *policies, struct error *error)
{
	int first = schema_line(cfg_opt_getnsec(policies, 0));
	int second = schema_line(cfg_opt_getnsec(policies, 1));
	char where[CONFIG_WHERE_SIZE];

	error_set(error, "a second policy section: put all rules into the first, %s",
		sources_where(sources, first, second, where));
	return sources_blame(sources, second, error);
}

int rules_read(struct arena *arena, const struct sources *sources, cfg_t *parsed,
	struct config_policy *policy, struct error *error)
{
	cfg_opt_t *policies = schema_option(parsed, "policy");
	unsigned count = cfg_opt_size(policies);
	const struct section *section;

	if (count == 0)
		return 0;
	if (count > 1)
		return refuse_second(sources, policies, error);
	policy->present = true;
	parsed = cfg_opt_getnsec(policies, 0);
	section = section_read(arena, sources, &policy_kind, parsed, error);
	if (section == NULL || section_fill(section, policy, error) != 0)
		return -1;
	if (read_rules(arena, sources, schema_option(parsed, "rule"), policy, error) != 0)
		return -1;
	return read_meets(arena, sources, schema_option(parsed, "meet"), policy, error);
}
