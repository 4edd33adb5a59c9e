/* SPDX-License-Identifier: MIT
 *
 * The sealed store: API keys by name, and the keys that the pool seals cookies with. One small file,
 *
 *   "MEETAUTH" | format 1 | key id 4 bytes | generation 8 bytes | nonce 24 bytes | ciphertext and tag
 *
 * XChaCha20-Poly1305 under a key derived from the master key in the key file (32 bytes in hex, 0400);
 * everything in front of the ciphertext is associated data. The plaintext is JSON. Readers take a
 * snapshot; changes (meetauthctl only) happen under a lock and replace the file whole.
 */
#ifndef SECRET_STORE_H
#define SECRET_STORE_H

#include "base/file.h"
#include "secret/seal.h"
#include "secret/secret.h"

enum {
	STORE_NAME_MAX = 270, /* "backend/" and a host with port */
	STORE_VERSIONS_MAX = 8,
};

struct store_secret {
	const char *name;
	unsigned version;	     /* from 1, never used again */
	int64_t created;	     /* seconds since 1970 */
	const struct secret *secret;
};

/* A snapshot, immutable. */
struct store;

/* NULL with an error that says what to do (no such file: "meetauthctl init"; wrong key; damaged; modes).
 * Also opens a store that a crash left between the two steps of a rekey. */
struct store *store_open(const char *path, const char *key_path, struct error *error);
void store_free(struct store **store);

/* Stamps of the two files are what a watcher compares; the generation grows with every change. */
uint64_t store_generation(const struct store *store);

/* The versions of a secret, newest first; `count` 0 when there is none. */
const struct store_secret *store_secrets(const struct store *store, const char *name, size_t *count);

/* All secrets, by name and newest first. */
const struct store_secret *store_all(const struct store *store, size_t *count);

/* Keys for cookies and tickets. */
const struct seal_ring *store_ring(const struct store *store);

/* Key for hashes in the shared state; survives rekey and rotate-keys. SEAL_KEY_SIZE bytes. */
const uint8_t *store_hash_key(const struct store *store);

/* -- changes; each is atomic and durable when it returns 0, and has changed nothing when it returns -1 -- */

/* Makes key file (mode 0400) and store (0600) with fresh keys. Refuses when either exists. */
int store_init(const char *path, const char *key_path, struct error *error);

/* "meeting.example.org" or "backend/NAME"; the new version's number in *version_r. */
int store_set(const char *path, const char *key_path, const char *name, const struct secret *value,
	unsigned *version_r, struct error *error);
int store_retire(const char *path, const char *key_path, const char *name, unsigned version,
	struct error *error);

/* New cookie key in front; keys beyond SEAL_KEYS_MAX fall off the end. */
int store_rotate_keys(const char *path, const char *key_path, struct error *error);

/* New master key. Two files change: the new key is written beside the old one, then the store, then the key
 * takes its place; a crash between leaves a store that opens, and the next change finishes the job. */
int store_rekey(const char *path, const char *key_path, struct error *error);

#endif
