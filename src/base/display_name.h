/* SPDX-License-Identifier: MIT
 *
 * Validation of display names that people type, for themselves or for a guest. Nobody vouches for
 * such a name, but it must at least not be deceptive.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>

enum {
	DISPLAY_NAME_MAX = 64,			      /* characters */
	DISPLAY_NAME_SIZE = DISPLAY_NAME_MAX * 4 + 1, /* bytes of UTF-8, with the NUL */
};

/* Copies a typed name without the spaces around it. Returns 0, or -1 if it is empty, longer than
 * DISPLAY_NAME_MAX characters, not UTF-8, or has invisible characters: control characters, line
 * separators, and direction marks, which can make a name look like another (Unicode TR 36,
 * section 2.8). */
int display_name(const char *typed, char name[DISPLAY_NAME_SIZE]);

/* NULL if display_name() accepts the name, else a constant that says what is wrong. */
const char *display_name_fault(const char *text);

/* Whether a UTF-8 text has characters that display_name() refuses because nobody sees them. */
bool display_name_hides(const char *text);
