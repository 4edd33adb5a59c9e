/* SPDX-License-Identifier: MIT
 *
 * Normalizes what people type or paste: phones add a blank after a name, programs put invisible
 * characters around copied text, and a letter may be one character or two. All functions take
 * UTF-8.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>

/* Removes blanks and invisible characters from both ends, in place, and converts the rest to
 * Unicode NFC unless that is longer. */
void typed_clean(char *text);

/* Copies a password in that form (RFC 8265 section 4.2.2), or unchanged if it does not fit. `size`
 * is at least strlen(typed) + 1. True if the copy differs. */
bool typed_password(const char *typed, char *password, size_t size);

#define TYPED_DIGITS "0123456789"

/* Parses a code of `count` characters of `alphabet` (digits, small letters), however it is written:
 * with blanks and dashes, in capitals, in full width, with the digits of another script. Writes it
 * as ASCII with a NUL. False, and "", for anything else. */
bool typed_code(const char *typed, const char *alphabet, size_t count, char *code);
