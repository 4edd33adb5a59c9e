/* SPDX-License-Identifier: MIT
 *
 * Accounts of guests. Each has a name, a password and the meetings that the guest may join. They
 * are created at the guest desk and stored in a file (records.h).
 */
#pragma once

#include "base/identity.h"
#include "guests/records.h"
#include "secret/digest.h"
#include "secret/password.h"

#define ACCOUNT_SUBJECT "guest-" /* and the account's id: the subject of a guest's session */

enum {
	ACCOUNT_MEETINGS_MAX = 16,
	ACCOUNT_MEETINGS_ROOM = 1536, /* bytes of all together: the session cookie has them */
	ACCOUNT_PASSWORD_MIN = 10,    /* bytes */
};

/* The strings belong to the list, or to whoever made the struct. They are never NULL. */
struct account {
	const char *id;	     /* RECORDS_ID_SIZE */
	const char *name;    /* the user name: canonical (users.h) and unique */
	const char *display; /* display name, or "" */
	const char *email;
	const char *hash;			    /* password.h */
	const char *meetings[ACCOUNT_MEETINGS_MAX]; /* "PLATFORM/MEETING-ID" */
	size_t meeting_count;
	/* Who invited the guest to each meeting, as "BACKEND/SUBJECT" and as a display name. In
	 * older files both are empty; then it was `by`. */
	const char *hosts[ACCOUNT_MEETINGS_MAX], *host_names[ACCOUNT_MEETINGS_MAX];
	size_t host_count, host_name_count;
	const char *by;	     /* who created it: "BACKEND/SUBJECT" */
	const char *by_name; /* the display name of that person; "" in older files */
	int64_t created;     /* seconds since 1970 */
	int64_t expires;     /* seconds since 1970; 0: never */
	int64_t removed;     /* seconds since 1970; only in the file of removed accounts, else 0 */
};

extern const struct records_type accounts_type;

/* Returns the account with this canonical name, or NULL. It belongs to the list. */
const struct account *accounts_find(const struct records *accounts, const char *name);

/* Validates the meetings of an account. Returns NULL, or a constant that says what is wrong. */
const char *accounts_meetings_fault(const struct account *account);

/* Whether a text is "" or an address that mail_is_address() accepts. */
bool accounts_is_email(const char *text);

/* Computes a digest of everything that can be changed in an account. The desk uses it to detect
 * concurrent changes. */
void accounts_digest(const struct account *account, char digest[DIGEST_SIZE]);

/* The same without the meetings, which each join looks up. When this digest changes, sessions of
 * the account end. */
void accounts_signin_digest(const struct account *account, char digest[DIGEST_SIZE]);

/* Return who invited the guest to the meeting at an index: "BACKEND/SUBJECT", and the display name.
 */
const char *accounts_host(const struct account *account, size_t index);
const char *accounts_host_name(const struct account *account, size_t index);

/* Returns the index of a meeting "PLATFORM/MEETING-ID", or meeting_count. */
size_t accounts_meeting_at(const struct account *account, const char *meeting);

/* Splits "PLATFORM/MEETING-ID, …" in place into the account's meetings. If `platform` is not NULL,
 * it is put before meetings without a platform; these texts are in *room_r, which the caller frees
 * after the account. Returns NULL, or a constant that says what is wrong. */
const char *accounts_read_meetings(
	struct account *account, char *text, const char *platform, char **room_r);

/* -- changes, under the file's lock -- */

enum accounts_change {
	ACCOUNTS_BROKEN = 0, /* the file could not be changed: see the error */
	ACCOUNTS_TAKEN,	     /* another account has this name */
	ACCOUNTS_GONE,	     /* no account has this id */
	ACCOUNTS_CHANGED,    /* somebody else has changed the account since `seen` */
	ACCOUNTS_DONE,
};

/* The changed account, for the log. Set on ACCOUNTS_DONE only. */
struct accounts_record {
	char id[RECORDS_ID_SIZE];
	char name[IDENTITY_SUBJECT_MAX + 1];   /* the user name */
	char former[IDENTITY_SUBJECT_MAX + 1]; /* the user name before, or "" if it is the same */
	bool is_new;
	bool new_password; /* the password was replaced */
};

/* Adds an account with a new id if account->id is "". Otherwise replaces the account with that id
 * and keeps its creator, its creation time, the hosts of meetings that remain, and its hash if
 * account->hash is "". `seen` is the expected digest of the old account, or NULL to replace it
 * unconditionally. Also drops accounts that expired more than RECORDS_KEPT ago. */
enum accounts_change accounts_put(const char *path, const struct account *account, const char *seen,
	struct accounts_record *record, struct error *error);

#define ACCOUNTS_REMOVED ".removed" /* added to the path: the file of removed accounts */

enum { ACCOUNTS_REMOVED_KEPT = 24 * 3600 }; /* seconds in that file, until a later change */

/* Moves an account to the file of removed accounts, which no backend reads. */
enum accounts_change accounts_remove(
	const char *path, const char *id, struct accounts_record *record, struct error *error);

/* Moves it back. ACCOUNTS_GONE if it was removed too long ago. */
enum accounts_change accounts_restore(
	const char *path, const char *id, struct accounts_record *record, struct error *error);

/* Reads the file of removed accounts, as records_load() does. */
struct records *accounts_load_removed(const char *path, struct error *error);

/* -- one meeting for several guests -- */

enum accounts_invited {
	ACCOUNTS_INVITE_BROKEN = 0, /* the file could not be changed */
	ACCOUNTS_INVITE_UNKNOWN,    /* no account has this name or id */
	ACCOUNTS_INVITE_ENDED,	    /* the account has expired */
	ACCOUNTS_INVITE_FULL,	    /* the account cannot have more meetings */
	ACCOUNTS_INVITE_ALREADY,    /* it has this meeting, or is twice in the list */
	ACCOUNTS_INVITE_REFUSED,    /* another guest could not be invited, and `all` is set */
	ACCOUNTS_INVITE_DONE,
};

struct accounts_guest {
	const char *wanted; /* an id, or a canonical name */
	bool by_id;
	enum accounts_invited result;
	char id[RECORDS_ID_SIZE], name[IDENTITY_SUBJECT_MAX + 1]; /* out; "" if unknown */
};

struct accounts_meeting {
	const char *meeting;	      /* "PLATFORM/MEETING-ID" */
	const char *host, *host_name; /* who invites: "BACKEND/SUBJECT", and the display name */
	/* True: invite all or none. may() decides about all accounts together while the file is
	 * locked. */
	bool all;
	bool (*may)(void *context, const struct account *accounts, size_t count);
	void *context;
};

/* Adds the meeting to the accounts in one change of the file and sets the result of each guest.
 * Returns 0, or -1 with nothing changed. */
int accounts_invite(const char *path, const struct accounts_meeting *meeting,
	struct accounts_guest *guests, size_t count, struct error *error);

/* Removes the meeting from all accounts that this host has invited to it; *count_r is their number.
 * Returns 0, or -1 with nothing changed. */
int accounts_end_meeting(const char *path, const char *meeting, const char *host, size_t *count_r,
	struct error *error);
