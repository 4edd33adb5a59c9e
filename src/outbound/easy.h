/* SPDX-License-Identifier: MIT
 *
 * What all users of libcurl's easy handles have in common. Private to outbound/.
 *
 * libcurl looks no name up: a transfer is aimed at one address in numbers. Then nothing of
 * libcurl's waits for a resolver, and which address is tried next is ours to say. It repeats no
 * request of which a byte was written.
 */
#pragma once

#include "outbound/names.h"
#include "outbound/trust.h"

#include <curl/curl.h>

enum {
	EASY_HEAD_MAX = 32 * 1024, /* bytes of header lines an answer may have */
	EASY_KEEP_MS = 4000, /* servers keep idle connections for 5 s (Node, Apache) or longer */
	EASY_SHARE_MIN_MS = 250, /* what an address gets at least, if there is another */
};

/* What is the same for every request: no redirect, proxy, .netrc or environment; HTTP/1.1; an
 * encoded body is decoded. With `trust` https, TLS 1.2 or later, verified; with NULL http. */
void easy_set_safety(CURL *easy, struct trust *trust);

/* The address that a transfer is aimed at; lives as long as that. */
struct aim {
	struct curl_slist list;
	char text[ADDRESS_SIZE + 8];
};

/* Connects to the address in the place of the host of the URL, at the same port. */
void easy_aim(CURL *easy, struct aim *aim, const char *address);

/* What an address gets for TCP of what is left, while `others` may still be tried after it. */
int64_t easy_share_ms(int64_t left_ms, size_t others);

/* Whether TCP has connected, of a transfer that is under way. */
bool easy_is_connected(CURL *easy);

/* For CURLOPT_PREREQFUNCTION, which is called right before a request is written; `sent` is whether
 * that was called before. False: libcurl wrote some of the request to a kept connection that died,
 * and would write it again. */
bool easy_may_write(CURL *easy, bool sent);

/* Whether bytes of the request were written. */
bool easy_has_written(CURL *easy);

/* What failed: of TLS in the words of libcurl's error buffer, which say what is wrong with which
 * certificate, and of everything else its constant. */
const char *easy_why(CURLcode code, const char *detail);

/* Makes libcurl find a connection closed when it looks at it before the next use. */
void easy_shut(curl_socket_t socket);

/* When a transfer has to be where; `connect_ms` and `timeout_ms` from now on. */
struct run {
	CURLM *multi; /* keeps the connections; used by one thread at a time */
	CURL *easy;
	struct name *name; /* of its host */
	int64_t connect_ms, timeout_ms;
	const bool *begun; /* what CURLOPT_PREREQFUNCTION sets */
	char *detail;	   /* the handle's CURLOPT_ERRORBUFFER */
	/* filled by easy_run(): */
	const char *why;      /* what failed; a constant, or `detail` */
	curl_socket_t socket; /* of the connection that is kept; CURL_SOCKET_BAD: none */
};

/* Runs a transfer and waits for its end: tries the addresses of the name one after the other until
 * it has begun. The time for name, TCP and TLS is `connect_ms`, for all of it `timeout_ms`. */
CURLcode easy_run(struct run *run);

/* Whole seconds for which an answer asks us to wait: of 503 with Retry-After (RFC 9110, 10.2.3),
 * and of 429 also without it. At most ten minutes, whatever it says; 0: it does not ask. */
int64_t easy_retry_s(CURL *easy, long status);

/* How long a connection may be idle that carried a header line of an answer; `keep_ms` where it is
 * not Keep-Alive: timeout=SECONDS. Some time before the server's end. */
int64_t easy_keep_ms(const char *line, size_t length, int64_t keep_ms);
