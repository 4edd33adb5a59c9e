/* SPDX-License-Identifier: MIT */
#include "pool/parent.h"

#include "base/clock.h"
#include "pool/channel.h"
#include "pool/parent_private.h"
#include "pool/socket.h"
#include "telemetry/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SERVED_MS = 1000,	/* a process that served for so long was a good one */
	DELAY_MS = 100,		/* before the next start after one that failed; doubles */
	DELAY_MAX_MS = 10000,	/* as long as none gets ready */
	DELAY_SERVING_MS = 250, /* when they do get ready, and end soon after */
	START_MAX_MS = 60000,	/* until a process is ready */
	DRAIN_EXTRA_MS = 60000, /* past drain-timeout: a renewal may have to be finished */
};

/* -- the log -- */

static void log_pool(enum log_level level, const char *result, const char *message)
{
	struct log_line line;

	log_begin(&line, level, "pool");
	log_text(&line, "result", result);
	log_number(&line, "pid", getpid());
	log_text(&line, "message", message);
	log_end(&line);
	log_flush();
}

static void __attribute__((format(printf, 4, 5)))
log_process(enum log_level level, const char *result, pid_t pid, const char *format, ...)
{
	struct log_line line;
	char message[256];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	log_begin(&line, level, "process");
	log_text(&line, "result", result);
	if (pid > 0)
		log_number(&line, "pid", pid);
	log_text(&line, "message", message[0] != '\0' ? message : NULL);
	log_end(&line);
	log_flush();
}

/* -- counting -- */

static unsigned count_phase(const struct parent *parent, enum phase phase)
{
	unsigned count = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		count += parent->children[i].phase == phase;
	return count;
}

/* One that serves, of the oldest program there is; or NULL. */
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

/* -- starting one -- */

static void __attribute__((noreturn)) become_process(const struct parent *parent, int channel)
{
	const struct parent_options *options = parent->options;

	channel_hand_over(channel);
	if (parent->fd != STDIN_FILENO)
		dup2(parent->fd, STDIN_FILENO);
	sigprocmask(SIG_SETMASK, &parent->mask, NULL);
	execv(options->program, options->arguments);
	log_message(LOG_LEVEL_ERROR, "exec", "%s: %s", options->program, strerror(errno));
	_exit(EX_OSERR);
}

static void put_off_start(struct parent *parent, int64_t longest)
{
	int64_t delay = longest;

	if (parent->failures < 16 && (int64_t)DELAY_MS << parent->failures < longest)
		delay = (int64_t)DELAY_MS << parent->failures;
	parent->failures++;
	parent->next_start_ms = clock_monotonic_ms() + delay;
	log_process(LOG_LEVEL_WARNING, "waiting", 0,
		"%u failed in a row; the next start is in %lld ms", parent->failures,
		(long long)delay);
}

static void start_one(struct parent *parent)
{
	struct child *child = parent->children;
	int process_end;

	while (child < parent->children + CHILDREN_MAX && child->phase != FREE)
		child++;
	if (child == parent->children + CHILDREN_MAX)
		return;
	*child = (struct child){.generation = parent->generation, .since_ms = clock_monotonic_ms()};
	if (channel_make(&child->channel, &process_end) != 0) {
		log_process(LOG_LEVEL_ERROR, "failed", 0, "socketpair: %s", strerror(errno));
		put_off_start(parent, DELAY_MAX_MS);
		return;
	}
	child->pid = fork();
	if (child->pid == 0)
		become_process(parent, process_end);
	close(process_end);
	if (child->pid < 0) {
		log_process(LOG_LEVEL_ERROR, "failed", 0, "fork: %s", strerror(errno));
		close(child->channel);
		put_off_start(parent, DELAY_MAX_MS);
		return;
	}
	child->phase = STARTING;
	log_process(LOG_LEVEL_INFO, "started", child->pid, "%s", "");
}

/* -- ending one -- */

static void ask_to_leave(struct child *child)
{
	channel_send(child->channel, &(struct channel_message){.kind = CHANNEL_DRAIN});
	child->phase = LEAVING;
	child->since_ms = clock_monotonic_ms();
}

/* One that does not do what it is asked in any time that it may take. */
static void kill_if_stuck(struct child *child, int64_t now)
{
	int64_t limit = child->phase == STARTING  ? START_MAX_MS
			: child->phase == LEAVING ? child->drain_ms + DRAIN_EXTRA_MS
						  : INT64_MAX;

	if (child->phase == FREE || child->killed || now - child->since_ms < limit)
		return;
	log_process(LOG_LEVEL_ERROR, "killed", child->pid, "%s for %lld ms",
		child->phase == STARTING ? "not ready" : "asked to end", (long long)limit);
	kill(child->pid, SIGKILL);
	child->killed = true;
}

static void describe_end(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exit status %d", WEXITSTATUS(status));
}

/* A roll ends where a new process does not get ready: those that are left are good ones. */
static void give_up_roll(struct parent *parent)
{
	if (!parent->rolling)
		return;
	parent->rolling = false;
	log_pool(LOG_LEVEL_ERROR, "failed",
		"a new process did not start: the roll has ended, the processes that are left "
		"go on as they are");
}

static void on_end(struct parent *parent, struct child *child, int status)
{
	int64_t lived = clock_monotonic_ms() - child->since_ms;
	bool asked = child->phase == LEAVING, served = child->phase == READY;
	char how[64];

	describe_end(status, how, sizeof how);
	log_process(asked ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "ended", child->pid, "%s%s", how,
		asked	 ? ""
		: served ? ", by itself"
			 : ", before it was ready");
	close(child->channel);
	*child = (struct child){0};
	if (asked || parent->draining)
		return;
	parent->figures.values[FIGURE_RESTARTS]++;
	if (served && lived >= SERVED_MS) {
		parent->failures = 0;
		return;
	}
	put_off_start(parent, served ? DELAY_SERVING_MS : DELAY_MAX_MS);
	if (!served)
		give_up_roll(parent);
}

static void reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN_MAX; i++)
			if (parent->children[i].phase != FREE && parent->children[i].pid == pid)
				on_end(parent, &parent->children[i], status);
}

/* -- what a process says -- */

static void on_message(
	struct parent *parent, struct child *child, const struct channel_message *message)
{
	bool ready = message->kind == CHANNEL_READY && child->phase == STARTING;

	if (message->kind != CHANNEL_READY && message->kind != CHANNEL_DRAINING)
		return;
	child->drain_ms = message->values[READY_DRAIN_MS];
	log_setup(
		message->values[READY_LOG_TARGET] == LOG_TO_SYSLOG ? LOG_TO_SYSLOG : LOG_TO_STDERR,
		message->values[READY_LOG_FORMAT] == LOG_AS_JSON ? LOG_AS_JSON : LOG_AS_LOGFMT);
	/* Somebody has told it to end: it serves no new ones, and is replaced at once. */
	if (message->kind == CHANNEL_DRAINING && child->phase != LEAVING) {
		child->phase = LEAVING;
		child->since_ms = clock_monotonic_ms();
	}
	if (!ready)
		return;
	parent->successor = message->values[READY_SUCCESSOR] != 0;
	child->phase = READY;
	child->since_ms = clock_monotonic_ms();
	parent->next_start_ms = 0;
	log_process(LOG_LEVEL_INFO, "ready", child->pid, "%s", "");
	channel_send(child->channel, &parent->figures);
}

static void listen_to(struct parent *parent, struct child *child)
{
	struct channel_message message;

	while (child->phase != FREE && channel_receive(child->channel, &message) == CHANNEL_MESSAGE)
		on_message(parent, child, &message);
}

/* -- what the operator says -- */

static void begin_drain(struct parent *parent)
{
	if (parent->draining) { /* asked twice: now */
		for (size_t i = 0; i < CHILDREN_MAX; i++)
			if (parent->children[i].phase != FREE)
				channel_send(parent->children[i].channel,
					&(struct channel_message){.kind = CHANNEL_STOP});
		return;
	}
	parent->draining = true;
	parent->rolling = false;
	log_pool(LOG_LEVEL_INFO, "draining", NULL);
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase == STARTING || parent->children[i].phase == READY)
			ask_to_leave(&parent->children[i]);
	if (parent->fd >= 0)
		socket_close(parent->fd);
}

static void reload_all(struct parent *parent)
{
	for (size_t i = 0; i < CHILDREN_MAX; i++)
		if (parent->children[i].phase == STARTING || parent->children[i].phase == READY)
			channel_send(parent->children[i].channel,
				&(struct channel_message){.kind = CHANNEL_RELOAD});
	/* What kept processes from starting may have been mended. */
	parent->failures = 0;
	parent->next_start_ms = 0;
}

static void begin_roll(struct parent *parent)
{
	parent->generation++;
	parent->failures = 0;
	parent->next_start_ms = 0;
	parent->rolling = true;
	log_pool(LOG_LEVEL_INFO, "rolling", NULL);
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
		default: /* CHLD: looked at anyway; USR1, PIPE: nothing */
			break;
		}
	}
}

/* -- what there is to do -- */

static void end_roll(struct parent *parent)
{
	parent->rolling = false;
	parent->figures.values[FIGURE_ROLLS]++;
	log_pool(LOG_LEVEL_INFO, "rolled", NULL);
	/* The processes have shown that the program is good; those before could not be a parent. */
	if (parent->successor && parent_pass_on(parent) != 0)
		log_pool(LOG_LEVEL_ERROR, "failed", "the parent stays the program that it was");
}

/* Whether there is a socket to serve. */
static bool prepare(struct parent *parent)
{
	struct error error = {0};

	if (parent->fd >= 0)
		return true;
	if (clock_monotonic_ms() < parent->next_start_ms)
		return false;
	if (parent->options->prepare(parent->options->context, &parent->fd, &error) == 0)
		return true;
	log_pool(LOG_LEVEL_ERROR, "failed", error.text);
	put_off_start(parent, DELAY_MAX_MS);
	return false;
}

/* Processes are started all together at first, one after another in a roll, and when the last start
 * failed: one is enough to find out. */
static void start_what_is_missing(struct parent *parent)
{
	unsigned starting = count_phase(parent, STARTING), ready = count_phase(parent, READY);
	unsigned wanted = parent->options->processes;
	bool one_by_one = parent->rolling || parent->failures > 0;

	if (parent->rolling && is_outdated(parent))
		wanted++;
	while (starting + ready < wanted && !(one_by_one && starting > 0) &&
		clock_monotonic_ms() >= parent->next_start_ms) {
		start_one(parent);
		if (count_phase(parent, STARTING) == starting)
			return;
		starting++;
	}
}

static void keep_up(struct parent *parent)
{
	int64_t now = clock_monotonic_ms();

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		kill_if_stuck(&parent->children[i], now);
	if (parent->draining)
		return;
	while (count_phase(parent, READY) > parent->options->processes)
		ask_to_leave(find_oldest(parent));
	if (parent->rolling && !is_outdated(parent))
		end_roll(parent);
	if (prepare(parent))
		start_what_is_missing(parent);
}

static void tell_figures(struct parent *parent)
{
	parent->figures.values[FIGURE_READY] = count_phase(parent, READY);
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
	int64_t left = parent->next_start_ms - clock_monotonic_ms();

	fds[0] = (struct pollfd){.fd = parent->signals, .events = POLLIN};
	for (size_t i = 0; i < CHILDREN_MAX; i++) {
		if (parent->children[i].phase == FREE)
			continue;
		whose[count] = &parent->children[i];
		fds[count++] = (struct pollfd){.fd = parent->children[i].channel, .events = POLLIN};
	}
	/* Once a second for what is stuck, or when the next start is due. */
	poll(fds, count, left > 0 && left < 1000 ? (int)left : 1000);
	for (nfds_t i = 1; i < count; i++)
		if (fds[i].revents & POLLIN)
			listen_to(parent, whose[i]);
	take_signals(parent);
	reap(parent);
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
	log_pool(LOG_LEVEL_INFO, took_over ? "taken-over" : "started", NULL);
	do {
		keep_up(&parent);
		tell_figures(&parent);
		wait_for_events(&parent);
	} while (!parent.draining || count_phase(&parent, FREE) < CHILDREN_MAX);
	log_pool(LOG_LEVEL_INFO, "stopped", NULL);
	return 0;
}
