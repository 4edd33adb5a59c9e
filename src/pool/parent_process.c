/* SPDX-License-Identifier: MIT */
#include "pool/parent_private.h"

#include "base/clock.h"
#include "pool/notify.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	SERVED_MS = 1000,	/* a process that served for so long started well */
	DELAY_MS = 100,		/* delay after a failed start; doubles each time */
	DELAY_SERVING_MS = 250, /* the longest delay if processes become ready but end soon after */
};

unsigned parent_count(const struct parent *parent, enum phase phase)
{
	unsigned count = 0;

	for (size_t i = 0; i < CHILDREN_MAX; i++)
		count += parent->children[i].phase == phase;
	return count;
}

/* -- starting a process -- */

static void __attribute__((noreturn)) become_process(const struct parent *parent, int channel)
{
	const struct parent_options *options = parent->options;

	notify_forget();
	channel_hand_over(channel);
	if (parent->fd != STDIN_FILENO)
		dup2(parent->fd, STDIN_FILENO);
	sigprocmask(SIG_SETMASK, &parent->mask, NULL);
	execv(options->program, options->arguments);
	log_message(LOG_LEVEL_ERROR, "exec", "%s: %s", options->program, strerror(errno));
	_exit(EX_OSERR);
}

void parent_put_off_start(struct parent *parent, int64_t longest)
{
	int64_t delay = longest;

	if (parent->failures < 16 && (int64_t)DELAY_MS << parent->failures < longest)
		delay = (int64_t)DELAY_MS << parent->failures;
	parent->failures++;
	parent->next_start_ms = clock_monotonic_ms() + delay;
	parent_log_process(LOG_LEVEL_WARNING, "waiting", 0,
		"%u failed in a row; the next start is in %lld ms", parent->failures,
		(long long)delay);
}

void parent_start_process(struct parent *parent)
{
	struct child *child = parent->children;
	int process_end;

	while (child < parent->children + CHILDREN_MAX && child->phase != FREE)
		child++;
	if (child == parent->children + CHILDREN_MAX)
		return;
	*child = (struct child){.generation = parent->generation, .since_ms = clock_monotonic_ms()};
	if (channel_make(&child->channel, &process_end) != 0) {
		parent_log_process(LOG_LEVEL_ERROR, "failed", 0, "socketpair: %s", strerror(errno));
		parent_put_off_start(parent, PARENT_DELAY_MAX_MS);
		return;
	}
	child->pid = fork();
	if (child->pid == 0)
		become_process(parent, process_end);
	close(process_end);
	if (child->pid < 0) {
		parent_log_process(LOG_LEVEL_ERROR, "failed", 0, "fork: %s", strerror(errno));
		close(child->channel);
		parent_put_off_start(parent, PARENT_DELAY_MAX_MS);
		return;
	}
	child->phase = STARTING;
	parent_log_process(LOG_LEVEL_INFO, "started", child->pid, "%s", "");
}

/* -- ending a process -- */

void parent_ask_to_leave(struct child *child)
{
	channel_send(child->channel, &(struct channel_message){.kind = CHANNEL_DRAIN});
	child->phase = LEAVING;
	child->since_ms = clock_monotonic_ms();
}

void parent_kill_if_stuck(const struct parent *parent, struct child *child, int64_t now)
{
	const struct parent_options *options = parent->options;
	int64_t limit = child->phase == STARTING  ? options->start_ms
			: child->phase == LEAVING ? child->drain_ms + options->drain_extra_ms
						  : INT64_MAX;

	if (child->phase == FREE || child->killed || now - child->since_ms < limit)
		return;
	parent_log_process(LOG_LEVEL_ERROR, "killed", child->pid, "%s for %lld ms",
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

/* Ends the roll because a new process did not become ready: the old ones work. */
static void give_up_roll(struct parent *parent)
{
	if (!parent->rolling)
		return;
	parent->rolling = false;
	parent_log(LOG_LEVEL_ERROR, "failed",
		"a new process did not start: the roll has ended, and the old processes continue");
}

static void on_process_end(struct parent *parent, struct child *child, int status)
{
	int64_t lived = clock_monotonic_ms() - child->since_ms;
	bool asked = child->phase == LEAVING, served = child->phase == READY;
	char how[64];

	describe_end(status, how, sizeof how);
	parent_log_process(asked ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "ended", child->pid, "%s%s",
		how,
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
	parent_put_off_start(parent, served ? DELAY_SERVING_MS : PARENT_DELAY_MAX_MS);
	if (!served)
		give_up_roll(parent);
}

void parent_reap(struct parent *parent)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CHILDREN_MAX; i++) {
			struct child *child = &parent->children[i];

			if (child->phase == FREE || child->pid != pid)
				continue;
			/* It may have sent that it drains, and ended, after the channel was last
			 * read. */
			parent_listen_to(parent, child);
			on_process_end(parent, child, status);
		}
}

/* -- messages of a process -- */

static void on_process_message(
	struct parent *parent, struct child *child, const struct channel_message *message)
{
	bool ready = message->kind == CHANNEL_READY && child->phase == STARTING;

	if (message->kind != CHANNEL_READY && message->kind != CHANNEL_DRAINING)
		return;
	child->drain_ms = message->values[READY_DRAIN_MS];
	child->asked_reload =
		child->asked_reload && child->reloads == message->values[READY_RELOADS];
	child->reloads = message->values[READY_RELOADS];
	log_setup(message->values[READY_LOG_TARGET] <= LOG_TO_JOURNAL
			  ? (enum log_target)message->values[READY_LOG_TARGET]
			  : LOG_TO_STDERR,
		message->values[READY_LOG_FORMAT] == LOG_AS_JSON ? LOG_AS_JSON : LOG_AS_LOGFMT);
	/* Somebody else has told the process to end: it accepts no new requests, so it is replaced
	 * at once. */
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
	parent_log_process(LOG_LEVEL_INFO, "ready", child->pid, "%s", "");
	channel_send(child->channel, &parent->figures);
}

void parent_listen_to(struct parent *parent, struct child *child)
{
	struct channel_message message;

	while (child->phase != FREE && channel_receive(child->channel, &message) == CHANNEL_MESSAGE)
		on_process_message(parent, child, &message);
}
