/* SPDX-License-Identifier: MIT
 *
 * The conditions of a rule. Private to policy/.
 */
#pragma once

#include "policy/policy.h"

enum { CONDITION_COUNT = 12 };

struct condition {
	const char *name; /* the option's: "groups" */
	size_t list;	  /* offset of its list in struct config_rule; 0: not a list */
	size_t time;	  /* offset of its time in struct config_rule; 0: not a time */
	bool claim;	  /* about a claim of a backend, which `policy explain` may not know */
	unsigned source;  /* the claim (sources.h) if several backends may make it; or 0 */

	/* Compares the rule's values with the question. */
	enum policy_match (*match)(
		const struct config_rule *rule, const struct policy_question *question);

	/* For lists: whether `outer` matches everything that `inner` matches. */
	bool (*covers)(const char *outer, const char *inner);
};

extern const struct condition conditions[CONDITION_COUNT];

/* The rule's value for a condition: its list, or NULL; its time, or 0; whether the rule has the
 * condition at all. */
const struct config_list *condition_list(
	const struct condition *condition, const struct config_rule *rule);
int64_t condition_time(const struct condition *condition, const struct config_rule *rule);
bool condition_written(const struct condition *condition, const struct config_rule *rule);

/* Whether a pattern matches an e-mail address, ignoring case. The local part and the domain are
 * matched separately. A pattern or address without exactly one '@' and text on both sides matches
 * nothing. */
bool condition_email_matches(const char *pattern, const char *address);

/* Matches all conditions of a rule and returns the worst result. *which_r (may be NULL) is set to
 * the condition with that result, NULL on a hit. */
enum policy_match condition_match_all(const struct config_rule *rule,
	const struct policy_question *question, bool who_known, const struct condition **which_r);
