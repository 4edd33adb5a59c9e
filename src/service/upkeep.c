/* SPDX-License-Identifier: MIT */
#include "service/upkeep.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/fiber.h"
#include "service/renewal.h"
#include "service/state.h"

enum {
	WATCH_MS = 500,
	WATCH_WAITERS_MS = 100, /* while visits wait */
	/* A lease lasts for the peer's timeout and this margin, in which a thread has to become
	 * free and the store to be written. */
	LEASE_MARGIN_S = 60,
	/* The pause after a failed renewal: if it was ahead of time, and while visits wait. */
	REST_S = 60,
	REST_WAITERS_S = 5,
	/* The most renewals in FORCED_MS that visits cause because their platform did not accept a
	 * version. */
	FORCED_MAX = 6,
	FORCED_MS = 60 * 1000,
	START_WITHIN_MS = 30 * 1000, /* after taking the lease, so that it lasts */
	TELL_GENERATION_S = 3600,    /* how often, though it has not changed */
};

struct upkeep {
	uv_timer_t timer;
	struct worker_job job;
	struct state *state;
	struct service **current;
	bool running, ending;
	bool checking; /* for what is due; a question to the state may make that wait */
	struct renewal_log log;
	uint64_t generation;	     /* of the store, as other machines were told, */
	int64_t tell_again;	     /* until then */
	struct state_resource lease; /* the lease that this process has, if any */
	int64_t lease_s;
	struct upkeep_waiter *waiters;
	struct renewal renewal; /* belongs to the job while that is running */
};

/* ---- the job ---- */

static void on_worker(struct worker_job *job)
{
	struct upkeep *upkeep = (struct upkeep *)((char *)job - offsetof(struct upkeep, job));

	renewal_run(&upkeep->renewal);
}

/* Puts the new files in place, so that this process does not have to wait for its next check. */
static void put_files_in_place(struct upkeep *upkeep)
{
	struct service *service = upkeep->renewal.service;

	if (upkeep->renewal.renewed == NULL || service != *upkeep->current ||
		service->files != upkeep->renewal.files) {
		files_drop(&upkeep->renewal.renewed);
		return;
	}
	files_complete(upkeep->renewal.renewed, service->files);
	files_drop(&service->files);
	service->files = upkeep->renewal.renewed;
	upkeep->renewal.renewed = NULL;
}

static void drop_uses(struct upkeep *upkeep)
{
	files_drop(&upkeep->renewal.files);
	service_drop(&upkeep->renewal.service);
}

static void on_closed(uv_handle_t *timer)
{
	struct upkeep *upkeep = timer->data;

	renewal_log_release(&upkeep->log);
	free(upkeep);
}

static void on_timer(uv_timer_t *timer);

static void watch(struct upkeep *upkeep, uint64_t first_ms)
{
	if (!uv_is_closing((uv_handle_t *)&upkeep->timer) && !upkeep->ending)
		uv_timer_start(&upkeep->timer, on_timer, first_ms,
			upkeep->waiters != NULL ? WATCH_WAITERS_MS : WATCH_MS);
}

/* Computes a key of the state for one version of a platform's secret. What is stored there does not
 * concern the next version. */
static void version_key(const struct upkeep *upkeep, const char *what, const char *title,
	unsigned version, uint8_t key[STATE_KEY_SIZE])
{
	store_version_key(
		store_hash_key((*upkeep->current)->files->store), what, title, version, key);
}

/* When the renewal of a version last failed, in seconds since 1970; 0: never. */
static int64_t failed_at(const struct upkeep *upkeep, const char *title, unsigned version)
{
	uint8_t key[STATE_KEY_SIZE];

	version_key(upkeep, "renewal failed", title, version, key);
	return state_marked(upkeep->state, key);
}

/* Tells other processes, and the visits that wait there, that the renewal failed, and ends the
 * lease for whoever tries next. */
static void give_up(struct upkeep *upkeep)
{
	uint8_t key[STATE_KEY_SIZE];
	int64_t now = clock_wall();

	version_key(upkeep, "renewal failed", upkeep->renewal.title, upkeep->renewal.version, key);
	state_mark(upkeep->state, key, now, now + REST_S);
	state_lease_end(upkeep->state, upkeep->lease.key, now, now);
}

static void on_loop(struct worker_job *job, bool cancelled)
{
	struct upkeep *upkeep = (struct upkeep *)((char *)job - offsetof(struct upkeep, job));

	if (!cancelled)
		renewal_report(&upkeep->log, &upkeep->renewal);
	if (upkeep->renewal.outcome == RENEWAL_FAILED)
		give_up(upkeep);
	put_files_in_place(upkeep);
	drop_uses(upkeep);
	upkeep->running = false;
	watch(upkeep, 0);
}

static void submit(struct upkeep *upkeep, struct worker_queue *queue)
{
	upkeep->running = true;
	upkeep->renewal.outcome = RENEWAL_FAILED;
	upkeep->renewal.error.text[0] = '\0';
	upkeep->job = (struct worker_job){.work = on_worker, .done = on_loop};
	if (worker_submit(queue, &upkeep->job) != 0)
		upkeep->running = false;
}

/* ---- waiters ---- */

static bool is_awaited(const struct upkeep *upkeep, const char *title, unsigned version)
{
	for (const struct upkeep_waiter *at = upkeep->waiters; at != NULL; at = at->next)
		if (at->version == version && strcmp(at->title, title) == 0)
			return true;
	return false;
}

/* True if the wait is over; *why_r is then the argument for done(). */
static bool is_over(
	const struct upkeep *upkeep, const struct upkeep_waiter *waiter, const char **why_r)
{
	const struct store_secret *secret;
	size_t count;

	*why_r = NULL;
	secret = store_secrets(
		(*upkeep->current)->files->store, waiter->title, clock_wall(), &count);
	if (count > 0 && secret->version > waiter->version)
		return true;
	if (failed_at(upkeep, waiter->title, waiter->version) >= waiter->since - REST_WAITERS_S)
		*why_r = "the platform does not accept our access token, and its renewal failed: "
			 "event=renewal in the log says why";
	else if (clock_monotonic_ms() >= waiter->deadline_ms)
		*why_r = "the platform does not accept our access token, and its renewal took too "
			 "long";
	return *why_r != NULL;
}

/* Starts again from the first waiter each time, because done() may add one. */
static void tell_waiters(struct upkeep *upkeep)
{
	struct upkeep_waiter *waiter = upkeep->waiters, **at;
	const char *why;

	while (waiter != NULL) {
		if (!is_over(upkeep, waiter, &why)) {
			waiter = waiter->next;
			continue;
		}
		for (at = &upkeep->waiters; *at != waiter;)
			at = &(*at)->next;
		*at = waiter->next;
		waiter->done(waiter, why);
		waiter = upkeep->waiters;
	}
}

void upkeep_await(struct upkeep *upkeep, struct upkeep_waiter *waiter)
{
	waiter->since = clock_wall();
	waiter->next = upkeep->waiters;
	upkeep->waiters = waiter;
	watch(upkeep, 0);
}

/* ---- renewals that are due ---- */

/* Limits renewals that visits cause, for a platform that revokes each new token at once. */
static bool may_force(const struct upkeep *upkeep, const char *title)
{
	static const struct state_rate rate = {FORCED_MAX, FORCED_MS};
	uint8_t key[STATE_KEY_SIZE];

	seal_hash(
		store_hash_key(upkeep->renewal.files->store), key, "renewals at once", title, NULL);
	return state_take(upkeep->state, key, rate, clock_wall_ms()) == 0;
}

/* The newest version of the platform's secret if it is due or a visit waits for another; otherwise
 * NULL. */
static const struct store_secret *find_due(
	const struct upkeep *upkeep, const struct service_platform *platform, bool *forced_r)
{
	const struct store_secret *secret;
	int64_t now = clock_wall(), rest_s = REST_S;
	size_t count;

	if (platform->driver->secret == NULL || platform->driver->secret->renewal_due == NULL)
		return NULL;
	secret = store_secrets(upkeep->renewal.files->store, platform->title, now, &count);
	if (count == 0)
		return NULL;
	*forced_r = platform->driver->secret->renewal_due(
			    platform->instance, secret_text(secret->secret)) > now;
	if (is_awaited(upkeep, platform->title, secret->version))
		rest_s = REST_WAITERS_S;
	else if (*forced_r)
		return NULL;
	if (failed_at(upkeep, platform->title, secret->version) > now - rest_s)
		return NULL;
	return secret;
}

/* Takes the lease, or extends the one that this process has. */
static bool hold_lease(struct upkeep *upkeep)
{
	int64_t now = clock_wall();
	size_t index;

	return state_lease(upkeep->state, &upkeep->lease, 1, now, now + upkeep->lease_s, &index) ==
	       STATE_LEASE_HELD;
}

/* Each attempt is a holder of its own. The lease is for one version, so a new version does not wait
 * for it. */
static bool take_lease(
	struct upkeep *upkeep, const struct service_platform *platform, unsigned version)
{
	version_key(upkeep, "renewal", platform->title, version, upkeep->lease.key);
	seal_random(upkeep->lease.holding, sizeof upkeep->lease.holding);
	upkeep->lease_s = platform->peer->timeout_ms / 1000 + 1 + LEASE_MARGIN_S;
	return hold_lease(upkeep);
}

static void renew_if_due(struct upkeep *upkeep, struct service_platform *platform)
{
	bool forced = false;
	const struct store_secret *secret = find_due(upkeep, platform, &forced);

	if (secret == NULL || !take_lease(upkeep, platform, secret->version))
		return;
	upkeep->renewal.platform = platform;
	snprintf(upkeep->renewal.title, sizeof upkeep->renewal.title, "%s", platform->title);
	upkeep->renewal.secret = secret->secret;
	upkeep->renewal.version = secret->version;
	upkeep->renewal.latest_ms = clock_monotonic_ms() + START_WITHIN_MS;
	if (forced && !may_force(upkeep, platform->title)) {
		give_up(upkeep);
		return;
	}
	submit(upkeep, &platform->queue);
}

static void start_what_is_due(struct upkeep *upkeep)
{
	struct service *service = service_use(*upkeep->current);

	upkeep->renewal.service = service;
	upkeep->renewal.files = files_use(service->files);
	if (upkeep->renewal.unsaved != NULL) {
		/* No other process has the value, so it is saved even without the lease. The lease
		 * keeps others from sending the old value again. */
		hold_lease(upkeep);
		submit(upkeep, &worker_files);
	} else {
		for (size_t i = 0; i < service->platform_count && !upkeep->running; i++)
			renew_if_due(upkeep, &service->platforms[i]);
	}
	if (!upkeep->running)
		drop_uses(upkeep);
}

/* For `meetauthctl check` at other machines of a state on a server. */
static void tell_generation(struct upkeep *upkeep)
{
	const struct service *service = *upkeep->current;
	uint64_t generation = store_generation(service->files->store);
	int64_t now = clock_wall();

	if (!state_has_password(service->settings->state) ||
		(generation == upkeep->generation && now < upkeep->tell_again))
		return;
	if (service_tell_generation(upkeep->state, service->files->store, now) != 0)
		return;
	upkeep->generation = generation;
	upkeep->tell_again = now + TELL_GENERATION_S;
}

static void check_what_is_due(void *context)
{
	struct upkeep *upkeep = context;

	tell_generation(upkeep);
	tell_waiters(upkeep);
	if (upkeep->waiters == NULL && uv_timer_get_repeat(&upkeep->timer) == WATCH_WAITERS_MS)
		watch(upkeep, WATCH_MS);
	if (!upkeep->running && !upkeep->ending)
		start_what_is_due(upkeep);
	upkeep->checking = false;
}

static void on_timer(uv_timer_t *timer)
{
	struct upkeep *upkeep = timer->data;

	if (upkeep->checking)
		return;
	upkeep->checking = true;
	fiber_run(check_what_is_due, upkeep);
}

struct upkeep *upkeep_new(uv_loop_t *loop, struct state *state, struct service **current)
{
	struct upkeep *upkeep = xcalloc(1, sizeof *upkeep);

	upkeep->state = state;
	upkeep->current = current;
	uv_timer_init(loop, &upkeep->timer);
	upkeep->timer.data = upkeep;
	watch(upkeep, WATCH_MS);
	return upkeep;
}

/* Tries once more to save the value, which would be lost with this process. */
static void save_last(struct upkeep *upkeep)
{
	if (upkeep->renewal.unsaved == NULL)
		return;
	renewal_save(&upkeep->renewal, (*upkeep->current)->settings);
	renewal_report(&upkeep->log, &upkeep->renewal);
	secret_free(&upkeep->renewal.unsaved);
}

void upkeep_free(struct upkeep **upkeep)
{
	struct upkeep *u = *upkeep;

	*upkeep = NULL;
	if (u == NULL)
		return;
	u->ending = true;
	uv_timer_stop(&u->timer);
	while (u->running || u->checking)
		uv_run(u->timer.loop, UV_RUN_ONCE);
	save_last(u);
	uv_close((uv_handle_t *)&u->timer, on_closed);
}
