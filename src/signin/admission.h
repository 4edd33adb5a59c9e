/* SPDX-License-Identifier: MIT
 *
 * Questions about somebody who is known: are they still good, do they fit into a session, does the
 * policy let them in? They change nothing but what fits, and answer nobody.
 */
#ifndef SIGNIN_ADMISSION_H
#define SIGNIN_ADMISSION_H

#include "policy/policy.h"
#include "visit/visit.h"

/* The visit's join, or what stands for it on the way to the desk. */
const struct join *admission_join(const struct visit *visit);

/* Whether somebody is good for the visit's destination: some are for certain meetings alone. */
bool admission_is_good_for(const struct visit *visit, const struct identity *who);

/* What the policy says of `who` and the visit's destination. */
struct policy_answer admission_ask(const struct visit *visit, const struct identity *who);

/* Whether the backend that vouched for somebody is still there and knows them, and their second
 * factor is the one that they had. */
bool admission_is_valid(const struct visit *visit, const struct identity *who);

/* Makes `who` fit into a cookie by leaving out what rules do not need. 0, or -1 when it does not
 * fit all the same. */
int admission_fit(const struct visit *visit, struct identity *who);

/* False when groups of `who` were left out that rules name by now. */
bool admission_groups_are_whole(const struct visit *visit, const struct identity *who);

/* True if the visit's platform serves scripts only. Sets the detail for the log. */
bool admission_is_for_scripts(struct visit *visit);

#endif
