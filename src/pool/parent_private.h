/* SPDX-License-Identifier: MIT
 *
 * What a parent knows of its processes, and what it does with them. Private to pool/.
 */
#pragma once

#include "pool/channel.h"
#include "pool/parent.h"
#include "telemetry/log.h"

#include <signal.h>
#include <sys/types.h>

enum { CHILDREN_MAX = 4 * PARENT_PROCESSES_MAX }; /* including processes that still drain */

enum phase { FREE = 0, STARTING, READY, LEAVING };

struct child {
	enum phase phase;
	pid_t pid;
	int channel;
	unsigned generation;
	int64_t since_ms; /* when the phase began; monotonic */
	int64_t drain_ms; /* its drain-timeout, as the process has sent it */
	bool killed;
	int64_t reloads;   /* how many it has reported as done */
	bool asked_reload; /* and has not reported it as done */
};

struct parent {
	const struct parent_options *options;
	struct child children[CHILDREN_MAX];
	sigset_t mask; /* the signal mask for processes */
	int signals;
	int fd;		     /* the listening socket, or -1 until there is one */
	unsigned generation; /* each roll increases it */
	bool rolling, draining;
	unsigned failures; /* failed starts in a row */
	int64_t next_start_ms;
	bool successor; /* the program that was started last can take over as the parent */
	struct channel_message figures, sent;
	int64_t reload_ms; /* when the reload began for which the service manager waits; 0: none */
	int64_t alive_ms;  /* when the service manager was last told that we run */
};

/* -- parent_log.c: log lines about the pool, and about one process (pid 0: not started yet) -- */

void parent_log(enum log_level level, const char *result, const char *message);
void __attribute__((format(printf, 4, 5)))
parent_log_process(enum log_level level, const char *result, pid_t pid, const char *format, ...);

/* -- parent_process.c -- */

/* The number of children in this phase. */
unsigned parent_count(const struct parent *parent, enum phase phase);

/* Starts one process of the present generation. If that fails, delays the next start. */
void parent_start_process(struct parent *parent);

/* Delays the next start: twice as long after each failure in a row, at most `longest` ms. */
enum { PARENT_DELAY_MAX_MS = 10000 };
void parent_put_off_start(struct parent *parent, int64_t longest);

/* Tells a process to drain. */
void parent_ask_to_leave(struct child *child);

/* Kills a process that has not become ready, or has not ended, in time. */
void parent_kill_if_stuck(const struct parent *parent, struct child *child, int64_t now);

/* Handles the messages that a process has sent. */
void parent_listen_to(struct parent *parent, struct child *child);

/* Collects the processes that have ended. */
void parent_reap(struct parent *parent);

/* -- parent_exec.c -- */

/* Replaces the parent by the program as it is now on the disk; the process id, the socket and the
 * processes stay. Returns -1 if that fails, and nothing has changed then. */
int parent_pass_on(struct parent *parent);

/* Takes over from the previous program; true if there was one. */
bool parent_take_over(struct parent *parent);
