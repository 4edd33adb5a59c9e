/* SPDX-License-Identifier: MIT
 *
 * Memory that is freed together: everything that settings own. Without memory the arena is marked
 * `failed` and the functions return NULL or "": fill freely, check `failed` once.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	bool failed;
};

/* Allocates `count` zeroed objects of `size` bytes; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* Copies a text; "" without memory. */
char *arena_copy(struct arena *arena, const char *text);

void arena_release(struct arena *arena);
