/* SPDX-License-Identifier: MIT
 *
 * Accounts of guests: a name, a password and the meetings that they are good for, made at the guest
 * desk and kept in a file (records.h).
 */
#pragma once

#include "base/identity.h"
#include "guests/records.h"
#include "secret/digest.h"
#include "secret/password.h"

#define ACCOUNT_SUBJECT "guest-" /* and the id: whose session it is */

enum {
	ACCOUNT_MEETINGS_MAX = 16,
	ACCOUNT_MEETINGS_ROOM = 1536, /* bytes of all of them: a session cookie has them */
	ACCOUNT_PASSWORD_MIN = 10,    /* bytes */
};

/* Strings live as long as the list, or as their owner; none is NULL. */
struct account {
	const char *id;	     /* RECORDS_ID_SIZE */
	const char *name;    /* to sign in with; canonical (users.h), unique */
	const char *display; /* "" where unknown, as the e-mail */
	const char *email;
	const char *hash;			    /* password.h */
	const char *meetings[ACCOUNT_MEETINGS_MAX]; /* "PLATFORM/MEETING-ID" */
	size_t meeting_count;
	/* Who invited the guest to each of them, as "BACKEND/SUBJECT" and as people read it; none
	 * where the file is older than these: `by` did. */
	const char *hosts[ACCOUNT_MEETINGS_MAX], *host_names[ACCOUNT_MEETINGS_MAX];
	size_t host_count, host_name_count;
	const char *by;	 /* who made it: "BACKEND/SUBJECT" */
	int64_t created; /* seconds since 1970 */
	int64_t expires; /* from then on refused; 0: never */
};

extern const struct records_type accounts_type;

const struct account *accounts_find(const struct records *accounts, const char *name);

/* What is wrong with the meetings of an account, as a constant sentence; NULL: nothing. */
const char *accounts_meetings_fault(const struct account *account);

/* "" or an address as mail_is_address() has it. */
bool accounts_is_email(const char *text);

/* Covers everything that may be changed: accounts that differ in any of it have two digests. */
void accounts_digest(const struct account *account, char digest[DIGEST_SIZE]);

/* Covers what a sign-in rests on: all of that but the meetings, which each join looks up. */
void accounts_signin_digest(const struct account *account, char digest[DIGEST_SIZE]);

/* Who invited the guest to the meeting of that index: "BACKEND/SUBJECT", and what people read. */
const char *accounts_host(const struct account *account, size_t index);
const char *accounts_host_name(const struct account *account, size_t index);

/* The index of a meeting "PLATFORM/MEETING-ID"; meeting_count where it is not among them. */
size_t accounts_meeting_at(const struct account *account, const char *meeting);

/* Splits "PLATFORM/MEETING-ID, …" in place into the account's meetings; what has no platform gets
 * `platform` in front where that is not NULL (into memory that *room_r owns, to be freed by the
 * caller after the account's use). NULL, or what is wrong, a constant. */
const char *accounts_read_meetings(
	struct account *account, char *text, const char *platform, char **room_r);

/* -- changes, under the file's lock -- */

enum accounts_change {
	ACCOUNTS_BROKEN = 0, /* with an error */
	ACCOUNTS_TAKEN,	     /* another account has this name */
	ACCOUNTS_GONE,	     /* no account has this id */
	ACCOUNTS_CHANGED,    /* somebody else changed it since it was shown */
	ACCOUNTS_DONE,
};

/* What was changed, for the log; filled on ACCOUNTS_DONE only. */
struct accounts_record {
	char id[RECORDS_ID_SIZE];
	char name[IDENTITY_SUBJECT_MAX + 1];   /* to sign in with, as it is now or was last */
	char former[IDENTITY_SUBJECT_MAX + 1]; /* "" where that was the name before */
	bool is_new;
	bool new_password; /* in place of another */
};

/* Adds one with a new id where account->id is "", else replaces that one, which keeps who made it
 * and when, who invited to meetings that stay, and its hash where account->hash is "". `seen`: the
 * digest of the account that is to be replaced, or NULL to replace it whatever it is. Drops those
 * that expired RECORDS_KEPT ago. */
enum accounts_change accounts_put(const char *path, const struct account *account, const char *seen,
	struct accounts_record *record, struct error *error);

enum accounts_change accounts_remove(
	const char *path, const char *id, struct accounts_record *record, struct error *error);

/* -- one meeting for several guests -- */

enum accounts_invited {
	ACCOUNTS_INVITE_BROKEN = 0, /* the file could not be changed */
	ACCOUNTS_INVITE_UNKNOWN,    /* no account has this name or id */
	ACCOUNTS_INVITE_ENDED,	    /* the account has expired */
	ACCOUNTS_INVITE_FULL,	    /* it has as many meetings as fit */
	ACCOUNTS_INVITE_ALREADY,    /* it has this one, or stands twice in the list */
	ACCOUNTS_INVITE_REFUSED,    /* others could not be invited, and all were to be */
	ACCOUNTS_INVITE_DONE,
};

struct accounts_guest {
	const char *wanted; /* an id, or a name in its canonical form */
	bool by_id;
	enum accounts_invited result;
	char id[RECORDS_ID_SIZE], name[IDENTITY_SUBJECT_MAX + 1]; /* "" where unknown */
};

struct accounts_meeting {
	const char *meeting;	      /* "PLATFORM/MEETING-ID" */
	const char *host, *host_name; /* who invites */
	/* True: all or none, and may() is asked about all of them under the file's lock. */
	bool all;
	bool (*may)(void *context, const struct account *accounts, size_t count);
	void *context;
};

/* Adds the meeting to the accounts in one change of the file and says of each what became of it. 0;
 * or -1, and nothing was changed. */
int accounts_invite(const char *path, const struct accounts_meeting *meeting,
	struct accounts_guest *guests, size_t count, struct error *error);

/* Takes the meeting from all accounts that this host has invited to it; *count_r says how many. 0;
 * or -1, and nothing was changed. */
int accounts_end_meeting(const char *path, const char *meeting, const char *host, size_t *count_r,
	struct error *error);
