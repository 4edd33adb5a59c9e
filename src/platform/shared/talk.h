/* SPDX-License-Identifier: MIT
 *
 * A series of HTTP requests to a platform within one deadline; answers are JSON. Private to
 * src/platform.
 */
#pragma once

#include "outbound/fetch.h"
#include "platform/platform.h"

#include <jansson.h>

struct talk {
	struct fetch *fetch;
	int64_t deadline;     /* monotonic milliseconds */
	int64_t *retry_after; /* the grant's, for PLATFORM_BUSY; NULL: not wanted */
	struct error *error;
};

/* Returns a talk for a grant, with the grant's deadline. Its members belong to peer and grant. */
struct talk talk_for(const struct platform_peer *peer, const struct platform_grant *grant);

/* Returns a talk without a grant, whose deadline is the peer's timeout from now. */
struct talk talk_begin(const struct platform_peer *peer, struct error *error);

/* Shortens the deadline to 1/`part` of the remaining time, to leave time for later requests.
 * Returns the old deadline, which the caller restores. */
int64_t talk_hurry(struct talk *talk, int part);

struct talk_request {
	const char *url;
	const char *accept;	       /* NULL: application/json */
	const char *bearer;	       /* NULL: none */
	const char *media_type, *body; /* body NULL: GET; media_type "": no Content-Type */
	const char *method;	       /* for a request with a body; NULL: POST */
	const char *header;	       /* a further header, "Name: value"; NULL: none */
	const char *const *keep;       /* which headers of the answer to keep (fetch.h) */
	size_t body_max;	       /* limit of the answer, bytes; 0: the usual one */
	/* True for a POST that is idempotent (RFC 9110 section 9.2.2): it is repeated if a
	 * persistent connection has died. A GET always is. */
	bool idempotent;
};

/* Sends a request and waits for the answer. Returns PLATFORM_GRANTED with an answer of any status.
 * Otherwise returns PLATFORM_UNREACHABLE, PLATFORM_TIMEOUT, PLATFORM_BUSY, PLATFORM_BAD_ANSWER or
 * PLATFORM_UNABLE and sets the error. The caller always releases the answer. */
enum platform_verdict talk_send(
	const struct talk *talk, const struct talk_request *request, struct fetch_answer *answer);

/* Parses the JSON object of an answer; the caller releases it. Returns NULL, with the error, for
 * anything else. */
json_t *talk_json(const struct talk *talk, const struct fetch_answer *answer);

/* Sets the error for an answer that is not as documented. Returns PLATFORM_BAD_ANSWER. */
enum platform_verdict talk_bad(const struct talk *talk, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a JSON document as text and releases it. Returns 0, or -1 if `document` is NULL or memory
 * runs out. */
int talk_put_json(struct buffer *buffer, json_t *document);

/* Appends NAME=VALUE, percent-encoded, with an & before it unless `form` is empty. */
void talk_put_field(struct buffer *form, const char *name, const char *value);
