/* SPDX-License-Identifier: MIT
 *
 * Renews secrets that a platform issues for a limited time (OAuth token pairs) before they expire.
 * Twice a second, each process checks whether a renewal is due. Of all that find one, the process
 * that gets the lease in the shared state does it; the lease lasts longer than the renewal and ends
 * by itself. The process first reads the newest value from the store, because a platform may accept
 * a value only once. The new value replaces the old one in the store in one change, and all
 * processes read it from there. If the store cannot be written, the process keeps the value and the
 * lease, and tries again.
 *
 * If a platform did not accept the present version during a visit, the visit waits for a new one:
 * the process that gets the lease renews it at once.
 */
#pragma once

#include "service/service.h"
#include "state/state.h"

struct upkeep;

/* A visit that waits for another version of a platform's secret. It belongs to the caller and has
 * to live until done() is called. */
struct upkeep_waiter {
	const char *title;   /* the platform's title, which is the name of its secret */
	unsigned version;    /* the version that the platform did not accept */
	int64_t deadline_ms; /* monotonic */
	/* Called on the loop. `why` is NULL if (*current)->files has another version; otherwise the
	 * reason, for the log. */
	void (*done)(struct upkeep_waiter *waiter, const char *why);
	/* private */
	struct upkeep_waiter *next;
	int64_t since; /* seconds since 1970 */
};

/* Reads *current on the loop each time; it and the state have to outlive the upkeep. */
struct upkeep *upkeep_new(uv_loop_t *loop, struct state *state, struct service **current);

/* Waits for another version. Calls done() later, never from within this call. */
void upkeep_await(struct upkeep *upkeep, struct upkeep_waiter *waiter);

/* Stops; does not call done() of those who wait. If a job is running, runs the loop until the job
 * has ended, so it must not be called from a callback of the loop. The loop has to run once more
 * afterwards. *current must still be valid. */
void upkeep_free(struct upkeep **upkeep);
