/* SPDX-License-Identifier: MIT
 *
 * What is read from files and may change under a running process without a signal: the sealed
 * store, the pages, the languages. A snapshot, counted; a visit keeps the one it began with. The
 * counter is the loop's: take and drop there only.
 */
#ifndef SERVICE_FILES_H
#define SERVICE_FILES_H

#include "config/config.h"
#include "http/page.h"
#include "secret/store.h"

enum page_id {
	PAGE_ERROR = 0,
	PAGE_LOGIN,
	PAGE_CHALLENGE,
	PAGE_INVITE,
	PAGE_DESK,
	PAGE_MEETING,
	PAGE_LOGOUT,
	PAGE_SIGNED_OUT,
	PAGE_COUNT
};

enum { FILES_WATCHED_MAX = 40 };

struct files {
	unsigned users;
	struct store *store;
	struct langs *langs;
	struct page *pages[PAGE_COUNT];
	struct file_stamp stamps[FILES_WATCHED_MAX];
	size_t stamp_count;
};

/* Reads everything the settings name. NULL with an error. The caller holds the one use. */
struct files *files_load(const struct settings *settings, struct error *error);

/* Whether any of the files is another than the one that was read. */
bool files_changed(const struct files *files, const struct settings *settings);

struct files *files_use(struct files *files);

/* Drops a use, frees with the last, sets to NULL. */
void files_drop(struct files **files);

#endif
