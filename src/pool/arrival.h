/* SPDX-License-Identifier: MIT
 *
 * Private to pool. Connections on their way from accept to a request. Everything happens on the
 * loop and nothing waits: libfcgi sees a request only when all of it has arrived. A peer that sends
 * half a request costs a descriptor until its deadline, and nobody else anything.
 */
#pragma once

#include "pool/framing.h"
#include "pool/listener.h"

/* Embedded in the listener. */
struct arrivals {
	uv_loop_t *loop;
	listener_request *receive;
	void *context;
	unsigned maximum; /* connections that may wait here; past it new ones get 503 */
	uv_timer_t sweep;
	struct arrival *first;
	unsigned count;	   /* connections that are watched */
	unsigned requests; /* those of them that are to become a request */
	unsigned handles;  /* of the loop, not closed yet */
	void (*closed)(struct arrivals *arrivals);
	int64_t told_ms; /* when a failure to watch was last logged */
	uint8_t chunk[FRAMING_REQUEST_MAX + 1];
};

void arrivals_init(struct arrivals *arrivals, uv_loop_t *loop, listener_request *receive,
	void *context, unsigned maximum);

/* Takes over a connection that was accepted. `late`: it waited so long that it is to be told to
 * come back. */
void arrivals_take(struct arrivals *arrivals, int fd, bool late);

/* What has not arrived after `limit_ms` is refused. */
void arrivals_hurry(struct arrivals *arrivals, int64_t limit_ms);

/* Closes every connection; `closed` is called in a later turn of the loop. */
void arrivals_close(struct arrivals *arrivals, void (*closed)(struct arrivals *arrivals));
