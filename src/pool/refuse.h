/* SPDX-License-Identifier: MIT
 *
 * Private to pool. Answers what does not become a request, and gives up its connection: where the
 * next request would begin nobody can tell.
 */
#pragma once

#include "pool/connection.h"

/* What is known of a request that does not become one. */
struct refusal {
	const uint8_t *bytes;
	const struct framing_result *framing;
	enum request_arrival arrival;
	const char *why;
	bool open; /* the web server may still be sending */
};

/* Answers, where a request has begun, and takes over the descriptor. -1, or a descriptor of the
 * same connection, on which the web server may still be sending: it has to be read until it ends.
 */
int refuse(struct connections *connections, int fd, const struct refusal *refusal);
