/* SPDX-License-Identifier: MIT
 *
 * Private to auth: runs a program for one question. It gets the question on its standard input and
 * answers on its standard output; what it costs has a limit in time and size, and what it leaves
 * running is killed. What the two say is dialog.h's.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "config/option.h"

#include <stdint.h>

enum {
	HELPER_QUESTION_MAX = 4096, /* bytes; what the smallest pipe takes without waiting */
	HELPER_ANSWER_MAX = 16384,
	HELPER_ARGUMENTS_MAX = 64,
};

/* Nothing of it is owned. */
struct helper {
	const char *program;	      /* absolute path */
	struct config_list arguments; /* at most HELPER_ARGUMENTS_MAX */
	int64_t timeout_ms;
};

/* Whether a program may be trusted with passwords: a regular file by an absolute path, links
 * followed, that we may execute, that nobody else may write, and that nobody but root and us can
 * replace (base/owner.h). 0, or -1 with a sentence that goes behind the name of an option. */
int helper_check(const char *program, struct error *error);

/* Runs it once: with PATH and LC_ALL for an environment, no descriptor but 0, 1 and 2 (which is
 * /dev/null), the signals as they are by default, in "/" and a session of its own. Appends
 * to `answer` what it wrote up to its line "end" and maybe more; how it exits does not matter then.
 * Blocks at most timeout_ms, and two seconds for the end. 0, or -1 when there was no such line in
 * time. The whole group is killed before it returns. */
int helper_run(const struct helper *helper, const struct buffer *question, struct buffer *answer,
	struct error *error);
