/* SPDX-License-Identifier: MIT
 *
 * The checksums of BigBlueButton's API. Private to src/platform/bigbluebutton, and the only user of
 * libcrypto.
 */
#pragma once

#include "base/banned.h"

enum { CHECKSUM_HEX_MAX = 129 }; /* SHA-512, with the NUL */

/* Writes the digest of `text` followed by `secret` in hex. `algorithm` is "sha1", "sha256",
 * "sha384" or "sha512". Returns 0, or -1 if memory runs out. */
int checksum_hex(
	const char *algorithm, const char *text, const char *secret, char hex[CHECKSUM_HEX_MAX]);

/* Writes the first 32 hex digits of the HMAC-SHA256 of `text`, keyed with `secret`. Returns 0, or
 * -1 if memory runs out. */
int checksum_keyed(const char *secret, const char *text, char hex[33]);
