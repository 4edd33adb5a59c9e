/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>
#include <sysexits.h>
#include <unistd.h>

void xno_memory(void)
{
	fflush(stdout); /* in a shared pipe, the output so far comes before the error */
	fprintf(stderr, "%s: out of memory\n", program_invocation_short_name);
	_exit(EX_OSERR);
}

/* The pointer, which is not NULL. */
static void *check(void *memory)
{
	if (memory == NULL)
		xno_memory();
	return memory;
}

void *xcalloc(size_t count, size_t size)
{
	return check(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

char *xstrdup(const char *text)
{
	return check(strdup(text));
}

char *xstrndup(const char *text, size_t length)
{
	return check(strndup(text, length));
}

char *xprintf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return check(text);
}

void memory_setup(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, MEMORY_MAPPED);
#endif
}

void memory_trim(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
