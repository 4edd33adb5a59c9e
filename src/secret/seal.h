/* SPDX-License-Identifier: MIT
 *
 * Seals (encrypts and authenticates) data that leaves the process, and makes keyed hashes of values
 * that others may see.
 *
 *   sealed text = base64url, unpadded, of:
 *   +---------+------------+-----------+------------------------------+
 *   | 1 byte  | 4 bytes    | 24 bytes  | ciphertext and 16-byte tag   |
 *   | version | key id     | nonce     | XChaCha20-Poly1305 (IETF)    |
 *   +---------+------------+-----------+------------------------------+
 *
 * The associated data are version, key id and the name of the purpose, so that a value sealed for
 * one purpose does not open for another.
 */
#pragma once

#include "base/buffer.h"

#include <stdint.h>

enum {
	SEAL_KEY_SIZE = 32,
	SEAL_HASH_SIZE = 16,
	SEAL_KEYS_MAX = 8,
	SEAL_OVERHEAD = 45,    /* bytes that sealing adds before base64 turns 3 into 4 */
	SEAL_PLAIN_MAX = 9216, /* bytes that can be sealed */
};

/* A key, and its id, which is part of everything that it seals. */
struct seal_key {
	uint32_t id;
	uint8_t bytes[SEAL_KEY_SIZE];
};

/* The first key seals; every key opens. The store keeps the ring in locked memory. */
struct seal_ring {
	size_t count;
	struct seal_key keys[SEAL_KEYS_MAX];
};

/* Seals `length` bytes and appends the text. `purpose` is a constant such as "session", at most 32
 * characters. 0, or -1 if the buffer is full or there are more than SEAL_PLAIN_MAX bytes. */
int seal_text(const struct seal_ring *ring, const char *purpose, const void *bytes, size_t length,
	struct buffer *text);

/* Opens a sealed text into `bytes`, which is cleared first. 0; or -1 if no key of the ring sealed
 * it for this purpose, or if the result does not fit: the causes cannot be told apart. */
int seal_open(
	const struct seal_ring *ring, const char *purpose, const char *text, struct buffer *bytes);

/* Keyed BLAKE2b of a purpose and a few strings, ended by NULL. Each string is hashed with its
 * length, so that ("a","bc") and ("ab","c") differ. For use where the value itself must not be
 * stored or compared. */
void seal_hash(const uint8_t key[SEAL_KEY_SIZE], uint8_t hash[SEAL_HASH_SIZE], const char *purpose,
	...) __attribute__((sentinel));

/* Derives a text from a random seed of SEAL_KEY_SIZE bytes and a purpose: base64url, unpadded, of
 * 32 bytes. It reveals neither the seed nor the texts of other purposes. */
enum { SEAL_DERIVED_SIZE = 44 }; /* with the NUL */
void seal_derive_text(
	const uint8_t seed[SEAL_KEY_SIZE], const char *purpose, char text[SEAL_DERIVED_SIZE]);

/* Random bytes for ids. */
void seal_random(void *bytes, size_t length);

/* Compares in constant time. */
bool seal_equal(const void *a, const void *b, size_t length);
