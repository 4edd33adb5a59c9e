/* SPDX-License-Identifier: MIT
 *
 * Tries are counted, for the account and for the address they come from, in the state that the pool
 * shares; private to flow/.
 */
#ifndef FLOW_THROTTLE_H
#define FLOW_THROTTLE_H

#include "flow/steps.h"

/* What was taken for one try; zero at first. */
struct tries {
	bool counted[2]; /* account, address */
	uint8_t keys[2][STATE_KEY_SIZE];
};

/* Takes a try from both counters before anything is looked at, so that parallel tries cannot slip
 * through. `account`: the name as typed, or what else is tried. STEP_NEXT; or STEP_DONE after
 * answering 429, or 503 where the state does not answer. */
enum step throttle_take(struct visit *visit, const char *account, struct tries *tries);

/* A good try does not count, and one that nobody looked at does not either. */
void throttle_give_back(struct visit *visit, struct tries *tries);

/* Takes one of `count` answers to the visit's note. As throttle_take(). */
enum step throttle_take_answer(struct visit *visit, unsigned count);

#endif
