/* SPDX-License-Identifier: MIT
 *
 * What people type or paste, as they mean it: phones put a blank behind a name, programs put marks
 * around what is copied, and one key writes a letter as one character or as two. Everything takes
 * UTF-8.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

/* Takes blanks and what is not seen off both ends, in place, and puts the rest into the form in
 * which letters are one character (Unicode NFC), unless that is longer. */
void typed_clean(char *text);

/* Copies a password in that form (RFC 8265 section 4.2.2) and as it is where that does not fit into
 * `size` bytes, at least strlen(typed) + 1. True when the copy is another text. */
bool typed_password(const char *typed, char *password, size_t size);

#define TYPED_DIGITS "0123456789"

/* Reads a code of `count` characters of `alphabet` (digits, small letters), however it is written:
 * with blanks and dashes in and around it, in capitals, in full width, with the digits of another
 * script. Writes it as ASCII with a NUL. False (and "") for anything else. */
bool typed_code(const char *typed, const char *alphabet, size_t count, char *code);
