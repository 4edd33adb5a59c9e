/* SPDX-License-Identifier: MIT
 *
 * What the parent of a pool and its processes say to each other: messages on a pair of sockets,
 * whose end also tells each side that the other is gone. The parent may be of an older or a newer
 * version than its processes (a roll), so numbers keep their place and their meaning, new ones are
 * added at the end, and a side that does not know a kind ignores it.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

enum channel_kind {
	/* From the parent. */
	CHANNEL_DRAIN = 1, /* as SIGTERM; a signal besides it does not count as the second one */
	CHANNEL_STOP,	   /* the drain has lasted long enough */
	CHANNEL_RELOAD,	   /* as SIGHUP */
	CHANNEL_FIGURES,
	/* From a process. */
	CHANNEL_READY = 100, /* it serves */
	CHANNEL_DRAINING,
};

/* What the values of a message are. A value that was not sent is 0. */
enum { CHANNEL_VALUES = 8 };
enum channel_figure {
	FIGURE_WANTED = 0, /* processes */
	FIGURE_READY,
	FIGURE_RESTARTS, /* in the place of one that ended by itself */
	FIGURE_STARTED,	 /* the parent; seconds since 1970 */
	FIGURE_ROLLS,	 /* finished */
};
enum channel_ready {	    /* of READY and DRAINING */
	READY_DRAIN_MS = 0, /* drain-timeout */
	READY_LOG_TARGET,   /* enum log_target and log_format */
	READY_LOG_FORMAT,
	READY_SUCCESSOR, /* 1: as a parent it takes over what parent_pass_on() leaves */
};

struct channel_message {
	int64_t kind;
	int64_t values[CHANNEL_VALUES];
};

/* Makes both ends, which exec closes. 0 or -1 with errno. */
int channel_make(int *parent_r, int *process_r);

/* In the parent's fork, right before exec: the end that the process is to find. */
void channel_hand_over(int fd);

/* In a process: its end, once; -1 when there is no parent. */
int channel_inherited(void);

/* Does not wait: a side that does not read misses messages. */
void channel_send(int fd, const struct channel_message *message);

enum channel_read {
	CHANNEL_GONE = 0, /* the other side */
	CHANNEL_EMPTY,	  /* for now */
	CHANNEL_MESSAGE,
};
enum channel_read channel_receive(int fd, struct channel_message *message_r);
