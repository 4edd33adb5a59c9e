/* SPDX-License-Identifier: MIT
 *
 * Memory for tools, for the start of a process and for loading a configuration, which cannot go on
 * without it: if there is none, each function prints a message and ends the process. Never called
 * for a request, which is answered with 503 instead. The caller frees what is returned.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

/* Zeroed room for `count` things of `size` bytes. */
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, malloc));

/* Copies: of a text, and of the first `length` bytes of one. */
char *xstrdup(const char *text) __attribute__((returns_nonnull, malloc));
char *xstrndup(const char *text, size_t length) __attribute__((returns_nonnull, malloc));

/* The text of a format. */
char *xprintf(const char *format, ...)
	__attribute__((returns_nonnull, malloc, format(printf, 1, 2)));

/* For memory that a library did not get. */
_Noreturn void xno_memory(void);

/* Gives memory back to the system. memory_setup(), called once before there are threads, lets every
 * block of MEMORY_MAPPED bytes or more be a mapping of its own for good; malloc would keep later
 * ones of the same size in the heap of the thread. memory_trim() returns what else is free, after
 * much was freed. It takes milliseconds for each 100 MB, so the loop leaves it to a worker. */
enum { MEMORY_MAPPED = 128 * 1024 };

void memory_setup(void);
void memory_trim(void);
