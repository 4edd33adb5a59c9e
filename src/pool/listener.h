/* SPDX-License-Identifier: MIT
 *
 * The listening socket. A process takes a few connections in a turn and leaves the rest to the
 * others of the pool. When it cannot keep up, it takes all of them off the kernel's queue, which
 * has an end past which the web server says 502, and keeps them in one of its own, where it knows
 * how long each has waited.
 */
#pragma once

#include "base/error.h"
#include "http/request.h"
#include "pool/reply.h"

#include <stdint.h>
#include <uv.h>

enum {
	LISTENER_DEADLINE_MS = 5000, /* from accept, or a request's first byte, to its last */
	LISTENER_LATE_MS = 1000,     /* whoever waited longer is told to come back */
	LISTENER_IDLE_MS = 300000,   /* how long a kept connection waits for a next request */
	LISTENER_REQUESTS = 256,     /* of one kept connection: so that a process which has the most
					connections does not have them for ever */
	LISTENER_CONNECTIONS = 8192 * 2, /* that wait here; more are of no use */
};

struct listener;

/* A request has arrived, or what `request->arrival` says: the reply and the contents of `request`
 * belong to the receiver from now on. What is broken or too large has to be answered before it
 * returns. */
typedef void listener_request(void *context, const struct reply *reply, struct request *request);

/* Starts accepting on a listening stream socket (descriptor 0 from spawn-fcgi or systemd), which
 * the listener closes. `connections`: how many may wait here, at most LISTENER_CONNECTIONS. NULL
 * with an error. */
struct listener *listener_new(uv_loop_t *loop, int fd, unsigned connections,
	listener_request *receive, void *context, struct error *error);

/* Takes what has connected until now, and closes the socket: later ones find another process, or
 * none. What has not arrived after `limit_ms` is refused. The web server is asked to let go of the
 * connections that it keeps; requests that are on their way there are still answered. */
void listener_stop(struct listener *listener, int64_t limit_ms);

/* How many connections wait here to become a request. */
unsigned listener_waiting(const struct listener *listener);

/* How many wait for the next request of a web server that keeps them, or for their end. */
unsigned listener_kept(const struct listener *listener);

/* Closes everything; the memory goes in a later turn of the loop. */
void listener_free(struct listener **listener);
