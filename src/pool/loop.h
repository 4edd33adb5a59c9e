/* SPDX-License-Identifier: MIT
 *
 * The one thread that owns every visit: libuv's loop with the listener, the signals and the drain.
 */
#pragma once

#include "base/error.h"
#include "pool/listener.h"

/* What the loop calls; all on its thread. */
struct loop_hooks {
	void *context;
	listener_request *receive; /* a request has arrived */
	void (*each_turn)(
		void *context);		/* after what a turn of the loop brought, before it waits */
	void (*hang_up)(void *context); /* SIGHUP: read everything again */
	void (*drain)(void *context);	/* no new requests come any more */
	unsigned (*in_flight)(void *context); /* visits that are not answered yet */
	int64_t (*drain_timeout_ms)(void *context);
	unsigned connections; /* that may wait to become a request: listener_new() */
};

/* Accepts on `fd` until TERM, INT or QUIT, then finishes the requests that are in flight or still
 * arriving, waits for the web server to let go of kept connections, and returns; a second signal,
 * or the drain timeout, cuts them off. Releases the signals that signals_hold() has held. 0 when
 * every request was answered, 1 when some were cut off, -1 with an error when it could not start.
 */
int loop_run(uv_loop_t *uv, int fd, const struct loop_hooks *hooks, struct error *error);
