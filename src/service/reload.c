/* SPDX-License-Identifier: MIT */
#include "service/reload.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "outbound/trust.h"
#include "pool/worker.h"
#include "service/lint.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* The four things that are loaded, each independently of the others. */
enum look { LOOK_USERS = 0, LOOK_STORE, LOOK_TEXTS, LOOK_CONFIGURATION, LOOKS };

enum {
	WATCH_MS = 1000,      /* changes have to be seen within two seconds */
	TRY_AGAIN_MS = 60000, /* for a broken configuration file that has not changed */
};

struct reload {
	uv_timer_t timer;
	struct worker_job job;
	struct outbound *outbound;
	struct service **current;
	reload_applied *applied;
	void *context;
	bool running, closing;
	bool everything, everything_next; /* a full load was requested (SIGHUP): for this job, for
					     the one after it */
	unsigned count;			  /* of full loads that were requested and are done */
	/* Used by the job; the loop does not touch them while it runs: */
	struct service *base;	     /* references to the service and to the files that the job */
	struct files *files;	     /* checks: a renewal of a secret may replace them meanwhile */
	struct service *new_service; /* the result of a full load */
	struct files *new_files;     /* the result of a check */
	struct file_stamp seen;	     /* of the configuration, when it was last read or tried */
	int64_t tried_ms;
	bool file_changed;
	bool users_changed;
	struct error errors[LOOKS];		    /* an empty one: no error */
	char reported[LOOKS][sizeof(struct error)]; /* those logged last, to log each once */
};

static void refresh_backends(struct reload *reload)
{
	struct service *service = reload->base;

	for (size_t i = 0; i < service->backend_count; i++) {
		const struct service_backend *backend = &service->backends[i];
		struct error error = {0};
		int rc = 0;

		if (backend->driver->refresh != NULL)
			rc = backend->driver->refresh(backend->instance, &error);
		reload->users_changed |= rc > 0;
		if (rc < 0)
			reload->errors[LOOK_USERS] = error;
	}
}

/* Tries to load a configuration file that has changed, without using it, to report whether a start
 * would succeed. A broken one is tried again from time to time, because the fault may be in a file
 * that it names. */
static void try_configuration(struct reload *reload)
{
	const char *file = reload->base->settings->file;
	struct file_stamp now = config_stamp(reload->base->settings);
	struct service *tried;

	reload->file_changed = !file_stamp_equal(now, reload->seen) ||
			       (reload->reported[LOOK_CONFIGURATION][0] != '\0' &&
				       clock_monotonic_ms() - reload->tried_ms >= TRY_AGAIN_MS);
	reload->seen = now;
	if (!reload->file_changed)
		return;
	tried = service_load(file, &reload->errors[LOOK_CONFIGURATION]);
	service_drop(&tried);
	reload->tried_ms = clock_monotonic_ms();
}

static void on_worker(struct worker_job *job)
{
	struct reload *reload = (struct reload *)((char *)job - offsetof(struct reload, job));

	if (reload->everything) {
		reload->seen = config_stamp(reload->base->settings);
		reload->new_service = service_load(
			reload->base->settings->file, &reload->errors[LOOK_CONFIGURATION]);
		if (reload->new_service != NULL) {
			reload->seen = config_stamp_read(reload->new_service->settings);
			/* slow with thousands of rules */
			service_log_findings(reload->new_service, clock_wall());
		}
		return;
	}
	trust_refresh();
	refresh_backends(reload);
	try_configuration(reload);
	reload->new_files = files_renew(reload->files, reload->base->settings,
		&reload->errors[LOOK_STORE], &reload->errors[LOOK_TEXTS]);
	if (reload->users_changed)
		memory_trim();
}

static void log_reload(const struct reload *reload, const char *what)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "reload");
	log_text(&line, "what", what);
	log_text(&line, "result", "ok");
	if (reload->everything)
		log_text(&line, "file", (*reload->current)->settings->file);
	log_end(&line);
	metric_count(METRIC_RELOAD_OK);
	level_set(METRIC_LOAD_TIME, clock_wall());
}

static void log_failure(const char *message)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_ERROR, "reload");
	log_text(&line, "result", "failed");
	log_text(&line, "message", message);
	log_text(&line, "hint", "what was loaded before stays in use");
	log_end(&line);
	metric_count(METRIC_RELOAD_FAILED);
}

/* Logs each error once, and again after another request. Errors of a configuration that nobody
 * asked to load are not logged. */
static void report(struct reload *reload)
{
	for (size_t i = 0; i < LOOKS; i++) {
		const char *now = reload->errors[i].text;
		char *before = reload->reported[i];
		/* What this job did not check has not changed. */
		bool looked = reload->everything == (i == LOOK_CONFIGURATION);

		if (i == LOOK_CONFIGURATION && reload->file_changed && !reload->everything)
			memcpy(before, now, sizeof reload->reported[i]);
		if (looked && now[0] != '\0' && (reload->everything || strcmp(now, before) != 0))
			log_failure(now);
		if (looked)
			memcpy(before, now, sizeof reload->reported[i]);
	}
}

static int put_service_in_place(struct reload *reload)
{
	struct service *new_service = reload->new_service;
	struct service *old = *reload->current;
	struct error *error = &reload->errors[LOOK_CONFIGURATION];

	reload->new_service = NULL;
	if (config_check_reload(old->settings, new_service->settings, error) != 0) {
		service_drop(&new_service);
		return -1;
	}
	service_connect(new_service, reload->outbound);
	*reload->current = new_service;
	service_drop(&old);
	reload->applied(reload->context, new_service->settings);
	return 0;
}

/* Does nothing if a renewal has replaced the files since: the next check compares with those. */
static void put_files_in_place(struct reload *reload)
{
	struct service *service = reload->base;

	if (service->files != reload->files)
		return;
	files_complete(reload->new_files, service->files);
	files_drop(&service->files);
	service->files = reload->new_files;
	reload->new_files = NULL;
	log_reload(reload, "files");
}

static void start(struct reload *reload);

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

/* Drops what the job had, and results that were not put in place. */
static void drop_uses(struct reload *reload)
{
	service_drop(&reload->new_service);
	files_drop(&reload->new_files);
	files_drop(&reload->files);
	service_drop(&reload->base);
}

static void finish(struct reload *reload)
{
	drop_uses(reload);
	service_drop(reload->current);
	uv_close((uv_handle_t *)&reload->timer, on_closed);
}

/* The queue did not take the job, or other jobs pushed it out: the next turn of the timer tries
 * again. */
static void give_back(struct reload *reload)
{
	reload->running = false;
	reload->everything_next |= reload->everything;
	drop_uses(reload);
}

static void on_loop(struct worker_job *job, bool cancelled)
{
	struct reload *reload = (struct reload *)((char *)job - offsetof(struct reload, job));

	reload->running = false;
	if (reload->closing) {
		finish(reload);
		return;
	}
	if (cancelled) {
		give_back(reload);
		return;
	}
	if (reload->new_service != NULL && put_service_in_place(reload) == 0)
		log_reload(reload, "configuration");
	if (reload->new_files != NULL)
		put_files_in_place(reload);
	if (reload->users_changed)
		log_reload(reload, "users");
	report(reload);
	reload->count += reload->everything;
	level_set(METRIC_LOAD_GOOD, reload_fault(reload, &(size_t){0}) == NULL);
	drop_uses(reload);
	if (reload->everything_next)
		start(reload);
}

static void start(struct reload *reload)
{
	reload->running = true;
	reload->everything = reload->everything_next;
	reload->everything_next = false;
	reload->users_changed = reload->file_changed = false;
	memset(reload->errors, 0, sizeof reload->errors);
	reload->base = service_use(*reload->current);
	reload->files = files_use(reload->base->files);
	reload->job.work = on_worker;
	reload->job.done = on_loop;
	if (worker_submit(&worker_files, &reload->job) != 0)
		give_back(reload);
}

static void on_timer(uv_timer_t *timer)
{
	struct reload *reload = timer->data;

	worker_nudge();
	if (!reload->running)
		start(reload);
}

const char *reload_fault(const struct reload *reload, size_t *at)
{
	while (reload != NULL && *at < LOOKS) {
		const char *fault = reload->reported[(*at)++];

		if (fault[0] != '\0')
			return fault;
	}
	return NULL;
}

void reload_all(struct reload *reload)
{
	reload->everything_next = true;
	if (!reload->running)
		start(reload);
}

unsigned reload_count(const struct reload *reload)
{
	return reload->count;
}

struct reload *reload_new(uv_loop_t *loop, struct outbound *outbound, struct service *service,
	struct service **current_r, reload_applied *applied, void *context)
{
	struct reload *reload = xcalloc(1, sizeof *reload);

	*current_r = service;
	reload->current = current_r;
	reload->outbound = outbound;
	reload->applied = applied;
	reload->context = context;
	reload->seen = config_stamp_read(service->settings);
	uv_timer_init(loop, &reload->timer);
	reload->timer.data = reload;
	uv_timer_start(&reload->timer, on_timer, WATCH_MS, WATCH_MS);
	return reload;
}

void reload_free(struct reload **reload)
{
	struct reload *r = *reload;

	*reload = NULL;
	if (r == NULL)
		return;
	r->closing = true;
	if (!r->running)
		finish(r);
}
