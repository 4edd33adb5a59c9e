/* SPDX-License-Identifier: MIT
 *
 * The listening socket. In each turn of the loop a process accepts a few connections and leaves the
 * others to the rest of the pool. If it cannot keep up, it accepts all of them: the kernel's queue
 * is limited, and the web server answers 502 once it is full. The process keeps them in its own
 * queue, where it knows how long each has waited.
 */
#pragma once

#include "base/error.h"
#include "http/request.h"
#include "pool/reply.h"

#include <stdint.h>
#include <uv.h>

enum {
	LISTENER_DEADLINE_MS = 5000, /* from accept, or a request's first byte, to its last */
	LISTENER_LATE_MS = 1000,     /* under overload, a visitor who waited longer is refused */
	LISTENER_OVERLOAD_MS = 5000, /* overload begins when, for this long, every visitor has
					waited for more than LISTENER_LATE_MS / 2; a crowd that
					comes once is served */
	LISTENER_IDLE_MS = 300000,   /* how long a kept connection may wait for the next request */
	LISTENER_REQUESTS = 256,     /* requests on one kept connection; then it is closed, so that
					connections spread over the processes again */
	LISTENER_CONNECTIONS = 8192 * 2, /* the most that may wait; more would not help */
};

struct listener;

/* Called when a request has arrived, or failed to arrive (`request->arrival`). The callee takes
 * over the reply and the contents of `request`. It has to answer a broken or too large one before
 * it returns. */
typedef void listener_request(void *context, const struct reply *reply, struct request *request);

/* Starts accepting on a listening stream socket (descriptor 0 from spawn-fcgi or systemd), and
 * closes it in the end. `connections` is how many may wait, at most LISTENER_CONNECTIONS. NULL with
 * an error. */
struct listener *listener_new(uv_loop_t *loop, int fd, unsigned connections,
	listener_request *receive, void *context, struct error *error);

/* Accepts what has connected until now and closes the socket; later connections go to another
 * process, or to none. Refuses requests that are incomplete after `limit_ms`. Asks the web server
 * to close the connections that it keeps; requests that are on their way there are still answered.
 */
void listener_stop(struct listener *listener, int64_t limit_ms);

/* The number of connections that wait to become a request. */
unsigned listener_waiting(const struct listener *listener);

/* The number of kept connections that wait for the next request or for their end. */
unsigned listener_kept(const struct listener *listener);

/* Closes everything. The memory is freed in a later turn of the loop. */
void listener_free(struct listener **listener);
