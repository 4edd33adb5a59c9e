/* SPDX-License-Identifier: MIT
 *
 * Prepares the text of the configuration file for libconfuse 3.3, which by itself accepts a
 * section, string or comment that is never closed, drops a '*' outside of quotes, reads an unset
 * ${NAME} as empty, cuts a text at \0 and counts the lines of comments twice. Each of these could
 * silently change a policy.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

enum { SOURCE_MAX = 16 << 20 }; /* bytes */

/* An option inserted at the start of each section, to record the line: libconfuse keeps only the
 * line on which a section ends. */
#define SOURCE_OPENED "@"

/* The item inserted into an empty list, to record the line and detect a second assignment:
 * libconfuse keeps nothing about an empty list. No written item can have this value. */
#define SOURCE_EMPTY "\x1e"

/* Reads the file into an empty buffer, without comments and with unchanged line numbers. 0, or -1
 * with "FILE:LINE: …". */
int source_read(const char *file, struct buffer *text, struct error *error);
