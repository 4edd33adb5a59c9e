/* SPDX-License-Identifier: MIT */
#include "policy/condition.h"

#include "config/nearest.h"
#include "policy/index.h"
#include "policy/sources.h"

#include <stdarg.h>

struct lint {
	const struct settings *settings;
	int64_t now;
	void (*found)(void *context, const struct config_rule *rule, const char *text);
	void *context;
	size_t count;
	struct policy_index *index;
};

__attribute__((format(printf, 3, 4))) static void find(
	struct lint *lint, const struct config_rule *rule, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	lint->found(lint->context, rule, text);
	lint->count++;
}

static bool has_backend(const struct settings *settings, const char *title, size_t length)
{
	for (size_t i = 0; i < settings->backend_count; i++) {
		const char *known = section_title(settings->backends[i]);

		if (strlen(known) == length && strncmp(known, title, length) == 0)
			return true;
	}
	return false;
}

/* Whether the list names the backend; an empty list names all. */
static bool names(const struct config_list *titles, const struct section *backend)
{
	for (size_t i = 0; i < titles->count; i++)
		if (strcmp(titles->items[i], section_title(backend)) == 0)
			return true;
	return titles->count == 0;
}

static bool names_type(
	const struct settings *settings, const struct config_list *titles, const char *type)
{
	for (size_t i = 0; i < settings->backend_count; i++)
		if (names(titles, settings->backends[i]) &&
			strcmp(section_type(settings->backends[i]), type) == 0)
			return true;
	return false;
}

static bool names_guests(const struct settings *settings, const struct config_list *titles)
{
	for (size_t i = 0; i < settings->backend_count; i++)
		if (names(titles, settings->backends[i]) &&
			policy_makes_guests(settings->backends[i]))
			return true;
	return false;
}

static void lint_window(struct lint *lint, const struct config_rule *rule)
{
	if (rule->not_after == 0)
		return;
	if (rule->not_before > rule->not_after)
		find(lint, rule, "it can never match: not-before is later than not-after");
	else if (rule->not_after < lint->now)
		find(lint, rule, "it has expired: its not-after has passed");
}

static void lint_titles(struct lint *lint, const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->platforms.count; i++)
		if (config_platform(lint->settings, rule->platforms.items[i]) == NULL)
			find(lint, rule, "platforms: \"%s\" is not configured",
				rule->platforms.items[i]);
	for (size_t i = 0; i < rule->backends.count; i++) {
		const char *title = rule->backends.items[i];

		if (!has_backend(lint->settings, title, strlen(title)))
			find(lint, rule, "backends: \"%s\" is not configured", title);
	}
}

static void lint_users(struct lint *lint, const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->users.count; i++) {
		const char *user = rule->users.items[i];
		const char *slash = strchr(user, '/');

		if (slash == NULL)
			continue;
		if (slash[1] == '\0' || !has_backend(lint->settings, user, (size_t)(slash - user)))
			find(lint, rule,
				"users: \"%s\" can never match: expected BACKEND/SUBJECT with a "
				"configured backend",
				user);
	}
}

static void lint_emails(struct lint *lint, const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->emails.count; i++) {
		const char *pattern = rule->emails.items[i];

		/* A valid pattern matches itself, since '*' also matches '*'. */
		if (!condition_email_matches(pattern, pattern))
			find(lint, rule,
				"emails: \"%s\" can never match: it needs one @ with something on "
				"both sides, "
				"like *@partner.example",
				pattern);
	}
}

static void lint_acr(struct lint *lint, const struct config_rule *rule)
{
	if (rule->acr.count > 0 && !names_type(lint->settings, &rule->backends, "oidc"))
		find(lint, rule,
			"acr: it can never match: only backends of type oidc report an acr, and %s",
			rule->backends.count > 0 ? "none of its backends has that type"
						 : "none is configured");
}

/* The configuration accepts any word, for future drivers. These are the roles that a driver knows
 * today (platform/call.h); the others give no rights. */
static void lint_role(struct lint *lint, const struct config_rule *rule)
{
	static const char *const known[] = {"moderator", "participant", "observer"};
	struct nearest nearest = NEAREST_INIT(rule->role);

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (rule->role[0] == '\0' || strcmp(rule->role, known[i]) == 0)
			return;
		nearest_try(&nearest, known[i]);
	}
	find(lint, rule,
		"role: no platform knows \"%s\" and treats it as participant; write \"%s\"",
		rule->role, nearest.name != NULL ? nearest.name : "moderator\" or \"observer");
}

static void lint_tokens(struct lint *lint, const struct config_rule *rule)
{
	if (rule->meeting_tokens.count == 0)
		return;
	if (!rule->allow)
		find(lint, rule,
			"meeting-tokens: visitors supply the token and nobody confirms it, so "
			"visitors evade the rule with another token: write meetings = {\"ID\"}");
	else if (!config_names_meetings(rule))
		find(lint, rule,
			"meeting-tokens: visitors supply the token and nobody confirms it, so "
			"the rule admits its people to every meeting: add meetings = "
			"{\"ID\"}");
}

/* Whether all entries are "BACKEND/SUBJECT". */
static bool are_qualified(const struct config_list *users)
{
	for (size_t i = 0; i < users->count; i++)
		if (strchr(users->items[i], '/') == NULL)
			return false;
	return users->count > 0;
}

/* Skips rules that deny: matching the people of every backend is safe there. */
static void lint_sources(struct lint *lint, const struct config_rule *rule)
{
	if (!rule->allow || rule->backends.count > 0 || are_qualified(&rule->users))
		return;
	for (size_t i = 0; i < CONDITION_COUNT; i++) {
		const struct condition *condition = &conditions[i];
		struct buffer titles = BUFFER_INIT(512);

		if (condition->source != 0 && condition_written(condition, rule) &&
			source_list(lint->settings, condition->source, &titles) > 1)
			find(lint, rule,
				"%s: the rule trusts %s, each for its own people: "
				"name the backends that you mean in `backends`",
				condition->name, titles.data);
		buffer_release(&titles);
	}
}

/* Within one list; lint_shadow() compares rules. */
static void lint_networks(struct lint *lint, const struct config_rule *rule)
{
	const struct network *networks = rule->parsed_networks;

	for (size_t inner = 0; inner < rule->networks.count; inner++)
		for (size_t outer = 0; outer < rule->networks.count; outer++) {
			if (outer == inner || !network_covers(&networks[outer], &networks[inner]))
				continue;
			if (network_covers(&networks[inner], &networks[outer]) && outer > inner)
				continue; /* report duplicates once */
			find(lint, rule, "networks: \"%s\" is within \"%s\" already",
				rule->networks.items[inner], rule->networks.items[outer]);
			break;
		}
}

/* A rule for type "guest" alone, whose guests have only the name that they typed. */
static void lint_guest_rule(struct lint *lint, const struct config_rule *rule)
{
	for (size_t i = 0; i < rule->backends.count; i++) {
		const struct config_list one = {&rule->backends.items[i], 1};

		if (!names_type(lint->settings, &one, "guest"))
			return;
	}
	if (rule->backends.count == 0)
		return;
	if (rule->groups.count > 0 || rule->emails.count > 0 || rule->second_factor ||
		rule->users.count > 0)
		find(lint, rule,
			"it can never match: guests have no groups, no verified e-mail, no second "
			"factor, and a new subject at each sign-in");
}

static bool admits_backend(const struct config_policy *policy, const char *title)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];

		for (size_t b = 0; rule->allow && b < rule->backends.count; b++)
			if (strcmp(rule->backends.items[b], title) == 0)
				return true;
	}
	return false;
}

static void lint_guest_backends(struct lint *lint)
{
	const struct settings *settings = lint->settings;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const char *title = section_title(settings->backends[i]);

		if (policy_makes_guests(settings->backends[i]) &&
			!admits_backend(&settings->policy, title))
			find(lint, NULL,
				"guests of backend \"%s\" can never join: add a rule with allow = "
				"true "
				"and has backends = {\"%s\"}",
				title, title);
	}
}

/* Whether `outer` covers every value of `inner`. */
static bool list_covers(const struct condition *condition, const struct config_list *outer,
	const struct config_list *inner)
{
	for (size_t i = 0; i < inner->count; i++) {
		bool covered = false;

		for (size_t o = 0; o < outer->count && !covered; o++)
			covered = condition->covers(outer->items[o], inner->items[i]);
		if (!covered)
			return false;
	}
	return true;
}

/* Whether the condition holds in `outer` whenever it holds in `inner`. */
static bool condition_covers(const struct condition *condition, const struct config_rule *outer,
	const struct config_rule *inner)
{
	const struct config_list *list = condition_list(condition, outer);

	if (!condition_written(condition, outer))
		return true;
	if (!condition_written(condition, inner))
		return false;
	if (list != NULL)
		return list_covers(condition, list, condition_list(condition, inner));
	if (condition->time == 0)
		return true;
	if (condition->time == offsetof(struct config_rule, not_before))
		return outer->not_before <= inner->not_before;
	return outer->not_after >= inner->not_after;
}

/* Whether `inner` decides about guests and `outer` does not, because `outer` allows without naming
 * a backend. */
static bool reaches_guests(const struct settings *settings, const struct config_rule *outer,
	const struct config_rule *inner)
{
	if (!outer->allow || outer->backends.count > 0)
		return false;
	return (!inner->allow || inner->backends.count > 0) &&
	       names_guests(settings, &inner->backends);
}

static bool rule_covers(const struct settings *settings, const struct config_rule *outer,
	const struct config_rule *inner)
{
	if (reaches_guests(settings, outer, inner))
		return false;
	for (size_t i = 0; i < CONDITION_COUNT; i++)
		if (!condition_covers(&conditions[i], outer, inner))
			return false;
	return true;
}

static void lint_shadow(struct lint *lint, size_t index)
{
	const struct config_rule *rules = lint->settings->policy.rules;
	struct index_walk walk;
	bool indexed = index_begin_rule(lint->index, &rules[index], &walk);
	char where[CONFIG_WHERE_SIZE];

	for (size_t i = indexed ? index_next(&walk) : 0; i < index;
		i = indexed ? index_next(&walk) : i + 1) {
		if (!rule_covers(lint->settings, &rules[i], &rules[index]))
			continue;
		config_where(rules[i].file, rules[i].line, rules[index].file, where);
		find(lint, &rules[index], "it is shadowed: rule \"%s\" %s decides every case first",
			rules[i].name, where);
		return;
	}
}

static void lint_whole(struct lint *lint)
{
	const struct config_policy *policy = &lint->settings->policy;

	for (size_t i = 0; i < policy->count; i++)
		if (policy->rules[i].allow)
			return;
	if (policy->present && !policy->allow_by_default)
		find(lint, NULL,
			"nobody can join: no rule has allow = true, and the default denies");
}

size_t policy_lint(const struct settings *settings, int64_t now,
	void (*found)(void *context, const struct config_rule *rule, const char *text),
	void *context)
{
	struct lint lint = {settings, now, found, context, 0, policy_index_new(&settings->policy)};

	lint_whole(&lint);
	lint_guest_backends(&lint);
	for (size_t i = 0; i < settings->policy.count; i++) {
		const struct config_rule *rule = &settings->policy.rules[i];

		lint_window(&lint, rule);
		lint_titles(&lint, rule);
		lint_users(&lint, rule);
		lint_emails(&lint, rule);
		lint_acr(&lint, rule);
		lint_role(&lint, rule);
		lint_tokens(&lint, rule);
		lint_sources(&lint, rule);
		lint_networks(&lint, rule);
		lint_guest_rule(&lint, rule);
		lint_shadow(&lint, i);
	}
	policy_index_free(&lint.index);
	return lint.count;
}
