/* SPDX-License-Identifier: MIT
 *
 * The users file of backend "file", which file.c reads and `meetauthctl user` changes. It has one
 * line per user:
 *
 *   # meetauth users 1
 *   anna:$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH:Anna Kovács:anna@example.org:staff,hosts:
 *   bert:!$argon2id$…:Bert:::2026-12-31T18:00:00Z
 *   name:password hash:display name:e-mail:groups, separated by commas:expires (RFC 3339, UTC)
 *
 * The first line names the version of the format. Empty lines and lines that begin with # are
 * skipped. Every line has all six fields; display name, e-mail, groups and expiry may be empty. An
 * optional seventh field, ":N", counts how often the user was enabled again, so that older sessions
 * stay invalid. In all fields except hash and expiry, %XX is the byte with that hex code, so that
 * they can contain any printable UTF-8: a colon is %3A, a percent sign %25, a comma in a group %2C,
 * and a # at the start of a name %23. A `!` before the hash, as in shadow(5), disables the user and
 * preserves the password. Names are unique and canonical.
 *
 * Alternatively it is an htpasswd file (htpasswd.h) of another program, with only names and hashes.
 * Then names are compared byte by byte, as that program does.
 *
 * One invalid line makes the whole file invalid: the part that could not be read might disable
 * somebody.
 */
#pragma once

#include "secret/digest.h"
#include "secret/password.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"

#include <stdint.h>

#define USERS_FIRST_LINE "# meetauth users 1\n"

enum {
	USERS_FILE_MAX = 64 * 1024 * 1024,
	USERS_NAME_SIZE = IDENTITY_SUBJECT_MAX + 1, /* with the NUL */
};

/* The strings belong to the table, or to whoever made the struct for users_format(). */
struct user {
	const char *name;
	const char *hash;    /* without the `!` */
	const char *display; /* display name, or "" */
	const char *email;   /* or "" */
	const char *groups;  /* group_count consecutive strings, each with its NUL */
	size_t group_count;
	int64_t expires; /* seconds since 1970; 0: never */
	size_t line;	 /* number of its line, from 1 */
	bool disabled;
	int64_t enablings;	  /* how often the user was enabled again */
	char digest[DIGEST_SIZE]; /* of everything that a session depends on */
};

/* The formats. */
enum users_kind { USERS_OWN = 0, USERS_HTPASSWD };

/* The users of a file when it was read. Immutable and reference-counted. */
struct users;

/* Finds the format "users" or "htpasswd". Returns 0, or -1 for another name. */
int users_kind_named(const char *name, enum users_kind *kind_r);

/* Whether this build can read files of this format. */
bool users_kind_available(enum users_kind kind);

/* Reads and validates a file, which must be FILE_PRIVATE. The caller has one reference to the
 * result. Returns NULL with the error "PATH:LINE: …" on failure. */
struct users *users_load(const char *path, enum users_kind kind, struct error *error);

/* The same for text in our own format. Always takes ownership of the text. `path` is for errors. */
struct users *users_parse(const char *path, struct buffer *text, struct error *error);

/* Adds a reference, and returns `users`. */
struct users *users_hold(struct users *users);
void users_drop(struct users **users); /* releases one; NULL is fine */

/* Converts a typed name for users_find(): to its canonical form, or unchanged for an htpasswd file.
 * Returns what identity_canonical_name() returns. */
int users_key(const struct users *users, const char *name, char key[USERS_NAME_SIZE]);

/* Finds a user by the name from users_key(), in any Unicode normalization (fold_compose()). Returns
 * NULL if there is none. The user belongs to the table. */
const struct user *users_find(const struct users *users, const char *key);

/* Iterates over the users, sorted by name. Returns NULL past the end. */
const struct user *users_at(const struct users *users, size_t index);

/* Whether a user is neither disabled nor expired at `now` (seconds since 1970). */
bool users_is_active(const struct user *user, int64_t now);

/* Validates a user for the file. Returns NULL, or a constant that says what is wrong. */
const char *users_fault(const struct user *user);

/* Verifies the password of `user`. If `user` is NULL, verifies against the hash of some user of the
 * file, which `name` selects, and returns PASSWORD_MISMATCH: so unknown names take as long as known
 * ones, also if the hashes' costs differ. */
enum password_match users_verify(
	const struct users *users, const struct user *user, const char *name, const char *password);

/* Appends the user's line with its newline. users_parse() parses it into the same user. */
void users_format(const struct user *user, struct buffer *line);
