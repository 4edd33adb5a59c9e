/* SPDX-License-Identifier: MIT
 *
 * QR codes (ISO/IEC 18004), for a terminal and for pages.
 */
#pragma once

#include "base/buffer.h"

/* Appends the lines of the code for `text`, for a terminal: dark modules on a light background,
 * whatever the terminal's colours. Each line has two rows of modules. Returns 0, or -1 with nothing
 * appended if the text is too long or this build has no libqrencode. */
int qr_print(const char *text, struct buffer *lines);

/* Appends the dark modules of the code as the path of an SVG picture, whose width and height are
 * *size_r with the light margin. Returns as above. */
int qr_path(const char *text, struct buffer *path, unsigned *size_r);
