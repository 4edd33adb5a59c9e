/* SPDX-License-Identifier: MIT
 *
 * base64url without padding (RFC 4648 section 5). Accepts only the canonical text of each value.
 * Private to seal.c. libsodium's functions take the same time for every character, which secrets
 * need; sealed text is not a secret, and with these functions opening a cookie takes a third of the
 * instructions. (libsodium 1.0.18 also accepts some bytes outside ASCII as digits.)
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>
#include <stdint.h>

/* Writes (length * 4 + 2) / 3 characters without a NUL and returns their number. */
size_t base64_encode(char *text, const uint8_t *bytes, size_t length);

/* Decodes `length` characters into at most `size` bytes. 0, or -1 for a character outside the
 * alphabet, bits that are left over, or too many bytes. */
int base64_decode(uint8_t *bytes, size_t size, size_t *length_r, const char *text, size_t length);
