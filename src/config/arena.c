/* SPDX-License-Identifier: MIT */
#include "config/arena.h"

#include "base/memory.h"

#include <stdint.h>

/* A block of the largest size is a mapping of its own (base/memory.h), so that freeing it gives the
 * memory back whatever lies around it. */
enum { BLOCK_FIRST = 4096, BLOCK_MAX = 2 * MEMORY_MAPPED, ALIGNMENT = _Alignof(max_align_t) };

struct arena_block {
	struct arena_block *next;
	size_t size;
	max_align_t room[];
};

static void add_block(struct arena *arena, size_t at_least)
{
	size_t size = arena->blocks != NULL ? 2 * arena->blocks->size : BLOCK_FIRST;
	struct arena_block *block;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < at_least)
		size = at_least;
	block = xcalloc(1, sizeof *block + size);
	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->at = (char *)block->room;
	arena->left = size;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;
	void *room;

	if (__builtin_mul_overflow(count, size, &bytes) ||
		bytes > SIZE_MAX / 2 - sizeof(struct arena_block) - ALIGNMENT)
		xno_memory();
	bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (bytes > arena->left)
		add_block(arena, bytes);
	room = arena->at;
	arena->at += bytes;
	arena->left -= bytes;
	return room;
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
	*arena = (struct arena){0};
}
