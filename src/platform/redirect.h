/* SPDX-License-Identifier: MIT
 *
 * Redirect targets of visits whose token goes to a script or a native application: the page of the
 * option `app`, or an entry of the option `redirects`, compared character by character (RFC 6749
 * section 3.1.2.3).
 */
#pragma once

#include "base/buffer.h"
#include "platform/peer.h"

enum redirect_kind {
	REDIRECT_UNKNOWN = 0, /* not listed: no redirect */
	REDIRECT_PAGE,	      /* a page of an allowed origin */
	REDIRECT_NATIVE, /* a native application: a loopback address with any port, or a private-use
			    scheme (RFC 8252) */
};

/* Finds a URL among the targets of the peer. *origin_r is the page's origin as the section spells
 * it, or "" for other kinds; it belongs to the peer. */
enum redirect_kind redirect_find(
	const struct platform_peer *peer, const char *url, const char **origin_r);

/* Check for a row of options: whether `text` may be an entry of `redirects`. Returns 0, or -1 with
 * the reason in `why`. */
int option_check_redirect(const char *text, struct error *why);

/* Returns the allowed origin that a page's URL belongs to, or NULL. It belongs to the peer. */
const char *redirect_origin_of(const struct platform_peer *peer, const char *page);

/* Returns the first page of `app` and `redirects` that belongs to `origin`, or NULL. It belongs to
 * the peer. */
const char *redirect_page_of(const struct platform_peer *peer, const char *origin);

/* Whether a URL leads to a native application. */
bool redirect_is_native(const char *url);

/* Appends the sources that the Content-Security-Policy needs so that forms may redirect to these
 * targets, each with a space before it. */
void redirect_append_sources(const struct platform_peer *peer, struct buffer *sources);
