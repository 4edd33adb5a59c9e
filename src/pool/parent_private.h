/* SPDX-License-Identifier: MIT
 *
 * Private to pool: what a parent knows, and how it becomes another program.
 */
#ifndef POOL_PARENT_PRIVATE_H
#define POOL_PARENT_PRIVATE_H

#include "pool/channel.h"
#include "pool/parent.h"

#include <signal.h>
#include <sys/types.h>

enum { CHILDREN_MAX = 4 * PARENT_PROCESSES_MAX }; /* with those that still drain */

enum phase { FREE = 0, STARTING, READY, LEAVING };

struct child {
	enum phase phase;
	pid_t pid;
	int channel;
	unsigned generation;
	bool served;	  /* was ready */
	int64_t since_ms; /* monotonic; of the phase */
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

/* Replaces the parent by the program as it is now, which keeps the number of the process, the
 * socket and the processes. Returns -1 if it cannot, and nothing has changed then. */
int parent_pass_on(struct parent *parent);

/* Takes over what the program before has left, if it did. */
bool parent_take_over(struct parent *parent);

#endif
