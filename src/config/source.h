/* SPDX-License-Identifier: MIT
 *
 * The text of the configuration file, made fit for libconfuse 3.3, which on its own takes a
 * section, a string or a comment that is never closed, drops a '*' outside of quotes, reads an
 * unset ${NAME} as nothing, cuts a text at \0 and counts the lines of comments twice. Each of them
 * could change a policy without a word.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

enum { SOURCE_MAX = 1 << 20 }; /* bytes */

/* Option that the text gets in front of each section's own, so that the line a section starts at
 * can be told: libconfuse keeps only the one where it ends. */
#define SOURCE_OPENED "@"

/* The one item that an empty list gets, so that its line and a second assignment can be told:
 * libconfuse has nothing to say about a list without items. No item that was written can be it. */
#define SOURCE_EMPTY "\x1e"

/* Reads the file into an empty buffer: without comments, the lines as they were. 0, or -1 with
 * "FILE:LINE: …". */
int source_read(const char *file, struct buffer *text, struct error *error);
