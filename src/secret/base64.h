/* SPDX-License-Identifier: MIT
 *
 * base64url without padding (RFC 4648 section 5), strict: one text for each value. Private to
 * seal.c. libsodium's takes as long for every character, which is for secrets, and what is sealed
 * is none: with these, opening a cookie takes a third of the instructions. (libsodium 1.0.18 also
 * takes some bytes beyond ASCII for digits.)
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>
#include <stdint.h>

/* Writes (length * 4 + 2) / 3 characters, no NUL; returns how many. */
size_t base64_encode(char *text, const uint8_t *bytes, size_t length);

/* Decodes `length` characters into at most `size` bytes. 0, or -1 for a character that does not
 * belong there, bits left over and what does not fit. */
int base64_decode(uint8_t *bytes, size_t size, size_t *length_r, const char *text, size_t length);
