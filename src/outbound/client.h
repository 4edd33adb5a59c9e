/* SPDX-License-Identifier: MIT
 *
 * Requests to other hosts, on the loop: the only user of curl's multi interface. Connections are
 * kept and HTTP/2 is used where the other side speaks it. Nothing follows a redirect, uses a proxy,
 * reads .netrc or the environment.
 *
 * A request goes out at most once: libcurl would repeat one on a kept connection that died, and is
 * stopped from it (CURLOPT_PREREQFUNCTION). The request target is given apart from the address
 * (CURLOPT_REQUEST_TARGET), so what is secret in it never stands in a URL of libcurl's.
 */
#ifndef OUTBOUND_CLIENT_H
#define OUTBOUND_CLIENT_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { OUTBOUND_BODY_MAX = 64 * 1024 };

struct outbound;      /* one a process */
struct outbound_peer; /* one host we talk to: its settings, its breaker, how much is under way */

struct outbound_settings {
	const char *base;    /* "https://host[:port]" */
	const char *ca_file; /* "" or NULL: the system's */
	int64_t connect_timeout_ms, timeout_ms;
	unsigned in_flight_max;
};

/* Zero is the least said: nothing was sent. */
enum outbound_result {
	OUTBOUND_BUSY = 0,    /* breaker open or too much under way; nothing was sent */
	OUTBOUND_UNREACHABLE, /* no connection or TLS failure; nothing was sent */
	OUTBOUND_BROKEN, /* sent, then the connection failed, or the answer was no HTTP or too large
			  */
	OUTBOUND_TIMEOUT, /* deadline; see `sent` */
	OUTBOUND_ANSWER,  /* status and body are there */
};

struct outbound_answer {
	enum outbound_result result;
	bool sent; /* bytes of the request may have reached the peer */
	long status;
	const char *body; /* NUL-terminated; valid during the callback only */
	size_t length;
	int64_t retry_after_ms; /* for OUTBOUND_BUSY */
	const char *reason;	/* for the log, a constant; never an address */
};

typedef void outbound_done(void *context, const struct outbound_answer *answer);

struct outbound *outbound_new(uv_loop_t *loop, struct error *error);
void outbound_free(
	struct outbound **outbound); /* after everything under way was cancelled or done */

/* Copies the settings. A peer outlives its requests: the last one frees it after
 * outbound_peer_release(). */
struct outbound_peer *outbound_peer_new(
	struct outbound *outbound, const struct outbound_settings *settings, struct error *error);
void outbound_peer_release(struct outbound_peer **peer);

/* Sends GET `target` with Accept: application/json. `timeout_ms`: until when there must be an
 * answer, 0 for the peer's own timeout. `done` is called exactly once and never before this
 * returns; the request is gone then. `target` may be wiped after the call (libcurl has its copy
 * until the end of the transfer). 0, or -1 without memory: `done` is not called. */
int outbound_get(struct outbound_peer *peer, const char *target, int64_t timeout_ms,
	outbound_done *done, void *context);

#endif
