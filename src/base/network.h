/* SPDX-License-Identifier: MIT
 *
 * Addresses of hosts and networks: "192.0.2.7", "2001:db8::1", "10.0.0.0/8" (RFC 4632 section 3.1,
 * RFC 4291 sections 2.2 and 2.3). IPv4-mapped IPv6 (::ffff:192.0.2.7) is the IPv4 that it maps, so
 * that a rule holds however the web server writes an address; otherwise the two families never
 * match each other.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
	uint8_t address[16]; /* IPv4: the first four bytes; bits behind the prefix are 0 */
	uint8_t prefix;	     /* bits that count: 32 or 128 for one host */
	bool six;
};

/* Reads a network, or an address, which is the network of that host alone. What is wrong, as a
 * constant; NULL when it is good. */
const char *network_parse(const char *text, struct network *network);

/* The same for an address alone (no "/"); false for anything else, with "" among it. */
bool network_parse_host(const char *text, struct network *host);

enum { NETWORK_AROUND_MAX = 3 };

/* The networks around a host that may be one customer's, the narrowest first: the address itself
 * and its /24 for IPv4; the /64, the /56 and the /48 for IPv6 (RFC 6177), where whoever has one
 * address has at least a /64. What carries an IPv4 address counts as that one: NAT64 (64:ff9b::/96,
 * RFC 6052 section 2.1) and 6to4 (2002::/16, RFC 3056 section 2). Returns how many there are; 0 for
 * a text that is no address. */
size_t network_around(const char *text, struct network around[NETWORK_AROUND_MAX]);

/* Whether all of `inner` is in `outer`. */
bool network_covers(const struct network *outer, const struct network *inner);
