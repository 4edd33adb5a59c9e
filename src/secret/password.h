/* SPDX-License-Identifier: MIT
 *
 * Password hashes of a users file: argon2id in the format of libsodium's crypto_pwhash_str(),
 * $argon2id$v=19$m=65536,t=2,p=1$SALT$HASH with one lane, 16 bytes of salt and 32 bytes of hash.
 */
#pragma once

#include "base/banned.h"

enum {
	PASSWORD_HASH_SIZE = 128,	      /* crypto_pwhash_STRBYTES */
	PASSWORD_MEMORY_MAX_KIB = 256 * 1024, /* the most that a login may use */
	PASSWORD_PASSES_MAX = 8,
};

/* A hash to verify against when there is no such user, at the costs of password_hash(). No password
 * matches it. */
extern const char password_nobody[];

/* Returns what is wrong with a hash, as a constant; NULL if password_verify() can use it within the
 * limits. */
const char *password_hash_fault(const char *hash);

/* Normalises the password (typed_password()) and hashes it at libsodium's "interactive" costs (64
 * MiB, 2 passes). 0, or -1 if memory ran out. */
int password_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);

enum password_match {
	PASSWORD_MISMATCH = 0,
	PASSWORD_BROKEN, /* the password was not checked: memory ran out, or the hash is damaged */
	PASSWORD_MATCH,
};

/* Blocks for tens of milliseconds and uses as much memory as the hash says. */
enum password_match password_verify(const char *hash, const char *password);
