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
	int quality; /* in thousandths: 1000 where no weight stands, 0 for "not acceptable" */
};

/* Takes the next element off the list and moves `*at` behind it. Parameters other than q are
 * skipped. ACCEPT_BAD for what RFC 9110 does not allow; do not go on then. */
enum accept accept_next(const char **at, struct accept_item *item);

/* Compares the element's name without case. */
bool accept_is(const struct accept_item *item, const char *name);
