/* SPDX-License-Identifier: MIT
 *
 * One call of a backend, on the backend's queue of workers and through its breaker; private to
 * signin/. Made by a step, which then waits.
 */
#ifndef SIGNIN_CALL_H
#define SIGNIN_CALL_H

#include "signin/throttle.h"
#include "pool/worker.h"

struct call;

/* The call itself, on a worker. It reads what its step filled in and sets the verdict; the loop
 * touches none of it meanwhile. */
typedef enum auth_verdict call_work(struct call *call);

/* What came of it, on the loop; the call is the callee's, to be used again or released. */
typedef void call_done(struct call *call);

struct call {
	struct visit *visit;
	uint64_t whom; /* it is about (doubt_whom()); 0: nobody in particular */
	struct service_backend *backend;
	const char *texts[STORE_VERSIONS_MAX];
	struct auth_secrets secrets; /* of the backend; filled by call_start() */
	struct identity who;
	struct auth_challenge challenge, asked;
	struct buffer url;
	struct error error;
	enum auth_verdict verdict;
	bool refused;		/* nobody looked at it: too much waits already */
	int64_t retry_after_ms; /* where it was refused, or the backend is left alone */
	/* the step's own */
	struct auth_attempt attempt;
	struct auth_redirect redirect;
	struct auth_renewal renewal;
	struct auth_ending ending;
	struct params *query;
	struct buffer state; /* the ticket that goes along to a provider */
	struct join leads_to;
	char nonce[AUTH_NONCE_SIZE], verifier[AUTH_NONCE_SIZE];
	struct tries tries;
	void *context;
	size_t index; /* of the backend to be asked next */
	int64_t started_ms;
	/* private */
	struct worker_job job;
	uv_timer_t deadline;
	call_work *work;
	call_done *done;
};

/* NULL without memory. */
struct call *call_new(struct visit *visit);

/* Begins it: `done` is called later. 0; or -1 when it was not even begun (`refused`, or the verdict
 * AUTH_UNAVAILABLE of a backend that is left alone for a while), `done` is not called then. `who`
 * is empty but for the backend. */
int call_start(
	struct call *call, struct service_backend *backend, call_work *work, call_done *done);

/* Frees it, some turns later; it is gone for the caller. */
void call_release(struct call *call);

/* Answers for a backend that could not be asked, or was out of order. STEP_DONE. */
enum step call_fail(struct call *call);

/* The same with a line event=login, but where nobody looked at it. */
enum step call_log_and_fail(struct call *call);

#endif
