/* SPDX-License-Identifier: MIT
 *
 * A QR code (ISO/IEC 18004) for a terminal: dark modules on light ground, whatever the terminal's
 * colours are, two rows of modules in each line of text.
 */
#pragma once

#include "base/buffer.h"

/* Appends the code of `text` in lines. 0; -1, with nothing appended, in a build without libqrencode
 * or where the text is too long. */
int qr_print(const char *text, struct buffer *lines);
