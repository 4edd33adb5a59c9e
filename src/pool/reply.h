/* SPDX-License-Identifier: MIT
 *
 * Where the answer to one request goes, and what happens to the connection then. Each reply is sent
 * or dropped exactly once.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;

struct reply {
	int fd;
	uint16_t request_id;
	bool keep;		       /* the web server wants to keep the connection */
	struct connection *connection; /* NULL: not kept, and the reply closes `fd` */
};

/* Sends the whole answer without blocking. `head` is CGI header lines without the empty line that
 * ends them. If the web server does not accept the answer at once, it is lost and the connection
 * closed. */
void reply_send(const struct reply *reply, const char *head, size_t head_length, const char *body,
	size_t body_length);

/* Closes the connection without an answer. */
void reply_drop(const struct reply *reply);

/* True if nobody waits for the answer: the web server has closed its side or aborted the request.
 */
bool reply_is_abandoned(const struct reply *reply);
