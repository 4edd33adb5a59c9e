/* SPDX-License-Identifier: MIT
 *
 * Checks of a signed-in person: is the account still valid, do they fit into a session cookie, does
 * the policy admit them? No function here answers the request.
 */
#pragma once

#include "policy/policy.h"
#include "visit/visit.h"

/* Whether `who` may be used for the visit's destination. Some identities are valid for listed
 * meetings only. Pages of this service decide themselves what they show to whom. */
bool admission_is_good_for(const struct visit *visit, const struct identity *who);

/* Asks the policy about `who` and the visit's destination. */
struct policy_answer admission_ask(const struct visit *visit, const struct identity *who);

/* Whether the backend that authenticated `who` is still configured and still accepts the account,
 * and the second factor has not changed since. */
bool admission_is_valid(const struct visit *visit, const struct identity *who);

/* Drops what rules do not need from `who` until it fits into a cookie. 0, or -1 if it still does
 * not fit. */
int admission_fit(const struct visit *visit, struct identity *who);

/* False if an earlier admission_fit() dropped groups of `who` that rules name since a reload. */
bool admission_groups_are_whole(const struct visit *visit, const struct identity *who);

/* True if the visit's platform serves scripts only. Sets the detail for the log. */
bool admission_is_for_scripts(struct visit *visit);
