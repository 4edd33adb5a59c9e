/* SPDX-License-Identifier: MIT
 *
 * Who somebody is, as a backend found out. auth/ makes it, session/ keeps it in the cookie,
 * policy/ reads it, platform/ passes name and e-mail on.
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
	IDENTITY_KEPT_MAX = 2048,
	IDENTITY_DIGEST_MAX = 64,
	IDENTITY_GROUP_MAX = 128,
	IDENTITY_GROUPS_MAX = 64,
	IDENTITY_MEETING_MAX = 1284, /* a platform's title, a slash, JOIN_MEETING_MAX */
	IDENTITY_MEETINGS_MAX = 32,
};

/* All strings are owned and UTF-8. backend and subject are never NULL in a complete identity; the
 * others are NULL where unknown. `backend` is the title of the backend's section. */
struct identity {
	char *backend;
	char *subject;
	char *name;
	char *email; /* verified by whoever the backend trusts; an unverified one is left out */
	char **groups;
	size_t group_count;
	/* 0: these are all. Else those that nothing named were left out; what did
	 * (service/groups.h).
	 */
	uint64_t groups_digest;
	char *acr; /* authentication context class that a provider vouches for (OpenID Connect Core
		      1.0, section 2) */
	bool second_factor; /* more than one factor was checked */
	bool guest;	 /* nobody vouches for them: only a rule that names the backend lets in */
	char **meetings; /* "PLATFORM/MEETING-ID": good for these only; none: for any */
	size_t meeting_count;
	char *provider_session; /* digest of the id (sid) of the provider's session */
	char *kept; /* what the backend needs to read the groups again; a secret: wiped */
	/* Digests of what the sign-in rested on. A session ends when either is another one later:
	 * the account (its password, its entry), as the backend compares it, and the key of the
	 * second factor in the store (NULL: there was none). */
	char *account, *factor;
};

#define IDENTITY_INIT ((struct identity){0})

/* The one form of a name in which it is stored, looked up and counted by a throttle: ASCII letters
 * in lower case. 0, or -1 (and "") when the name is empty, longer than IDENTITY_SUBJECT_MAX bytes,
 * not UTF-8, has a control character, or blanks around it: no user has such a name. */
int identity_canonical_name(const char *name, char canonical[IDENTITY_SUBJECT_MAX + 1]);

/* The one subject of a name for which there is nothing but what somebody typed, whom a server lets
 * in by any spelling: blanks around it are taken off, those within made one, letters put into lower
 * case. 0; or -1 (and "") for what may be another spelling of a plain name: anything but letters
 * and digits of ASCII, `.`, `_`, `-`, `'` and blanks (a realm, a domain, accents, letters of full
 * width), a dot at the end, or more than IDENTITY_SUBJECT_MAX bytes. */
int identity_plain_name(const char *typed, char subject[IDENTITY_SUBJECT_MAX + 1]);

/* Sets a string field to a copy (or to NULL for NULL and ""). 0, or -1 without memory or when it is
 * longer than `maximum` bytes, has a control character or is not UTF-8. */
int identity_set(char **field, const char *text, size_t maximum);

/* What a guest is called, whose subject tells nobody anything; NULL for everybody else. */
const char *identity_guest_name(const struct identity *identity);

/* Adds a group; twice the same is once. 0, or -1 for the reasons above or too many. */
int identity_add_group(struct identity *identity, const char *group);

bool identity_has_group(const struct identity *identity, const char *group);

/* Adds a meeting to those that it is good for; twice the same is once. 0, or -1 as above. */
int identity_add_meeting(struct identity *identity, const char *platform, const char *meeting_id);

/* Whether it is good for this meeting. */
bool identity_is_good_for(
	const struct identity *identity, const char *platform, const char *meeting_id);

/* Takes over everything `from` owns; `from` is empty afterwards. */
void identity_move(struct identity *to, struct identity *from);

/* The same, but for `backend`, which stays: for a backend, all at once or not at all. */
void identity_adopt(struct identity *who, struct identity *from);

/* Takes over name, e-mail and groups alone, which may have changed since somebody signed in. `from`
 * has the old ones afterwards. */
void identity_renew(struct identity *who, struct identity *from);

void identity_release(struct identity *identity);
