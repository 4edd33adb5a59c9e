/* SPDX-License-Identifier: MIT
 *
 * The name that somebody gives themselves and that others will see in the meeting. Nobody vouches
 * for it; it must at least look like what it is.
 */
#pragma once

#include "base/banned.h"

enum {
	DISPLAY_NAME_MAX = 64,			      /* characters */
	DISPLAY_NAME_SIZE = DISPLAY_NAME_MAX * 4 + 1, /* bytes of UTF-8, with the NUL */
};

/* Copies what was typed less the blanks around it. 0, or -1 when nothing is left, when it is longer
 * than DISPLAY_NAME_MAX characters, not UTF-8, or has characters that cannot be seen: controls,
 * line separators, and those that change the direction of writing, with which a name can be made to
 * look like another (Unicode TR 36, 2.8). */
int display_name(const char *typed, char name[DISPLAY_NAME_SIZE]);
