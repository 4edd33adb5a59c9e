/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the state of a visit at the guest desk. A worker of the queue for files
 * reads or changes the files of accounts and invitations; then the event loop writes the page from
 * what it read.
 */
#pragma once

#include "visit/visit.h"

#include "desk/list.h"
#include "guests/accounts.h"
#include "guests/invites.h"
#include "guests/meeting_keys.h"
#include "pool/worker.h"

enum desk_action {
	DESK_SHOW = 0,
	DESK_PUT_ACCOUNT,
	DESK_REMOVE_ACCOUNT,
	DESK_ADD_INVITATION,
	DESK_REVOKE_INVITATION,
	DESK_RESTORE_ACCOUNT,
	DESK_RESTORE_INVITATION,
	DESK_INVITE_SEVERAL,
	DESK_END_ROOM,
	DESK_ACTIONS,
};

/* What the page says about an action that led back to it, or that it asks about first. */
struct desk_done {
	const char *word;     /* in the page's address; NULL: the action does not lead back */
	const char *anchor;   /* the part of the page */
	const char *sentence; /* key */
	const char *undo;     /* "do" of the form that takes it back; NULL: there is none */
	/* Before the action, the page asks whether the host is sure; NULL: it does not. */
	const char *question, *explanation, *button; /* keys */
	const char *action;			     /* "do" of the form that follows */
};
extern const struct desk_done desk_dones[DESK_ACTIONS];

/* A meeting that guests are invited to. The texts belong to their list. */
struct desk_meeting {
	const struct service_platform *platform;
	const char *id;
};

enum { DESK_MEETINGS_MAX = 32, DESK_RECENT_MAX = 10 };

struct desk {
	struct worker_job job;
	struct visit *visit;
	enum desk_action action;
	const char *fault; /* key of the sentence that says what is wrong with the form; NULL:
			      nothing */

	/* The input. The texts belong to the form or to the settings. */
	const char *id, *name, *display, *email, *meetings, *meeting_token, *title, *expires,
		*lines, *renew, *room, *seen, /* renew: not empty: a new password; seen: digest of
						 the account that the page showed */
		*back, *sure;		      /* back: the query of the page with the form */
	struct desk_find find;		      /* which guests the page lists */
	struct account account;
	struct invite invite;
	char canonical[IDENTITY_SUBJECT_MAX + 1], hash[PASSWORD_HASH_SIZE];
	char by[2 * IDENTITY_SUBJECT_MAX + 2];
	struct several *several; /* owned; NULL: not the form for several guests */
	char *texts[3];		 /* owned: texts that account and invite point into; the last is
				    the number in the link of a meeting */
	const char *secret;	 /* signs links of invitations; NULL: there is none */
	bool asks;		 /* the answer is a page that asks the host to confirm */
	bool is_claimed;
	uint8_t claim[STATE_KEY_SIZE]; /* of a form that creates links */

	/* The result. */
	const char *accounts_path, *invites_path; /* NULL: no such backend */
	bool done;				  /* the change was made */
	struct accounts_record record;
	char invite_id[RECORDS_ID_SIZE], invite_name[IDENTITY_NAME_MAX + 1];
	char token[INVITES_TOKEN_SIZE];
	char password[MEETING_KEY_MADE_SIZE];	      /* that was made for the account, or "" */
	struct records *accounts, *invites, *removed; /* removed: read if it has find.whom */
	struct desk_list lists[DESK_LISTS];
	struct desk_meeting meetings_known[DESK_MEETINGS_MAX]; /* on platforms with rooms */
	size_t known_count;
	char *recent[DESK_RECENT_MAX]; /* owned: meetings "PLATFORM/ID" (recent.h) */
	size_t recent_count;
	bool broken; /* a file could not be read or written: see the error */
	struct error error;
};

/* Whether the signed-in person may use the desk. */
bool desk_is_host(const struct visit *visit);

/* Writes a time in UTC in the format of HTML forms, with `between` instead of the T. Leaves `text`
 * unchanged if `seconds` is 0. */
enum { DESK_TIME_SIZE = sizeof "2026-12-31T18:00" };
void desk_show_time(int64_t seconds, char between, char text[DESK_TIME_SIZE]);

/* Reads meetings, separated by commas, into desk->account: links, PLATFORM/ID, or the ID alone if
 * there is one platform. The result is PLATFORM/ID in the canonical spelling; one allocation,
 * desk->texts[0], has all of them. Returns NULL, or the fault. */
const char *desk_read_meetings(struct desk *desk, const char *typed);

/* Whether the form's account gets a password: a new one, or one that the host wants replaced. */
bool desk_makes_password(const struct desk *desk);

/* Parses and validates the form for the action; sets desk->fault for invalid input. Returns 0, or
 * -1 if the form is not one of the page. */
int desk_read_form(struct desk *desk);

/* Logs a change, or a failed attempt. For an attempt the line has nothing that was typed, since
 * that may be a password in the wrong field. */
void desk_log(const struct desk *desk);

/* Writes the page as the response. Returns 0 or -1. */
int desk_page(struct desk *desk);
