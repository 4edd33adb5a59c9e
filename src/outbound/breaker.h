/* SPDX-License-Identifier: MIT
 *
 * A circuit breaker: after several failures in a row nothing is sent for a while, then one request
 * tries whether the peer is back. Pure: times come in, decisions go out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
	BREAKER_FAILURES = 20,	/* in a row, before it opens, where the breaker does not say */
	BREAKER_OPEN_MS = 5000, /* the first pause; doubles with each failed try */
	BREAKER_OPEN_MAX_MS = 60000,
};

/* Zero is a closed breaker. */
struct breaker {
	unsigned failures_max; /* in a row, before it opens; 0: BREAKER_FAILURES */
	unsigned failures;
	int64_t retry_at_ms; /* monotonic; nothing is let through before it */
	int64_t pause_ms;    /* 0 while closed */
	bool probing;	     /* the one try is under way */
};

/* Whether a request may go out at `now_ms`; else *wait_ms_r says when to ask again. */
bool breaker_allows(struct breaker *breaker, int64_t now_ms, int64_t *wait_ms_r);

/* What became of a request that was let through. */
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, int64_t now_ms);

/* A request that was let through was given up before there was a result. */
void breaker_abandoned(struct breaker *breaker);
