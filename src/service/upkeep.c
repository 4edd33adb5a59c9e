/* SPDX-License-Identifier: MIT */
#include "service/upkeep.h"

#include "base/clock.h"
#include "telemetry/log.h"

enum {
	WATCH_MS = 1000,
	LEASE_MS = 60 * 1000,	       /* longer than a renewal takes; so long a failed one rests */
	REPORT_EVERY_MS = 3600 * 1000, /* what goes on failing for the same cause */
};

/* What came of a renewal. */
enum outcome {
	OUTCOME_FAILED = 0,
	OUTCOME_UNSAVED, /* the platform gave a new value, the store did not take it: kept here */
	OUTCOME_STORED,
	OUTCOME_OVERTAKEN, /* somebody stored another value meanwhile */
};

struct upkeep {
	uv_timer_t timer;
	struct worker_job job;
	struct state *state;
	struct service **current;
	bool running, closing;
	/* The job's own, the loop does not touch them while it runs: */
	struct service *service; /* a use, as of `files` */
	struct files *files;
	struct service_platform *platform;
	const struct store_secret *secret; /* the version that is renewed */
	enum outcome outcome;
	struct error error;
	struct error reported; /* the last failure that was logged; empty: none since a success */
	int64_t reported_ms;
	/* What the store did not take. */
	struct secret *unsaved;
	char *unsaved_name;
	unsigned unsaved_version; /* whose place it is to take */
};

/* ---- on a worker ---- */

static void forget_unsaved(struct upkeep *upkeep)
{
	secret_free(&upkeep->unsaved);
	free(upkeep->unsaved_name);
	upkeep->unsaved_name = NULL;
}

static void save(struct upkeep *upkeep, const struct settings *settings)
{
	unsigned version;
	int rc = store_replace(settings->store, settings->store_key, upkeep->unsaved_name,
		upkeep->unsaved_version, upkeep->unsaved, &version, &upkeep->error);

	if (rc < 0) {
		upkeep->outcome = OUTCOME_UNSAVED;
		return;
	}
	upkeep->outcome = rc == 0 ? OUTCOME_STORED : OUTCOME_OVERTAKEN;
	forget_unsaved(upkeep);
}

static int renew(struct upkeep *upkeep)
{
	struct service_platform *platform = upkeep->platform;
	struct buffer renewed = BUFFER_INIT(SECRET_MAX);
	int rc = platform->driver->renew(platform->instance, secret_text(upkeep->secret->secret),
		clock_wall(), &renewed, &upkeep->error);

	if (rc == 0 && (renewed.failed || renewed.length == 0))
		rc = error_set(&upkeep->error, "what the platform gave is longer than %d bytes",
			SECRET_MAX);
	if (rc == 0) {
		upkeep->unsaved = secret_new(renewed.data, renewed.length);
		upkeep->unsaved_name = strdup(upkeep->secret->name);
		upkeep->unsaved_version = upkeep->secret->version;
		if (upkeep->unsaved == NULL || upkeep->unsaved_name == NULL)
			rc = error_set(&upkeep->error, "no memory");
	}
	buffer_wipe(&renewed);
	return rc;
}

static void on_worker(struct worker_job *job)
{
	struct upkeep *upkeep = (struct upkeep *)((char *)job - offsetof(struct upkeep, job));

	if (upkeep->unsaved == NULL && renew(upkeep) != 0) {
		forget_unsaved(upkeep);
		return;
	}
	save(upkeep, upkeep->service->settings);
}

/* ---- on the loop ---- */

static bool is_told(struct upkeep *upkeep)
{
	int64_t now = clock_monotonic_ms();

	if (strcmp(upkeep->reported.text, upkeep->error.text) == 0 &&
		now < upkeep->reported_ms + REPORT_EVERY_MS)
		return true;
	upkeep->reported = upkeep->error;
	upkeep->reported_ms = now;
	return false;
}

static void report(struct upkeep *upkeep)
{
	static const char *const results[] = {
		[OUTCOME_FAILED] = "failed",
		[OUTCOME_UNSAVED] = "unsaved",
		[OUTCOME_STORED] = "ok",
		[OUTCOME_OVERTAKEN] = "overtaken",
	};
	bool good = upkeep->outcome == OUTCOME_STORED || upkeep->outcome == OUTCOME_OVERTAKEN;
	struct log_line line;

	if (good)
		upkeep->reported.text[0] = '\0';
	else if (is_told(upkeep))
		return;
	log_begin(&line, good ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "renewal");
	log_text(&line, "result", results[upkeep->outcome]);
	log_text(&line, "platform", upkeep->platform->title);
	if (!good)
		log_text(&line, "message", upkeep->error.text);
	log_end(&line);
}

static void drop_uses(struct upkeep *upkeep)
{
	files_drop(&upkeep->files);
	service_drop(&upkeep->service);
}

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

/* What the store did not take is lost with us: it gets a last chance. */
static void finish(struct upkeep *upkeep, const struct service *service)
{
	if (upkeep->unsaved != NULL)
		save(upkeep, service->settings);
	forget_unsaved(upkeep);
	uv_close((uv_handle_t *)&upkeep->timer, on_closed);
}

static void on_loop(struct worker_job *job, bool cancelled)
{
	struct upkeep *upkeep = (struct upkeep *)((char *)job - offsetof(struct upkeep, job));

	upkeep->running = false;
	if (!cancelled)
		report(upkeep);
	if (upkeep->closing)
		finish(upkeep, upkeep->service);
	drop_uses(upkeep);
}

static void submit(
	struct upkeep *upkeep, struct service_platform *platform, const struct store_secret *secret)
{
	upkeep->running = true;
	upkeep->service = service_use(*upkeep->current);
	upkeep->files = files_use(upkeep->service->files);
	upkeep->platform = platform;
	upkeep->secret = secret;
	upkeep->outcome = OUTCOME_FAILED;
	upkeep->error.text[0] = '\0';
	upkeep->job = (struct worker_job){.work = on_worker, .done = on_loop};
	if (worker_submit(&platform->lane, &upkeep->job) != 0) {
		upkeep->running = false;
		drop_uses(upkeep);
	}
}

/* The newest version of the platform's secret where it is due (or waits for the store), else NULL.
 */
static const struct store_secret *find_due(
	const struct upkeep *upkeep, const struct service_platform *platform)
{
	const struct store_secret *secret;
	size_t count;

	if (platform->driver->due == NULL)
		return NULL;
	secret = store_secrets((*upkeep->current)->files->store, platform->title, &count);
	if (count == 0)
		return NULL;
	if (upkeep->unsaved != NULL)
		return strcmp(secret->name, upkeep->unsaved_name) == 0 ? secret : NULL;
	if (platform->driver->due(platform->instance, secret_text(secret->secret)) > clock_wall())
		return NULL;
	return secret;
}

/* What waits for the store needs no lease: only this process has it. */
static bool takes_lease(struct upkeep *upkeep, const char *title)
{
	static const struct state_rate once = {1, LEASE_MS};
	uint8_t key[STATE_KEY_SIZE];

	if (upkeep->unsaved != NULL)
		return true;
	seal_hash(store_hash_key((*upkeep->current)->files->store), key, "renewal", title, NULL);
	return state_take(upkeep->state, key, once, clock_wall_ms()) == 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct upkeep *upkeep = timer->data;
	struct service *service = *upkeep->current;

	for (size_t i = 0; i < service->platform_count && !upkeep->running; i++) {
		struct service_platform *platform = &service->platforms[i];
		const struct store_secret *secret = find_due(upkeep, platform);

		if (secret != NULL && takes_lease(upkeep, platform->title))
			submit(upkeep, platform, secret);
	}
}

struct upkeep *upkeep_new(uv_loop_t *loop, struct state *state, struct service **current)
{
	struct upkeep *upkeep = calloc(1, sizeof *upkeep);

	if (upkeep == NULL)
		return NULL;
	upkeep->state = state;
	upkeep->current = current;
	uv_timer_init(loop, &upkeep->timer);
	upkeep->timer.data = upkeep;
	uv_timer_start(&upkeep->timer, on_timer, WATCH_MS, WATCH_MS);
	return upkeep;
}

void upkeep_free(struct upkeep **upkeep)
{
	struct upkeep *u = *upkeep;

	*upkeep = NULL;
	if (u == NULL)
		return;
	u->closing = true;
	if (!u->running)
		finish(u, *u->current);
}
