/* SPDX-License-Identifier: MIT
 *
 * Answers what does not become a request, and ends its connection, because it is not known where
 * the next request would begin. Private to pool/.
 */
#pragma once

#include "pool/connection.h"

/* What is known of a request that is refused. */
struct refusal {
	const uint8_t *bytes;
	const struct framing_result *framing;
	enum request_arrival arrival;
	const char *why;
	bool open; /* the web server may still be sending */
};

/* Answers if a request has begun, and takes over the descriptor. Returns -1; or, if the web server
 * may still be sending, a descriptor of the same connection, which the caller has to read to its
 * end. */
int refuse(struct connections *connections, int fd, const struct refusal *refusal);
