/* SPDX-License-Identifier: MIT
 *
 * A request as the rest of the program sees it: FastCGI parameters (RFC 3875 names) copied out of
 * libfcgi into one block, checked at the door. Nothing downstream reads raw parameters but
 * request_param().
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REQUEST_ID_MAX = 64,
	REQUEST_BODY_MAX = 16 * 1024,
};

/* Whether it can be answered as what it asks for. */
enum request_arrival {
	REQUEST_BROKEN = 0, /* cut short, malformed, or saying two things: 400 */
	REQUEST_TOO_LARGE,  /* the body was not read: 413 */
	REQUEST_NO_ROOM,    /* nobody could wait for the rest of it: 503 */
	REQUEST_LATE,	    /* whole, but it waited too long for us: 503 where that spares work */
	REQUEST_WHOLE,
};

enum http_method { HTTP_OTHER = 0, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS };

/* All strings point into `block` or are constants; none is NULL except where said. */
struct request {
	char *block; /* owned: "NAME=value\0…" as it came, the body, a path that was put together */
	size_t block_size;
	char **params; /* owned: pointers to each "NAME=value" in block, ended by NULL */
	enum request_arrival arrival;
	const char *complaint; /* for the log: why it is not whole; or NULL */
	enum http_method method;
	const char *path;    /* DOCUMENT_URI, else SCRIPT_NAME followed by PATH_INFO; decoded by
				nginx; begins with "/" */
	const char *query;   /* QUERY_STRING */
	const char *cookies; /* HTTP_COOKIE, or "" */
	const char *accept, *accept_language, *content_type; /* or "" */
	const char *origin, *fetch_site;		     /* Origin, Sec-Fetch-Site, or "" */
	const char *purpose; /* Sec-Purpose, else the older Purpose or X-Moz, or "" */
	const char *client;  /* REMOTE_ADDR: an IPv4 or IPv6 address, "unix:" where nginx itself
				listens on a unix socket, or "" when it is none */
	const char *body;    /* NUL-terminated, or "" */
	size_t body_length;
	char id[REQUEST_ID_MAX + 1]; /* REQUEST_ID from nginx where it is [A-Za-z0-9._-]{1,64},
					else 32 random hex digits */
};

/* Fills the request from libfcgi's parameter array (envp style) and the body that was read. Copies
 * everything; the request must be released, also after -1. 0; or -1 for a request that must be
 * answered with 400, whose arrival is REQUEST_BROKEN (what could be read is filled in then, so that
 * the answer has an id, a language and a form; the path may be ""): no REQUEST_METHOD, no path,
 * Cookie, Origin, Sec-Fetch-Site or a purpose twice with different values, CONTENT_LENGTH not a
 * number or not equal to `body_length` (empty and missing are 0), a NUL in the body; or without
 * memory.
 *
 * Of another parameter that comes twice the last one counts, as with PHP-FPM: nginx sends both
 * where a fastcgi_param after the stock fastcgi_params replaces one of those. */
int request_init(struct request *request, char *const *envp, const char *body, size_t body_length);

/* A parameter by name, NULL when it is missing, and for an HTTP_ name that came twice: nginx before
 * 1.23 hands each on, and which of the two was meant nobody can tell. */
const char *request_param(const struct request *request, const char *name);

/* True when the client prefers application/json over HTML: Accept names it, with a higher weight
 * than text/html or with the same and before it. */
bool request_wants_json(const struct request *request);

/* True when Accept names text/html and does not prefer JSON, as every browser's does that goes from
 * page to page, and no program's that only takes what comes. */
bool request_wants_page(const struct request *request);

/* Drops all that an answer does not need any more: what is left is the method, the id, the client,
 * and which language and form the answer is to have. For requests that wait by the thousand, and so
 * that a password does not. */
void request_shrink(struct request *request);

/* Wipes (the body may hold a password) and frees. */
void request_release(struct request *request);
