/* SPDX-License-Identifier: MIT
 *
 * The loader takes a program's own free() and realloc() for every library that calls them. They
 * hand on to the next ones, those of the C library or of an allocator in LD_PRELOAD, whose malloc()
 * stays as it is.
 */
#include "base/wipe.h"

#include "base/banned.h"

enum {
	STACK_WIPED = 65536, /* bytes; the loop was seen to use 54,488 of them */
	GROWING = 4096,
	STRIDE = 2048, /* past that glibc's memset() takes "rep stosb", which is slow to begin */
};

/* As explicit_bzero() does, with fewer calls: every block that is freed goes through it. */
static inline void wipe(void *memory, size_t size)
{
	char *at = memory;

	for (; size > STRIDE; at += STRIDE, size -= STRIDE)
		memset(at, 0, STRIDE);
	memset(at, 0, size);
	__asm__ __volatile__("" : : "r"(memory) : "memory"); /* it may not be left out */
}

/* Its own frame covers theirs. */
__attribute__((noinline)) void wipe_stack(void)
{
	char below[STACK_WIPED];

	wipe(below, sizeof below);
}

#ifndef UNDER_SANITIZER

#include <dlfcn.h>
#include <malloc.h>
#include <stdint.h>
#include <stdatomic.h>
#include <stdbool.h>

typedef void (*free_function)(void *memory);

static _Atomic(free_function) next_free;

/* Libraries free memory before any constructor of ours runs. */
static free_function find_next_free(void)
{
	static _Thread_local bool searching;
	free_function next = NULL;

	if (!searching) {
		searching = true;
		*(void **)&next = dlsym(RTLD_NEXT, "free");
		searching = false;
		next_free = next;
	}
	return next;
}

void free(void *memory)
{
	free_function next = next_free;

	if (memory == NULL)
		return;
	wipe(memory, malloc_usable_size(memory));
	if (next == NULL)
		next = find_next_free();
	if (next != NULL) /* else dlsym() itself frees: a few bytes are lost */
		next(memory);
}

/* Stays in its place where the block has room and is not much too large. A block that the next
 * realloc() moves would leave a copy behind. */
void *realloc(void *memory, size_t size)
{
	size_t room = memory != NULL ? malloc_usable_size(memory) : 0;
	void *moved;

	if (memory != NULL && size == 0) {
		free(memory);
		return NULL;
	}
	if (memory != NULL && size <= room && size >= room / 2) {
		wipe((char *)memory + size, room - size);
		return memory;
	}
	/* Room to grow: libraries let arrays grow element by element. */
	moved = malloc(size <= GROWING || size > SIZE_MAX / 2 ? size : size + size / 4);
	if (moved != NULL && memory != NULL) {
		memcpy(moved, memory, size < room ? size : room);
		free(memory);
	}
	return moved;
}

#endif
