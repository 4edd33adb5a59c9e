/* SPDX-License-Identifier: MIT
 *
 * Which of some names was meant.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

struct nearest {
	const char *meant;
	const char *name; /* the nearest so far; NULL: none is near */
	size_t distance;
};

#define NEAREST_INIT(text) ((struct nearest){.meant = (text), .distance = (size_t)-1})

/* Takes `name` where it is nearer than what was tried before, and near enough for a slip: about a
 * third of its letters differ at most, two that changed places being one. */
void nearest_try(struct nearest *nearest, const char *name);
