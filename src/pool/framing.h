/* SPDX-License-Identifier: MIT
 *
 * Looks at the records of one FastCGI request before libfcgi may: whether they are all there, and
 * whether they are what a web server sends for one request of one connection. libfcgi would wait
 * for what is missing, end quietly with half of the parameters, answer management records out of a
 * buffer that is too small, and take what follows a request for another one; none of that reaches
 * it behind this. Source: FastCGI Specification 1.0, sections 3.3, 3.4, 5.1 to 5.3. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	FRAMING_REQUEST_MAX = 60 * 1024, /* records and all: fits a socket's receive buffer */
	FRAMING_BODY_MAX = 16 * 1024,
};

enum framing {
	FRAMING_BROKEN = 0, /* never becomes a request, whatever follows */
	FRAMING_TOO_LARGE,  /* the body is longer than FRAMING_BODY_MAX */
	FRAMING_PARTIAL,    /* good so far */
	FRAMING_COMPLETE,
};

struct framing_result {
	uint16_t request_id; /* 0 until a BEGIN_REQUEST was seen */
	size_t body_length;
	size_t params_end; /* bytes up to the end of the parameters; 0 until all are there */
};

/* Looks at all bytes that have arrived. Never PARTIAL for FRAMING_REQUEST_MAX bytes or more. */
enum framing framing_check(const uint8_t *bytes, size_t length, struct framing_result *result_r);
