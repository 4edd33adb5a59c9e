/* SPDX-License-Identifier: MIT */
#include "signin/call.h"

#include "base/clock.h"
#include "base/trace.h"
#include "signin/doubt.h"
#include "signin/log.h"
#include "telemetry/metrics.h"
#include "visit/client.h"
#include "visit/fail.h"

enum { QUEUE_DEADLINE_MS = 20000 }; /* longest wait for a worker */

struct call *call_new(struct visit *visit)
{
	struct call *call = calloc(1, sizeof *call);

	if (call == NULL)
		return NULL;
	call->visit = visit;
	call->url = BUFFER_INIT(TICKET_TEXT_MAX + 8192);
	call->started_ms = clock_monotonic_ms();
	uv_timer_init(visit->server->loop, &call->deadline);
	call->deadline.data = call;
	return call;
}

static struct call *call_of(struct worker_job *job)
{
	return (struct call *)((char *)job - offsetof(struct call, job));
}

static void on_worker(struct worker_job *job)
{
	struct call *call = call_of(job);

	trace_use(&call->visit->request.trace);
	call->verdict = call->work(call);
	trace_use(NULL);
}

/* For a backend with a delivery (mail) only the delivery needs the remote side. Checking an answer
 * does not, so it ignores the breaker and does not report to it. */
static bool is_past_breaker(const struct call *call)
{
	return call->backend->driver->deliver != NULL && call->attempt.asked != NULL;
}

static void tell_breaker(const struct call *call, bool cancelled)
{
	struct health *health = &call->backend->health;

	if (is_past_breaker(call))
		return;
	if (cancelled)
		health_abandoned(health, call->whom);
	else if (call->verdict == AUTH_UNAVAILABLE)
		doubt_failure(call->visit->service, call->visit->files, call->backend, call->whom);
	else if (call->backend->driver->deliver == NULL)
		health_succeeded(health, call->whom);
	else if (call->verdict != AUTH_CHALLENGE) /* after a challenge the delivery reports */
		health_abandoned(health, call->whom);
}

static void on_done(struct worker_job *job, bool cancelled)
{
	struct call *call = call_of(job);

	uv_timer_stop(&call->deadline);
	call->visit->signin.has_waited = true;
	if (cancelled) {
		call->refused = true;
		call->verdict = AUTH_UNAVAILABLE;
	}
	tell_breaker(call, cancelled);
	metric_observe(METRIC_LOGIN_SECONDS, clock_monotonic_ms() - call->started_ms);
	call->done(call);
}

static void on_deadline(uv_timer_t *timer)
{
	struct call *call = timer->data;

	worker_cancel(&call->job); /* a call that already runs has its own deadline */
}

static int prepare(struct call *call, struct service_backend *backend)
{
	call->backend = backend;
	call->verdict = AUTH_UNAVAILABLE;
	call->refused = false;
	call->error.text[0] = '\0';
	call->secrets.values = call->texts;
	call->secrets.count = store_texts(
		call->visit->files->store, backend->secret_name, call->visit->now, call->texts);
	identity_release(&call->who);
	return identity_set(&call->who.backend, backend->title, IDENTITY_SUBJECT_MAX);
}

/* Whether the backend may be asked. 0 or -1. */
static int begin(struct call *call, struct service_backend *backend)
{
	call->retry_after_ms = 10000;
	if (prepare(call, backend) != 0) {
		error_set(&call->error, "out of memory");
		return -1;
	}
	if (!is_past_breaker(call) && !health_allows(&backend->health, call->whom,
					      clock_monotonic_ms(), &call->retry_after_ms)) {
		error_set(&call->error, "%s failed repeatedly and is not asked for a while",
			backend->title);
		return -1;
	}
	return 0;
}

int call_now(struct call *call, struct service_backend *backend, call_work *work)
{
	if (begin(call, backend) != 0)
		return -1;
	call->verdict = work(call);
	tell_breaker(call, true); /* it has not been asked */
	return 0;
}

int call_start(struct call *call, struct service_backend *backend, call_work *work, call_done *done)
{
	if (begin(call, backend) != 0)
		return -1;
	call->work = work;
	call->done = done;
	call->job = (struct worker_job){.work = on_worker,
		.done = on_done,
		.whose = client_whose(call->visit),
		.first = call->first};
	if (worker_submit(backend->queue, &call->job) != 0) {
		call->refused = true;
		tell_breaker(call, true);
		return -1;
	}
	uv_timer_start(&call->deadline, on_deadline, QUEUE_DEADLINE_MS, 0);
	return 0;
}

static void free_call(uv_handle_t *deadline)
{
	struct call *call = deadline->data;

	identity_release(&call->who);
	join_release(&call->leads_to);
	buffer_wipe(&call->url);
	buffer_wipe(&call->state);
	params_free(&call->query);
	explicit_bzero(call, sizeof *call);
	free(call);
}

void call_release(struct call *call)
{
	uv_close((uv_handle_t *)&call->deadline, free_call);
}

enum step call_fail(struct call *call)
{
	struct visit *visit = call->visit;

	metric_count(METRIC_LOGIN_UNAVAILABLE);
	if (call->refused) {
		visit_set_detail(visit, "the backend's queue is full");
		visit->report.retry_after = 5;
		return visit_fail(visit, FAILURE_OVERLOADED);
	}
	visit_set_detail(visit, "%s", call->error.text);
	visit->report.retry_after = call->retry_after_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_BACKEND_UNAVAILABLE);
}

enum step call_log_and_fail(struct call *call)
{
	struct visit *visit = call->visit;

	if (!call->refused)
		login_log(visit, "unavailable", &call->who, call->error.text);
	return call_fail(call);
}
