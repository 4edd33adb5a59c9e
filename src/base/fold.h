/* SPDX-License-Identifier: MIT
 *
 * Names that somebody may take for one another, in one form: for counting, where two names that
 * share a counter do no harm, and one name with two counters would.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "base/banned.h"

enum { FOLD_SIZE = 4096 };

/* Folds case, compatibility forms and accents away (Unicode 3.13, "default caseless matching" of
 * NFKD; marks, blanks and what is not seen left out), so that neither "ALICE" nor full-width
 * letters nor a zero-width space make another name of "alice". What is longer than fits is cut.
 * Built without libunistring: capitals of ASCII and blanks alone. */
void fold_name(const char *name, char folded[FOLD_SIZE]);

#endif
