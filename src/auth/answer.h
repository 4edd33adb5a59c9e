/* SPDX-License-Identifier: MIT
 *
 * Private to src/auth: parser for the answers of programs, as in meetauth-command(7).
 */
#pragma once

#include "base/identity.h"

/* The second line of an answer. Zero: any other text. */
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

/* A parsed answer. Its strings point into the parsed text. */
struct answer {
	enum reply reply;
	const char *text;    /* the prompt or the reason; may be "" */
	struct identity who; /* owned. REPLY_GRANT: complete except for the backend; REPLY_DENY: at
				most the subject */
	const char *state;   /* REPLY_CHALLENGE: may be NULL */
	bool has_name, has_email, has_second_factor, has_echo, echo;
};

#define ANSWER_INIT ((struct answer){.text = ""})

/* Parses an answer in place. Ignores everything after the line "end". Returns 0, or the number of
 * the first invalid line; then the caller must not use the answer. */
unsigned answer_read(char *text, struct answer *answer);

/* Returns the word that a program writes for a reply. */
const char *answer_word(enum reply reply);

/* Releases the identity. */
void answer_release(struct answer *answer);
