/* SPDX-License-Identifier: MIT
 *
 * A circuit breaker: after several failures in a row it lets no request through for a while, then
 * one as a probe. While probes fail, the pauses grow. It reads no clock: the caller passes the
 * time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	BREAKER_FAILURES = 20,	     /* failures in a row that open it, by default */
	BREAKER_OPEN_MS = 5000,	     /* the first pause; each failed probe doubles it */
	BREAKER_OPEN_MAX_MS = 60000, /* SECTIONS_PAUSE_MAX_MS at most */
};

/* A breaker of all zeros is closed: it lets everything through. */
struct breaker {
	unsigned failures_max; /* failures in a row that open it; 0: BREAKER_FAILURES */
	unsigned failures;
	int64_t retry_at_ms; /* monotonic; it lets nothing through before this time */
	int64_t pause_ms;    /* 0 while closed */
	bool probing;	     /* a probe is under way */
	uint64_t metrics;    /* sections_key(); 0: none */
	unsigned level;	     /* enum section_metric, for when the pause ends */
};

/* True if a request may be sent at `now_ms`. Otherwise *wait_ms_r is how long to wait before asking
 * again. After true, call exactly one of the three functions below. */
bool breaker_allows(struct breaker *breaker, int64_t now_ms, int64_t *wait_ms_r);

/* The request got an answer, or failed. */
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, int64_t now_ms);

/* The request was cancelled, or failed for a reason that says nothing about the peer. */
void breaker_abandoned(struct breaker *breaker);
