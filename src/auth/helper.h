/* SPDX-License-Identifier: MIT
 *
 * Private to src/auth: runs a program for one request, which it reads from standard input and
 * answers to standard output. Time and size are limited, and processes that it leaves behind are
 * killed. The protocol is in dialog.h.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "config/option.h"

#include <stdint.h>

enum {
	HELPER_QUESTION_MAX = 4096, /* bytes; the smallest pipe holds as much without blocking */
	HELPER_ANSWER_MAX = 16384,
	HELPER_ARGUMENTS_MAX = 64,
};

/* The texts belong to the section. */
struct helper {
	const char *program;	      /* absolute path */
	struct config_list arguments; /* at most HELPER_ARGUMENTS_MAX */
	int64_t timeout_ms;
};

/* Checks that a program may receive passwords: an absolute path to a regular file (after following
 * links) that we can execute and that only root and our user can write or replace (base/owner.h).
 * Returns 0, or -1 with an error that follows the name of an option. */
int helper_check(const char *program, struct error *error);

/* Runs the program once, with only PATH and LC_ALL in its environment, only the descriptors 0, 1
 * and 2 (/dev/null), default signal dispositions, in "/" and in a session of its own. Appends its
 * output at least up to the line "end" to `answer`; the exit status then does not matter. Blocks at
 * most timeout_ms and two more seconds. Returns 0, or -1 if that line did not arrive in time. Kills
 * the process group before it returns. */
int helper_run(const struct helper *helper, const struct buffer *question, struct buffer *answer,
	struct error *error);
