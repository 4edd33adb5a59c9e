/* SPDX-License-Identifier: MIT
 *
 * The users file of the backend `file`: read by file.c, changed by meetauthctl user. One line a
 * user:
 *
 *   # meetauth users 1
 *   anna:$argon2id$v=19$m=65536,t=2,p=1$SALT$HASH:Anna Kovács:anna@example.org:staff,hosts:
 *   bert:!$argon2id$…:Bert:::2026-12-31T18:00:00Z
 *   name:password hash:display name:e-mail:groups, by commas:expires (RFC 3339, UTC)
 *
 * The first line is the format's version. Empty lines and lines that begin with # are skipped. All
 * six fields stand in every line; display name, e-mail, groups and expiry may be empty. A seventh,
 * ":N", counts how often the user was enabled again: sessions from before do not come back. In a
 * field but the hash and the expiry, %XX is the byte with that hex code, so that any printable
 * UTF-8 fits: a colon is %3A, a percent sign %25, a comma in a group %2C, a # in front of a name
 * %23. A
 * `!` before the hash, as in shadow(5), disables the user and keeps the password. Names are unique
 * and in canonical form.
 *
 * Or an htpasswd file (htpasswd.h): names and hashes alone, as another program keeps them. Names
 * are compared as they are then, since that program does so.
 *
 * One bad line makes the whole file bad: a list of who may come in is not to be half read, where
 * the half that is lost may be the one that shuts somebody out.
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

/* All strings live as long as the table (or, for users_format(), as their owner). */
struct user {
	const char *name;
	const char *hash;    /* without the `!` */
	const char *display; /* "" where unknown, as the e-mail */
	const char *email;
	const char *groups; /* group_count strings, each with its NUL, one behind the other */
	size_t group_count;
	int64_t expires; /* seconds since 1970, from then on refused; 0: never */
	size_t line;	 /* in the file, from 1 */
	bool disabled;
	int64_t enablings;	  /* how often the user was enabled again */
	char digest[DIGEST_SIZE]; /* of all that a session rests on */
};

/* What kind of file it is. */
enum users_kind { USERS_OWN = 0, USERS_HTPASSWD };

/* A file as it was read: immutable, shared by counting. */
struct users;

/* The kind called "users" or "htpasswd". 0, or -1 when it is called something else. */
int users_kind_named(const char *name, enum users_kind *kind_r);

/* Whether this build can read files of the kind. */
bool users_kind_available(enum users_kind kind);

/* Reads and checks the file, which must be FILE_PRIVATE. NULL with "PATH:LINE: …" in the error. The
 * caller holds one count. */
struct users *users_load(const char *path, enum users_kind kind, struct error *error);

/* The same for text of our own kind that is already there (taken over, in every case); `path` is
 * for the errors. */
struct users *users_parse(const char *path, struct buffer *text, struct error *error);

struct users *users_hold(struct users *users);
void users_drop(struct users **users); /* wipes and frees with the last count; NULL is fine */

/* The form of a typed name in which users_find() knows it: canonical, or for an htpasswd file as it
 * is. As identity_canonical_name(). */
int users_key(const struct users *users, const char *name, char key[USERS_NAME_SIZE]);

/* By the name as users_key() makes it, in whichever way its letters are written (fold_compose());
 * NULL when there is none. */
const struct user *users_find(const struct users *users, const char *key);

/* By position, in the order of the names; NULL past the end. */
const struct user *users_at(const struct users *users, size_t index);

/* Neither disabled nor expired at `now` (seconds since 1970). */
bool users_is_active(const struct user *user, int64_t now);

/* What is wrong with a user, as a sentence and a constant; NULL when it may stand in the file. */
const char *users_fault(const struct user *user);

/* Checks the password of `user`. With NULL it does the work of a user of the file, chosen by `name`
 * so that where costs differ unknown names take as long as known ones, and says PASSWORD_MISMATCH.
 */
enum password_match users_verify(
	const struct users *users, const struct user *user, const char *name, const char *password);

/* Appends the user's line with its newline; users_parse() of it gives the same user. */
void users_format(const struct user *user, struct buffer *line);
