/* SPDX-License-Identifier: MIT
 *
 * Colours of pages, and whether text in one can be read on another (WCAG 2.2, "contrast ratio").
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct colour {
	uint8_t red, green, blue;
};

enum { COLOUR_SIZE = sizeof "#1b5cb8" };

#define COLOUR_CONTRAST 4.5 /* text can be read (WCAG 2.2, 1.4.3) */

/* "#1b5cb8". 0 or -1. */
int colour_parse(const char *text, struct colour *colour_r);
void colour_format(struct colour colour, char text[COLOUR_SIZE]);

/* 1 to 21. */
double colour_contrast(struct colour one, struct colour other);

/* `part` of 256 parts of the way to another colour. */
struct colour colour_mix(struct colour from, struct colour to, unsigned part);

/* The nearest colour on the way from `colour` to `to` whose contrast with all of `grounds` is at
 * least `contrast`; `to` if none is. */
struct colour colour_readable(struct colour colour, struct colour to, const struct colour *grounds,
	size_t count, double contrast);
