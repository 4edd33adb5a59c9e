/* SPDX-License-Identifier: MIT
 *
 * meetauthctl policy: what the rules say about a join that nobody has to try, and what is wrong
 * with them.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/people.h"
#include "policy/policy.h"
#include "service/lint.h"
#include "service/user.h"

#include <jansson.h>

enum { EXPLAIN, LINT };

/* ---- explain: the question ---- */

struct explain {
	const char *user, *platform, *meeting, *token, *at, *email, *backend, *acr, *address,
		*second_factor;
	const char *groups[IDENTITY_GROUPS_MAX];
	size_t group_count;
	char *id; /* of the meeting; owned */
	struct identity who;
	struct policy_question question;
	bool who_known;
	bool looked_up;	    /* the backend and what follows, in a users file */
	const char *notice; /* about the account that was found; NULL: none */
};

static int take_options(struct explain *explain, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_policy_commands[EXPLAIN];
	struct ctl_option options[] = {
		{.name = "user", .maximum = 1, .values = &explain->user},
		{.name = "platform", .maximum = 1, .values = &explain->platform},
		{.name = "meeting", .maximum = 1, .values = &explain->meeting},
		{.name = "meeting-token", .maximum = 1, .values = &explain->token},
		{.name = "at", .maximum = 1, .values = &explain->at},
		{.name = "email", .maximum = 1, .values = &explain->email},
		{.name = "backend", .maximum = 1, .values = &explain->backend},
		{.name = "group", .maximum = IDENTITY_GROUPS_MAX, .values = explain->groups},
		{.name = "acr", .maximum = 1, .values = &explain->acr},
		{.name = "second-factor",
			.flag = true,
			.maximum = 1,
			.values = &explain->second_factor},
		{.name = "address", .maximum = 1, .values = &explain->address},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv);

	if (operands < 0)
		return EX_USAGE;
	if (operands > 0)
		return ctl_usage(command, "takes options only, not \"%s\"", argv[0]);
	if (explain->user == NULL || explain->platform == NULL || explain->meeting == NULL)
		return ctl_usage(command, "--user, --platform and --meeting are needed");
	explain->group_count = options[7].count;
	return 0;
}

static int fill_who(struct explain *explain, struct error *error)
{
	struct identity *who = &explain->who;

	if (identity_set(&who->subject, explain->user, IDENTITY_SUBJECT_MAX) != 0 ||
		who->subject == NULL)
		return error_set(error, "--user: not the name of a user");
	if (identity_set(&who->backend, explain->backend, IDENTITY_SUBJECT_MAX) != 0)
		return error_set(error, "--backend: not the title of a backend");
	if (identity_set(&who->email, explain->email, IDENTITY_EMAIL_MAX) != 0)
		return error_set(error, "--email: not an e-mail address");
	if (identity_set(&who->acr, explain->acr, IDENTITY_ACR_MAX) != 0)
		return error_set(error, "--acr: not an authentication context class");
	who->second_factor = explain->second_factor != NULL;
	for (size_t i = 0; i < explain->group_count; i++)
		if (identity_add_group(who, explain->groups[i]) != 0)
			return error_set(error, "--group: not the name of a group");
	return 0;
}

static const struct section *find_backend(const struct settings *settings, const char *title)
{
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strcmp(section_title(settings->backends[i]), title) == 0)
			return settings->backends[i];
	return NULL;
}

/* Platforms with an entry of their own have no token but the id. */
static int check_token(struct explain *explain, const struct section *platform, struct error *error)
{
	bool compiled_out;
	const struct platform_driver *driver = platform_find(section_type(platform), &compiled_out);

	if (driver != NULL && driver->entry != NULL)
		explain->token = explain->id;
	else if (explain->token != NULL &&
		 !text_is_token(explain->token, 1, JOIN_TOKEN_MAX, JOIN_TOKEN_OTHERS))
		return error_set(error,
			"--meeting-token: a token is 1 to %d letters, digits, - . _ and ~",
			(int)JOIN_TOKEN_MAX);
	return 0;
}

/* All that guests have is in the configuration. Those of type guest call themselves what they like,
 * and each has a subject of their own, which no rule names. */
static int describe_guest(
	struct explain *explain, const struct section *backend, struct error *error)
{
	const char *const *groups;
	size_t count = 0;

	explain->who.guest = explain->who_known = policy_makes_guests(backend);
	if (strcmp(section_type(backend), "guest") == 0)
		explain->user = "guest-";
	if (strcmp(section_type(backend), "guest-account") != 0)
		return 0;
	groups = section_list(backend, "groups", &count);
	for (size_t i = 0; i < count; i++)
		if (identity_add_group(&explain->who, groups[i]) != 0)
			return error_set(error, "--backend: a group of it is no group's name");
	return 0;
}

/* What nobody could ask is no question: a join from such a platform never comes to the policy. */
static int check_titles(
	struct explain *explain, const struct settings *settings, struct error *error)
{
	const struct section *platform = given_platform(settings, explain->platform);
	const struct section *backend;

	if (platform == NULL)
		return error_set(error, "--platform: %s has no platform \"%s\"", settings->file,
			explain->platform);
	if (given_meeting_id(platform, explain->meeting, &explain->id, error) != 0)
		return error_prefix(error, "--meeting: ");
	if (check_token(explain, platform, error) != 0)
		return -1;
	if (explain->backend == NULL)
		return 0;
	backend = find_backend(settings, explain->backend);
	if (backend == NULL)
		return error_set(error, "--backend: %s has no backend \"%s\"", settings->file,
			explain->backend);
	return describe_guest(explain, backend, error);
}

/* Where nothing was said of the person, a users file may tell. 0 or -1. */
static int look_up(struct explain *explain, const struct settings *settings, struct error *error)
{
	struct people people;
	const char *group;
	int rc = 0;

	if (explain->who_known || !people_find(settings, explain->backend, explain->user, &people))
		return 0;
	group = people.user->groups;
	for (size_t i = 0; i < people.user->group_count && rc == 0; i++) {
		rc = identity_add_group(&explain->who, group);
		group += strlen(group) + 1;
	}
	if (rc == 0)
		rc = identity_set(&explain->who.email, people.user->email, IDENTITY_EMAIL_MAX);
	if (rc == 0)
		rc = identity_set(
			&explain->who.backend, section_title(people.backend), IDENTITY_SUBJECT_MAX);
	if (rc == 0)
		rc = identity_set(&explain->who.subject, people.user->name, IDENTITY_SUBJECT_MAX);
	if (people.user->disabled)
		explain->notice = "the account is disabled";
	else if (!users_is_active(people.user, explain->question.now))
		explain->notice = "the account has expired by then";
	people_release(&people);
	explain->looked_up = explain->who_known = true;
	return rc == 0 ? 0 : error_set(error, "no memory");
}

static int fill_question(
	struct explain *explain, const struct settings *settings, struct error *error)
{
	int64_t now = clock_wall();
	struct network host;

	if (explain->at != NULL && (text_to_time(explain->at, &now) != 0 || now <= 0))
		return error_set(error, "--at: a time in UTC like 2026-01-01T08:00Z is needed");
	if (check_titles(explain, settings, error) != 0 || fill_who(explain, error) != 0)
		return -1;
	if (explain->address != NULL && !network_parse_host(explain->address, &host))
		return error_set(
			error, "--address: an address like 192.0.2.7 or 2001:db8::1 is needed");
	explain->who_known = explain->who_known || explain->email != NULL ||
			     explain->group_count > 0 || explain->acr != NULL ||
			     explain->second_factor != NULL;
	explain->question = (struct policy_question){
		.who = &explain->who,
		.platform = explain->platform,
		.meeting_id = explain->id,
		.meeting_token = explain->token,
		.client = explain->address,
		.now = now,
	};
	return look_up(explain, settings, error);
}

/* ---- explain: the answer ---- */

struct verdict {
	bool may_allow, may_deny; /* both: it depends on what was not given */
	const char *rule;	  /* the first that hits */
	const char *role;	  /* that it gives; "" */
};

static void add_verdict(struct verdict *verdict, bool allow)
{
	verdict->may_allow = verdict->may_allow || allow;
	verdict->may_deny = verdict->may_deny || !allow;
}

static struct verdict find_verdict(
	const struct config_policy *policy, const struct explain *explain)
{
	struct verdict verdict = {false, false, policy->present ? "default" : "no policy", ""};
	bool allow = policy->allow_by_default || !policy->present;

	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];
		enum policy_match match =
			policy_explain(rule, &explain->question, explain->who_known).match;

		if (match != POLICY_MISS)
			add_verdict(&verdict, rule->allow);
		if (match == POLICY_HIT) {
			verdict.rule = rule->name;
			verdict.role = rule->role;
			return verdict;
		}
	}
	add_verdict(&verdict, allow && !explain->who.guest);
	return verdict;
}

static const char *verdict_word(struct verdict verdict)
{
	if (verdict.may_allow && verdict.may_deny)
		return "undecided";
	return verdict.may_allow ? "allowed" : "denied";
}

static const char *match_word(enum policy_match match)
{
	static const char *const words[] = {
		[POLICY_MISS] = "miss", [POLICY_MAY] = "may", [POLICY_HIT] = "hit"};

	return words[match];
}

static const char *allow_word(bool allow)
{
	return allow ? "allow" : "deny";
}

/* Characters of UTF-8, which is what a column is wide. */
static int width(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void print_person(const struct explain *explain)
{
	const struct identity *who = &explain->who;

	printf("%s of backend %s: groups", who->subject, who->backend);
	for (size_t i = 0; i < who->group_count; i++)
		printf("%s %s", i > 0 ? "," : "", who->groups[i]);
	printf("%s, e-mail %s, no second factor assumed%s%s\n",
		who->group_count == 0 ? " none" : "", who->email != NULL ? who->email : "none",
		explain->notice != NULL ? "; " : "",
		explain->notice != NULL ? explain->notice : "");
}

static void print_row(
	const char *name, int column, const char *says, const char *match, const char *why)
{
	printf("%s%*s  %-5s  %-5s  %s\n", name, column - width(name), "", says, match, why);
}

static void print_table(
	const struct config_policy *policy, const struct explain *explain, struct verdict verdict)
{
	int column = width("RULE");

	if (strcmp(explain->id, explain->meeting) != 0)
		printf("meeting %s\n", explain->id);
	if (explain->looked_up)
		print_person(explain);
	for (size_t i = 0; i < policy->count; i++)
		if (width(policy->rules[i].name) > column)
			column = width(policy->rules[i].name);
	print_row("RULE", column, "SAYS", "MATCH", "WHY");
	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];
		struct policy_reason reason =
			policy_explain(rule, &explain->question, explain->who_known);

		print_row(rule->name, column, allow_word(rule->allow), match_word(reason.match),
			reason.text);
	}
	if (verdict.may_allow && verdict.may_deny)
		printf("undecided: it depends on the rules that say \"may\"; give what they need "
		       "(--group, --email, --backend, --acr, --second-factor, --address, "
		       "--meeting-token)\n");
	else
		printf("%s: %s%s%s\n", verdict_word(verdict), verdict.rule,
			verdict.role[0] != '\0' ? ", as " : "", verdict.role);
}

static int dump(json_t *json)
{
	int rc = json_dumpf(json, stdout, JSON_INDENT(2));

	json_decref(json);
	putchar('\n');
	return rc == 0 ? 0 : -1;
}

static json_t *person_json(const struct explain *explain)
{
	const struct identity *who = &explain->who;
	json_t *groups = json_array();

	for (size_t i = 0; i < who->group_count; i++)
		json_array_append_new(groups, json_string(who->groups[i]));
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?}", "user", who->subject, "backend",
		who->backend, "groups", groups, "email", who->email, "notice", explain->notice);
}

static int print_json(
	const struct config_policy *policy, const struct explain *explain, struct verdict verdict)
{
	bool decided = verdict.may_allow != verdict.may_deny;
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];
		struct policy_reason reason =
			policy_explain(rule, &explain->question, explain->who_known);

		json_array_append_new(
			rules, json_pack("{s:s, s:i, s:b, s:s, s:s}", "rule", rule->name, "line",
				       rule->line, "allow", rule->allow, "match",
				       match_word(reason.match), "reason", reason.text));
	}
	return dump(json_pack("{s:s, s:o*, s:s, s:s?, s:s, s:o}", "meeting", explain->id, "account",
		explain->looked_up ? person_json(explain) : NULL, "verdict", verdict_word(verdict),
		"rule", decided ? verdict.rule : NULL, "role", decided ? verdict.role : "", "rules",
		rules));
}

static int answer(struct ctl *ctl, const struct settings *settings, const struct explain *explain)
{
	struct verdict verdict = find_verdict(&settings->policy, explain);
	int rc = 0;

	if (ctl->json)
		rc = print_json(&settings->policy, explain, verdict);
	else
		print_table(&settings->policy, explain, verdict);
	if (rc != 0)
		return EX_IOERR;
	return verdict.may_deny ? 1 : 0;
}

static int run_explain(struct ctl *ctl, int argc, char **argv)
{
	struct explain explain = {.who = IDENTITY_INIT};
	const struct settings *settings;
	struct error error;
	int status = take_options(&explain, argc, argv);

	if (status != 0)
		return status;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (fill_question(&explain, settings, &error) == 0)
		status = answer(ctl, settings, &explain);
	else
		status = ctl_fail(EX_DATAERR, &error);
	identity_release(&explain.who);
	free(explain.id);
	return status;
}

/* ---- lint ---- */

struct findings {
	const char *file;
	json_t *json; /* NULL: print them as they come */
};

static void found(void *context, const struct service_finding *finding)
{
	const struct findings *findings = context;

	if (findings->json != NULL)
		json_array_append_new(findings->json,
			json_pack("{s:s?, s:s, s:i, s:s}", "rule", finding->rule, "about",
				finding->about, "line", finding->line, "finding", finding->text));
	else if (finding->line > 0)
		printf("%s:%d: %s: %s\n", findings->file, finding->line, finding->about,
			finding->text);
	else
		printf("%s: %s: %s\n", findings->file, finding->about, finding->text);
}

/* An exit status. */
static int lint(struct ctl *ctl, struct service *service, struct error *error)
{
	struct findings findings = {service->settings->file, NULL};
	size_t count;

	if (service_open_platforms(service, error) != 0)
		return ctl_fail(EX_CONFIG, error);
	findings.json = ctl->json ? json_array() : NULL;
	count = service_lint(service, clock_wall(), found, &findings);
	count += people_lint(service->settings, found, &findings);
	if (ctl->json && dump(findings.json) != 0)
		return EX_IOERR;
	return count > 0 ? 1 : 0;
}

static int run_lint(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_policy_commands[LINT];
	struct ctl_option none[] = {{0}};
	int operands = ctl_options(command, none, argc, argv), status;
	struct service *service = NULL;
	struct error error;

	if (operands < 0)
		return EX_USAGE;
	if (operands > 0)
		return ctl_usage(command, "takes no names");
	if (service_become_user(ctl->config_file, &error) == 0)
		service = service_load_settings(ctl->config_file, &error);
	if (service == NULL)
		return ctl_fail(EX_CONFIG, &error);
	status = lint(ctl, service, &error);
	service_drop(&service);
	return status;
}

const struct ctl_command ctl_policy_commands[] = {
	[EXPLAIN] = {"policy explain",
		"--user USER --platform PLATFORM --meeting MEETING [--meeting-token TOKEN] "
		"[--group GROUP]... "
		"[--email ADDRESS] [--backend TITLE] [--acr ACR] [--second-factor] "
		"[--address ADDRESS] [--at TIME]",
		"show how each rule stands to a join, and the verdict", run_explain, false},
	[LINT] = {"policy lint", "", "find rules that can never decide, or can be got around",
		run_lint, false},
	{0},
};
