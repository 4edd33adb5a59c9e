/* SPDX-License-Identifier: MIT */
#include "service/renewal.h"

#include "base/clock.h"
#include "telemetry/log.h"

enum { REPORT_EVERY_MS = 3600 * 1000 }; /* for a failure that repeats for the same cause */

/* ---- on a worker ---- */

void renewal_save(struct renewal *renewal, const struct settings *settings)
{
	unsigned version;
	int rc = store_replace(settings->store, settings->store_key, renewal->title,
		renewal->version, renewal->unsaved, &version, &renewal->error);

	if (rc < 0) {
		renewal->outcome = RENEWAL_UNSAVED;
		return;
	}
	renewal->outcome = rc == 0 ? RENEWAL_STORED : RENEWAL_OVERTAKEN;
	secret_free(&renewal->unsaved);
}

/* Asks the store whether the version is the newest: another process may have renewed it after our
 * snapshot, and a value cannot be sent twice. 1: it is the newest; 0: it is not; -1 with an error.
 */
static int is_newest(struct renewal *renewal, const struct settings *settings)
{
	struct store *store = store_open(settings->store, settings->store_key, &renewal->error);
	const struct store_secret *secrets;
	size_t count;
	int rc;

	if (store == NULL)
		return -1;
	secrets = store_secrets(store, renewal->title, clock_wall(), &count);
	rc = count > 0 && secrets[0].version == renewal->version;
	store_free(&store);
	return rc;
}

static int renew(struct renewal *renewal)
{
	struct service_platform *platform = renewal->platform;
	struct buffer value = BUFFER_INIT(SECRET_MAX);
	int rc;

	if (clock_monotonic_ms() > renewal->latest_ms)
		return error_set(&renewal->error, "no thread of the platform was free in time");
	rc = platform->driver->secret->renew(platform->instance, secret_text(renewal->secret),
		clock_wall(), &value, &renewal->error);
	if (rc == 0 && (value.failed || value.length == 0))
		rc = error_set(&renewal->error,
			"the platform's new value is empty or longer than %d bytes", SECRET_MAX);
	if (rc == 0) {
		renewal->unsaved = secret_new(value.data, value.length);
		if (renewal->unsaved == NULL)
			rc = error_set(&renewal->error, "out of memory");
	}
	buffer_wipe(&value);
	return rc;
}

void renewal_run(struct renewal *renewal)
{
	const struct settings *settings = renewal->service->settings;
	int rc = 1;

	if (renewal->unsaved == NULL)
		rc = is_newest(renewal, settings);
	if (rc == 0)
		renewal->outcome = RENEWAL_OVERTAKEN;
	if (rc == 1 && (renewal->unsaved != NULL || renew(renewal) == 0))
		renewal_save(renewal, settings);
	if (renewal->outcome == RENEWAL_STORED || renewal->outcome == RENEWAL_OVERTAKEN)
		renewal->renewed = files_renew(
			renewal->files, settings, &(struct error){0}, &(struct error){0});
}

/* ---- on the loop ---- */

/* The failure of a platform that was logged last; an empty error: none since the last success. */
struct renewal_told {
	struct renewal_told *next;
	char *title;
	struct error error;
	int64_t at_ms;
};

/* Finds or makes the entry of the platform. NULL if memory ran out. */
static struct renewal_told *entry_of(struct renewal_log *log, const char *title)
{
	struct renewal_told *told = log->told;

	while (told != NULL && strcmp(told->title, title) != 0)
		told = told->next;
	if (told != NULL)
		return told;
	told = calloc(1, sizeof *told);
	if (told == NULL)
		return NULL;
	told->title = strdup(title);
	if (told->title == NULL) {
		free(told);
		return NULL;
	}
	told->next = log->told;
	log->told = told;
	return told;
}

/* True if the same failure was logged already, and not long ago. */
static bool was_reported(struct renewal_log *log, const struct renewal *renewal, bool good)
{
	int64_t now = clock_monotonic_ms();
	struct renewal_told *told = entry_of(log, renewal->title);

	if (told == NULL)
		return false;
	if (!good && strcmp(told->error.text, renewal->error.text) == 0 &&
		now < told->at_ms + REPORT_EVERY_MS)
		return true;
	told->error = good ? (struct error){0} : renewal->error;
	told->at_ms = now;
	return false;
}

void renewal_report(struct renewal_log *log, const struct renewal *renewal)
{
	static const char *const results[] = {
		[RENEWAL_FAILED] = "failed",
		[RENEWAL_UNSAVED] = "unsaved",
		[RENEWAL_STORED] = "ok",
		[RENEWAL_OVERTAKEN] = "overtaken",
	};
	bool good = renewal->outcome == RENEWAL_STORED || renewal->outcome == RENEWAL_OVERTAKEN;
	struct log_line line;

	if (was_reported(log, renewal, good))
		return;
	log_begin(&line, good ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, "renewal");
	log_text(&line, "result", results[renewal->outcome]);
	log_text(&line, "platform", renewal->title);
	if (!good)
		log_text(&line, "message", renewal->error.text);
	log_end(&line);
}

void renewal_log_release(struct renewal_log *log)
{
	while (log->told != NULL) {
		struct renewal_told *told = log->told;

		log->told = told->next;
		free(told->title);
		free(told);
	}
}
