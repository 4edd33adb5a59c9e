/* SPDX-License-Identifier: MIT
 *
 * Private to pool. What arrives on connections, from accept on, and what becomes of it: a request,
 * an answer that pool gives itself, or a refusal.
 */
#pragma once

#include "pool/connection.h"

void arrivals_init(struct connections *all, uv_loop_t *loop, listener_request *receive,
	void *context, unsigned maximum);

/* Takes over a connection that was accepted. `late`: it waited so long that it is to be told to
 * come back. */
void arrivals_take(struct connections *all, int fd, bool late);

/* Requests that have not arrived after `limit_ms` are refused; kept connections are released. */
void arrivals_drain(struct connections *all, int64_t limit_ms);

/* Closes every connection, those whose answer is being made right after it; `closed` is called in a
 * later turn of the loop. */
void arrivals_close(struct connections *all, void (*closed)(struct connections *all));
