/* SPDX-License-Identifier: MIT
 *
 * Private to pam: one question to PAM, answered in the words of meetauth-command(7).
 */
#pragma once

#include "base/buffer.h"

/* Nothing of it is owned. */
struct stack_question {
	const char *service, *user;
	const char *password; /* NULL: only whether the account is good */
	const char *client;   /* an address; "" where unknown */
};

/* Appends the lines of a verdict, without the last, "end". Blocks as long as the modules do. */
void stack_ask(const struct stack_question *question, struct buffer *answer);

/* Whether PAM has this service; where it has not, it takes "other". */
bool stack_has_service(const char *service);
