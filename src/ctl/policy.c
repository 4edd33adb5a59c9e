/* SPDX-License-Identifier: MIT
 *
 * meetauthctl policy: explains how the rules decide about a join and about who may start a meeting
 * with whom, and reports mistakes in the rules.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/people.h"
#include "ctl/print.h"
#include "ctl/progress.h"
#include "policy/meet.h"
#include "service/lint.h"
#include "service/user.h"

/* ---- explain: the question ---- */

struct explain {
	const struct given *given;
	const char *user, *token;
	char *id; /* the meeting's id; owned */
	struct identity who;
	struct policy_question question;
	bool who_known;
	bool looked_up;	    /* backend, groups and the like come from a users file */
	const char *notice; /* about the account found there, or NULL */
};

/* Copies a value into a member of the identity. Exits with the message `otherwise` if it is
 * invalid. */
static void set(char **field, const char *text, size_t maximum, const char *otherwise)
{
	if (identity_set(field, text, maximum) != 0)
		ctl_die(EX_DATAERR, "%s", otherwise);
}

static void fill_who(struct explain *explain)
{
	const struct given *given = explain->given;
	struct identity *who = &explain->who;

	set(&who->subject, explain->user, IDENTITY_SUBJECT_MAX, "--user: not the name of a user");
	if (who->subject == NULL)
		ctl_die(EX_DATAERR, "--user: not the name of a user");
	set(&who->backend, given->backend, IDENTITY_SUBJECT_MAX,
		"--backend: not the title of a backend");
	set(&who->email, given->email, IDENTITY_EMAIL_MAX, "--email: not an e-mail address");
	set(&who->acr, given->acr, IDENTITY_ACR_MAX, "--acr: not an authentication context class");
	who->second_factor = given->second_factor;
	for (size_t i = 0; i < given->group_count; i++)
		if (identity_add_group(who, given->groups[i]) != 0)
			ctl_die(EX_DATAERR, "--group: not the name of a group");
}

/* Validates --meeting-token. On platforms with their own entry, the token is the same as the id. */
static void check_token(struct explain *explain, const struct section *platform)
{
	const struct platform_driver *driver = platform_find(section_type(platform));

	if (driver != NULL && driver->entry != NULL)
		explain->token = explain->id;
	else if (explain->token != NULL && !join_is_meeting_token(explain->token))
		ctl_die(EX_DATAERR,
			"--meeting-token: expected 1 to %d bytes of letters, digits and%s",
			(int)JOIN_TOKEN_MAX, JOIN_TOKEN_OTHERS);
}

/* Fills in what the configuration says about guests. Guests of type `guest` choose their own names
 * and have random subjects, which rules cannot name. */
static void describe_guest(struct explain *explain, const struct section *backend)
{
	const char *const *groups = NULL;
	size_t count = 0;

	explain->who.guest = explain->who_known = policy_makes_guests(backend);
	if (strcmp(section_type(backend), "guest") == 0)
		explain->user = "guest-";
	if (strcmp(section_type(backend), "guest-account") == 0)
		groups = section_list(backend, "groups", &count);
	for (size_t i = 0; i < count; i++)
		if (identity_add_group(&explain->who, groups[i]) != 0)
			ctl_die(EX_DATAERR, "--backend: \"%s\" is not the name of a group",
				groups[i]);
}

/* Exits if the platform or the backend is not configured: such a join never reaches the policy. */
static void check_titles(struct explain *explain, const struct settings *settings)
{
	const struct given *given = explain->given;
	const struct section *platform = config_platform(settings, given->platform);
	const struct section *backend;
	struct error error;

	if (platform == NULL)
		ctl_die(EX_DATAERR, "--platform: %s has no platform \"%s\"", settings->file,
			given->platform);
	if (given_meeting_id(platform, given->meeting, &explain->id, &error) != 0)
		ctl_die(EX_DATAERR, "--meeting: %s", error.text);
	check_token(explain, platform);
	if (given->backend == NULL)
		return;
	backend = config_backend(settings, given->backend);
	if (backend == NULL)
		ctl_die(EX_DATAERR, "--backend: %s has no backend \"%s\"", settings->file,
			given->backend);
	describe_guest(explain, backend);
}

/* If no option describes the person, looks the user up in the users files. */
static void look_up(struct explain *explain, const struct settings *settings)
{
	struct identity *who = &explain->who;
	struct people people;
	const char *group;
	int rc;

	if (explain->who_known ||
		!people_find(settings, explain->given->backend, explain->user, &people))
		return;
	group = people.user->groups;
	rc = identity_set(&who->email, people.user->email, IDENTITY_EMAIL_MAX);
	rc |= identity_set(&who->backend, section_title(people.backend), IDENTITY_SUBJECT_MAX);
	rc |= identity_set(&who->subject, people.user->name, IDENTITY_SUBJECT_MAX);
	for (size_t i = 0; i < people.user->group_count; i++, group += strlen(group) + 1)
		rc |= identity_add_group(who, group);
	if (rc != 0)
		xno_memory();
	if (people.user->disabled)
		explain->notice = "the account is disabled";
	else if (!users_is_active(people.user, explain->question.now))
		explain->notice = "the account is expired at that time";
	people_release(&people);
	explain->looked_up = explain->who_known = true;
}

/* --at, or now. */
static int64_t time_given(const struct given *given)
{
	int64_t when = clock_wall();

	if (given->at != NULL && (text_to_time(given->at, &when) != 0 || when <= 0))
		ctl_die(EX_DATAERR, "--at: expected a time in UTC like 2026-01-01T08:00Z");
	return when;
}

static void fill_question(struct explain *explain, const struct settings *settings)
{
	const struct given *given = explain->given;
	struct network host;

	check_titles(explain, settings);
	fill_who(explain);
	if (given->address != NULL && !network_parse_host(given->address, &host))
		ctl_die(EX_DATAERR, "--address: expected an address like 192.0.2.7 or 2001:db8::1");
	explain->who_known = explain->who_known || given->email != NULL || given->group_count > 0 ||
			     given->acr != NULL || given->second_factor;
	explain->question = (struct policy_question){
		.who = &explain->who,
		.platform = given->platform,
		.meeting_id = explain->id,
		.meeting_token = explain->token,
		.client = given->address,
		.now = time_given(given),
	};
	look_up(explain, settings);
}

/* ---- explain: the answer ---- */

struct verdict {
	bool may_allow, may_deny; /* both: it depends on options that were not given */
	const char *rule;	  /* the first that matches */
	const char *role;	  /* of that rule, or "" */
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

static void add_rule(json_t *rules, const char *name, const char *file, int line, bool allow,
	const struct policy_reason *reason)
{
	print_add(rules, json_pack("{s:s, s:s, s:i, s:b, s:s, s:s}", "rule", name, "file", file,
				 "line", line, "allow", allow, "match", match_word(reason->match),
				 "reason", reason->text));
}

static json_t *rules_to_json(const struct config_policy *policy, const struct explain *explain)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->count; i++) {
		const struct config_rule *rule = &policy->rules[i];
		struct policy_reason reason =
			policy_explain(rule, &explain->question, explain->who_known);

		add_rule(rules, rule->name, rule->file, rule->line, rule->allow, &reason);
	}
	return rules;
}

static const struct print_column rule_columns[] = {
	{"RULE", "rule", NULL, NULL},
	{"SAYS", "allow", "deny", "allow"},
	{"MATCH", "match", NULL, NULL},
	{"WHY", "reason", NULL, NULL},
	{0},
};

static void print_verdict(json_t *rules, const struct explain *explain, struct verdict verdict)
{
	if (strcmp(explain->id, explain->given->meeting) != 0)
		printf("meeting %s\n", explain->id);
	if (explain->looked_up)
		print_person(explain);
	print_table(rules, rule_columns, PRINT_ALIGNED);
	json_decref(rules);
	if (verdict.may_allow && verdict.may_deny)
		printf("undecided: it depends on the rules marked \"may\"; add the options that "
		       "they need "
		       "(--group, --email, --backend, --acr, --second-factor, --address, "
		       "--meeting-token)\n");
	else
		printf("%s: %s%s%s\n", verdict_word(verdict), verdict.rule,
			verdict.role[0] != '\0' ? ", as " : "", verdict.role);
}

static json_t *person_json(const struct explain *explain)
{
	const struct identity *who = &explain->who;
	json_t *groups = json_array();

	for (size_t i = 0; i < who->group_count; i++)
		print_add(groups, json_string(who->groups[i]));
	return json_pack("{s:s, s:s, s:o, s:s?, s:s?}", "user", who->subject, "backend",
		who->backend, "groups", groups, "email", who->email, "notice", explain->notice);
}

static void print_verdict_json(json_t *rules, const struct explain *explain, struct verdict verdict)
{
	bool decided = verdict.may_allow != verdict.may_deny;

	print_json(json_pack("{s:s, s:o*, s:s, s:s?, s:s, s:o}", "meeting", explain->id, "account",
		explain->looked_up ? person_json(explain) : NULL, "verdict", verdict_word(verdict),
		"rule", decided ? verdict.rule : NULL, "role", decided ? verdict.role : "", "rules",
		rules));
}

static int run_explain(struct ctl *ctl)
{
	const struct config_policy *policy = &ctl->settings->policy;
	struct explain explain = {
		.given = &ctl->given,
		.user = ctl->given.user,
		.token = ctl->given.meeting_token,
		.who = IDENTITY_INIT,
	};
	struct verdict verdict;
	json_t *rules;

	fill_question(&explain, ctl->settings);
	verdict = find_verdict(policy, &explain);
	rules = rules_to_json(policy, &explain);
	(ctl->json ? print_verdict_json : print_verdict)(rules, &explain, verdict);
	identity_release(&explain.who);
	free(explain.id);
	return verdict.may_deny ? 1 : 0;
}

/* ---- meet ---- */

static json_t *meets_to_json(const struct config_policy *policy, const struct policy_pair *pair)
{
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->meet_count; i++) {
		const struct config_meet *meet = &policy->meets[i];
		struct policy_reason reason = policy_explain_meet(meet, pair);

		add_rule(rules, meet->name, meet->file, meet->line, meet->allow, &reason);
	}
	return rules;
}

static int run_meet(struct ctl *ctl)
{
	const struct given *given = &ctl->given;
	const struct policy_pair pair = {
		given->user, given->with, given->platform, time_given(given)};
	struct policy_answer answer = policy_may_start(&ctl->settings->policy, &pair);
	bool allowed = answer.verdict == POLICY_ALLOW;
	const char *word = allowed ? "allowed" : "denied";
	json_t *rules;

	if (config_platform(ctl->settings, given->platform) == NULL)
		ctl_die(EX_DATAERR, "--platform: %s has no platform \"%s\"", ctl->settings->file,
			given->platform);
	rules = meets_to_json(&ctl->settings->policy, &pair);
	if (ctl->json) {
		print_json(json_pack(
			"{s:s, s:s, s:o}", "verdict", word, "rule", answer.rule, "rules", rules));
	} else {
		print_table(rules, rule_columns, PRINT_ALIGNED);
		json_decref(rules);
		printf("%s: %s\n", word, answer.rule);
	}
	return allowed ? 0 : 1;
}

/* ---- lint ---- */

struct findings {
	json_t *json; /* NULL: print each at once */
};

static void add_finding(void *context, const struct service_finding *finding)
{
	const struct findings *findings = context;

	progress_hide();
	if (findings->json != NULL)
		print_add(findings->json,
			json_pack("{s:s?, s:s, s:s, s:i, s:s}", "rule", finding->rule, "about",
				finding->about, "file", finding->file, "line", finding->line,
				"finding", finding->text));
	else if (finding->line > 0)
		printf("%s:%d: %s: %s\n", finding->file, finding->line, finding->about,
			finding->text);
	else
		printf("%s: %s: %s\n", finding->file, finding->about, finding->text);
}

static int run_lint(struct ctl *ctl)
{
	struct findings findings = {.json = ctl->json ? json_array() : NULL};
	struct service *service = NULL;
	struct error error;
	size_t count;

	if (service_become_user(ctl->config_file, &error) == 0) {
		progress_start("comparing the rules");
		service = service_load_settings(ctl->config_file, &error);
	}
	if (service == NULL || service_open_platforms(service, &error) != 0)
		ctl_fail(EX_CONFIG, &error);
	count = service_lint(service, clock_wall(), add_finding, &findings);
	count += people_lint(service->settings, add_finding, &findings);
	progress_stop();
	if (ctl->json)
		print_json(findings.json);
	service_drop(&service);
	return count > 0 ? 1 : 0;
}

const struct ctl_command ctl_policy_commands[] = {
	{"policy explain",
		"--user USER --platform PLATFORM --meeting MEETING [--meeting-token TOKEN] "
		"[--group GROUP]... "
		"[--email ADDRESS] [--backend TITLE] [--acr ACR] [--second-factor] "
		"[--address ADDRESS] [--at TIME]",
		"show how each rule applies to a join, and the result", .run = run_explain},
	{"policy meet", "--user USER --with USER --platform PLATFORM [--at TIME]",
		"show how each meet rule applies to two guests, and the result", .run = run_meet},
	{"policy lint", "", "find rules that have no effect or can be circumvented", run_lint,
		.loads_itself = true},
	{0},
};
