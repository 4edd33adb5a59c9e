/* SPDX-License-Identifier: MIT
 *
 * Which rules may match at all, so that a decision need not look at thousands that name other
 * meetings, people or platforms. Private to policy/.
 *
 * A key is a condition and a text that a value of it must have: a user, a group, a meeting without
 * '*', the domain of an e-mail pattern, … Each rule is listed under the keys of one of its
 * conditions, the one whose keys the fewest other rules have; rules without a key are listed for
 * every question.
 */
#pragma once

#include "policy/policy.h"

enum { INDEX_LISTS_MAX = 128 };

/* The lists of rules that a question concerns, each in the order of the rules. */
struct index_walk {
	size_t count;
	struct {
		const uint32_t *at, *end;
	} lists[INDEX_LISTS_MAX];
};

/* False where the index cannot tell: then every rule may match. */
bool index_begin(const struct policy_index *index, const struct policy_question *question,
	struct index_walk *walk);

/* The same for the rules that may decide everything a rule does. */
bool index_begin_rule(
	const struct policy_index *index, const struct config_rule *rule, struct index_walk *walk);

/* The next rule, by its place; SIZE_MAX at the end. */
size_t index_next(struct index_walk *walk);
