/* SPDX-License-Identifier: MIT
 *
 * The checksums of BigBlueButton's API. Private to this room; the only user of libcrypto.
 */
#pragma once

#include "base/banned.h"

enum { CHECKSUM_HEX_MAX = 129 }; /* SHA-512, with the NUL */

/* The digest of both texts, one behind the other, in hex. "sha1", "sha256", "sha384" or "sha512".
 * 0, or -1 without memory. */
int checksum_hex(
	const char *algorithm, const char *text, const char *secret, char hex[CHECKSUM_HEX_MAX]);

/* HMAC-SHA256 of the text, as 32 hex digits: a value that only who has the secret can make. 0 or
 * -1. */
int checksum_keyed(const char *secret, const char *text, char hex[33]);
