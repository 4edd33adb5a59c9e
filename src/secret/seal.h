/* SPDX-License-Identifier: MIT
 *
 * Sealing of what leaves the process, and keyed hashes of what others may see.
 *
 *   sealed text = base64url, unpadded, of:
 *   +---------+------------+-----------+------------------------------+
 *   | 1 byte  | 4 bytes    | 24 bytes  | ciphertext and 16-byte tag   |
 *   | version | key id     | nonce     | XChaCha20-Poly1305 (IETF)    |
 *   +---------+------------+-----------+------------------------------+
 *   associated data: version, key id and the purpose's name, so that a value sealed for one purpose
 *   does not open for another.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

enum {
	SEAL_KEY_SIZE = 32,
	SEAL_HASH_SIZE = 16,
	SEAL_KEYS_MAX = 8,
	SEAL_OVERHEAD = 45,    /* bytes that sealing adds, before base64 makes 4 of 3 */
	SEAL_PLAIN_MAX = 9216, /* bytes that can be sealed */
};

/* A key with the id that stands in what it sealed. */
struct seal_key {
	uint32_t id;
	uint8_t bytes[SEAL_KEY_SIZE];
};

/* The first key seals, all open. Kept in locked memory by the store. */
struct seal_ring {
	size_t count;
	struct seal_key keys[SEAL_KEYS_MAX];
};

/* Appends the sealed text of `length` bytes to `text`. `purpose` is a constant such as "session",
 * at most 32 characters. 0, or -1 when the buffer is full or there is more than SEAL_PLAIN_MAX. */
int seal_text(const struct seal_ring *ring, const char *purpose, const void *bytes, size_t length,
	struct buffer *text);

/* Opens a sealed text into `bytes` (cleared first). 0, or -1 for anything that was not sealed with
 * a key of the ring for this purpose, and for what does not fit: one answer for every cause. */
int seal_open(
	const struct seal_ring *ring, const char *purpose, const char *text, struct buffer *bytes);

/* Keyed BLAKE2b of a purpose and up to a few strings, each with its length in front so that
 * ("a","bc") and
 * ("ab","c") differ. The list of strings ends with NULL. For what is stored or compared instead of
 * the value itself. */
void seal_hash(const uint8_t key[SEAL_KEY_SIZE], uint8_t hash[SEAL_HASH_SIZE], const char *purpose,
	...) __attribute__((sentinel));

/* A text made of a random seed of SEAL_KEY_SIZE bytes and a purpose, of which neither the seed nor
 * another purpose's text can be told: base64url, unpadded, of 32 bytes. */
enum { SEAL_DERIVED_SIZE = 44 }; /* with the NUL */
void seal_derive_text(
	const uint8_t seed[SEAL_KEY_SIZE], const char *purpose, char text[SEAL_DERIVED_SIZE]);

/* Random bytes for ids. */
void seal_random(void *bytes, size_t length);

/* Whether both are the same, in constant time. */
bool seal_equal(const void *a, const void *b, size_t length);
