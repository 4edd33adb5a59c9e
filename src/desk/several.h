/* SPDX-License-Identifier: MIT
 *
 * One form of the desk gives a meeting to several guests: accounts get it added, and whoever has no
 * account gets an invitation. Private to desk/.
 */
#pragma once

#include "desk/desk.h"

enum { SEVERAL_MAX = 100 };

enum several_outcome {
	SEVERAL_BROKEN = 0, /* the file could not be changed */
	SEVERAL_UNKNOWN,
	SEVERAL_ENDED,
	SEVERAL_FULL,
	SEVERAL_ALREADY,
	SEVERAL_BAD_NAME,
	SEVERAL_BAD_EMAIL,
	SEVERAL_NO_LINKS, /* invitations cannot be made here */
	SEVERAL_ADDED,
	SEVERAL_INVITED,
	SEVERAL_OUTCOMES,
};

struct several_line {
	const char *text; /* as typed, or the name of the account that was ticked */
	enum several_outcome outcome;
	size_t index; /* in the guests or the invitations */
	bool is_invitation;
};

struct several {
	char *copy; /* owned: what the lines point into */
	struct several_line lines[SEVERAL_MAX];
	struct accounts_guest guests[SEVERAL_MAX];
	char names[SEVERAL_MAX][IDENTITY_SUBJECT_MAX + 1];
	struct invite invites[SEVERAL_MAX];
	char ids[SEVERAL_MAX][RECORDS_ID_SIZE], tokens[SEVERAL_MAX][INVITES_TOKEN_SIZE];
	size_t count, guest_count, invite_count;
};

/* Takes the lines and the ticks of the form apart; what is wrong with the form as a whole is the
 * key of a sentence, else NULL. */
const char *several_read(struct desk *desk);

/* Makes the changes, on a worker; sets desk->done where anything was done. */
void several_work(struct desk *desk);

/* A line of the log for each guest. */
void several_log(const struct desk *desk);

/* The key of the sentence that says what became of a line. */
const char *several_sentence(enum several_outcome outcome);

void several_free(struct several **several);
