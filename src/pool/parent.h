/* SPDX-License-Identifier: MIT
 *
 * The parent of a pool. It holds the listening socket, keeps the wanted number of processes
 * running, and tells them to drain or to load everything again. It reads no configuration and no
 * secret, answers no requests, and ends only on a signal. It starts each process by running the
 * program again, so after an upgrade new processes are of the new version.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum {
	PARENT_PROCESSES_MAX = 256,
	PARENT_START_MS = 60000,
	PARENT_DRAIN_EXTRA_MS = 60000, /* time to finish the renewal of a secret */
};

struct parent_options {
	const char *program;  /* the program to run, for execv() */
	char **arguments;     /* for each process: argv[0] to NULL */
	char **own_arguments; /* for the parent, when it replaces itself by a new version */
	unsigned processes;
	/* A process is killed if it is not ready after `start_ms`, or still runs `drain_extra_ms`
	 * after its drain-timeout. */
	int64_t start_ms, drain_extra_ms;
	int fd; /* the listening socket; -1: `prepare` opens it */
	/* Called before the first start, and again until it returns 0 with the listening socket. */
	int (*prepare)(void *context, int *fd_r, struct error *error);
	void *context;
};

/* Returns the listening socket of a parent that replaced itself by this program; -1: there was
 * none. */
int parent_inherited_socket(void);

/* Runs the pool until TERM, INT or QUIT has drained it. 0, or -1 with an error if the parent itself
 * cannot start. */
int parent_run(const struct parent_options *options, struct error *error);
