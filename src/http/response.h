/* SPDX-License-Identifier: MIT
 *
 * A response: status, headers, body. All headers are written here, where bytes that could end a
 * header are refused.
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

/* Starts, or restarts, a response with a three-digit status and the headers of every response:
 * Cache-Control: no-store, Referrer-Policy: no-referrer, X-Content-Type-Options: nosniff,
 * X-Request-Id. Drops everything added before, cookies included, and clears the broken mark. */
void response_begin(struct response *response, int status, const char *request_id);

/* Adds a header. 0; or -1, marking the response broken, if the value has a byte outside 0x20 to
 * 0x7e or the name is not a token (RFC 9110 5.6.2). */
int response_header(struct response *response, const char *name, const char *value);

/* Adds Set-Cookie with the attributes of contract section 4: Secure; HttpOnly; SameSite=Lax;
 * Path=/. `max_age` in seconds; negative: a session cookie; 0: deletes it. 0; or -1, marking the
 * response broken, if the name is not a token or the value has other bytes than cookie-octets (RFC
 * 6265 4.1.1). */
int response_cookie(
	struct response *response, const char *name, const char *value, long long max_age);

/* Whether anything was refused or did not fit: send a 500 instead. */
bool response_is_broken(const struct response *response);

/* Wipes and frees head and body: a Location holds an access token, a form a ticket. */
void response_release(struct response *response);
