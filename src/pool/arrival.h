/* SPDX-License-Identifier: MIT
 *
 * Turns what arrives on accepted connections into requests, into answers that the pool itself
 * gives, or into refusals. Private to pool/.
 */
#pragma once

#include "pool/connection.h"

void arrivals_init(struct connections *all, uv_loop_t *loop, listener_request *receive,
	void *context, unsigned maximum);

/* Takes over an accepted connection, which has waited in the listener's queue for `queued_ms`. */
void arrivals_take(struct connections *all, int fd, int64_t queued_ms);

/* Begins the drain: requests that are incomplete after `limit_ms` are refused, and kept connections
 * are released. */
void arrivals_drain(struct connections *all, int64_t limit_ms);

/* Closes every connection; one with a request under way is closed right after its answer. Calls
 * `closed` in a later turn of the loop. */
void arrivals_close(struct connections *all, void (*closed)(struct connections *all));
