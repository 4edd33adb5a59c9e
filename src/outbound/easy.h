/* SPDX-License-Identifier: MIT
 *
 * What all users of libcurl's easy handles share. Private to outbound/.
 *
 * libcurl never looks up a name: each transfer gets one numeric address. So libcurl never waits for
 * a resolver, and the caller chooses which address is tried next. A request of which libcurl has
 * written a byte is not repeated.
 */
#pragma once

#include "base/trace.h"
#include "outbound/names.h"
#include "outbound/trust.h"

#include <curl/curl.h>

enum {
	EASY_HEAD_MAX = 32 * 1024, /* bytes; the most that the header lines of an answer may have */
	EASY_KEEP_MS = 4000, /* servers keep idle connections for 5 s (Node, Apache) or longer */
	EASY_SHARE_MIN_MS = 250, /* the least time for an address if others are left */
};

/* Sets an option unless one before it failed: libcurl copies texts, and without memory a handle
 * would keep its default, such as a proxy of the environment. `code` begins as CURLE_OK. */
#define EASY_SET(code, easy, option, value)                                                        \
	do {                                                                                       \
		if ((code) == CURLE_OK)                                                            \
			(code) = curl_easy_setopt(easy, option, value);                            \
	} while (0)

/* Sets what is the same for every request: no redirect, no proxy, no .netrc, nothing from the
 * environment, HTTP/1.1. With `trust`: https only, TLS 1.2 or later, verified. With NULL: http
 * only. Returns 0, or -1 without memory: then the handle must not be used. */
int easy_set_safety(CURL *easy, struct trust *trust);

/* Storage for easy_aim(); it has to live until the transfer has ended. */
struct aim {
	struct curl_slist list;
	char text[ADDRESS_SIZE + 8];
};

/* Makes the transfer connect to this address instead of the URL's host, at the same port. */
void easy_aim(CURL *easy, struct aim *aim, const char *address);

/* Storage for easy_trace(); it has to live until the transfer has ended. */
struct trace_field {
	struct curl_slist list;
	char text[sizeof "traceparent: " + TRACE_PARENT_SIZE];
};

/* Returns the header fields with a traceparent of the thread's trace in front. Without a trace it
 * returns `headers`. The caller frees only `headers`. */
struct curl_slist *easy_trace(struct trace_field *field, struct curl_slist *headers);

/* The time that an address gets to connect, in ms, when `left_ms` are left and `others` may be
 * tried after it. */
int64_t easy_share_ms(int64_t left_ms, size_t others);

/* True if TCP has connected, for a transfer that is under way. */
bool easy_is_connected(CURL *easy);

/* To be called from CURLOPT_PREREQFUNCTION, right before a request is written; `sent` is true if it
 * was called before. False: libcurl wrote some of the request to a kept connection that died, and
 * would write it again. */
bool easy_may_write(CURL *easy, bool sent);

/* True if bytes of the request were written. */
bool easy_has_written(CURL *easy);

/* The reason of a failure. For TLS it is `detail`, libcurl's error buffer, which says what is wrong
 * with which certificate; otherwise a constant. */
const char *easy_why(CURLcode code, const char *detail);

/* Shuts down an idle connection, so that libcurl finds it closed before its next use. */
void easy_shut(curl_socket_t socket);

/* A transfer to wait for, and its timeouts, which start with easy_run(). */
struct run {
	CURLM *multi; /* holds the kept connections; only one thread at a time may use it */
	CURL *easy;
	struct name *name; /* the host to connect to */
	int64_t connect_ms, timeout_ms;
	const bool *begun; /* set by the caller's CURLOPT_PREREQFUNCTION */
	char *detail;	   /* the handle's CURLOPT_ERRORBUFFER */
	/* set by easy_run(): */
	const char *why;      /* the reason of a failure: a constant, or `detail` */
	curl_socket_t socket; /* the kept connection; CURL_SOCKET_BAD: none */
};

/* Runs a transfer and waits for its end. Tries the addresses of the name one after the other until
 * one accepts the request. `connect_ms` is the time for name, TCP and TLS, `timeout_ms` for
 * everything. */
CURLcode easy_run(struct run *run);

/* How many seconds an answer asks us to wait: 503 with Retry-After (RFC 9110, 10.2.3), and 429 with
 * or without it. At most ten minutes; 0: the answer does not ask. */
int64_t easy_retry_s(CURL *easy, long status);

/* How long the connection may be kept, in ms: what a line "Keep-Alive: timeout=SECONDS" of the
 * answer says, less a margin, so that we close the connection before the server does, but at most
 * `keep_ms`. For any other line it is `keep_ms`. */
int64_t easy_keep_ms(const char *line, size_t length, int64_t keep_ms);
