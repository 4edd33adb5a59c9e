/* SPDX-License-Identifier: MIT
 *
 * Requests to other hosts, on the loop: the only user of libcurl's multi interface there.
 * Connections are kept open, but closed before servers usually close them. No redirect is followed,
 * no proxy used, and neither .netrc nor the environment is read.
 *
 * names.h looks up the host. The addresses of a peer are tried one after the other, the last good
 * one first; each gets a share of the time. A timer of this module ends the request at its
 * deadline, whatever it waits for: the name, a connection, TLS, or the answer.
 *
 * A request is sent at most once: it is repeated only if no byte of it was written. libcurl would
 * repeat a request if a kept connection died; CURLOPT_PREREQFUNCTION stops it. The request target
 * is passed separately from the address (CURLOPT_REQUEST_TARGET), so that no URL inside libcurl
 * contains the secrets of the target.
 */
#pragma once

#include "base/error.h"
#include "outbound/trust.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { OUTBOUND_BODY_MAX = 64 * 1024 };

struct outbound;      /* one per process */
struct outbound_peer; /* one host, with its settings and its breaker */

struct outbound_settings {
	const char *base;    /* "https://host[:port]" */
	struct trust *trust; /* for https; outbound_peer_new() takes its own reference */
	/* For the name, TCP and TLS together, including the wait for a free connection; and for the
	 * whole request. */
	int64_t connect_timeout_ms, timeout_ms;
	unsigned in_flight_max;
	unsigned connections_max; /* further requests wait until one is free; 0: in_flight_max */
	uint64_t metrics;	  /* sections_key() of the platform; 0: none */
	int64_t keep_ms; /* how long an idle connection is kept open; 0: it is closed at once */
};

/* What became of a request. The zero value means that nothing was sent. */
enum outbound_result {
	OUTBOUND_BUSY = 0,    /* refused: the breaker is open, or too many are under way */
	OUTBOUND_UNREACHABLE, /* no address, connection or TLS; nothing was sent */
	OUTBOUND_BROKEN,      /* sent; then the connection failed, or the answer was not HTTP or too
				 large */
	OUTBOUND_TIMEOUT,     /* the deadline passed; `sent` says whether the request was sent */
	OUTBOUND_ANSWER,      /* the peer answered; `status` and `body` are set */
};

struct outbound_answer {
	enum outbound_result result;
	bool sent; /* true if the peer may have received bytes of the request */
	long status;
	const char *body; /* NUL-terminated; valid during the callback only */
	size_t length;
	/* How long to wait before trying again: after OUTBOUND_BUSY, or if the answer asks for it
	 * (easy_retry_s()). 0: unknown. */
	int64_t retry_after_ms;
	/* For the log. Valid during the callback only; never contains an address. */
	const char *reason;
};

typedef void outbound_done(void *context, const struct outbound_answer *answer);

struct outbound *outbound_new(uv_loop_t *loop);

/* No request may be under way. */
void outbound_free(struct outbound **outbound);

/* Sets how many connections to all peers may be open before idle ones are closed. */
void outbound_limit(struct outbound *outbound, unsigned connections);

/* Copies the settings. Returns NULL with an error. After outbound_peer_release() the peer lives
 * until its last request has ended. */
struct outbound_peer *outbound_peer_new(
	struct outbound *outbound, const struct outbound_settings *settings, struct error *error);
void outbound_peer_release(struct outbound_peer **peer);

/* Sends GET `target` with "Accept: application/json". `timeout_ms` is the time for the whole
 * request; 0: the peer's own. Calls `done` exactly once, after this function has returned. The
 * caller may wipe `target` after the call; libcurl keeps a copy until the end of the transfer.
 * Returns 0, or -1 if memory ran out; then `done` is not called. */
int outbound_get(struct outbound_peer *peer, const char *target, int64_t timeout_ms,
	outbound_done *done, void *context);
