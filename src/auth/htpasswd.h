/* SPDX-License-Identifier: MIT
 *
 * Lines of an htpasswd file, as nginx and Apache have them (NAME:HASH, and perhaps :COMMENT), with
 * the password hashes of crypt(5) that are worth having: bcrypt ($2y$, $2b$, $2a$), SHA-crypt ($5$,
 * $6$) and yescrypt ($y$). Private to users.c.
 */
#pragma once

#include "auth/users.h"

/* What a login may cost, whatever the file says: each about a second at most. */
enum {
	HTPASSWD_BCRYPT_MAX = 14,
	HTPASSWD_ROUNDS_MAX = 1000000,
	HTPASSWD_YESCRYPT_MAX_MIB = 256,
};

/* Whether this build can check such hashes (libcrypt). */
bool htpasswd_available(void);

/* Takes a line apart in place; the user's texts point into it. What is wrong, as a constant; NULL
 * when it is good. */
const char *htpasswd_read_line(char *line, struct user *user);

/* Takes as long as the hash says. Of bcrypt, only the first 72 bytes of a password count. */
enum password_match htpasswd_verify(const char *hash, const char *password);
