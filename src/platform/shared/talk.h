/* SPDX-License-Identifier: MIT
 *
 * A talk of several turns with a platform, within one deadline: requests and answers in JSON.
 * Private to this room.
 */
#pragma once

#include "outbound/fetch.h"
#include "platform/platform.h"

#include <jansson.h>

struct talk {
	struct fetch *fetch;
	int64_t deadline;     /* monotonic milliseconds */
	int64_t *retry_after; /* of the grant; NULL: nobody waits for it */
	struct error *error;
};

/* A talk for somebody who is to be let in, until the grant's deadline. */
struct talk talk_for(const struct platform_peer *peer, const struct platform_grant *grant);

/* One for nobody, which ends with the peer's timeout. */
struct talk talk_begin(const struct platform_peer *peer, struct error *error);

/* Lets the talk end after one PARTth of the time that is left, so that some is left for what
 * follows. Returns the deadline to put back. */
int64_t talk_hurry(struct talk *talk, int part);

struct talk_request {
	const char *url;
	const char *accept;	       /* NULL: application/json */
	const char *bearer;	       /* NULL: none */
	const char *media_type, *body; /* body NULL: GET; media_type "": none is named */
	const char *method;	       /* of what has a body; NULL: POST */
	const char *header;	       /* one more, "Name: value"; NULL: none */
	const char *const *keep;       /* headers of the answer that are wanted (fetch.h) */
	size_t body_max;	       /* of the answer, where more than 0 */
	/* Of a POST: doing it twice does no more than doing it once, so it is sent again where a
	 * kept connection turns out dead (RFC 9110, 9.2.2). A GET always is. */
	bool idempotent;
};

/* Sends. PLATFORM_GRANTED with the answer, whatever its status; else PLATFORM_UNREACHABLE,
 * PLATFORM_TIMEOUT, PLATFORM_BUSY, PLATFORM_BAD_ANSWER or PLATFORM_UNABLE, with the error. The
 * caller releases the answer always. */
enum platform_verdict talk_send(
	const struct talk *talk, const struct talk_request *request, struct fetch_answer *answer);

/* The JSON object of an answer; NULL, with the error, where it has none. */
json_t *talk_json(const struct talk *talk, const struct fetch_answer *answer);

/* Says that an answer is another than the documented one. Always PLATFORM_BAD_ANSWER. */
enum platform_verdict talk_bad(const struct talk *talk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a JSON document and drops it (NULL: no memory). 0 or -1. */
int talk_put_json(struct buffer *buffer, json_t *document);

/* Appends NAME=VALUE, percent-encoded, behind an & where something stands there. */
void talk_put_field(struct buffer *form, const char *name, const char *value);
