/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the state of a visit at the guest desk. A worker of the queue for files
 * reads or changes the files of accounts and invitations; then the event loop writes the page from
 * what it read.
 */
#pragma once

#include "visit/visit.h"

#include "guests/accounts.h"
#include "guests/invites.h"
#include "pool/worker.h"

enum desk_action {
	DESK_SHOW = 0,
	DESK_PUT_ACCOUNT,
	DESK_REMOVE_ACCOUNT,
	DESK_ADD_INVITATION,
	DESK_REVOKE_INVITATION,
	DESK_INVITE_SEVERAL,
	DESK_END_ROOM,
};

struct desk {
	struct worker_job job;
	struct visit *visit;
	enum desk_action action;
	const char *fault; /* key of the sentence that says what is wrong with the form; NULL:
			      nothing */

	/* The input. The texts belong to the form or to the settings. */
	const char *id, *name, *display, *email, *meetings, *meeting_token, *expires, *password,
		*lines, *room, *seen; /* seen: digest of the account that the page showed */
	struct account account;
	struct invite invite;
	char canonical[IDENTITY_SUBJECT_MAX + 1], hash[PASSWORD_HASH_SIZE];
	char by[2 * IDENTITY_SUBJECT_MAX + 2];
	struct several *several; /* owned; NULL: not the form for several guests */
	char *texts[2];		 /* owned: texts that account and invite point into */
	const char *secret;	 /* signs links of invitations; NULL: there is none */
	bool is_claimed;
	uint8_t claim[STATE_KEY_SIZE]; /* of a form that creates links */

	/* The result. */
	const char *accounts_path, *invites_path; /* NULL: no such backend */
	bool done;				  /* the change was made */
	struct accounts_record record;
	char invite_id[RECORDS_ID_SIZE], invite_name[IDENTITY_NAME_MAX + 1];
	char token[INVITES_TOKEN_SIZE];
	struct records *accounts, *invites;
	bool broken; /* a file could not be read or written: see the error */
	struct error error;
};

/* Whether the signed-in person may use the desk. */
bool desk_is_host(const struct visit *visit);

/* Writes a time in UTC in the format of HTML forms, with `between` instead of the T. Leaves `text`
 * unchanged if `seconds` is 0. */
enum { DESK_TIME_SIZE = sizeof "2026-12-31T18:00" };
void desk_show_time(int64_t seconds, char between, char text[DESK_TIME_SIZE]);

/* Parses and validates the form for the action; sets desk->fault for invalid input. Returns 0, or
 * -1 if the form is not one of the page. */
int desk_read_form(struct desk *desk);

/* Logs a change, or a failed attempt. For an attempt the line has nothing that was typed, since
 * that may be a password in the wrong field. */
void desk_log(const struct desk *desk);

/* Writes the page as the response. Returns 0 or -1. */
int desk_page(struct desk *desk);
