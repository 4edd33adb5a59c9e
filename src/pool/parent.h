/* SPDX-License-Identifier: MIT
 *
 * The parent of a pool: holds the listening socket, keeps the wanted number of processes running,
 * and tells all of them to drain or to read everything again. It reads no configuration and no
 * secret, serves nobody, and ends for nothing but a signal. Each process is the program once more,
 * so one that is started after the program was replaced is of the new version.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum {
	PARENT_PROCESSES_MAX = 256,
	PARENT_START_MS = 60000,
	PARENT_DRAIN_EXTRA_MS = 60000, /* a secret that is being renewed may take as long */
};

struct parent_options {
	const char *program; /* to run, as execv() takes it */
	char **arguments;    /* of each process, argv[0] and NULL included */
	char **own_arguments;
	unsigned processes;
	/* A process is killed that is not ready after `start_ms`, or still there `drain_extra_ms`
	 * after its drain-timeout. */
	int64_t start_ms, drain_extra_ms;
	int fd; /* the listening socket; -1: `prepare` has it */
	/* Asked before the first start, and again until it returns 0 with the listening socket. */
	int (*prepare)(void *context, int *fd_r, struct error *error);
	void *context;
};

/* The listening socket that a parent has left which replaced itself by this program; -1: none. */
int parent_inherited_socket(void);

/* Runs the pool until TERM, INT or QUIT has drained it. 0, or -1 with an error when the parent
 * itself cannot start. */
int parent_run(const struct parent_options *options, struct error *error);
