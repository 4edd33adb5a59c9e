/* SPDX-License-Identifier: MIT */
#include "ctl/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	AFTER_MS = 1000, /* shorter commands show nothing */
	EVERY_MS = 200,
	BAR = 20,  /* width of the bar */
	LINE = 60, /* width of the line; longer ones are cut, so that none wraps at 80 columns */
	MIB = 1024 * 1024,
};

static bool counted_shown; /* the line of progress_step() is on the terminal */

static bool is_shown(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDERR_FILENO) && kind != NULL && strcmp(kind, "dumb") != 0;
}

void progress_begin(struct progress *progress, const char *what, int64_t now_ms)
{
	*progress = (struct progress){
		.what = what,
		.terminal = is_shown(),
		.next_ms = now_ms + AFTER_MS,
	};
}

void progress_step(struct progress *progress, int64_t now_ms, int64_t done, int64_t total)
{
	char line[LINE + 1], bar[BAR + 1];
	int64_t part;

	if (!progress->terminal || now_ms < progress->next_ms)
		return;
	if (total > 0) {
		part = done >= total ? 100 : done * 100 / total;
		memset(bar, '.', BAR);
		memset(bar, '#', (size_t)(part * BAR / 100));
		bar[BAR] = '\0';
		snprintf(line, sizeof line, "%s [%s] %" PRId64 " %%", progress->what, bar, part);
	} else {
		snprintf(line, sizeof line, "%s: %" PRId64 " MiB", progress->what, done / MIB);
	}
	fprintf(stderr, "\r%-*s", LINE, line);
	fflush(stderr);
	counted_shown = true;
	progress->next_ms = now_ms + EVERY_MS;
}

void progress_end(void)
{
	if (counted_shown)
		fprintf(stderr, "\r%*s\r", LINE, "");
	counted_shown = false;
}

/* ---- work that cannot be counted ---- */

/* The thread that draws the line while the command works. */
static struct {
	pthread_t thread;
	pthread_mutex_t lock; /* of the members below, and of the line */
	pthread_cond_t stopped;
	const char *what; /* NULL: nothing is under way */
	int64_t began_ms;
	bool shown;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Needs the lock. */
static void draw_time(void)
{
	char line[LINE + 1];

	snprintf(line, sizeof line, "%s: %" PRId64 " s", watch.what,
		(clock_monotonic_ms() - watch.began_ms) / 1000);
	fprintf(stderr, "\r%-*s", LINE, line);
	fflush(stderr);
	watch.shown = true;
}

/* Needs the lock. */
static void remove_time(void)
{
	if (watch.shown)
		fprintf(stderr, "\r%*s\r", LINE, "");
	watch.shown = false;
}

static void *draw_until_stopped(void *unused)
{
	int64_t next_ms = watch.began_ms + AFTER_MS;

	pthread_mutex_lock(&watch.lock);
	while (watch.what != NULL) {
		struct timespec next = {next_ms / 1000, next_ms % 1000 * 1000000};

		pthread_cond_timedwait(&watch.stopped, &watch.lock, &next);
		if (watch.what == NULL || clock_monotonic_ms() < next_ms)
			continue;
		draw_time();
		next_ms += EVERY_MS;
	}
	pthread_mutex_unlock(&watch.lock);
	return unused;
}

void progress_start(const char *what)
{
	pthread_condattr_t attributes;

	progress_stop();
	if (!is_shown())
		return;
	watch.began_ms = clock_monotonic_ms();
	watch.what = what;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&watch.stopped, &attributes);
	if (pthread_create(&watch.thread, NULL, draw_until_stopped, NULL) != 0)
		watch.what = NULL;
}

void progress_hide(void)
{
	pthread_mutex_lock(&watch.lock);
	remove_time();
	pthread_mutex_unlock(&watch.lock);
}

void progress_stop(void)
{
	progress_end();
	if (watch.what == NULL)
		return;
	pthread_mutex_lock(&watch.lock);
	watch.what = NULL;
	remove_time();
	pthread_cond_signal(&watch.stopped);
	pthread_mutex_unlock(&watch.lock);
	pthread_join(watch.thread, NULL);
}
