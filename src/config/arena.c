/* SPDX-License-Identifier: MIT */
#include "config/arena.h"

#include <stdint.h>

struct arena_block {
	struct arena_block *next;
	max_align_t room[];
};

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_block *block = NULL;

	if (size == 0 || count <= (SIZE_MAX - sizeof *block) / size)
		block = calloc(1, sizeof *block + count * size);
	if (block == NULL) {
		arena->failed = true;
		return NULL;
	}
	block->next = arena->blocks;
	arena->blocks = block;
	return block->room;
}

char *arena_copy(struct arena *arena, const char *text)
{
	static char none[1];
	size_t size = strlen(text) + 1;
	char *copy = arena_alloc(arena, size, 1);

	if (copy == NULL)
		return none;
	memcpy(copy, text, size);
	return copy;
}

void arena_release(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
	arena->failed = false;
}
