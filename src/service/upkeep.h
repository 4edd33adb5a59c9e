/* SPDX-License-Identifier: MIT
 *
 * Renews the secrets that a platform gives for a time only (OAuth's pairs of tokens) before they
 * end. Every process looks once a second whether one is due; of all that find one, the one renews
 * it that gets the lease in the shared state, which outlasts the renewal and ends by itself. What
 * is renewed is the newest of the store as it is then, since a platform may take a value once. The
 * new value takes the old one's place in the store in one change, and all processes read it from
 * there; where the store does not take it, this process keeps it, and the lease, and tries on.
 *
 * A visit whose platform did not accept the present version waits for another one: it is renewed at
 * once, by whichever process gets the lease.
 */
#pragma once

#include "service/service.h"
#include "state/state.h"

struct upkeep;

/* Somebody who waits for another version of a platform's secret. Belongs to the caller; lives until
 * done() was called. */
struct upkeep_waiter {
	const char *title;   /* of the platform, the name of its secret */
	unsigned version;    /* that was not accepted */
	int64_t deadline_ms; /* monotonic */
	/* Called on the loop. `why` is NULL when there is another version in (*current)->files,
	 * else why not, for the log. */
	void (*done)(struct upkeep_waiter *waiter, const char *why);
	/* private */
	struct upkeep_waiter *next;
	int64_t since; /* seconds since 1970 */
};

/* *current is read on the loop each time; it and the state have to outlive the upkeep. NULL without
 * memory. */
struct upkeep *upkeep_new(uv_loop_t *loop, struct state *state, struct service **current);

/* Waits for another version; done() is called later, never from here. */
void upkeep_await(struct upkeep *upkeep, struct upkeep_waiter *waiter);

/* Ends. Nobody who waits is told. Where a job is running, turns the loop until it has ended: not to
 * be called from the loop, which has to turn once more afterwards. What *current points at must
 * still be there. */
void upkeep_free(struct upkeep **upkeep);
