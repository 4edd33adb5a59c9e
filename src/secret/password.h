/* SPDX-License-Identifier: MIT
 *
 * Password hashes as they stand in a users file: argon2id as libsodium's crypto_pwhash_str() makes
 * it
 * ($argon2id$v=19$m=65536,t=2,p=1$SALT$HASH; one lane, 16 bytes of salt, 32 of hash).
 */
#pragma once

#include "base/banned.h"

enum {
	PASSWORD_HASH_SIZE = 128,	      /* crypto_pwhash_STRBYTES */
	PASSWORD_MEMORY_MAX_KIB = 256 * 1024, /* what a login may cost us, whatever the file says */
	PASSWORD_PASSES_MAX = 8,
};

/* Of a password that nobody knows, at the costs of password_hash(). */
extern const char password_nobody[];

/* What is wrong with a hash, as a constant; NULL when it can be verified at a cost within the
 * limits. */
const char *password_hash_fault(const char *hash);

/* Hashes the password in the form that typed_password() makes, at libsodium's "interactive" costs
 * (64 MiB, 2 passes). 0, or -1 without memory. */
int password_hash(const char *password, char hash[PASSWORD_HASH_SIZE]);

enum password_match {
	PASSWORD_MISMATCH = 0,
	PASSWORD_BROKEN, /* no memory for the work: says nothing about the password */
	PASSWORD_MATCH,
};

/* Takes tens of milliseconds and the memory that the hash names. */
enum password_match password_verify(const char *hash, const char *password);
