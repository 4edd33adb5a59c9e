/* SPDX-License-Identifier: MIT
 *
 * Limits on the request tokens that a signed-in person may send, because each, also a made-up one,
 * leaves a claim in the state and costs a request to the platform.
 *
 * A person has one counter wherever they are, so that others at the same address cannot shut them
 * out. Anybody can become a new guest at each visit, so guests are also counted by address.
 */
#pragma once

#include "visit/visit.h"

/* Sets the rate limit for claiming the visit's request token. */
void join_rate_limit(const struct visit *visit, struct state_claimed *claim);

/* Fails the visit if the platform has refused too many of this person's tokens. STEP_NEXT; or
 * STEP_DONE after failing with 429, or 503 if the state does not answer. */
enum step join_rate_check(struct visit *visit);

/* Counts a token that the platform refused, or one that got a bad answer. A bad answer is not
 * counted against other guests at the address. */
void join_rate_count_refused(struct visit *visit);
void join_rate_count_bad_answer(struct visit *visit);

/* Counts the early end of a session, per person or for all guests of an address: each leaves an
 * entry in the state that outlives the session, and guests can begin any number of sessions. 0, or
 * as state_take(). */
int64_t join_rate_take_end(const struct visit *visit, const struct identity *who);

/* Fails the visit with 429. STEP_DONE. */
enum step join_rate_refuse(struct visit *visit, int64_t wait_ms, const char *why);
