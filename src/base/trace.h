/* SPDX-License-Identifier: MIT
 *
 * The trace that a request belongs to (W3C Trace Context). The front end names it in the header
 * field traceparent; the log shows its id, and requests to other hosts pass it on.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	TRACE_ID_SIZE = 33,	/* of an id with its NUL */
	TRACE_PARENT_SIZE = 56, /* of a traceparent with its NUL */
};

/* All zeros: no trace. */
struct trace {
	char id[TRACE_ID_SIZE]; /* 32 lower-case hex digits, or "" */
	uint8_t flags;
};

/* Reads a traceparent. Returns false, with no trace, if it is invalid. Versions after 00 may be
 * longer; of these it reads what version 00 has. */
bool trace_parse(struct trace *trace, const char *traceparent);

/* Writes the traceparent of a request to another host, with a new parent id. */
void trace_format(const struct trace *trace, char traceparent[TRACE_PARENT_SIZE]);

/* Sets the trace of the requests that this thread sends from now on. NULL: none. The caller keeps
 * it until the next call. */
void trace_use(const struct trace *trace);

/* The trace set by trace_use(); NULL: none. */
const struct trace *trace_used(void);
