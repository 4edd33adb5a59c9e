/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: the parts of the page. page.c has the forms and puts everything together,
 * table.c makes the lists, link.c has the link of a new invitation, notice.c says what was done or
 * what is wrong.
 */
#pragma once

#include "desk/desk.h"

#include "desk/room.h"
#include "desk/several.h"
#include "view/values.h"

enum { DESK_CELLS = 12 };

/* A row: its values, and the texts that they point to. */
struct desk_row {
	struct page_value cells[DESK_CELLS + 1];
	size_t count;
	char joined[DESK_TIME_SIZE], expires[DESK_TIME_SIZE];
	char *meetings, *edit;
};

struct desk_table {
	struct desk_row rows[DESK_SHOWN_MAX];
	const struct page_value *list[DESK_SHOWN_MAX + 1];
	size_t count, room;
	struct page_value turn[6]; /* which rows these are, and the ways to others */
	const struct page_value *turns[2];
	char first[24], last[24], all[24];
	struct buffer newer, older;
};

/* Everything for the page. */
struct desk_view {
	const struct desk *desk;
	const struct lang *lang;
	struct desk_table tables[DESK_LISTS];
	struct desk_rooms rooms;
	struct page_value recent[DESK_RECENT_MAX][2];
	const struct page_value *recent_list[DESK_RECENT_MAX + 1];
	char expires[DESK_TIME_SIZE], digest[DIGEST_SIZE], *meetings;
	char qr_size[12];
	struct buffer ticket, link, letter, calendar, qr, back, here; /* here: the page's address */
	/* What was done, or the question whether to do it. */
	struct page_value notice[7];
	const struct page_value *notices[2];
	struct buffer sentence;
	struct several_row {
		struct page_value cells[4];
		struct buffer link;
	} outcomes[SEVERAL_MAX];
	const struct page_value *outcome_list[SEVERAL_MAX + 1];
	struct values values;
};

/* ---- table.c ---- */

/* Fills a table with the rows of the list that fit the page. desk_table_release() frees. */
void desk_table_fill(const struct desk *desk, struct desk_table *table, enum desk_which which);
void desk_table_release(struct desk_table *table);

/* Returns the account's meetings, separated by commas. The caller frees them. */
char *desk_join_meetings(const struct account *account);

/* ---- link.c ---- */

/* Makes the link of an invitation's token. The caller wipes it. */
void desk_make_link(const struct visit *visit, const char *token, struct buffer *link);

/* Shows the link of the new invitation, if the form has made one. */
void desk_put_link(struct desk_view *view);

/* ---- notice.c ---- */

/* Says what is wrong in the form that has it, and marks the field. */
void desk_put_fault(struct desk_view *view);

/* Says what the action did that led back to the page. */
void desk_put_done(struct desk_view *view);

/* Asks whether the host is sure. */
void desk_put_question(struct desk_view *view);
