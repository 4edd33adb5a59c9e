/* SPDX-License-Identifier: MIT
 *
 * Invitations: links that let a guest without an account into one meeting. A file of them
 * (records.h), and the link's token: base64url, unpadded, of
 *
 *   id 16 bytes | BLAKE2b 32 bytes over everything the invitation says, keyed with a secret
 *
 * so that whoever can read the file, or write it, can make no link that works, nor give one that
 * exists another meeting, name or end.
 */
#ifndef GUESTS_INVITES_H
#define GUESTS_INVITES_H

#include "guests/records.h"

#include "base/identity.h"

#define INVITE_SUBJECT "invite-" /* and the id: whose session it is */

enum { INVITES_TOKEN_SIZE = 65 }; /* characters, with the NUL */

/* Strings live as long as the table, or as their owner; none is NULL. */
struct invite {
	const char *id;		   /* RECORDS_ID_SIZE */
	const char *platform;	   /* lower case */
	const char *meeting;	   /* the id */
	const char *meeting_token; /* that the platform's address of the meeting has */
	const char *name;
	const char *email; /* "" where unknown */
	int64_t created;   /* seconds since 1970 */
	int64_t expires;   /* from then on refused; 0: never */
	int64_t revoked;   /* since when; 0: not */
};

/* A file as it was read: immutable, in its order. */
struct invites;

/* NULL with an error; none where there is no file. */
struct invites *invites_load(const char *path, struct error *error);
void invites_free(struct invites **invites);

const struct invite *invites_find(const struct invites *invites, const char *id);
const struct invite *invites_at(const struct invites *invites, size_t index);

/* Neither revoked nor expired at `now`. */
bool invites_is_active(const struct invite *invite, int64_t now);

/* What is wrong with an invitation (but its id), as a constant sentence; NULL: nothing. */
const char *invites_fault(const struct invite *invite);

/* The token of an invitation, under a secret (NUL-terminated text). */
void invites_token(const struct invite *invite, const char *secret, char token[INVITES_TOKEN_SIZE]);

/* The invitation that a token is of, whether active or not; NULL when none of the secrets made the
 * token, or the invitation has changed since. */
const struct invite *invites_open(const struct invites *invites, const char *token,
	const char *const *secrets, size_t secret_count);

/* -- changes, under the file's lock -- */

/* Adds one with a new id, which goes to id_r; invite->id does not count. Forgets those that expired
 * RECORDS_KEPT ago. 0 or -1. */
int invites_add(const char *path, const struct invite *invite, char id_r[RECORDS_ID_SIZE],
	struct error *error);

/* Revokes one; *found_r says whether there is such. One that is revoked already stays as it is.
 * name_r (NULL: not wanted) gets whose it is, or "". 0 or -1. */
int invites_revoke(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error);

#endif
