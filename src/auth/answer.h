/* SPDX-License-Identifier: MIT
 *
 * Private to auth: what a program answered, read as meetauth-command(7) has it.
 */
#pragma once

#include "base/identity.h"

/* What a program may say in its second line. Zero: anything else. */
enum reply {
	REPLY_NONSENSE = 0,
	REPLY_DENY,
	REPLY_UNKNOWN,
	REPLY_UNAVAILABLE,
	REPLY_UNKNOWN_REQUEST,
	REPLY_READY,
	REPLY_CHALLENGE,
	REPLY_GRANT,
};

/* Strings point into the text that was read. */
struct answer {
	enum reply reply;
	const char *text;    /* the prompt, or why; "" where there is none */
	struct identity who; /* REPLY_GRANT: owned, complete but for the backend; REPLY_DENY: the
				subject alone, where it was said */
	const char *state;   /* REPLY_CHALLENGE: NULL where there is none */
	bool has_name, has_email, has_second_factor, has_echo, echo;
};

#define ANSWER_INIT ((struct answer){.text = ""})

/* Reads a whole answer, which it takes to pieces. 0, or the number of the line that is wrong: then
 * nothing of the answer counts. What stands behind the line "end" is not looked at. */
unsigned answer_read(char *text, struct answer *answer);

/* How a program writes it. */
const char *answer_word(enum reply reply);

void answer_release(struct answer *answer);
