/* SPDX-License-Identifier: MIT
 *
 * Requests to other hosts, on the loop: the only user of curl's multi interface. Connections are
 * kept, for less time than servers keep them. Nothing follows a redirect, uses a proxy, reads
 * .netrc or the environment.
 *
 * Names are looked up by names.h; the addresses of a peer are tried one after the other, the last
 * good one first, each for its share of the time. One timer of ours keeps the deadline of a
 * request, whatever it waits for: the name, a connection, TLS, the answer.
 *
 * A request goes out at most once: it is repeated only when not a byte of it was written. libcurl
 * would repeat one on a kept connection that died, and is stopped from it (CURLOPT_PREREQFUNCTION).
 * The request target is given apart from the address (CURLOPT_REQUEST_TARGET), so what is secret in
 * it never stands in a URL of libcurl's.
 */
#pragma once

#include "base/error.h"
#include "outbound/trust.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { OUTBOUND_BODY_MAX = 64 * 1024 };

struct outbound;      /* one a process */
struct outbound_peer; /* one host we talk to: its settings, its breaker, how much is under way */

struct outbound_settings {
	const char *base;    /* "https://host[:port]" */
	struct trust *trust; /* for https; the peer takes a use of its own */
	/* For name, TCP and TLS together, a wait for a connection included; for all of it. */
	int64_t connect_timeout_ms, timeout_ms;
	unsigned in_flight_max;
	unsigned connections_max; /* further requests wait for one; 0: in_flight_max */
	int64_t keep_ms;	  /* how long a connection may be idle; 0: it is not kept */
};

/* Zero is the least said: nothing was sent. */
enum outbound_result {
	OUTBOUND_BUSY = 0,    /* breaker open or too much under way; nothing was sent */
	OUTBOUND_UNREACHABLE, /* no address, connection or TLS; nothing was sent */
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
	/* For OUTBOUND_BUSY; of an answer that asks us to come back later (easy_retry_s); or 0. */
	int64_t retry_after_ms;
	const char *reason; /* for the log; valid during the callback only; never an address */
};

typedef void outbound_done(void *context, const struct outbound_answer *answer);

struct outbound *outbound_new(uv_loop_t *loop, struct error *error);
void outbound_free(
	struct outbound **outbound); /* after everything under way was cancelled or done */

/* The most connections that are open at once, all peers together, before idle ones are closed. */
void outbound_limit(struct outbound *outbound, unsigned connections);

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
