/* SPDX-License-Identifier: MIT
 *
 * Names that somebody may take for one another, in one form: for counting, where two names that
 * share a counter do no harm, and one name with two counters would.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

enum { FOLD_SIZE = 4096 };

/* Folds case, compatibility forms and accents away (Unicode 3.13, "default caseless matching" of
 * NFKD; marks, blanks and what is not seen left out), so that neither "ALICE" nor full-width
 * letters nor a zero-width space make another name of "alice". What is longer than fits is cut.
 * Built without libunistring: capitals of ASCII and blanks alone. */
void fold_name(const char *name, char folded[FOLD_SIZE]);

/* Writes the text with each letter and its accents as one character (Unicode normalization form C),
 * or as several (form D). Nothing is written when the text is in that form already, when it does
 * not fit into `size` bytes, or without libunistring. Both may be the same text. */
void fold_compose(const char *text, char *composed, size_t size);
void fold_decompose(const char *text, char *decomposed, size_t size);
