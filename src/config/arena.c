/* SPDX-License-Identifier: MIT */
#include "config/arena.h"

#include "base/memory.h"

struct arena_block {
	struct arena_block *next;
	max_align_t room[];
};

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	struct arena_block *block = xcalloc(1, sizeof *block + count * size);

	block->next = arena->blocks;
	arena->blocks = block;
	return block->room;
}

char *arena_copy(struct arena *arena, const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(arena_alloc(arena, size, 1), text, size);
}

void arena_release(struct arena *arena)
{
	while (arena->blocks != NULL) {
		struct arena_block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}
