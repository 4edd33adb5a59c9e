/* SPDX-License-Identifier: MIT
 *
 * Where a visit may end whose token goes to a script or a native program: at the page of `app`, or
 * at what `redirects` lists, word for word (RFC 6749, 3.1.2.3).
 */
#pragma once

#include "base/buffer.h"
#include "platform/peer.h"

enum redirect_kind {
	REDIRECT_UNKNOWN = 0, /* not listed: nobody is sent there */
	REDIRECT_PAGE,	      /* of an allowed origin */
	REDIRECT_NATIVE, /* loopback, at any port, or a scheme of the program's own (RFC 8252) */
};

/* Which of the peer's an address is; of a page its origin too, as the section has it ("" else). */
enum redirect_kind redirect_find(
	const struct platform_peer *peer, const char *url, const char **origin_r);

/* For a row of options: whether a text can stand in `redirects`. 0 or -1. */
int option_check_redirect(const char *text, struct error *why);

/* The allowed origin that the address of a page is of; NULL: of none. */
const char *redirect_origin_of(const struct platform_peer *peer, const char *page);

/* The first page, of `app` and `redirects`, that is of an allowed origin; NULL: none is. */
const char *redirect_page_of(const struct platform_peer *peer, const char *origin);

/* Whether an address is of a native program. */
bool redirect_is_native(const char *url);

/* Appends what a Content-Security-Policy needs to let forms lead there, each behind a blank. */
void redirect_append_sources(const struct platform_peer *peer, struct buffer *sources);
