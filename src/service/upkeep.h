/* SPDX-License-Identifier: MIT
 *
 * Renews the secrets that a platform gives for a time only (OAuth's pairs of tokens) before they
 * end. Every process looks once a second whether one is due; of all that find one, the one renews
 * it that gets the lease in the shared state, which outlasts the renewal and ends by itself. What
 * is renewed is the newest of the store as it is then, since a platform may take a value once. The
 * new value takes the old one's place in the store in one change, and all processes read it from
 * there; where the store does not take it, this process keeps it, and the lease, and tries on.
 */
#pragma once

#include "service/service.h"
#include "state/state.h"

struct upkeep;

/* *current is read on the loop each time; it and the state have to outlive the upkeep. NULL without
 * memory. */
struct upkeep *upkeep_new(uv_loop_t *loop, struct state *state, struct service **current);

/* Ends. Where a job is running, turns the loop until it has ended: not to be called from the loop,
 * which has to turn once more afterwards. What *current points at must still be there. */
void upkeep_free(struct upkeep **upkeep);
