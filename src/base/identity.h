/* SPDX-License-Identifier: MIT
 *
 * A person, as a backend identified them. auth/ makes it, session/ keeps it in the cookie, policy/
 * reads it, platform/ sends name and e-mail to the platform.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IDENTITY_SUBJECT_MAX = 256, /* bytes of UTF-8, without the NUL */
	IDENTITY_NAME_MAX = 256,
	IDENTITY_EMAIL_MAX = 254, /* RFC 5321 4.5.3.1.3 less the brackets */
	IDENTITY_ACR_MAX = 256,
	IDENTITY_REFRESH_DATA_MAX = 2048,
	IDENTITY_DIGEST_MAX = 64,
	IDENTITY_GROUP_MAX = 128,
	IDENTITY_GROUPS_MAX = 64,
	IDENTITY_MEETING_MAX = 1284, /* a platform's title, a slash, JOIN_MEETING_MAX */
	IDENTITY_MEETINGS_MAX = 32,
};

/* All strings are owned and UTF-8. In a complete identity `backend` (the title of its section) and
 * `subject` are never NULL; the others are NULL if unknown. */
struct identity {
	char *backend;
	char *subject;
	char *name;
	char *email; /* verified; unverified addresses are left out */
	char **groups;
	size_t group_count;
	/* 0: `groups` is complete. Otherwise groups that no rule names were left out, and this is
	 * the digest of what names groups (service/groups.h). */
	uint64_t groups_digest;
	char *acr; /* authentication context class from the provider (OpenID Connect Core 1.0,
		      section 2) */
	bool second_factor; /* the person gave a second factor */
	bool guest; /* nobody has checked who they are: only a rule that names the backend admits
		       them */
	char **meetings; /* "PLATFORM/MEETING-ID": valid for these meetings only; none: for all */
	size_t meeting_count;
	char *provider_session; /* digest of the id (sid) of the provider's session */
	char *refresh_data; /* secret data with which the backend reads the groups again; wiped */
	/* Digests of what the sign-in depended on: the account (password, entry), compared by the
	 * backend; and the second factor's key in the store (NULL: none). If either changes, the
	 * session ends. */
	char *account, *factor;
};

#define IDENTITY_INIT ((struct identity){0})

/* The form in which a name is stored, looked up and counted by a throttle: ASCII letters in lower
 * case. 0; or -1 (and "") if the name is empty, longer than IDENTITY_SUBJECT_MAX bytes, not UTF-8,
 * has a control character, or blanks around it: no user has such a name. */
int identity_canonical_name(const char *name, char canonical[IDENTITY_SUBJECT_MAX + 1]);

/* The subject for a typed name that a server accepts in any spelling, if the server returns no
 * name: without blanks around it, single blanks within, lower case. 0; or -1 (and "") for names
 * that may be another spelling of a plain name: with anything but ASCII letters and digits, `.`,
 * `_`, `-`, `'` and blanks (a realm, a domain, accents, full-width letters), with a dot at the end,
 * or longer than IDENTITY_SUBJECT_MAX bytes. */
int identity_plain_name(const char *typed, char subject[IDENTITY_SUBJECT_MAX + 1]);

/* Sets a string field to a copy (or to NULL for NULL and ""). 0, or -1 without memory or when it is
 * longer than `maximum` bytes, has a control character or is not UTF-8. */
int identity_set(char **field, const char *text, size_t maximum);

/* Drops a name that has invisible characters or direction marks, wherever it comes from: it is only
 * shown, so it must not prevent a sign-in. */
void identity_check_name(struct identity *identity);

/* What a guest is called, whose subject tells nobody anything; NULL for everybody else. */
const char *identity_guest_name(const struct identity *identity);

/* Adds a group; twice the same is once. 0, or -1 for the reasons above or too many. */
int identity_add_group(struct identity *identity, const char *group);

bool identity_has_group(const struct identity *identity, const char *group);

/* Adds a meeting for which the identity is valid, unless it is there already. 0, or -1 as above. */
int identity_add_meeting(struct identity *identity, const char *platform, const char *meeting_id);

/* Whether the identity is valid for this meeting. */
bool identity_is_good_for(
	const struct identity *identity, const char *platform, const char *meeting_id);

/* Moves everything from `from`, which is empty afterwards. */
void identity_move(struct identity *to, struct identity *from);

/* The same but keeps who->backend: for a backend that fills an identity at once or not at all. */
void identity_adopt(struct identity *who, struct identity *from);

/* Swaps name (identity_check_name()), e-mail and groups, which may have changed since the sign-in.
 * `from` has the old ones afterwards. */
void identity_renew(struct identity *who, struct identity *from);

void identity_release(struct identity *identity);
