/* SPDX-License-Identifier: MIT
 *
 * May this person join? Pure, no I/O: takes the configuration's rules (config.h, struct
 * config_policy) and a question, returns a verdict. The first rule that hits decides; without a
 * hit, the default; without a policy section, allow. A guest (identity.guest) is admitted only by a
 * rule that allows and names their backend: rules written for people whom a backend knows must not
 * apply to anybody who types a name.
 */
#pragma once

#include "base/buffer.h"
#include "base/identity.h"
#include "config/config.h"

enum policy_verdict { POLICY_DENY = 0, POLICY_ALLOW };

struct policy_question {
	const struct identity *who;
	const char *platform, *meeting_id, *meeting_token;
	const char *client; /* address as text; other text is in no network */
	int64_t now;	    /* seconds since 1970 */
};

/* The verdict and the rule that decided: its name, "default" or "no policy". Texts are never NULL
 * and live as long as the settings. */
struct policy_answer {
	enum policy_verdict verdict;
	const char *rule;
	const char *role; /* from the rule; "" without one */
};

struct policy_answer policy_decide(
	const struct config_policy *policy, const struct policy_question *question);

/* An index over the rules: with it a decision takes about as long for ten thousand rules as for
 * one. It points into the policy. NULL without memory. */
struct policy_index;
struct policy_index *policy_index_new(const struct config_policy *policy);
void policy_index_free(struct policy_index **index);

/* The same answer as policy_decide(). The index may be NULL. */
struct policy_answer policy_decide_indexed(const struct config_policy *policy,
	const struct policy_index *index, const struct policy_question *question);

/* Returns the first time, from question->now on, at which policy_decide() allows the question with
 * everything else unchanged; 0 for never. */
int64_t policy_opens(const struct config_policy *policy, const struct policy_question *question);

/* Calls tell() for each meeting id that an allowing rule names without a pattern, with the
 * platforms of that rule (an empty list means all). */
void policy_each_meeting(const struct config_policy *policy,
	void (*tell)(void *context, const struct config_list *platforms, const char *meeting_id),
	void *context);

/* The title of a meeting: that of the first rule with one which names the meeting, whoever the rule
 * is for. NULL: none. */
const char *policy_title(
	const struct config_policy *policy, const char *platform, const char *meeting_id);

/* The result of matching a rule with a question that may have unknown parts (explain). A NULL
 * subject, backend, platform, meeting id, meeting token or client and a `now` of 0 are unknown; so
 * are e-mail, groups, acr and second factor if `who_known` is false. A known absence (no e-mail, no
 * groups) matches nothing. */
enum policy_match { POLICY_MISS = 0, POLICY_MAY, POLICY_HIT };

struct policy_reason {
	enum policy_match match;
	char text[160]; /* the condition that missed or may hit: "groups: none of staff" */
};

struct policy_reason policy_explain(
	const struct config_rule *rule, const struct policy_question *question, bool who_known);

/* Whether the people of this backend are guests; meetauth.conf(5) says which types have guests. */
bool policy_makes_guests(const struct section *backend);

/* Reports mistakes in the sections around the policy: a guest desk that trusts the groups of
 * several backends or that nobody can use; guest accounts that are looked up before people. Calls
 * `found` for each, with the section in `about` ("guest-desk"). Returns their number. */
size_t policy_lint_sections(const struct settings *settings,
	void (*found)(
		void *context, const char *about, const char *file, int line, const char *text),
	void *context);

/* Reports rules that can never decide (shadowed by an earlier rule, expired at `now`, a condition
 * that can never match, …) and rules that can be evaded. Calls `found` for each, with a NULL rule
 * for the policy as a whole. Returns their number. Does not report a missing policy
 * (settings->policy.present) or patterns of meetings, whose form only platforms know. */
size_t policy_lint(const struct settings *settings, int64_t now,
	void (*found)(void *context, const struct config_rule *rule, const char *text),
	void *context);
