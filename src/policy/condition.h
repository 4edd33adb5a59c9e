/* SPDX-License-Identifier: MIT
 *
 * The conditions a rule may have, one by one. Private to policy/.
 */
#pragma once

#include "policy/policy.h"

enum { CONDITION_COUNT = 12 };

struct condition {
	const char *name; /* of the option: "groups" */
	size_t list;	  /* where in a rule its values are; 0: it is something else */
	size_t time;	  /* where in a rule its time is; 0: it is something else */
	bool claim;	  /* about what a backend tells, which explain may not know */
	unsigned source;  /* about what several backends may tell, each of its own people; or 0 */

	/* How what was written stands to a question. */
	enum policy_match (*match)(
		const struct config_rule *rule, const struct policy_question *question);

	/* For lists: whether the value `outer` matches whatever the value `inner` matches. */
	bool (*covers)(const char *outer, const char *inner);
};

extern const struct condition conditions[CONDITION_COUNT];

/* What the rule has for a condition: its list, NULL where it is none; its time, 0 where it is none;
 * whether it was written. */
const struct config_list *condition_list(
	const struct condition *condition, const struct config_rule *rule);
int64_t condition_time(const struct condition *condition, const struct config_rule *rule);
bool condition_written(const struct condition *condition, const struct config_rule *rule);

/* Whether a pattern matches an e-mail address: without case, the part in front of the '@' and the
 * domain each for itself. A pattern or address with other than one '@', or with nothing on a side
 * of it, matches nothing. */
bool condition_email_matches(const char *pattern, const char *address);

/* All conditions of a rule at once: the worst of them. *which_r, where not NULL, is the condition
 * that says so, NULL on a hit. */
enum policy_match condition_match_all(const struct config_rule *rule,
	const struct policy_question *question, bool who_known, const struct condition **which_r);
