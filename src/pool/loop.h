/* SPDX-License-Identifier: MIT
 *
 * The one thread that owns every visit: libuv's loop with the listener, the signals and the drain.
 */
#pragma once

#include "base/error.h"
#include "pool/listener.h"

/* The callbacks of the loop, all called on its thread. */
struct loop_hooks {
	void *context;
	listener_request *receive;	    /* see listener_request */
	void (*each_turn)(void *context);   /* after the events of a turn, before the loop waits */
	void (*hang_up)(void *context);	    /* on SIGHUP: load everything again */
	unsigned (*reloads)(void *context); /* the number of those that are done; NULL: unknown */
	void (*drain)(void *context);	    /* the drain begins: no new requests are accepted */
	unsigned (*in_flight)(void *context); /* the number of visits without an answer */
	int64_t (*drain_timeout_ms)(void *context);
	unsigned connections; /* how many may wait; see listener_new() */
};

/* Accepts on `fd` until TERM, INT or QUIT; then finishes the requests that are under way or still
 * arriving, waits until the web server has closed the kept connections, and returns. A second
 * signal, or the drain timeout, cuts off what is left. Unblocks the signals that signals_hold()
 * blocked. Returns 0 if every request was answered, 1 if some were cut off, -1 with an error if it
 * could not start. */
int loop_run(uv_loop_t *uv, int fd, const struct loop_hooks *hooks, struct error *error);
