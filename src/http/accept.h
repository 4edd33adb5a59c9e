/* SPDX-License-Identifier: MIT
 *
 * The lists of Accept and Accept-Language (RFC 9110 section 12.5): elements with a weight.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

enum accept { ACCEPT_BAD = 0, ACCEPT_ITEM, ACCEPT_END };

struct accept_item {
	const char *name; /* points into the header, not terminated */
	size_t length;
	int quality; /* in thousandths: 1000 without a weight, 0 for "not acceptable" */
};

/* Reads the next element and advances `*at`. Skips parameters other than q. ACCEPT_BAD for what RFC
 * 9110 does not allow; stop then. */
enum accept accept_next(const char **at, struct accept_item *item);

/* Compares the element's name, ignoring case. */
bool accept_is(const struct accept_item *item, const char *name);
