/* SPDX-License-Identifier: MIT
 *
 * Tries are counted, for the account, for the address they come from and for the networks around
 * it, in the state that the pool shares.
 *
 * Nobody can use up what all others need: a browser that somebody has signed in with has counters
 * of its own, and of each counter that many share a part is kept for those who have made no try
 * yet.
 */
#ifndef SIGNIN_THROTTLE_H
#define SIGNIN_THROTTLE_H

#include "signin/tries.h"

/* Takes a try from the counters of the address and of the name as typed, before anybody looks at
 * it, so that parallel tries cannot slip through. `account` NULL: of the address alone. `only`: the
 * backend that is going to be asked; NULL: all that take passwords. STEP_NEXT; or STEP_DONE after
 * answering 429, or 503 where the state does not answer. */
enum step throttle_take(struct visit *visit, const char *account,
	const struct service_backend *only, struct tries *tries);

/* The same where no account is tried but the key of a meeting, which everybody in it has: whoever
 * guesses gets as many tries as for an account, and what others get is left to them. */
enum step throttle_take_meeting(struct visit *visit, const char *key, struct tries *tries);

/* The same for a code that came back from a provider: of the address alone, or of the browser,
 * where somebody has signed in by that provider with it. */
enum step throttle_take_code(struct visit *visit, const char *backend, struct tries *tries);

/* Somebody may be known under several names (an e-mail address, another spelling). Once a backend
 * has said whom it means, the try is taken from that name too, whether it was a good one or not:
 * nobody learns which when there is none left. Where it has named nobody, `typed` is the name; and
 * whoever has a known browser for another backend's account has none of its tries here. As
 * throttle_take(). */
enum step throttle_take_person(
	struct visit *visit, const struct identity *who, const char *typed, struct tries *tries);

/* A backend has denied somebody whose name it knows: when their tries are used up, the log may name
 * them though no backend is asked any more. */
void throttle_name(struct visit *visit, const char *typed, const struct identity *who);

/* Takes one of `count` answers to the visit's second question. As throttle_take(). */
enum step throttle_take_answer(struct visit *visit, unsigned count);

#endif
