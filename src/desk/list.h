/* SPDX-License-Identifier: MIT
 *
 * Private to src/desk: which guests the page lists. A host searches, filters and sorts both lists
 * at once and turns the pages of each; the page's address has all of that, and its forms send it
 * back, so that a change leads to where the host was.
 */
#pragma once

#include "base/buffer.h"
#include "guests/records.h"

enum {
	DESK_SHOWN_MAX = 50, /* rows of a page of a list */
	DESK_TEXT_MAX = 128, /* bytes of what somebody searches for */
};

enum desk_which { DESK_INVITATIONS = 0, DESK_ACCOUNTS, DESK_LISTS };

enum desk_state { DESK_STATE_ALL = 0, DESK_STATE_ACTIVE, DESK_STATE_ENDED, DESK_STATES };

enum desk_sort { DESK_SORT_NEWEST = 0, DESK_SORT_NAME, DESK_SORT_EXPIRES, DESK_SORTS };

struct params;

struct desk_find {
	struct params *query; /* owned; the texts below point into it */
	const char *text;     /* "": everybody */
	const char *edit;     /* id of the account in the form, or NULL */
	const char *done;     /* what was done last, and to whom; NULL: nothing */
	const char *whom;
	enum desk_state state;
	enum desk_sort sort;
	size_t from[DESK_LISTS]; /* how many rows the page leaves out */
};

/* One list: the records that are wanted, in their order. */
struct desk_list {
	const void **records; /* owned; the records belong to their file's list */
	size_t count, from, all;
};

/* Reads the query of an address of the page. What is not valid counts as missing. The caller frees
 * with desk_find_free(). */
void desk_find_read(struct desk_find *find, const char *query);
void desk_find_free(struct desk_find *find);

/* Appends "?NAME=VALUE&…" for the same page, with another first row of one list; nothing without
 * any value. */
void desk_find_write(
	const struct desk_find *find, enum desk_which which, size_t from, struct buffer *query);

/* Makes a list; `now` in seconds. For a worker, since it looks at every record. Returns 0, or -1
 * without memory. desk_list_free() frees. */
int desk_list_make(struct desk_list *list, const struct records *records, enum desk_which which,
	const struct desk_find *find, int64_t now);
void desk_list_free(struct desk_list *list);
