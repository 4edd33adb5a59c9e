/* SPDX-License-Identifier: MIT
 *
 * One form for names that look alike or mean the same. For counters and searches only: two names
 * that share a counter do no harm, but one name with two counters would.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

enum { FOLD_SIZE = 4096 };

/* Removes differences of case, compatibility forms and accents (Unicode 3.13, "default caseless
 * matching" of NFKD, without marks, blanks and invisible characters). So "ALICE", full-width
 * letters or a zero-width space do not make another name than "alice". Cuts what does not fit.
 * Without libunistring: handles only ASCII capitals and blanks. */
void fold_name(const char *name, char folded[FOLD_SIZE]);

/* Writes each letter with its accents as one character (Unicode normalization form C) or as several
 * (form D). Writes nothing if the text is in that form already, if it does not fit into `size`
 * bytes, or without libunistring. Both may be the same text. */
void fold_compose(const char *text, char *composed, size_t size);
void fold_decompose(const char *text, char *decomposed, size_t size);
