/* SPDX-License-Identifier: MIT
 *
 * How often somebody who has signed in may bring request tokens, made-up ones among them.
 * Each leaves a claim in the state, and costs a request to the platform.
 *
 * A person is counted wherever they are, so that nobody is kept out by who shares their address. A
 * guest may be somebody else with each visit: guests are counted by their address as well.
 */
#ifndef SIGNIN_JOIN_RATE_H
#define SIGNIN_JOIN_RATE_H

#include "visit/visit.h"

/* Sets what limits the claim of the visit's request token. */
void join_rate_limit(const struct visit *visit, struct state_claimed *claim);

/* Whether the platform has refused too many of theirs. STEP_NEXT; or STEP_DONE after answering 429,
 * or 503 where the state does not answer. */
enum step join_rate_check(struct visit *visit);

/* The platform refused this one; or its answer was a bad one, for which no guest has to pay who
 * shares the address. */
void join_rate_count_refused(struct visit *visit);
void join_rate_count_bad_answer(struct visit *visit);

/* Takes one of the sessions that a person, or all guests of an address, may end before their time:
 * each is an entry in the state that outlives the session, and guests can begin as many as they
 * like. 0, or as state_take(). */
int64_t join_rate_take_end(const struct visit *visit, const struct identity *who);

/* Answers 429. STEP_DONE. */
enum step join_rate_refuse(struct visit *visit, int64_t wait_ms, const char *why);

#endif
