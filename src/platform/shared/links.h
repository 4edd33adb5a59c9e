/* SPDX-License-Identifier: MIT
 *
 * Validates links in platforms' answers: they may lead only to hosts of the configuration, so that
 * no answer can make us send requests elsewhere (SSRF). Private to src/platform.
 */
#pragma once

#include "platform/platform.h"

enum { LINK_MAX = 4096, LINKS_HOST_MAX = 260 };

/* The allowed hosts. "example.com" allows that host and all its subdomains at port 443;
 * "example.com:8443" allows them at port 8443 only. The texts belong to the section. */
struct links {
	struct config_list hosts;
	const char *called; /* for messages: the options that list the hosts */
};

/* Whether a text is shorter than LINK_MAX and has only characters that RFC 3986 allows in a URL
 * without a fragment. Browsers and libcurl repair other characters, each in its own way. */
bool links_is_clean(const char *url);

/* Copies a meeting's URL that a person pasted, without its query ("?sl=1") and trailing slash.
 * Returns 0, or -1 if it has a fragment or does not fit into `size` bytes. */
int links_trim(const char *url, char *trimmed, size_t size);

/* Whether a URL is https (or http to loopback), has no user, no fragment and nothing that browsers
 * interpret differently, and leads to one of the hosts. */
bool links_allow(const struct links *links, const char *url);

/* Resolves a link (a URL or a path) from an answer of the URL `base` and appends the absolute URL
 * to `url`. Returns 0, or -1 if the link is missing (NULL) or not allowed. Then `url` is unchanged,
 * and the error begins with `what` and names the host, truncated and printable. */
int links_follow(const struct links *links, const char *what, const char *base, const char *link,
	struct buffer *url, struct error *error);

/* Splits a URL that links_allow() accepts into host (lower case) and port. Returns 0 or -1. */
int links_split(const char *url, char host[LINKS_HOST_MAX], int64_t *port_r);

/* Whether a host is `domain` or one of its subdomains, ignoring case. */
bool links_is_below(const char *host, const char *domain);

/* Whether the list contains exactly this domain, ignoring case. */
bool links_have_domain(const struct config_list *domains, const char *domain);

/* Writes the host of an https URL, lower case and without the port. */
void links_host_of(const char *url, char host[PLATFORM_URL_MAX]);

/* Returns the number of segments of a path without its leading slash, or 0 if a segment is not 1 to
 * `maximum` letters, digits and characters of `others`. */
size_t links_segments(const char *path, size_t maximum, const char *others);
