/* SPDX-License-Identifier: MIT
 *
 * Checks the records on a FastCGI connection before they are parsed: whether a whole request has
 * arrived, where it ends, and whether its records are what a web server sends for one request at a
 * time. Source: FastCGI Specification 1.0, sections 3.3, 3.4, 4.1 and 5.1 to 5.4. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRAMING_REQUEST_MAX = 60 * 1024, /* with record headers */
	FRAMING_BODY_MAX = 16 * 1024,
};

enum framing {
	FRAMING_BROKEN = 0, /* malformed: whatever follows, it never becomes a request */
	FRAMING_TOO_LARGE,  /* the body is longer than FRAMING_BODY_MAX */
	FRAMING_PARTIAL,    /* good so far */
	FRAMING_COMPLETE,   /* a whole request */
	FRAMING_ABORTED,    /* a request that the web server aborted before it was complete */
	FRAMING_LATE_ABORT, /* an abort after the answer: there is nothing left to abort */
	FRAMING_VALUES,	    /* FCGI_GET_VALUES: the web server asks what this program can do */
};

/* What FCGI_GET_VALUES may ask for. */
enum framing_value {
	FRAMING_MAX_CONNS = 1,
	FRAMING_MAX_REQS = 2,
	FRAMING_MPXS_CONNS = 4,
};

struct framing_result {
	uint16_t request_id; /* 0 until a BEGIN_REQUEST was seen */
	bool keep;	     /* FCGI_KEEP_CONN: the web server wants to keep the connection */
	size_t body_length;
	size_t params_length; /* of all pairs, without the headers of their records */
	size_t params_end;    /* bytes up to the end of the parameters; 0 until they are complete */
	size_t end;	 /* bytes up to the end of what was found; 0 for the first three results */
	unsigned values; /* bits of enum framing_value */
};

/* Checks the bytes that have arrived, which begin with a record. `last_id` is the id of the
 * previous request on the connection; 0: none. More bytes may follow a request only if the
 * connection is to be kept. Never returns FRAMING_PARTIAL for FRAMING_REQUEST_MAX bytes or more. */
enum framing framing_check(
	const uint8_t *bytes, size_t length, uint16_t last_id, struct framing_result *result_r);
