/* SPDX-License-Identifier: MIT
 *
 * Requests to other hosts that block until the answer has come: for workers, for backends and
 * platforms that send several requests in a row. (client.h sends requests by the thousand on the
 * loop.) No redirect is followed, no proxy used, and neither .netrc nor the environment is read;
 * TLS is 1.2 or later and verified.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { FETCH_BODY_MAX = 256 * 1024 }; /* bytes of an answer, unless the request sets body_max */

/* Settings and kept connections. Several threads may use it at once. */
struct fetch;

struct fetch_settings {
	const char *ca_file; /* "" or NULL: the system's */
	/* For the name, TCP and TLS together; for the whole request. */
	int64_t connect_timeout_ms, timeout_ms;
};

/* Copies the settings and reads the ca-file. Returns NULL with an error. */
struct fetch *fetch_new(const struct fetch_settings *settings, struct error *error);
void fetch_free(struct fetch **fetch);

struct fetch_request {
	const char *url; /* https://, or http:// to the loopback; the caller has checked it
			    (config_check_url()) */
	const char *const *headers; /* "Name: value", ended by NULL; NULL: none */
	const char *body;	    /* NULL: GET is sent; otherwise POST */
	const char *method;	    /* used instead of POST if there is a body; NULL: POST */
	size_t body_length;
	const char *user, *password; /* HTTP Basic, both or NULL */
	bool repeatable;    /* idempotent: may be sent again if a kept connection died before the
			       answer */
	int64_t timeout_ms; /* if more than 0 and shorter, used instead of the timeout of the
			       settings */
	const char *const *keep; /* names of more header fields to read from the answer, at most
				    FETCH_KEPT_MAX, ended by NULL; NULL: none */
	size_t body_max;	 /* the most bytes of the answer; 0: FETCH_BODY_MAX */
};

enum { FETCH_KEPT_MAX = 2, FETCH_KEPT_SIZE = 128 };

enum fetch_result {
	FETCH_UNREACHABLE = 0, /* no connection or TLS failure; nothing was sent */
	FETCH_BROKEN, /* the connection failed after the request was sent, or the answer was not
			 HTTP or too large */
	FETCH_TIMEOUT,
	FETCH_ANSWER,
};

/* The answer. The caller calls fetch_answer_release() whatever the result was; that wipes it. */
struct fetch_answer {
	long status;
	char content_type[128]; /* lower case, without parameters; "" if missing or too long */
	char location[2048];	/* the field Location; "" if missing or too long */
	char challenge[4096]; /* the WWW-Authenticate fields, each ended by a newline; those that do
				 not fit are left out */
	int64_t max_age;      /* seconds, from Cache-Control; -1: not set */
	int64_t retry_after;  /* seconds that the answer asks us to wait (429, 503); 0: it does not
				 ask */
	struct buffer body;   /* NUL-terminated */
	/* Values of the fields named by `keep`; "" if missing, too long or not visible ASCII. */
	char kept[FETCH_KEPT_MAX][FETCH_KEPT_SIZE];
	bool unconnected; /* with FETCH_TIMEOUT: the connection was not established */
};

/* Looks up the name and tries the addresses in turn (names.h). Sends the request at most once,
 * unless it is repeatable. Unless the result is FETCH_ANSWER, the error says why; it contains the
 * host but no path, query, header field or body. */
enum fetch_result fetch_do(struct fetch *fetch, const struct fetch_request *request,
	struct fetch_answer *answer, struct error *error);

void fetch_answer_release(struct fetch_answer *answer);
