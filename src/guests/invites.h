/* SPDX-License-Identifier: MIT
 *
 * Invitations: links that let a guest without an account into one meeting. A file of records
 * (records.h), and the link's token: base64url, unpadded, of
 *
 *   id 16 bytes | BLAKE2b 32 bytes over everything the invitation says, keyed with a secret
 *
 * so that somebody who can read or write the file can neither make a link that works, nor give an
 * existing one another meeting, name or end.
 */
#pragma once

#include "base/identity.h"
#include "guests/records.h"

#define INVITE_SUBJECT "invite-" /* and the id: whose session it is */

enum { INVITES_TOKEN_SIZE = 65 }; /* characters, with the NUL */

/* Strings live as long as the list, or as their owner; none is NULL. */
struct invite {
	const char *id;		   /* RECORDS_ID_SIZE */
	const char *platform;	   /* lower case */
	const char *meeting;	   /* the id */
	const char *meeting_token; /* from the platform's address of the meeting */
	const char *name;
	const char *email; /* "" where unknown, as the next two */
	const char *by;	   /* who made it: "BACKEND/SUBJECT" */
	const char *host;  /* the same as people read it */
	int64_t created, expires, revoked;
};

extern const struct records_type invites_type;

/* The token of an invitation, under a secret (NUL-terminated text). */
void invites_token(const struct invite *invite, const char *secret, char token[INVITES_TOKEN_SIZE]);

/* The invitation that a token is of, whether active or not; NULL when none of the secrets made the
 * token, or the invitation has changed since. */
const struct invite *invites_open(const struct records *invites, const char *token,
	const char *const *secrets, size_t secret_count);

/* -- changes, under the file's lock -- */

/* Adds one with a new id, which goes to id_r; invite->id does not count. Drops those that expired
 * RECORDS_KEPT ago. 0 or -1. */
int invites_add(const char *path, const struct invite *invite, char id_r[RECORDS_ID_SIZE],
	struct error *error);

/* Adds several in one change of the file; their ids go to `ids`, and invites[i].id points there. 0;
 * or -1, and none was added. */
int invites_add_all(const char *path, struct invite *invites, size_t count,
	char (*ids)[RECORDS_ID_SIZE], struct error *error);

/* Revokes those that `by` has made for a meeting and that are active; *count_r says how many. 0 or
 * -1. */
int invites_end_meeting(const char *path, const char *platform, const char *meeting, const char *by,
	size_t *count_r, struct error *error);

/* Revokes one; *found_r says whether it exists. One that is revoked already stays as it is.
 * name_r (NULL: not wanted) gets the guest's name, or "". 0 or -1. */
int invites_revoke(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error);
