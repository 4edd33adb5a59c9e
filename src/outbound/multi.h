/* SPDX-License-Identifier: MIT
 *
 * libcurl's multi handle, driven by libuv: sockets, timers and kept connections. It knows nothing
 * of requests. Private to outbound/.
 *
 * libcurl may close a socket that never connected without telling us (7.88 does), so the loop
 * watches such a socket only as long as libcurl asks for it. A connection that has carried a
 * request is always closed through CURLOPT_CLOSESOCKETFUNCTION. So it stays registered with the
 * loop while it is kept, and is shut down when its time is over, or when the peer closes it or
 * sends something unasked.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct multi;

/* One use of an easy handle, embedded in the caller's request. All members but `easy` are zero
 * before multi_add(). */
struct transfer {
	CURL *easy;
	bool connected;	 /* set by the caller once a request may be sent over the connection */
	int64_t keep_ms; /* set by the caller: how long the connection may be idle afterwards */
	int error; /* an errno if this machine, not the peer, caused the failure; otherwise 0 */
	/* private */
	struct multi *multi;
	curl_socket_t socket;
};

/* Called on the loop for every transfer that ended, after it was removed from the multi handle. */
typedef void multi_done(struct transfer *transfer, CURLcode result);

/* Called after `error` was set in a transfer that will not end by itself. The callee cancels it,
 * but after the call has returned. */
typedef void multi_stuck(struct transfer *transfer);

struct multi *multi_new(uv_loop_t *loop, multi_done *done, multi_stuck *stuck);

/* No transfer may be under way. Closes the kept connections. The memory is freed in a later turn of
 * the loop. */
void multi_free(struct multi **multi);

/* Sets how many connections may be open before idle ones are closed for new ones. */
void multi_limit(struct multi *multi, unsigned connections);

/* Starts a transfer. 0, or -1 if libcurl refuses it. */
int multi_add(struct multi *multi, struct transfer *transfer);

/* Ends a transfer that is under way and closes its connection; does not call `done`. */
void multi_cancel(struct multi *multi, struct transfer *transfer);

/* Sets the options that register the sockets of an easy handle with the loop. */
void multi_prepare(struct multi *multi, CURL *easy);
