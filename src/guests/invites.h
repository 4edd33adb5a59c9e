/* SPDX-License-Identifier: MIT
 *
 * Invitations: links that let guests without an account into one meeting. They are stored in a file
 * of records (records.h). The link contains a token, which is the unpadded base64url of
 *
 *   id, 16 bytes | keyed BLAKE2b, 32 bytes, over all members of the invitation
 *
 * The key is a secret of the store. So somebody who can read or write the file can neither make a
 * valid link nor change the meeting, name or expiry of an existing one.
 */
#pragma once

#include "base/identity.h"
#include "guests/records.h"

#define INVITE_SUBJECT "invite-" /* followed by the id: the subject of the guest's session */

enum { INVITES_TOKEN_SIZE = 65 }; /* characters, with the NUL */

/* The strings belong to the list, or to whoever made the struct. They are never NULL. */
struct invite {
	const char *id;		   /* RECORDS_ID_SIZE */
	const char *platform;	   /* lower case */
	const char *meeting;	   /* the meeting's id */
	const char *meeting_token; /* as in the platform's URL of the meeting */
	const char *name;
	const char *email;		   /* "" if unknown, like the next two */
	const char *by;			   /* who created it: "BACKEND/SUBJECT" */
	const char *host;		   /* the display name of that person */
	const char *title;		   /* what pages call the meeting, or "" */
	int64_t created, expires, revoked; /* seconds since 1970; 0: never */
};

extern const struct records_type invites_type;

/* Makes the token of an invitation with a secret, which is NUL-terminated text. */
void invites_token(const struct invite *invite, const char *secret, char token[INVITES_TOKEN_SIZE]);

/* Returns the invitation of a token, active or not, which belongs to the list. Returns NULL if none
 * of the secrets made the token, or the invitation was changed afterwards. */
const struct invite *invites_open(const struct records *invites, const char *token,
	const char *const *secrets, size_t secret_count);

/* -- changes, under the file's lock -- */

/* Adds an invitation with a new id, which is copied to id_r; invite->id is ignored. Also drops
 * invitations that expired more than RECORDS_KEPT ago. Returns 0 or -1. */
int invites_add(const char *path, const struct invite *invite, char id_r[RECORDS_ID_SIZE],
	struct error *error);

/* Adds several invitations in one change of the file. Their ids are copied to `ids`, and
 * invites[i].id points there. Returns 0, or -1 with none added. */
int invites_add_all(const char *path, struct invite *invites, size_t count,
	char (*ids)[RECORDS_ID_SIZE], struct error *error);

/* Revokes the active invitations to a meeting that `by` has created; *count_r is their number.
 * Returns 0 or -1. */
int invites_end_meeting(const char *path, const char *platform, const char *meeting, const char *by,
	size_t *count_r, struct error *error);

/* Revokes an invitation. *found_r is whether it exists; a revoked one stays unchanged. name_r,
 * which may be NULL, receives the guest's name, or "". Returns 0 or -1. */
int invites_revoke(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error);

/* Takes a revocation back. *found_r is whether there is such an invitation, revoked and not
 * expired. name_r is as above. Returns 0 or -1. */
int invites_restore(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error);
