/* SPDX-License-Identifier: MIT
 *
 * Step 4 for drivers with a `grant` table. A driver without I/O runs on the event loop, or on the
 * queue for slow signatures. Other drivers run on the platform's worker queue and behind its
 * circuit breaker. There is no request token that could be used twice. If the platform does not
 * accept a secret that can be renewed, the secret is renewed and the driver called once more.
 */
#include "join/grant.h"

#include "base/clock.h"
#include "base/text.h"
#include "base/trace.h"
#include "join/room.h"
#include "join/secrets.h"
#include "telemetry/metrics.h"
#include "telemetry/sections.h"
#include "visit/client.h"
#include "visit/fail.h"

/* A call of admit(). While a worker runs it, the event loop does not touch this struct. */
struct granting {
	struct visit *visit;
	struct service_platform *platform;
	struct platform_grant grant;
	const char *texts[STORE_VERSIONS_MAX];
	size_t accepted;
	int64_t retry_after;
	struct error error;
	bool called;  /* a worker has called admit() in time */
	bool renewed; /* the secret was renewed for this visit */
	struct upkeep_waiter waiter;
	enum platform_verdict verdict;
	int64_t started_ms;
	struct worker_job job;
};

/* Computes grant->user_id. A session for a single visit has a new id each time, so the browser's
 * key is used instead. */
static void fill_user_id(const struct visit *visit, char user_id[PLATFORM_USER_ID_SIZE])
{
	const struct identity *who = &visit->session.who;
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	char session[2 * SESSION_ID_SIZE + 1], browser[2 * TICKET_BROWSER_SIZE + 1];
	uint8_t key[STATE_KEY_SIZE];

	if (visit->signin.is_ambient) {
		text_hex(visit->browser.id, TICKET_BROWSER_SIZE, browser);
		seal_hash(hash_key, key, "rejoin of", visit->join.platform, visit->join.meeting_id,
			who->backend, who->subject, browser, NULL);
	} else {
		text_hex(visit->session.id, SESSION_ID_SIZE, session);
		seal_hash(hash_key, key, "rejoin", visit->join.platform, visit->join.meeting_id,
			session, NULL);
	}
	text_hex(key, (PLATFORM_USER_ID_SIZE - 1) / 2, user_id);
	if (visit->script.client == NULL)
		return;
	/* Two windows of a session are two clients, each with its own stable id. */
	seal_hash(hash_key, key, "rejoin of a client", user_id, visit->script.client, NULL);
	text_hex(key, (PLATFORM_USER_ID_SIZE - 1) / 2, user_id);
}

/* Computes grant->person_id, from the account, or from the session if there is no account. */
static void fill_person_id(const struct visit *visit, char person_id[PLATFORM_USER_ID_SIZE])
{
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend = service_backend(visit->service, who->backend);
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	char session[2 * SESSION_ID_SIZE + 1];
	uint8_t key[STATE_KEY_SIZE];

	text_hex(visit->session.id, SESSION_ID_SIZE, session);
	if (backend != NULL && !backend->driver->one_meeting)
		seal_hash(hash_key, key, "person", visit->join.platform, who->backend, who->subject,
			NULL);
	else
		seal_hash(
			hash_key, key, "person of a session", visit->join.platform, session, NULL);
	text_hex(key, (PLATFORM_USER_ID_SIZE - 1) / 2, person_id);
}

static void prepare(struct granting *granting, struct visit *visit, bool renewed)
{
	const struct store_secret *secrets;

	*granting = (struct granting){.visit = visit,
		.platform = visit->platform,
		.accepted = SIZE_MAX,
		.renewed = renewed};
	granting->started_ms = clock_monotonic_ms();
	granting->grant = (struct platform_grant){
		.join = &visit->join,
		.who = &visit->session.who,
		.role = visit->exchange.role,
		.by_script = visit->script.asks,
		.clears_room = visit->exchange.clears_room,
		.now = clock_wall(), /* not visit->now: the sign-in may have taken a while */
		.deadline = granting->started_ms + visit->platform->peer->timeout_ms,
		.secrets = {granting->texts, 0},
		.token = &visit->exchange.token,
		.accepted = &granting->accepted,
		.retry_after = &granting->retry_after,
		.error = &granting->error,
	};
	secrets = secrets_of(visit, &granting->grant.secrets.count);
	granting->grant.secrets.ended = secrets_ended(visit);
	for (size_t i = 0; i < granting->grant.secrets.count; i++)
		granting->texts[i] = secret_text(secrets[i].secret);
	fill_user_id(visit, granting->grant.user_id);
	fill_person_id(visit, granting->grant.person_id);
}

static void call(struct granting *granting)
{
	struct service_platform *platform = granting->platform;

	granting->called = true;
	trace_use(&granting->visit->request.trace);
	granting->verdict = platform->driver->grant->admit(platform->instance, &granting->grant);
	trace_use(NULL);
}

static enum step admit(const struct granting *granting)
{
	struct visit *visit = granting->visit;
	const struct store_secret *secrets;
	size_t count;

	sections_count(granting->platform->metrics, METRIC_EXCHANGE_GRANTED);
	secrets = secrets_of(visit, &count);
	if (granting->accepted < count)
		secrets_note_acceptance(visit, &secrets[granting->accepted]);
	visit->outcome = OUTCOME_JOINED;
	return STEP_NEXT;
}

static enum step conclude(const struct granting *granting)
{
	static const struct {
		enum metric metric;
		enum failure failure;
	} rows[] = {
		[PLATFORM_REFUSED] = {METRIC_EXCHANGE_REFUSED, FAILURE_NO_MEETING},
		[PLATFORM_BAD_ANSWER] = {METRIC_EXCHANGE_BAD_ANSWER, FAILURE_EXCHANGE_BAD_ANSWER},
		[PLATFORM_UNREACHABLE] = {METRIC_EXCHANGE_UNREACHABLE,
			FAILURE_EXCHANGE_UNREACHABLE},
		[PLATFORM_TIMEOUT] = {METRIC_EXCHANGE_TIMEOUT, FAILURE_EXCHANGE_TIMEOUT},
		[PLATFORM_BUSY] = {METRIC_EXCHANGE_BAD_ANSWER, FAILURE_OVERLOADED},
		[PLATFORM_UNABLE] = {METRIC_EXCHANGE_NOT_SENT, FAILURE_INTERNAL},
		[PLATFORM_UNAUTHORIZED] = {METRIC_EXCHANGE_FORBIDDEN, FAILURE_EXCHANGE_FORBIDDEN},
		[PLATFORM_FORBIDDEN] = {METRIC_EXCHANGE_FORBIDDEN, FAILURE_EXCHANGE_FORBIDDEN},
	};
	struct visit *visit = granting->visit;

	if (granting->verdict == PLATFORM_GRANTED)
		return visit->exchange.token.failed ? visit_fail(visit, FAILURE_INTERNAL)
						    : admit(granting);
	buffer_wipe(&visit->exchange.token);
	room_stop_clearing(visit);
	if (granting->verdict == PLATFORM_UNAUTHORIZED)
		secrets_note_refusal(visit);
	if (granting->verdict == PLATFORM_BUSY)
		visit->report.retry_after = granting->retry_after;
	visit_set_detail(visit, "%s", granting->error.text);
	sections_count(granting->platform->metrics, rows[granting->verdict].metric);
	return visit_fail(visit, rows[granting->verdict].failure);
}

/* ---- on a worker ---- */

static struct granting *granting_of(struct worker_job *job)
{
	return (struct granting *)((char *)job - offsetof(struct granting, job));
}

/* Gives up if half of the time was spent waiting for a worker: the rest may be too short even for a
 * healthy platform, and a timeout would count as the platform's failure. */
static void on_worker(struct worker_job *job)
{
	struct granting *granting = granting_of(job);

	if (granting->grant.deadline - clock_monotonic_ms() >=
		granting->platform->peer->timeout_ms / 2)
		call(granting);
}

/* Reports the result to the circuit breaker. Every answer counts as success, since a visitor can
 * choose a meeting for which the platform answers badly. A platform that was never asked has not
 * failed. */
static void tell_breaker(const struct granting *granting)
{
	struct breaker *breaker = &granting->platform->breaker;

	if (!granting->called)
		breaker_abandoned(breaker);
	else if (granting->verdict == PLATFORM_UNREACHABLE || granting->verdict == PLATFORM_TIMEOUT)
		breaker_failed(breaker, clock_monotonic_ms());
	else
		breaker_succeeded(breaker);
}

static enum step be_busy(struct visit *visit, int64_t wait_ms, const char *why)
{
	sections_count(visit->platform->metrics, METRIC_EXCHANGE_NOT_SENT);
	room_stop_clearing(visit);
	visit_set_detail(visit, "%s", why);
	visit->report.retry_after = wait_ms / 1000 + 1;
	return visit_fail(visit, FAILURE_OVERLOADED);
}

static enum step submit(struct visit *visit, struct worker_queue *queue, bool renewed);

/* ---- renewing the secret ---- */

static void on_renewed(struct upkeep_waiter *waiter, const char *why)
{
	struct granting *granting =
		(struct granting *)((char *)waiter - offsetof(struct granting, waiter));
	struct visit *visit = granting->visit;
	enum step step;

	if (why != NULL) {
		error_set(&granting->error, "%s", why);
		step = conclude(granting);
	} else {
		files_drop(&visit->files);
		visit->files = files_use(visit->server->service->files);
		step = submit(visit, &visit->platform->queue, true);
	}
	free(granting);
	if (step != STEP_WAIT)
		visit_continue(visit, step);
}

/* Returns true if the visit now waits for a renewed secret. A version that was just renewed is not
 * renewed again. */
static bool await_renewal(struct granting *granting)
{
	const struct visit *visit = granting->visit;
	const struct service_platform *platform = granting->platform;
	const struct store_secret *secrets;
	size_t count;

	secrets = secrets_of(visit, &count);
	if (!granting->called || granting->verdict != PLATFORM_UNAUTHORIZED || granting->renewed ||
		platform->driver->secret == NULL || platform->driver->secret->renew == NULL ||
		visit->server->upkeep == NULL || count == 0)
		return false;
	buffer_clear(&granting->visit->exchange.token);
	granting->waiter = (struct upkeep_waiter){.title = platform->title,
		.version = secrets[0].version,
		.deadline_ms = clock_monotonic_ms() + platform->peer->timeout_ms,
		.done = on_renewed};
	upkeep_await(visit->server->upkeep, &granting->waiter);
	return true;
}

static void on_done(struct worker_job *job, bool cancelled)
{
	struct granting *granting = granting_of(job);
	struct visit *visit = granting->visit;
	enum step step;

	gauge_add(METRIC_EXCHANGES_IN_FLIGHT, -1);
	visit->exchange.took_ms = clock_monotonic_ms() - granting->started_ms;
	metric_observe(METRIC_EXCHANGE_SECONDS, visit->exchange.took_ms);
	tell_breaker(granting);
	if (await_renewal(granting))
		return;
	if (granting->called)
		step = conclude(granting);
	else
		step = be_busy(visit, 0,
			cancelled ? "too many requests are waiting for the platform"
				  : "the wait for the platform is too long");
	free(granting);
	visit_continue(visit, step);
}

static enum step submit(struct visit *visit, struct worker_queue *queue, bool renewed)
{
	struct service_platform *platform = visit->platform;
	struct granting *granting;
	int64_t wait_ms = 0;

	if (!breaker_allows(&platform->breaker, clock_monotonic_ms(), &wait_ms))
		return be_busy(visit, wait_ms,
			"the platform failed repeatedly and is not asked for a while");
	granting = malloc(sizeof *granting);
	if (granting != NULL) {
		prepare(granting, visit, renewed);
		granting->job = (struct worker_job){
			.work = on_worker, .done = on_done, .whose = client_whose(visit)};
		if (worker_submit(queue, &granting->job) == 0) {
			gauge_add(METRIC_EXCHANGES_IN_FLIGHT, 1);
			return STEP_WAIT;
		}
	}
	free(granting);
	breaker_abandoned(&platform->breaker);
	return be_busy(visit, 0, "too many requests are waiting for the platform");
}

enum step grant_access(struct visit *visit)
{
	const struct platform_grant_ops *ops = visit->platform->driver->grant;
	struct granting granting;

	if (ops->threads > 0)
		return submit(visit, &visit->platform->queue, false);
	prepare(&granting, visit, false);
	if (ops->is_slow != NULL && granting.grant.secrets.count > 0 &&
		ops->is_slow(granting.texts[0]))
		return submit(visit, &worker_signing, false);
	call(&granting);
	return conclude(&granting);
}
