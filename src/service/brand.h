/* SPDX-License-Identifier: MIT
 *
 * The brand on pages: its icon; and its colour, a style element, and the word of the
 * Content-Security-Policy that allows exactly this one (Content Security Policy Level 3,
 * "hash-source").
 */
#pragma once

#include "config/config.h"

struct brand {
	char *style;  /* of a page; NULL: the style sheet's own colour */
	char *source; /* "'sha256-…'"; NULL without a style */
};

/* Makes both from the settings. brand_free() frees. */
struct brand brand_make(const struct settings *settings);
void brand_free(struct brand *brand);

/* The address of the icon of tabs and bookmarks. The caller frees it; never NULL. */
char *brand_icon_url(const struct settings *settings);
