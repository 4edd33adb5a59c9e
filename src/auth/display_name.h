/* SPDX-License-Identifier: MIT
 *
 * Validation of display names that visitors choose for themselves. Nobody vouches for such a name,
 * but it must at least not be deceptive.
 */
#pragma once

#include "base/banned.h"

enum {
	DISPLAY_NAME_MAX = 64,			      /* characters */
	DISPLAY_NAME_SIZE = DISPLAY_NAME_MAX * 4 + 1, /* bytes of UTF-8, with the NUL */
};

/* Copies a typed name without the spaces around it. Returns 0, or -1 if it is empty, longer than
 * DISPLAY_NAME_MAX characters, not UTF-8, or has invisible characters: control characters, line
 * separators, and direction marks, which can make a name look like another (Unicode TR 36,
 * section 2.8). */
int display_name(const char *typed, char name[DISPLAY_NAME_SIZE]);
