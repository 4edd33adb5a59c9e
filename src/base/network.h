/* SPDX-License-Identifier: MIT
 *
 * Addresses of hosts and networks: "192.0.2.7", "2001:db8::1", "10.0.0.0/8" (RFC 4632 section 3.1,
 * RFC 4291 sections 2.2 and 2.3). An IPv4-mapped IPv6 address (::ffff:192.0.2.7) counts as the IPv4
 * address, so that a rule does not depend on how the web server writes it. Otherwise the families
 * never match each other.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct network {
	uint8_t address[16]; /* IPv4: the first four bytes; bits after the prefix are 0 */
	uint8_t prefix;	     /* number of leading bits that count; 32 or 128 for one host */
	bool six;
};

/* Parses a network, or an address as the network of that host. NULL, or a constant that says what
 * is wrong. */
const char *network_parse(const char *text, struct network *network);

/* Parses an address without "/"; false for anything else, including "". */
bool network_parse_host(const char *text, struct network *host);

enum { NETWORK_AROUND_MAX = 3 };

/* The networks around a host that one customer may have, the narrowest first. IPv4: the address and
 * its /24. IPv6: the /64, /56 and /48 (RFC 6177), because a customer has at least a /64. An address
 * that carries an IPv4 address counts as that: NAT64 (64:ff9b::/96, RFC 6052 section 2.1) and 6to4
 * (2002::/16, RFC 3056 section 2). Returns their number; 0 if the text is not an address. */
size_t network_around(const char *text, struct network around[NETWORK_AROUND_MAX]);

/* Whether all of `inner` is in `outer`. */
bool network_covers(const struct network *outer, const struct network *inner);
