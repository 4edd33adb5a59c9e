/* SPDX-License-Identifier: MIT
 *
 * The sealed store: API keys by name, and the keys that the pool seals cookies with. One small
 * file,
 *
 *   "MEETAUTH" | format 1 byte: 1 | key id 4 bytes | generation 8 bytes | nonce 24 bytes |
 * ciphertext and 16-byte tag; numbers are big endian
 *
 * XChaCha20-Poly1305 under a key derived (crypto_kdf, context "meetauth", number 1) from the master
 * key in the key file (64 hex digits and a newline, 0400); everything in front of the ciphertext is
 * associated data; the key id is the first bytes of derived key 2. The plaintext is JSON:
 *
 *   {"hashKey": HEX, "nextKey": N, "keys": [{"id": N, "key": HEX}, …],
 *    "secrets": {NAME: {"next": N, "versions": [{"version": N, "created": SECONDS, "value":
 * BASE64}, …]}}}
 *
 * Readers take a snapshot; changes (meetauthctl only) happen under a lock and replace the file
 * whole. An older store that is put back with its key opens: no file can tell its own age.
 */
#pragma once

#include "base/file.h"
#include "secret/seal.h"
#include "secret/secret.h"

enum {
	STORE_NAME_MAX = 839, /* "totp/", the title of a backend, and a subject percent-encoded */
	STORE_VERSIONS_MAX = 8,
};

struct store_secret {
	const char *name;
	unsigned version; /* from 1, never used again */
	int64_t created;  /* seconds since 1970 */
	const struct secret *secret;
};

/* A snapshot, immutable. */
struct store;

/* NULL with an error that says what to do (no such file: "meetauthctl init"; wrong key; damaged;
 * modes). Also opens a store that a crash left between the two steps of a rekey. */
struct store *store_open(const char *path, const char *key_path, struct error *error);
void store_free(struct store **store);

/* The versions of a secret, newest first; `count` 0 when there is none. */
const struct store_secret *store_secrets(
	const struct store *store, const char *name, size_t *count);

/* The same as texts, into room for STORE_VERSIONS_MAX; they live as long as the store. Returns how
 * many. */
size_t store_texts(
	const struct store *store, const char *name, const char *texts[STORE_VERSIONS_MAX]);

/* All secrets, by name and newest first. */
const struct store_secret *store_all(const struct store *store, size_t *count);

/* Keys for cookies and tickets: the one that seals, the one that will seal after the next rotation,
 * older ones. */
const struct seal_ring *store_ring(const struct store *store);

/* Key for hashes in the shared state; survives rekey and rotate-keys. SEAL_KEY_SIZE bytes. */
const uint8_t *store_hash_key(const struct store *store);

/* The key in the shared state under which the time stands when a platform last accepted a version
 * of a secret. */
void store_accepted_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE]);

/* The same for when a platform last refused what the version stands for. */
void store_refused_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE]);

/* -- changes; each is atomic and durable when it returns 0, and has changed nothing when it returns
 * -1 -- */

/* Makes key file (mode 0400) and store (0600) with fresh keys. Refuses when either exists. When we
 * are root both belong to the owner of the store's folder, since the service has to read them. */
int store_init(const char *path, const char *key_path, struct error *error);

/* "meeting.example.org" (lower case, perhaps with a port), "backend/NAME", "totp/NAME/SUBJECT",
 * NAME being 1 to 64 letters, digits, "_", "." and "-", and SUBJECT percent-encoded, or
 * "meeting/PLATFORM/MEETING", MEETING being letters, digits, and "._~%@+/'-". 0, or -1 with the
 * form in the error. */
int store_check_name(const char *name, struct error *error);

/* 1 to SECRET_MAX bytes without control characters, and not dots alone: drivers percent-encode a
 * secret into an address, where they would be folded away. */
int store_check_value(const struct secret *value, struct error *error);

/* Adds a version; its number in *version_r. Refuses when there are STORE_VERSIONS_MAX: which one
 * can go is for the operator to say. */
int store_set(const char *path, const char *key_path, const char *name, const struct secret *value,
	unsigned *version_r, struct error *error);

/* One change: a new version takes the place of version `version`, as long as that is the newest. 0
 * with its number in *version_r; 1 when there is a newer one, which stays; -1. */
int store_replace(const char *path, const char *key_path, const char *name, unsigned version,
	const struct secret *value, unsigned *version_r, struct error *error);

/* The value becomes the only version; NULL: there is none any more. *dropped_r is how many versions
 * there were. */
int store_set_only(const char *path, const char *key_path, const char *name,
	const struct secret *value, size_t *dropped_r, struct error *error);

int store_retire(const char *path, const char *key_path, const char *name, unsigned version,
	struct error *error);

/* The next cookie key begins to seal and a new next one is made; keys beyond SEAL_KEYS_MAX fall off
 * the end. `forget`: all keys are new instead, and every session and ticket void. */
int store_rotate_keys(const char *path, const char *key_path, bool forget, struct error *error);

/* New master key. Two files change: the new key is written beside the old one, then the store, then
 * the key takes its place; a crash between leaves a store that opens, and the next change finishes
 * the job. */
int store_rekey(const char *path, const char *key_path, struct error *error);
