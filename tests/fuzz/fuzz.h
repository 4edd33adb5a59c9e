/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A target is one file with one function, which libFuzzer calls with
 * one input after another (tests/fuzz/run), and replay.c with those of corpus/NAME (make check).
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Takes one input; returns 0. Ends the process where a promise of the function under test does not
 * hold. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The function of a target for a library that configure left out. */
#define LEFT_OUT                                                                                   \
	int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)                            \
	{                                                                                          \
		(void)bytes, (void)length;                                                         \
		return 0;                                                                          \
	}

#define PROMISE(holds)                                                                             \
	do {                                                                                       \
		if (!(holds)) {                                                                    \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #holds);  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A copy with a NUL behind it, which the caller frees: reading past its end is seen. */
static inline char *copy_of(const uint8_t *bytes, size_t length)
{
	char *text = malloc(length + 1);

	if (text == NULL)
		abort();
	if (length > 0)
		memcpy(text, bytes, length);
	text[length] = '\0';
	return text;
}

/* Takes what stands before the first `separator`, or everything, off the input. As above. */
static inline char *take_until(char separator, const uint8_t **bytes, size_t *length)
{
	const uint8_t *end = *length > 0 ? memchr(*bytes, separator, *length) : NULL;
	size_t taken = end != NULL ? (size_t)(end - *bytes) : *length;
	char *text = copy_of(*bytes, taken);

	taken += end != NULL;
	*bytes += taken;
	*length -= taken;
	return text;
}

/* Writes the input into a file that nobody else may read; the same one for each input. Returns its
 * path. */
static inline const char *file_of(const uint8_t *bytes, size_t length)
{
	static char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/tmp/meetauth-fuzz-%d", (int)getpid());
	umask(077);
	file = fopen(path, "w");
	if (file == NULL || (length > 0 && fwrite(bytes, length, 1, file) != 1) ||
		fclose(file) != 0)
		abort();
	return path;
}

/* The folder of the sources. */
static inline const char *sources(void)
{
	const char *folder = getenv("srcdir");

	return folder != NULL ? folder : ".";
}

#endif
