/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the form that invites several guests to one meeting. Accounts get the
 * meeting added; guests without an account get an invitation.
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
	SEVERAL_NO_LINKS, /* the configuration has no invitations */
	SEVERAL_ADDED,
	SEVERAL_INVITED,
	SEVERAL_OUTCOMES,
};

struct several_line {
	const char *text; /* as typed, or the name of the selected account */
	enum several_outcome outcome;
	size_t index; /* in `guests` or in `invites` */
	bool is_invitation;
};

struct several {
	char *copy; /* owned: the text that the lines point into */
	struct several_line lines[SEVERAL_MAX];
	struct accounts_guest guests[SEVERAL_MAX];
	char names[SEVERAL_MAX][IDENTITY_SUBJECT_MAX + 1];
	struct invite invites[SEVERAL_MAX];
	char ids[SEVERAL_MAX][RECORDS_ID_SIZE], tokens[SEVERAL_MAX][INVITES_TOKEN_SIZE];
	size_t count, guest_count, invite_count;
};

/* Parses the form's lines and check boxes. Returns NULL, or the key of a sentence if the form as a
 * whole is invalid. */
const char *several_read(struct desk *desk);

/* Makes the changes; runs on a worker. Sets desk->done if anything was changed. */
void several_work(struct desk *desk);

/* Logs one line for each guest. */
void several_log(const struct desk *desk);

/* Returns the key of the sentence for an outcome. */
const char *several_sentence(enum several_outcome outcome);

void several_free(struct several **several);
