/* SPDX-License-Identifier: MIT
 *
 * Tries are counted, for the account and for the address they come from, in the state that the pool
 * shares; private to flow/.
 */
#ifndef FLOW_THROTTLE_H
#define FLOW_THROTTLE_H

#include "flow/steps.h"

/* The counters that a try is taken from. */
enum tries_of { TRIES_ADDRESS = 0, TRIES_ACCOUNT, TRIES_PERSON, TRIES_MEETING, TRIES_KINDS };

/* What was taken for one try; zero at first. */
struct tries {
	bool counted[TRIES_KINDS];
	uint8_t keys[TRIES_KINDS][STATE_KEY_SIZE];
};

/* Takes a try from the counters of the address and of the name as typed, before anybody looks at
 * it, so that parallel tries cannot slip through. `account` NULL: of the address alone. STEP_NEXT;
 * or STEP_DONE after answering 429, or 503 where the state does not answer. */
enum step throttle_take(struct visit *visit, const char *account, struct tries *tries);

/* The same where no account is tried but the key of a meeting, which everybody in it has: whoever
 * guesses gets as many tries as for an account, and what others get is left to them. */
enum step throttle_take_meeting(struct visit *visit, const char *key, struct tries *tries);

/* Somebody may be known under several names (an e-mail address, another spelling). Once a backend
 * has said whom it means, the try is taken from that name too, whether it was a good one or not:
 * nobody learns which when there is none left. As throttle_take(). */
enum step throttle_take_person(struct visit *visit, const char *subject, struct tries *tries);

/* A good try does not count, and one that nobody looked at does not either. */
void throttle_give_back(struct visit *visit, struct tries *tries);

/* Somebody has signed in with this browser: from now on it has tries of its own for this account,
 * which nobody who does not have it can use up. Only after all factors, or it would be a way to
 * more tries at the next one. */
void throttle_know(struct visit *visit, const char *account);

/* Takes one of `count` answers to the visit's note. As throttle_take(). */
enum step throttle_take_answer(struct visit *visit, unsigned count);

#endif
