/* SPDX-License-Identifier: MIT
 *
 * Sites, as browsers tell them apart for cookies (RFC 6265bis, 5.2 "same-site"): by scheme and
 * registrable domain.
 */
#pragma once

#include <stdbool.h>

/* Whether two addresses, "https://host[:port][/…]", are of one site. There is no list of public
 * suffixes here: names that share their last two labels are of one site, or their last three below
 * a country's "co", "com", "ac" and the like. Hosts at one hoster's domain (github.io) are so taken
 * for one site though browsers have them as several. */
bool site_is_same(const char *address, const char *other);
