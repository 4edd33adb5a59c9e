/* SPDX-License-Identifier: MIT
 *
 * Sites, as browsers tell them apart for cookies (RFC 6265bis, 5.2 "same-site"): by scheme and
 * registrable domain.
 */
#pragma once

#include <stdbool.h>

/* Whether two addresses, "https://host[:port][/…]", belong to one site: whether the last two labels
 * of their names are the same, or the last three below a country's "co", "com", "ac" and the like.
 * Without a list of public suffixes, all hosts below a hoster's domain (github.io) count as one
 * site; browsers treat them as several. */
bool site_is_same(const char *address, const char *other);
