/* SPDX-License-Identifier: MIT
 *
 * A file of records that the programs themselves add to and take from:
 *
 *   {"format": "meetauth invitations 1", "entries": [
 *   {"id": "…", "name": "…", "expires": "2026-12-31T18:00:00Z"},
 *   {"id": "…", …}
 *   ]}
 *
 * JSON, one line a record, so that grep and diff are of use. Read whole, checked whole, replaced
 * whole under a lock. Where there is no file there are no records yet.
 */
#ifndef GUESTS_RECORDS_H
#define GUESTS_RECORDS_H

#include "base/error.h"
#include "base/file.h"

#include <jansson.h>
#include <pthread.h>

enum {
	RECORDS_FILE_MAX = 16 * 1024 * 1024,
	RECORDS_ID_SIZE = 33,	       /* 128 random bits as hex digits, with the NUL */
	RECORDS_KEPT = 30 * 24 * 3600, /* seconds; what ended longer ago may be forgotten */
};

/* The list of records, the caller's (json_decref); each is an object. The file must be
 * FILE_PRIVATE. NULL with "PATH:LINE: …" in the error. */
json_t *records_read(const char *path, const char *format, struct error *error);

/* A text of a record: "" where it is missing, NULL when it is no printable text of at most
 * `maximum` bytes. Lives as long as the record. */
const char *records_text(const json_t *record, const char *name, size_t maximum);

/* A time of a record in seconds since 1970, 0 where it is missing. 0 or -1. */
int records_time(const json_t *record, const char *name, int64_t *seconds_r);

/* Sets a time of a record, or for 0 takes it out. 0 or -1. */
int records_set_time(json_t *record, const char *name, int64_t seconds);

void records_new_id(char id[RECORDS_ID_SIZE]);
bool records_is_id(const char *text);

/* -- changes -- */

struct records_change {
	json_t *entries; /* to be changed between begin and commit */
	/* private */
	const char *path, *format;
	mode_t mode;
	int lock;
};

/* Locks and reads. Waits for another's change. 0 or -1; records_end() after either. */
int records_begin(
	struct records_change *change, const char *path, const char *format, struct error *error);

/* Replaces the file. 0, or -1, and the file is the old one. */
int records_commit(struct records_change *change, struct error *error);

void records_end(struct records_change *change);

/* -- following the changes of others -- */

/* A table made of a file, and made again when the file changes. Path, load and free are set by the
 * owner before records_follow(). */
struct records_table {
	const char *path;
	void *(*load)(const char *path, struct error *error);
	void (*free)(void *table);
	/* Guards the pointer and whoever reads the table, never a read of the file: stands() on the
	 * loop must not wait for one. */
	pthread_mutex_t lock;
	void *table;
	struct file_stamp stamp; /* refresh only, which one worker at a time calls */
};

int records_follow(struct records_table *table, struct error *error);
/* As auth_backend.refresh. A bad file leaves the old table in place. */
int records_refresh(struct records_table *table, struct error *error);
void records_unfollow(struct records_table *table);

#endif
