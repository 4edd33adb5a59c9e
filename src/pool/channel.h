/* SPDX-License-Identifier: MIT
 *
 * Messages between the parent of a pool and its processes, on a pair of sockets. The end of the
 * connection tells each side that the other one is gone. During a roll the parent may be of an
 * older or a newer version than a process, so numbers keep their place and their meaning, new ones
 * are added at the end, and both sides ignore unknown kinds.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

enum channel_kind {
	/* From the parent. */
	CHANNEL_DRAIN = 1, /* like SIGTERM; a SIGTERM after it is not the second one */
	CHANNEL_STOP,	   /* end now: a second signal has cut the drain off */
	CHANNEL_RELOAD,	   /* like SIGHUP */
	CHANNEL_FIGURES,   /* numbers for the metrics: enum channel_figure */
	/* From a process. */
	CHANNEL_READY = 100, /* the process serves */
	CHANNEL_DRAINING,    /* the process drains */
};

/* Indexes of the values of a message. A value that was not sent is 0. */
enum { CHANNEL_VALUES = 8 };
enum channel_figure {
	FIGURE_WANTED = 0, /* processes that the parent keeps */
	FIGURE_READY,	   /* processes that serve */
	FIGURE_RESTARTS,   /* processes started because another one ended by itself */
	FIGURE_STARTED,	   /* when the parent was started, in seconds since 1970 */
	FIGURE_ROLLS,	   /* finished rolls */
};
enum channel_ready {	    /* for CHANNEL_READY and CHANNEL_DRAINING */
	READY_DRAIN_MS = 0, /* drain-timeout */
	READY_LOG_TARGET,   /* enum log_target and log_format */
	READY_LOG_FORMAT,
	READY_SUCCESSOR, /* 1: this program, as a parent, can take over after parent_pass_on() */
	READY_RELOADS,	 /* how many full loads that were requested are done */
};

struct channel_message {
	int64_t kind;
	int64_t values[CHANNEL_VALUES];
};

/* Creates both ends, which exec() closes. 0, or -1 with errno. */
int channel_make(int *parent_r, int *process_r);

/* Called in the forked child right before exec(): makes its end known to the program that it runs.
 */
void channel_hand_over(int fd);

/* Called in a process, once: returns its end, or -1 if it has no parent. */
int channel_inherited(void);

/* Sends without blocking: a message is lost if the other side does not read. */
void channel_send(int fd, const struct channel_message *message);

enum channel_read {
	CHANNEL_GONE = 0, /* the other side has closed its end */
	CHANNEL_EMPTY,	  /* no message now */
	CHANNEL_MESSAGE,
};
enum channel_read channel_receive(int fd, struct channel_message *message_r);
