/* SPDX-License-Identifier: MIT
 *
 * Looks at the records on a FastCGI connection before libfcgi may: whether a whole request lies
 * there, where it ends, and whether its records are what a web server sends for one request at a
 * time. libfcgi would wait for what is missing, end quietly with half of the parameters, answer
 * management records out of a buffer that is too small, and take the rest of one request for the
 * next; none of that reaches it behind this. Source: FastCGI Specification 1.0, sections 3.3, 3.4,
 * 4.1 and 5.1 to 5.4. Pure.
 */
#pragma once

#include <stdbool.h>
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
	FRAMING_COMPLETE,   /* a whole request */
	FRAMING_ABORTED,    /* a request that the web server took back before it was whole */
	FRAMING_LATE_ABORT, /* the same, after the answer: there is nothing left to abort */
	FRAMING_VALUES,	    /* the web server asks what this program can do: FCGI_GET_VALUES */
};

/* What FCGI_GET_VALUES may ask for. */
enum framing_value {
	FRAMING_MAX_CONNS = 1,
	FRAMING_MAX_REQS = 2,
	FRAMING_MPXS_CONNS = 4,
};

struct framing_result {
	uint16_t request_id; /* 0 until a BEGIN_REQUEST was seen */
	bool keep;	     /* the web server wants to keep the connection: FCGI_KEEP_CONN */
	size_t body_length;
	size_t params_end; /* bytes up to the end of the parameters; 0 until all are there */
	size_t end;	   /* bytes up to the end of what was found; 0 for the first three */
	unsigned values;   /* of enum framing_value */
};

/* Looks at the bytes that have arrived, the first of which begins a record. `last_id` is the id of
 * the request before on the same connection; 0: there was none. Only where the connection is to be
 * kept may more bytes follow a request. Never PARTIAL for FRAMING_REQUEST_MAX bytes or more. */
enum framing framing_check(
	const uint8_t *bytes, size_t length, uint16_t last_id, struct framing_result *result_r);
