/* SPDX-License-Identifier: MIT */
#include "pool/parent.h"

#include "base/clock.h"
#include "pool/notify.h"
#include "pool/parent_private.h"
#include "pool/socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { RELOAD_MS = 60000 }; /* the longest that the service manager waits for a reload */

/* A serving process of the oldest generation, or NULL. */
static struct child *find_oldest(struct parent *parent)
{
	struct child *oldest = NULL;

	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &parent->children[i];

		if (child->phase == READY &&
			(oldest == NULL || child->generation < oldest->generation))
			oldest = child;
	}
	return oldest;
}

static bool is_outdated(const struct parent *parent)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		const struct child *child = &parent->children[i];

		if ((child->phase == STARTING || child->phase == READY) &&
			child->generation < parent->generation)
			return true;
	}
	return false;
}

/* -- signals -- */

static void begin_drain(struct parent *parent)
{
	if (parent->draining) { /* a second signal: end now */
		for (size_t i = 0; i < CHILDREN_MAX; i++)
			if (parent->children[i].phase != FREE)
				channel_send(parent->children[i].channel,
					&(struct channel_message){.kind = CHANNEL_STOP});
		return;
	}
	parent->draining = true;
	parent->rolling = false;
	notify_stopping();
	parent_log(LOG_LEVEL_INFO, "draining", NULL);
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase == STARTING || parent->children[i].phase == READY)
			parent_ask_to_leave(&parent->children[i]);
	if (parent->fd >= 0)
		socket_close(parent->fd);
}

static void reload_all(struct parent *parent)
{
	notify_reloading();
	parent->reload_ms = clock_monotonic_ms();
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &parent->children[i];

		if (child->phase != STARTING && child->phase != READY)
			continue;
		channel_send(child->channel, &(struct channel_message){.kind = CHANNEL_RELOAD});
		child->asked_reload = true;
	}
	/* The operator may have removed the cause of failed starts. */
	parent->failures = 0;
	parent->next_start_ms = 0;
}

static void begin_roll(struct parent *parent)
{
	parent->generation++;
	parent->failures = 0;
	parent->next_start_ms = 0;
	parent->rolling = true;
	parent_log(LOG_LEVEL_INFO, "rolling", NULL);
}

static void take_signals(struct parent *parent)
{
	struct signalfd_siginfo info;

	while (read(parent->signals, &info, sizeof info) == sizeof info) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
		case SIGQUIT:
			begin_drain(parent);
			break;
		case SIGHUP:
			if (!parent->draining)
				reload_all(parent);
			break;
		case SIGUSR2:
			if (!parent->draining)
				begin_roll(parent);
			break;
		default: /* CHLD: the caller collects ended processes anyway; USR1, PIPE: ignored */
			break;
		}
	}
}

/* -- keeping the processes -- */

static void end_roll(struct parent *parent)
{
	parent->rolling = false;
	parent->figures.values[FIGURE_ROLLS]++;
	parent_log(LOG_LEVEL_INFO, "rolled", NULL);
	/* The new processes run, so the program works: the parent can replace itself by it, if it
	 * knows how to take over. */
	if (parent->successor && parent_pass_on(parent) != 0)
		parent_log(LOG_LEVEL_ERROR, "failed", "the parent continues with the old program");
}

/* True if there is a socket to serve. */
static bool prepare(struct parent *parent)
{
	struct error error = {0};

	if (parent->fd >= 0)
		return true;
	if (clock_monotonic_ms() < parent->next_start_ms)
		return false;
	if (parent->options->prepare(parent->options->context, &parent->fd, &error) == 0)
		return true;
	parent_log(LOG_LEVEL_ERROR, "failed", error.text);
	parent_put_off_start(parent, PARENT_DELAY_MAX_MS);
	return false;
}

/* Starts missing processes: all at once at the beginning, one after another in a roll, and only one
 * if the last start failed. */
static void start_what_is_missing(struct parent *parent)
{
	unsigned starting = parent_count(parent, STARTING), ready = parent_count(parent, READY);
	unsigned wanted = parent->options->processes;
	bool one_by_one = parent->rolling || parent->failures > 0;

	if (parent->rolling && is_outdated(parent))
		wanted++;
	while (starting + ready < wanted && !(one_by_one && starting > 0) &&
		clock_monotonic_ms() >= parent->next_start_ms) {
		parent_start_process(parent);
		if (parent_count(parent, STARTING) == starting)
			return;
		starting++;
	}
}

static void keep_up(struct parent *parent)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		parent_kill_if_stuck(parent, &parent->children[i], now);
	if (parent->draining)
		return;
	while (parent_count(parent, READY) > parent->options->processes)
		parent_ask_to_leave(find_oldest(parent));
	if (parent->rolling && !is_outdated(parent))
		end_roll(parent);
	if (prepare(parent))
		start_what_is_missing(parent);
}

/* -- reports to the service manager -- */

/* A process of an older version does not report that it has reloaded. */
static bool is_reloading(const struct parent *parent, int64_t now)
{
	if (parent->reload_ms == 0 || now - parent->reload_ms >= RELOAD_MS)
		return false;
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase == READY && parent->children[i].asked_reload)
			return true;
	return false;
}

static void tell_manager(struct parent *parent)
{
	int64_t now = clock_monotonic_ms(), interval = notify_watchdog_ms();
	unsigned serving = parent_count(parent, READY);

	if (interval > 0 && now - parent->alive_ms >= interval) {
		notify_alive();
		parent->alive_ms = now;
	}
	if (parent->draining) {
		notify_status(
			"draining: %u processes left", CHILDREN_MAX - parent_count(parent, FREE));
		return;
	}
	notify_status("%u of %u processes serve%s", serving, parent->options->processes,
		parent->rolling ? "; rolling" : "");
	if (is_reloading(parent, now) || (parent->reload_ms == 0 && serving == 0))
		return;
	parent->reload_ms = 0;
	notify_ready();
}

static void tell_figures(struct parent *parent)
{
	parent->figures.values[FIGURE_READY] = parent_count(parent, READY);
	if (memcmp(&parent->figures, &parent->sent, sizeof parent->sent) == 0)
		return;
	parent->sent = parent->figures;
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase == READY)
			channel_send(parent->children[i].channel, &parent->figures);
}

static void wait_for_events(struct parent *parent)
{
	static struct pollfd fds[CHILDREN_MAX + 1];
	static struct child *whose[CHILDREN_MAX + 1];
	nfds_t count = 1;
	int64_t left = parent->next_start_ms - clock_monotonic_ms(),
		watchdog = notify_watchdog_ms();
	int64_t longest = watchdog > 0 && watchdog < 1000 ? watchdog : 1000;

	fds[0] = (struct pollfd){.fd = parent->signals, .events = POLLIN};
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (parent->children[i].phase == FREE)
			continue;
		whose[count] = &parent->children[i];
		fds[count++] = (struct pollfd){.fd = parent->children[i].channel, .events = POLLIN};
	}
	/* Wakes up once a second to find stuck processes, or when the next start is due. */
	poll(fds, count, (int)(left > 0 && left < longest ? left : longest));
	for (nfds_t i = 1; i < count; i++)
		if (fds[i].revents & POLLIN)
			parent_listen_to(parent, whose[i]);
	take_signals(parent);
	parent_reap(parent);
}

static int watch_signals(struct parent *parent, struct error *error)
{
	static const int numbers[] = {
		SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, SIGPIPE};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, &parent->mask);
	parent->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (parent->signals < 0)
		return error_set(error, "signalfd: %s", strerror(errno));
	return 0;
}

int parent_run(const struct parent_options *options, struct error *error)
{
	static struct parent parent;
	bool took_over;

	parent.options = options;
	parent.fd = options->fd;
	parent.figures.kind = CHANNEL_FIGURES;
	parent.figures.values[FIGURE_STARTED] = clock_wall();
	if (watch_signals(&parent, error) != 0)
		return -1;
	took_over = parent_take_over(&parent);
	parent.figures.values[FIGURE_WANTED] = options->processes;
	parent_log(LOG_LEVEL_INFO, took_over ? "taken-over" : "started", NULL);
	do {
		keep_up(&parent);
		tell_figures(&parent);
		tell_manager(&parent);
		wait_for_events(&parent);
	} while (!parent.draining || parent_count(&parent, FREE) < CHILDREN_MAX);
	parent_log(LOG_LEVEL_INFO, "stopped", NULL);
	return 0;
}
