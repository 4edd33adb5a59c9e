/* SPDX-License-Identifier: MIT
 *
 * The guest desk's inside; private to desk/. A visit reads or changes the files of accounts and
 * invitations on the queue for files, and answers with what stands in them then.
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
};

struct desk {
	struct worker_job job;
	struct visit *visit;
	enum desk_action action;
	const char *fault; /* what is wrong with what was typed: key of a sentence; NULL: nothing */

	/* What was typed; texts are the form's or the settings'. */
	const char *id, *name, *display, *email, *meetings, *meeting_token, *expires, *password,
		*lines, *seen; /* digest of the account as the page showed it */
	struct account account;
	struct invite invite;
	char canonical[IDENTITY_SUBJECT_MAX + 1], hash[PASSWORD_HASH_SIZE];
	char by[2 * IDENTITY_SUBJECT_MAX + 2];
	struct several *several; /* owned; NULL: another form */
	char *texts[2];		 /* owned: what account and invite point into */
	const char *secret;	 /* for the links of invitations; NULL: none */
	bool is_claimed;
	uint8_t claim[STATE_KEY_SIZE]; /* of a form that makes something */

	/* What came of it. */
	const char *accounts_path, *invites_path; /* NULL: no such backend */
	bool done;				  /* the change, whatever was read afterwards */
	struct accounts_record record;
	char invite_id[RECORDS_ID_SIZE], invite_name[IDENTITY_NAME_MAX + 1];
	char token[INVITES_TOKEN_SIZE];
	struct records *accounts, *invites;
	bool broken; /* a file that could not be read or written: with an error */
	struct error error;
};

/* Whether whoever is signed in may use the desk. */
bool desk_is_host(const struct visit *visit);

/* Writes a time in UTC as a browser has it in a form, with `between` in the place of the T; leaves
 * the text as it is for 0. */
enum { DESK_TIME_SIZE = sizeof "2026-12-31T18:00" };
void desk_show_time(int64_t seconds, char between, char text[DESK_TIME_SIZE]);

/* Takes the form apart into what the action needs; sets the fault. 0, or -1 for a form that is none
 * of ours. */
int desk_read_form(struct desk *desk);

/* Writes the line of a change, or of a try: that without what was typed, which may be a password in
 * the wrong field. */
void desk_log(const struct desk *desk);

/* Answers with the page. 0 or -1. */
int desk_page(struct desk *desk);
