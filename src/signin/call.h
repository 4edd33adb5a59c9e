/* SPDX-License-Identifier: MIT
 *
 * One call of a backend, on the backend's worker queue and through its breaker. Private to signin/.
 * A step starts a call and then waits.
 */
#pragma once

#include "signin/throttle.h"
#include "pool/worker.h"

struct call;

/* Runs on a worker: reads what the step filled in and returns the verdict. The loop does not touch
 * the call meanwhile. */
typedef enum auth_verdict call_work(struct call *call);

/* Runs on the loop after the work. It owns the call, and starts it again or releases it. */
typedef void call_done(struct call *call);

struct call {
	struct visit *visit;
	uint64_t whom; /* the person asked about (doubt_whom()); 0: nobody in particular */
	struct service_backend *backend;
	const char *texts[STORE_VERSIONS_MAX];
	struct auth_secrets secrets; /* the backend's; set by call_start() */
	struct identity who;
	struct auth_challenge challenge, asked;
	struct buffer url;
	struct error error;
	enum auth_verdict verdict;
	bool refused;		/* the queue was full or too slow; no backend was asked */
	int64_t retry_after_ms; /* set when call_start() fails */
	bool first;		/* it goes before the others that wait for the backend */
	/* for the step's use */
	struct auth_attempt attempt;
	struct auth_redirect redirect;
	struct auth_renewal renewal;
	struct auth_ending ending;
	struct params *query;
	struct buffer state; /* the ticket that is sent to the provider as `state` */
	struct join leads_to;
	char nonce[AUTH_NONCE_SIZE], verifier[AUTH_NONCE_SIZE];
	struct tries tries;
	void *context;
	size_t index; /* of the next backend to ask */
	int64_t started_ms;
	/* private */
	struct worker_job job;
	uv_timer_t deadline;
	call_work *work;
	call_done *done;
};

/* NULL without memory. */
struct call *call_new(struct visit *visit);

/* Starts the call; `done` is called later. 0; or -1 if it did not start, and then `done` is not
 * called: either the queue is full (`refused`) or the breaker is open (verdict AUTH_UNAVAILABLE).
 * Resets `who` to the backend alone. */
int call_start(
	struct call *call, struct service_backend *backend, call_work *work, call_done *done);

/* Runs `work` on the loop, at once: for what a backend answers without asking anybody. 0; or -1 as
 * call_start(). */
int call_now(struct call *call, struct service_backend *backend, call_work *work);

/* Frees the call in a later turn of the loop. The caller must not use it any more. */
void call_release(struct call *call);

/* Fails the visit because the backend could not be asked or is out of order. STEP_DONE. */
enum step call_fail(struct call *call);

/* The same, with a line event=login unless the queue refused the call. */
enum step call_log_and_fail(struct call *call);
