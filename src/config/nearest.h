/* SPDX-License-Identifier: MIT
 *
 * Finds the known name that is most similar to a misspelt one.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

struct nearest {
	const char *meant;
	const char *name; /* the most similar so far; NULL: none is similar */
	size_t distance;
};

#define NEAREST_INIT(text) ((struct nearest){.meant = (text), .distance = (size_t)-1})

/* Stores `name` if it is more similar than the names before and differs in at most about a third of
 * its letters. Two letters that changed places count as one difference. */
void nearest_try(struct nearest *nearest, const char *name);
