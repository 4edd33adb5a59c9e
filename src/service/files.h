/* SPDX-License-Identifier: MIT
 *
 * A snapshot of the files that a process reads again by itself when they change: the sealed store,
 * the pages, the languages. It is counted by reference, and a visit keeps the snapshot with which
 * it began. It consists of two halves, the store and the texts, which are loaded independently: a
 * broken page does not keep a new secret from being used. The reference counts belong to the loop:
 * call files_use() and files_drop() there only.
 */
#pragma once

#include "config/config.h"
#include "http/page.h"
#include "secret/store.h"

enum { LANGUAGES_MAX = 32 };

enum page_id {
	PAGE_ERROR = 0,
	PAGE_LOGIN,
	PAGE_CHALLENGE,
	PAGE_CONFIRM,
	PAGE_INVITE,
	PAGE_DESK,
	PAGE_ME,
	PAGE_MEETING,
	PAGE_LOGOUT,
	PAGE_ONWARD,
	PAGE_SIGNED_OUT,
	PAGE_COUNT
};

/* A page's file in share/pages, and the values that it may use besides the sentences, ended by
 * NULL. */
struct files_page {
	const char *file;
	const char *const *names;
};
extern const struct files_page files_pages[PAGE_COUNT];

/* The halves, each with the stamps of the files that were read. Private to files.c. */
struct files_store;
struct files_texts;

struct files {
	unsigned users;
	struct store *store; /* copied from the halves */
	const struct langs *langs;
	struct page *const *pages; /* PAGE_COUNT */
	struct files_store *store_half;
	struct files_texts *texts_half;
};

/* Loads everything that the settings name. NULL with an error. The caller holds the only reference.
 */
struct files *files_load(const struct settings *settings, struct error *error);

/* Loads each half whose files changed since `old` was loaded; blocks, so it runs on a worker. The
 * result has the halves that could be loaded and needs files_complete(); NULL if there are none.
 * Sets the error of a half that is broken and does not touch the other error. */
struct files *files_renew(const struct files *old, const struct settings *settings,
	struct error *store_error, struct error *texts_error);

/* Loads one page. NULL with an error. The caller frees with page_free(). */
struct page *files_load_page(const struct settings *settings, enum page_id id,
	const struct langs *langs, struct error *error);

/* Takes the halves that `files` lacks from `old`. */
void files_complete(struct files *files, const struct files *old);

struct files *files_use(struct files *files);

/* Drops a reference, frees the snapshot with the last one, sets the pointer to NULL. */
void files_drop(struct files **files);
