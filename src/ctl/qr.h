/* SPDX-License-Identifier: MIT
 *
 * Prints a QR code (ISO/IEC 18004) to a terminal: dark modules on a light background, whatever the
 * terminal's colours. Each line of text has two rows of modules.
 */
#pragma once

#include "base/buffer.h"

/* Appends the lines of the code for `text`. Returns 0, or -1 with nothing appended if the text is
 * too long or this build has no libqrencode. */
int qr_print(const char *text, struct buffer *lines);
