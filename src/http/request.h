/* SPDX-License-Identifier: MIT
 *
 * A request: FastCGI parameters (RFC 3875 names) and a body, in one block, checked.
 * Later code reads raw parameters only with request_param().
 */
#pragma once

#include "base/banned.h"
#include "base/trace.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	REQUEST_ID_MAX = 64,
	REQUEST_LANGUAGE_MAX = 35,
};

/* The cookie with the language that the visitor chose. nginx's variable $cookie_meetauth_language
 * reads it, too. */
#define REQUEST_LANGUAGE_COOKIE "meetauth_language"

/* Whether the request arrived so that it can be served. */
enum request_arrival {
	REQUEST_BROKEN = 0, /* incomplete, malformed or ambiguous: 400 */
	REQUEST_TOO_LARGE,  /* the body was not read: 413 */
	REQUEST_NO_ROOM,    /* no room to wait for the rest: 503 */
	REQUEST_LATE,	    /* complete, but it waited too long: 503 for joins */
	REQUEST_WHOLE,
};

enum http_method { HTTP_OTHER = 0, HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS };

/* All strings point into `block` or `joined_path` or are constants. None is NULL except where
 * stated. */
struct request {
	char *block; /* owned: "NAME=value\0…" as received, then the body; or NULL */
	size_t block_size, params_size;
	char *joined_path; /* owned; or NULL */
	enum request_arrival arrival;
	const char *complaint; /* for the log: why it is broken; or NULL */
	enum http_method method;
	const char *path;    /* DOCUMENT_URI, else SCRIPT_NAME followed by PATH_INFO; decoded by
				nginx; begins with "/" */
	const char *query;   /* QUERY_STRING */
	const char *cookies; /* HTTP_COOKIE, or "" */
	const char *accept, *accept_language, *content_type; /* or "" */
	const char *origin, *fetch_site;		     /* Origin, Sec-Fetch-Site, or "" */
	const char *purpose; /* Sec-Purpose, else the older Purpose or X-Moz, or "" */
	const char *client;  /* REMOTE_ADDR: an IPv4 or IPv6 address, "unix:" if nginx listens on a
				unix socket, else "" */
	char language[REQUEST_LANGUAGE_MAX + 1]; /* of the cookie, as received, or "" */
	const char *body;			 /* NUL-terminated, or "" */
	size_t body_length;
	char id[REQUEST_ID_MAX + 1]; /* REQUEST_ID from nginx if it is [A-Za-z0-9._-]{1,64}, else 32
					random hex digits */
	struct trace trace; /* from Traceparent; none if it is missing, invalid or comes twice */
};

/* Fills the request from `block`, allocated by malloc(), which it owns from now on, also after -1:
 * parameters "NAME=value", each with a NUL, `params_size` bytes together; then the body and one
 * more NUL. NULL: there is none of it. 0; or -1 for a request to be answered with 400, with
 * REQUEST_BROKEN and everything that could be read, so that the response has an id, a language and
 * a format (the path may be ""). The caller releases it in both cases. Causes of -1: no
 * REQUEST_METHOD or path; Cookie, Origin, Sec-Fetch-Site or a purpose twice with different values;
 * CONTENT_LENGTH not a number or not `body_length` (empty and missing are 0); a NUL in the body; no
 * memory. Of other duplicates the last counts, as with PHP-FPM: nginx sends both if a fastcgi_param
 * replaces one of the stock fastcgi_params. */
int request_init(struct request *request, char *block, size_t params_size, size_t body_length);

/* A parameter by name. NULL if it is missing, or for a duplicate HTTP_ name: nginx before 1.23
 * forwards each, and nobody can tell which one is meant. */
const char *request_param(const struct request *request, const char *name);

/* Whether the client prefers application/json to HTML: Accept gives it a higher weight than
 * text/html, or the same and names it first. */
bool request_wants_json(const struct request *request);

/* Whether Accept names text/html and does not prefer JSON. True for every browser that navigates,
 * false for programs that accept anything. */
bool request_wants_page(const struct request *request);

/* Drops everything but the method, id, client, and the language and format of the response.
 * Requests wait by the thousand, and a password must not wait with them. */
void request_shrink(struct request *request);

/* Wipes and frees the request; the body may hold a password. */
void request_release(struct request *request);
