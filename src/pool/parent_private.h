/* SPDX-License-Identifier: MIT
 *
 * Private to pool: what a parent knows of its processes, and what it does with them.
 */
#pragma once

#include "pool/channel.h"
#include "pool/parent.h"
#include "telemetry/log.h"

#include <signal.h>
#include <sys/types.h>

enum { CHILDREN_MAX = 4 * PARENT_PROCESSES_MAX }; /* with those that still drain */

enum phase { FREE = 0, STARTING, READY, LEAVING };

struct child {
	enum phase phase;
	pid_t pid;
	int channel;
	unsigned generation;
	int64_t since_ms; /* when the phase began; monotonic */
	int64_t drain_ms; /* its drain-timeout, as it told */
	bool killed;
};

struct parent {
	const struct parent_options *options;
	struct child children[CHILDREN_MAX];
	sigset_t mask; /* of the processes */
	int signals;
	int fd;		     /* the listening socket, or -1 as long as there is none */
	unsigned generation; /* raised by each roll */
	bool rolling, draining;
	unsigned failures; /* starts in a row that came to nothing */
	int64_t next_start_ms;
	bool successor; /* the program that was started last can take over from this one */
	struct channel_message figures, sent;
};

/* -- parent_log.c: lines about the pool as a whole, and about one process (pid 0: about none yet)
 * -- */

void parent_log(enum log_level level, const char *result, const char *message);
void __attribute__((format(printf, 4, 5)))
parent_log_process(enum log_level level, const char *result, pid_t pid, const char *format, ...);

/* -- parent_process.c -- */

/* How many children are in this phase. */
unsigned parent_count(const struct parent *parent, enum phase phase);

/* Forks and executes one process of the present generation. On failure the next start is put off.
 */
void parent_start_process(struct parent *parent);

/* The next start waits: twice as long after each failure in a row, at most `longest` ms. */
enum { PARENT_DELAY_MAX_MS = 10000 };
void parent_put_off_start(struct parent *parent, int64_t longest);

/* Tells a process to drain. */
void parent_ask_to_leave(struct child *child);

/* Kills a process that has not become ready, or has not ended, in the time that it gets for that.
 */
void parent_kill_if_stuck(const struct parent *parent, struct child *child, int64_t now);

/* Reads what a process has sent. */
void parent_listen_to(struct parent *parent, struct child *child);

/* Collects the processes that have ended. */
void parent_reap(struct parent *parent);

/* -- parent_exec.c -- */

/* Replaces the parent by the program as it is now, which keeps the number of the process, the
 * socket and the processes. Returns -1 if it cannot, and nothing has changed then. */
int parent_pass_on(struct parent *parent);

/* Takes over what the program before has left, if it did. */
bool parent_take_over(struct parent *parent);
