/* SPDX-License-Identifier: MIT
 *
 * Memory that lives and dies together: everything settings own. Running out marks the arena as
 * failed and gives NULL or ""; fill freely, check `failed` once.
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

/* Zeroed room for `count` things of `size` bytes; NULL when there is none. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* A copy; "" when there is no memory. */
char *arena_copy(struct arena *arena, const char *text);

void arena_release(struct arena *arena);
