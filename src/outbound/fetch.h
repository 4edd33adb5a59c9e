/* SPDX-License-Identifier: MIT
 *
 * One request to another host after the other, waiting for each: for backends and platforms whose
 * talk has several turns, on a worker. (What goes out by the thousand is client.h's, on the loop.)
 * Nothing follows a redirect, uses a proxy, reads .netrc or the environment; TLS 1.2 or later,
 * verified.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { FETCH_BODY_MAX = 256 * 1024 }; /* bytes of an answer, where nothing else is said */

/* Settings and kept connections; may be used by several threads at once. */
struct fetch;

struct fetch_settings {
	const char *ca_file;			/* "" or NULL: the system's */
	int64_t connect_timeout_ms, timeout_ms; /* for name, TCP and TLS; for all of it */
};

/* Copies the settings, and reads the ca-file. NULL with an error. */
struct fetch *fetch_new(const struct fetch_settings *settings, struct error *error);
void fetch_free(struct fetch **fetch);

struct fetch_request {
	const char *url; /* https://, or http:// towards loopback (config_check_url is the
			    caller's) */
	const char *const *headers; /* "Name: value", ended by NULL; NULL: none */
	const char *body;	    /* NULL: GET; else POST */
	const char *method;	    /* of what has a body, in the place of POST; NULL: POST */
	size_t body_length;
	const char *user, *password; /* HTTP Basic, both or NULL */
	bool repeatable;	 /* idempotent: is sent once more when a kept connection died before
				    an answer */
	int64_t timeout_ms;	 /* shorter than the settings' where more than 0 */
	const char *const *keep; /* names of headers of the answer that are wanted besides, at
				    most FETCH_KEPT_MAX, ended by NULL; NULL: none */
	size_t body_max;	 /* bytes of the answer where more than 0 */
};

enum { FETCH_KEPT_MAX = 2, FETCH_KEPT_SIZE = 128 };

enum fetch_result {
	FETCH_UNREACHABLE = 0, /* no connection or TLS failure; nothing was sent */
	FETCH_BROKEN,	       /* the connection failed, the answer was no HTTP or too large */
	FETCH_TIMEOUT,
	FETCH_ANSWER,
};

/* What came back. Released by the caller, whatever the result; wiped. */
struct fetch_answer {
	long status;
	char content_type[128]; /* lower case, without parameters; "" where missing or longer */
	char location[2048];	/* Location, "" where missing or longer */
	char challenge[4096]; /* the WWW-Authenticate lines, by newlines; cut at the last whole one
			       */
	int64_t max_age;      /* seconds, of Cache-Control; -1: none */
	int64_t retry_after;  /* seconds for which it asks us to wait (429, 503); 0: it does not */
	struct buffer body;   /* NUL-terminated */
	/* Values of the headers to keep; "" where missing, longer or not of visible ASCII. */
	char kept[FETCH_KEPT_MAX][FETCH_KEPT_SIZE];
	bool unconnected; /* of FETCH_TIMEOUT: there was no connection yet */
};

/* Looks the name up and tries the addresses in turn (names.h). Sends at most once, unless it is
 * repeatable. On all but FETCH_ANSWER the error says why, with the host and without path,
 * query, header or body. */
enum fetch_result fetch_do(struct fetch *fetch, const struct fetch_request *request,
	struct fetch_answer *answer, struct error *error);

void fetch_answer_release(struct fetch_answer *answer);
