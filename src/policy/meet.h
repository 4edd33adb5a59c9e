/* SPDX-License-Identifier: MIT
 *
 * Who may start a meeting with whom: the `meet` rules of the policy, for guests with an account.
 * The first rule that hits decides; without a hit the answer is deny. Whether each of them may then
 * join is asked of the other rules, as of any meeting.
 */
#pragma once

#include "policy/policy.h"

/* Two accounts, by the names that they sign in with. */
struct policy_pair {
	const char *starter, *other;
	const char *platform;
	int64_t now; /* seconds since 1970 */
};

/* Whether the starter may start a meeting with the other. */
struct policy_answer policy_may_start(
	const struct config_policy *policy, const struct policy_pair *pair);

/* Whether one rule hits, or which of its conditions the pair does not meet. */
struct policy_reason policy_explain_meet(
	const struct config_meet *meet, const struct policy_pair *pair);

/* Whether two guests may be in a meeting that somebody starts: either may start one with the other.
 */
bool policy_may_meet(const struct config_policy *policy, const struct policy_pair *pair);

/* Findings about meet rules, as policy_lint_sections() has them. */
size_t policy_lint_meets(const struct settings *settings,
	void (*found)(
		void *context, const char *about, const char *file, int line, const char *text),
	void *context);
