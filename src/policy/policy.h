/* SPDX-License-Identifier: MIT
 *
 * May you? Pure: the rules of the configuration (config.h, struct config_policy) and a question in,
 * a verdict out. The first rule that hits decides; no hit: the default; no policy section at all:
 * allow. A guest (identity.guest) is let in by nothing but a rule that allows and names their
 * backend: what was written for people whom a backend knows must not hold for anybody who types a
 * name.
 */
#pragma once

#include "base/buffer.h"
#include "base/identity.h"
#include "config/config.h"

enum policy_verdict { POLICY_DENY = 0, POLICY_ALLOW };

struct policy_question {
	const struct identity *who;
	const char *platform, *meeting_id, *meeting_token;
	const char *client; /* address, as text; what is none is in no network */
	int64_t now;	    /* seconds since 1970 */
};

/* What was decided and by which rule: its name, or "default", or "no policy". Texts are never NULL
 * and live as long as the settings. */
struct policy_answer {
	enum policy_verdict verdict;
	const char *rule;
	const char *role; /* that the rule gives; "" */
};

struct policy_answer policy_decide(
	const struct config_policy *policy, const struct policy_question *question);

/* How one rule stands to a question in which some things may be unknown (explain): a NULL subject,
 * backend, platform, meeting id, meeting token or client, or a `now` of 0, is unknown, and so are
 * e-mail, groups, acr and second factor when `who_known` is false. What is known and absent (no
 * e-mail, no groups) matches nothing. */
enum policy_match { POLICY_MISS = 0, POLICY_MAY, POLICY_HIT };

struct policy_reason {
	enum policy_match match;
	char text[160]; /* the condition that missed or is open: "groups: none of staff" */
};

struct policy_reason policy_explain(
	const struct config_rule *rule, const struct policy_question *question, bool who_known);

/* Whether whoever signs in by this backend is a guest: the types of which the manual says so. */
bool policy_makes_guests(const struct section *backend);

/* Findings about the sections around the policy: a guest desk that believes the groups of several
 * backends, or that nobody can use; accounts of guests that are looked up before those of people.
 * `about` says which section, "guest-desk". Calls `found` for each; returns their number. */
size_t policy_lint_sections(const struct settings *settings,
	void (*found)(void *context, const char *about, int line, const char *text), void *context);

/* Findings about rules that can never decide anything: shadowed by an earlier one, expired at
 * `now`, a window that never opens, a condition that can never match (an e-mail pattern without @,
 * an unknown platform or backend title, …), and about those that can be got around. Calls `found`
 * for each, with a NULL rule for one about the policy as a whole; returns their number. That there
 * is no policy at all is none of them: settings->policy.present says so; nor are patterns of
 * meetings, which only platforms know the forms of. */
size_t policy_lint(const struct settings *settings, int64_t now,
	void (*found)(void *context, const struct config_rule *rule, const char *text),
	void *context);
