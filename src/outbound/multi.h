/* SPDX-License-Identifier: MIT
 *
 * libcurl's multi handle driven by libuv: sockets, timer and kept connections, nothing about
 * requests. Private to outbound/.
 *
 * libcurl may close a socket that never connected without telling us (7.88 does), so the loop
 * watches such a socket only as long as libcurl asks for it. A connection that has carried a
 * request is always closed through CURLOPT_CLOSESOCKETFUNCTION: it stays registered with the loop
 * while it is kept, and is shut down when its time is over or when the peer sends or closes.
 */
#pragma once

#include "base/error.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct multi;

/* One use of an easy handle; embedded in the caller's request. Zero but for `easy` before
 * multi_add(). */
struct transfer {
	CURL *easy;
	bool connected;	 /* set by the caller: a request may go over the connection now */
	int64_t keep_ms; /* set by the caller: how long the connection may be idle afterwards */
	int error;	 /* an errno: this machine, not the peer, could not go on */
	/* private */
	struct multi *multi;
	curl_socket_t socket;
};

/* Called on the loop for every transfer that ended; it is out of the multi handle already. */
typedef void multi_done(struct transfer *transfer, CURLcode result);

/* Called when `error` was set of a transfer that is under way, which will not come to its end by
 * itself: to be cancelled, and not from within the call. */
typedef void multi_stuck(struct transfer *transfer);

struct multi *multi_new(uv_loop_t *loop, multi_done *done, multi_stuck *stuck, struct error *error);

/* No transfer may be under way. Kept connections are closed. Handles of the loop are closed in a
 * later turn. */
void multi_free(struct multi **multi);

/* The most connections that are open at once before idle ones are closed for new ones. */
void multi_limit(struct multi *multi, unsigned connections);

/* Starts a transfer. 0 or -1. */
int multi_add(struct multi *multi, struct transfer *transfer);

/* Ends a transfer that is under way, without a call of `done`, and closes its connection. */
void multi_cancel(struct multi *multi, struct transfer *transfer);

/* Options that make the sockets of an easy handle known to the multi handle's loop. */
void multi_prepare(struct multi *multi, CURL *easy);
