/* SPDX-License-Identifier: MIT
 *
 * What is read from files and may change under a running process without a signal: the sealed
 * store, the pages, the languages. A snapshot, counted; a visit keeps the one it began with. It has
 * two halves, the store and the texts, and one that is broken does not keep the other from being
 * picked up: a new secret counts, whatever becomes of a page. The counters are the loop's: take and
 * drop there only.
 */
#pragma once

#include "config/config.h"
#include "http/page.h"
#include "secret/store.h"

enum page_id {
	PAGE_ERROR = 0,
	PAGE_LOGIN,
	PAGE_CHALLENGE,
	PAGE_INVITE,
	PAGE_DESK,
	PAGE_ME,
	PAGE_MEETING,
	PAGE_LOGOUT,
	PAGE_ONWARD,
	PAGE_SIGNED_OUT,
	PAGE_COUNT
};

/* The halves, each with the stamps of what was read. Private to files.c. */
struct files_store;
struct files_texts;

struct files {
	unsigned users;
	struct store *store; /* what is in the halves */
	const struct langs *langs;
	struct page *const *pages; /* PAGE_COUNT */
	struct files_store *store_half;
	struct files_texts *texts_half;
};

/* Reads everything the settings name. NULL with an error. The caller holds the one use. */
struct files *files_load(const struct settings *settings, struct error *error);

/* Reads what changed since `old` was read; on a worker. What changed and can be used is in the
 * result, which wants files_complete(); NULL where that is nothing. The errors are of the half that
 * is broken, and untouched where it is not. */
struct files *files_renew(const struct files *old, const struct settings *settings,
	struct error *store_error, struct error *texts_error);

/* Gives it the halves of `old` that it lacks. */
void files_complete(struct files *files, const struct files *old);

struct files *files_use(struct files *files);

/* Drops a use, frees with the last, sets to NULL. */
void files_drop(struct files **files);
