/* SPDX-License-Identifier: MIT
 *
 * The sealed store: API keys by name, and the keys that the pool seals cookies with. One small
 * file:
 *
 *   "MEETAUTH" | format 1 byte: 1 or 2 | key id 4 bytes | generation 8 bytes | nonce 24 bytes |
 *   ciphertext and 16-byte tag; numbers are big endian
 *
 * It is encrypted with XChaCha20-Poly1305. The key is derived (crypto_kdf, context "meetauth",
 * number 1) from the master key in the key file (64 hex digits and a newline, mode 0400).
 * Everything before the ciphertext is associated data. The key id is the first bytes of derived key
 * 2. The plaintext is JSON:
 *
 *   {"hashKey": HEX, "nextKey": N, "keys": [{"id": N, "key": HEX}, …],
 *    "secrets": {NAME: {"next": N, "versions": [{"version": N, "created": SECONDS,
 *     "value": BASE64, "expires": SECONDS}, …]}}}
 *
 * Only versions that end have "expires". A store with such a version has format 2. Programs that do
 * not know "expires" refuse that format; they would go on using a version that has ended.
 *
 * Readers take a snapshot. A change happens under a lock and replaces the whole file. An older
 * store that is restored together with its key opens: no file can tell its own age.
 */
#pragma once

#include "base/file.h"
#include "secret/seal.h"
#include "secret/secret.h"

enum {
	STORE_NAME_MAX = 839, /* "totp/", the title of a backend, and a subject percent-encoded */
	STORE_VERSIONS_MAX = 8,
	STORE_SETTLE_S = 10,
};

struct store_secret {
	const char *name;
	unsigned version; /* counted from 1; a number is never used twice */
	int64_t created;  /* seconds since 1970 */
	int64_t expires;  /* the same; 0: never */
	const struct secret *secret;
};

/* A snapshot, which never changes. */
struct store;

/* Reads the store. NULL with an error that says what to do (the file is missing: "meetauthctl
 * init"; wrong key; damaged; wrong mode). Also opens a store if a crash interrupted a rekey. */
struct store *store_open(const char *path, const char *key_path, struct error *error);
void store_free(struct store **store);

/* The versions of a secret that may be used at `now` (seconds since 1970), newest first. They live
 * as long as the store. `count` is 0 if there is none. When a version ends, the older ones end with
 * it. */
const struct store_secret *store_secrets(
	const struct store *store, const char *name, int64_t now, size_t *count);

/* The version to sign something with that any process of the pool may have to verify at once. The
 * processes read a new version within a second, where they have time: until STORE_SETTLE_S have
 * passed the one before it signs, unless that one is to end. Lives as long as the store; NULL if
 * the secret has no version. */
const struct store_secret *store_signing(const struct store *store, const char *name, int64_t now);

/* When a secret ended that had versions and may not be used at `now`; 0 for any other. */
int64_t store_ended(const struct store *store, const char *name, int64_t now);

/* The same as strings, in an array of STORE_VERSIONS_MAX. They live as long as the store. Returns
 * their number. */
size_t store_texts(const struct store *store, const char *name, int64_t now,
	const char *texts[STORE_VERSIONS_MAX]);

/* All secrets, sorted by name, newest first; also those that have ended. */
const struct store_secret *store_all(const struct store *store, size_t *count);

/* The keys for cookies and tickets: the one that seals, the one that will seal after the next
 * rotation, then older ones. */
const struct seal_ring *store_ring(const struct store *store);

/* Every change of the file raises it. */
uint64_t store_generation(const struct store *store);

/* The key for hashes in the shared state, SEAL_KEY_SIZE bytes. rekey and rotate-keys do not change
 * it. */
const uint8_t *store_hash_key(const struct store *store);

/* Computes a key of the shared state for what is stored about one version of a secret; `what` is a
 * constant such as "renewal". */
void store_version_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *what, const char *name,
	unsigned version, uint8_t key[SEAL_HASH_SIZE]);

/* The key for the time when a platform last accepted a version. */
void store_accepted_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE]);

/* The key for the time when a platform last refused credentials made with a version. */
void store_refused_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE]);

/* -- changes: each is atomic; after 0 it is durable, after -1 nothing has changed -- */

/* Creates the key file (mode 0400) and the store (0600) with new keys. Fails if either exists. If
 * called by root, both files belong to the owner of the store's folder, because the service has to
 * read them. */
int store_init(const char *path, const char *key_path, struct error *error);

/* Checks the name of a secret: "meeting.example.org" (lower case, optionally with a port),
 * "backend/NAME", "totp/NAME/SUBJECT" or "meeting/PLATFORM/MEETING". NAME is 1 to 64 letters,
 * digits, "_", "." and "-"; SUBJECT is percent-encoded; MEETING is letters, digits and "._~%@+/'-".
 * 0, or -1 with an error that names the forms. */
int store_check_name(const char *name, struct error *error);

/* Checks a value: 1 to SECRET_MAX bytes without control characters, and not only dots, because
 * drivers percent-encode a secret into a URL, where "." and ".." would be removed. 0, or -1 with an
 * error. */
int store_check_value(const struct secret *value, struct error *error);

/* Adds a version, which ends at `expires` (0: never), and sets *version_r to its number. Fails if
 * there are STORE_VERSIONS_MAX versions: the operator decides which one to retire. */
int store_set(const char *path, const char *key_path, const char *name, const struct secret *value,
	int64_t expires, unsigned *version_r, struct error *error);

/* A secret to import, and what the import did. */
struct store_import {
	const char *name;
	const struct secret *value;
	int64_t expires; /* 0: never */
};

struct store_imported {
	size_t added, replaced, unchanged;
};

/* One change: each value becomes the only version of its name, and keeps its number where it was
 * the newest already. No name may come twice. */
int store_import(const char *path, const char *key_path, const struct store_import *list,
	size_t count, struct store_imported *done_r, struct error *error);

/* Replaces version `version` by a new one with the same end, in one change, if it is the newest. 0
 * with the new number in *version_r; 1 if a newer version exists, and nothing changes; -1 with an
 * error. */
int store_replace(const char *path, const char *key_path, const char *name, unsigned version,
	const struct secret *value, unsigned *version_r, struct error *error);

/* Makes the value the only version; NULL removes all versions. *dropped_r is how many versions
 * there were. */
int store_set_only(const char *path, const char *key_path, const char *name,
	const struct secret *value, size_t *dropped_r, struct error *error);

int store_retire(const char *path, const char *key_path, const char *name, unsigned version,
	struct error *error);

/* Makes the next cookie key the sealing one and adds a new next key; keys beyond SEAL_KEYS_MAX are
 * dropped. With `forget`, replaces all keys, which ends every session and ticket. */
int store_rotate_keys(const char *path, const char *key_path, bool forget, struct error *error);

/* Sets a new master key in three steps: writes the new key beside the old one, replaces the store,
 * puts the new key in place. If a crash interrupts it, the store still opens, and the next change
 * finishes the steps. */
int store_rekey(const char *path, const char *key_path, struct error *error);
