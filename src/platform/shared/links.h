/* SPDX-License-Identifier: MIT
 *
 * Links that a platform's answers have, and the hosts that they may lead to: those of the
 * configuration and no others, whatever stands in an answer (SSRF). Private to this room.
 */
#pragma once

#include "platform/platform.h"

enum { LINK_MAX = 4096, LINKS_HOST_MAX = 260 };

/* "example.com" is that host and all below it, at https's own port; "example.com:8443" that port
 * alone. The texts are the section's. */
struct links {
	struct config_list hosts;
	const char *called; /* in messages: the options that the hosts are from */
};

/* Whether a text has but the characters of an address (RFC 3986) without a fragment: others
 * browsers and libcurl would each mend in another way. At most LINK_MAX less one. */
bool links_is_clean(const char *url);

/* Copies the address of a meeting as people paste it, without a query ("?sl=1") and a slash at its
 * end. 0; -1: it has a fragment, or does not fit into `size` bytes. */
int links_trim(const char *url, char *trimmed, size_t size);

/* Whether the address is https (or http to this machine), without user, fragment and anything that
 * browsers read differently, and leads to one of the hosts. */
bool links_allow(const struct links *links, const char *url);

/* Appends the whole address of a link that stands in an answer of `base`: another whole address, or
 * a path. 0, or -1 where it may not be followed; `url` is unchanged then, and the error begins with
 * `what` and says that the link is missing (NULL) or which host it leads to, cut and printable. */
int links_follow(const struct links *links, const char *what, const char *base, const char *link,
	struct buffer *url, struct error *error);

/* Host, in small letters, and port of an address that links_allow() has passed. 0 or -1. */
int links_split(const char *url, char host[LINKS_HOST_MAX], int64_t *port_r);

/* Whether a host name is `domain` or below it, without case. */
bool links_is_below(const char *host, const char *domain);

/* Whether a domain, and not only one above it, is in the list, without case. */
bool links_have_domain(const struct config_list *domains, const char *domain);

/* The host of an https address, lower case and without port. */
void links_host_of(const char *url, char host[PLATFORM_URL_MAX]);

/* How many segments a path without its first slash has, each of 1 to `maximum` letters, digits and
 * `others`; 0 where one is something else. */
size_t links_segments(const char *path, size_t maximum, const char *others);
