/* SPDX-License-Identifier: MIT
 *
 * Lines of an htpasswd file as in nginx and Apache (NAME:HASH, optionally followed by :COMMENT),
 * with the secure password hashes of crypt(5): bcrypt ($2y$, $2b$, $2a$), SHA-crypt ($5$, $6$) and
 * yescrypt ($y$). Private to users.c.
 */
#pragma once

#include "auth/users.h"

/* Limits of a hash's cost. Each is at most about a second. */
enum {
	HTPASSWD_BCRYPT_MAX = 14,
	HTPASSWD_ROUNDS_MAX = 1000000,
	HTPASSWD_YESCRYPT_MAX_MIB = 256,
};

/* Whether this build can check such hashes (libcrypt). */
bool htpasswd_available(void);

/* Parses a line in place; the user's texts point into it. Returns NULL, or a constant that says
 * what is wrong. */
const char *htpasswd_read_line(char *line, struct user *user);

/* Verifies a password. The time depends on the hash. bcrypt uses only the first 72 bytes of a
 * password. */
enum password_match htpasswd_verify(const char *hash, const char *password);
