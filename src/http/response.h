/* SPDX-License-Identifier: MIT
 *
 * An answer in the making: status, headers, body. The only writer of headers; it refuses bytes that
 * could end one.
 */
#pragma once

#include "base/buffer.h"

enum {
	RESPONSE_HEAD_MAX = 24 * 1024,
	RESPONSE_BODY_MAX = 256 * 1024,
};

struct response {
	int status; /* 0 until begun */
	struct buffer
		head; /* CGI style: "Status: 302 Found\r\n…", without the empty line at its end */
	struct buffer body;
};

void response_init(struct response *response);

/* Starts (again) with a status of three digits and the headers that every answer carries:
 * Cache-Control: no-store, Referrer-Policy: no-referrer, X-Content-Type-Options: nosniff,
 * X-Request-Id. What was there before is dropped, the cookies too, and the response is no longer
 * broken. */
void response_begin(struct response *response, int status, const char *request_id);

/* Adds a header to a response that was begun. 0, or -1 (and the response is marked broken) when the
 * value has a byte below 0x20, 0x7f or above 0x7e, or the name is not a token of RFC 9110 5.6.2. */
int response_header(struct response *response, const char *name, const char *value);

/* Set-Cookie with the attributes of contract section 4: Secure; HttpOnly; SameSite=Lax; Path=/.
 * `max_age` in seconds; negative: a session cookie; 0: deletes it. 0, or -1 (and broken) where the
 * name is not a token or the value not made of cookie-octets (RFC 6265 4.1.1). */
int response_cookie(
	struct response *response, const char *name, const char *value, long long max_age);

/* True when anything was refused or did not fit: the answer must be replaced by a 500. */
bool response_is_broken(const struct response *response);

/* The reason phrase for a status, "Status" for an unknown one. */
const char *response_reason(int status);

/* Wipes both parts (a Location holds an access token, a form a ticket) and frees them. */
void response_release(struct response *response);
