/* SPDX-License-Identifier: MIT
 *
 * Memory that is freed together: everything that settings own. Without memory the process ends
 * (base/memory.h).
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /* the one in use first */
	char *at;		    /* free room of that block */
	size_t left;
};

/* Allocates `count` zeroed objects of `size` bytes. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);

/* Copies a text. */
char *arena_copy(struct arena *arena, const char *text);

void arena_release(struct arena *arena);
