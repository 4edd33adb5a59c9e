/* SPDX-License-Identifier: MIT
 *
 * The way back of one request: where its answer goes, and what becomes of the connection then. Each
 * reply is sent or dropped exactly once.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;

struct reply {
	int fd;
	uint16_t request_id;
	bool keep;		       /* the web server has asked to keep the connection */
	struct connection *connection; /* that waits for the next request then; NULL: `fd` is the
					  reply's, and is closed */
};

/* Sends the whole answer without waiting: `head` is CGI headers without the empty line that ends
 * them. An answer that the web server does not take at once is lost, and the connection closed. */
void reply_send(const struct reply *reply, const char *head, size_t head_length, const char *body,
	size_t body_length);

/* Closes the connection without an answer. */
void reply_drop(const struct reply *reply);

/* True when nobody waits for the answer: the web server has closed its side, or aborted the
 * request. */
bool reply_is_abandoned(const struct reply *reply);
