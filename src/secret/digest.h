/* SPDX-License-Identifier: MIT
 *
 * A digest of the account data on which a session depends (identity.account): if the data change,
 * the session ends. It is part of the sealed cookie, so it is only 128 bits of BLAKE2b. It reveals
 * nothing about a password's hash, since it also covers the salt.
 */
#pragma once

#include "base/banned.h"

#include <sodium.h>

enum { DIGEST_SIZE = 33 }; /* 32 hex digits and the NUL */

struct digest {
	crypto_generichash_state state;
};

void digest_begin(struct digest *digest);

/* Adds bytes with their length, so that ("a", "bc") and ("ab", "c") differ. */
void digest_add(struct digest *digest, const void *bytes, size_t length);
void digest_text(struct digest *digest, const char *text);

void digest_end(struct digest *digest, char hex[DIGEST_SIZE]);
