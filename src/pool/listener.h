/* SPDX-License-Identifier: MIT
 *
 * The listening socket and the connections whose request is not complete yet. Everything happens on
 * the loop and nothing waits: libfcgi sees a request only when all of it has arrived. A peer that
 * sends half a request costs a descriptor until its deadline, and nobody else anything.
 */
#ifndef POOL_LISTENER_H
#define POOL_LISTENER_H

#include "base/error.h"
#include "http/request.h"

#include <stdint.h>
#include <uv.h>

enum { LISTENER_DEADLINE_MS = 5000 }; /* from accept to a complete request */

struct listener;

/* A request has arrived: `fd` and the contents of `request` belong to the receiver from now on. */
typedef void listener_request(void *context, int fd, uint16_t request_id, struct request *request);

/* Starts accepting on a listening stream socket (descriptor 0 from spawn-fcgi or systemd), which
 * the listener closes. NULL with an error when it is none. */
struct listener *listener_new(
	uv_loop_t *loop, int fd, listener_request *receive, void *context, struct error *error);

/* Stops accepting. */
void listener_stop(struct listener *listener);

/* Closes everything; the memory goes in a later turn of the loop. */
void listener_free(struct listener **listener);

#endif
