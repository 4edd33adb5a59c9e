/* SPDX-License-Identifier: MIT
 *
 * Files of records that the programs themselves write: invitations, guest accounts, keys of
 * meetings. Each kind is a struct of C and a table of its fields; everything else is shared here.
 *
 *   {"format": "meetauth invitations 1", "entries": [
 *   {"id": "…", "name": "…", "expires": "2026-12-31T18:00:00Z"},
 *   {"id": "…", …}
 *   ]}
 *
 * JSON with one line a record, for grep and diff. A file is read whole, checked whole, and replaced
 * whole under a lock. Fields that the table does not have stay as they are. A file that does not
 * exist is an empty list.
 */
#pragma once

#include "base/error.h"
#include "base/file.h"

#include <pthread.h>

enum {
	RECORDS_FILE_MAX = 64 * 1024 * 1024,
	RECORDS_ID_SIZE = 33,	       /* 128 random bits as hex digits, with the NUL */
	RECORDS_KEPT = 30 * 24 * 3600, /* seconds; records that expired earlier are dropped */
};

/* How a field is kept in the struct. A time is in seconds since 1970; 0 means none, which the file
 * leaves out. */
enum records_kind {
	RECORDS_TEXT = 0, /* const char *, never NULL; "" where the file has none */
	RECORDS_LIST,	  /* an array of const char *, and a size_t */
	RECORDS_TIME,	  /* int64_t */
	RECORDS_EXPIRY,	  /* int64_t; from then on the record is not active */
	RECORDS_REVOKED,  /* int64_t; since then the record is not active */
};

struct records_field {
	const char *key; /* in the file */
	enum records_kind kind;
	size_t maximum; /* bytes of a text; items of a list */
	size_t offset, count_offset;
	bool required; /* in the file; records_fault() takes "" */
	/* What is wrong with a text or an item, as a constant sentence; NULL: nothing. */
	const char *(*fault)(const char *text);
};

/* A record begins with `const char *id`, which is not in the table. */
struct records_type {
	const char *format; /* as the file names it */
	size_t size;	    /* of a record */
	/* In the order in which they are written; ended by a NULL key. */
	const struct records_field *fields;
	const char *(*fault)(
		const void *record); /* of all fields together; NULL: nothing to check */
	/* Orders by what no two records may share, besides the id, and what that is called. */
	int (*compare)(const void *a, const void *b);
	const char *unique;
};

/* A file as it was read: immutable, in the order of the file. */
struct records;

/* The caller frees the result. The file must be FILE_PRIVATE. NULL with "PATH: …" in the error. */
struct records *records_load(
	const struct records_type *type, const char *path, struct error *error);
void records_free(struct records **records);

/* Records live as long as the list. NULL where there is none. */
const void *records_at(const struct records *records, size_t index);
const void *records_by_id(const struct records *records, const char *id);
/* The one that type->compare() finds equal to `wanted`. */
const void *records_find(const struct records *records, const void *wanted);

/* Neither expired nor revoked at `now`. */
bool records_is_active(const struct records_type *type, const void *record, int64_t now);

/* What is wrong with a record, whatever its id, as a constant sentence; NULL: nothing. */
const char *records_fault(const struct records_type *type, const void *record);

void records_new_id(char id[RECORDS_ID_SIZE]);
bool records_is_id(const char *text);

/* -- changes: records_begin(), any number of steps, records_end() -- */

struct records_change {
	const struct records *old; /* the file as it was read; until records_end() */
	/* private */
	const char *path;
	struct records *read;
	struct json_t *entries;
	struct error *error;
	mode_t mode;
	int lock;
	bool changed, failed;
};

/* Locks and reads the file; waits for the change of another process. 0 or -1; records_end() has to
 * follow either. */
int records_begin(struct records_change *change, const struct records_type *type, const char *path,
	struct error *error);

/* Replaces the record of the same id, or adds one at the end. */
void records_put(struct records_change *change, const void *record);
void records_drop(struct records_change *change, const char *id);

/* Drops the records that expired RECORDS_KEPT ago, but not the one with the id `but` (or NULL).
 * That alone does not write the file. */
void records_forget(struct records_change *change, const char *but);

/* Whether the record was neither dropped nor forgotten. */
bool records_keeps(const struct records_change *change, const char *id);

/* Checks the new list and replaces the file where records_put() or records_drop() changed it, and
 * unlocks. 0; or -1, and the file is as it was. */
int records_end(struct records_change *change);

/* -- following the changes of other processes -- */

/* A backend's instance begins with one, whose path an option has filled. */
struct records_file {
	const char *path; /* the caller's */
	const struct records_type *type;
	pthread_mutex_t lock;	 /* held to read `records`, and never while the file is read */
	pthread_mutex_t reading; /* held to read the file */
	struct records *records;
	struct file_stamp stamp; /* guarded by `reading`, as what follows */
	bool ahead; /* records_catch_up() has read it, and records_refresh() has not told yet */
};

/* Reads the file. 0 or -1. */
int records_open(struct records_file *file, const struct records_type *type, struct error *error);

/* Both as a backend's calls: the instance is a records_file, or begins with one. Refreshing reads
 * the file again when it has changed: 1 when it has, 0 when not, -1 for a bad file, which leaves
 * the old list in use. */
int records_refresh(void *instance, struct error *error);
void records_close(void *instance);

/* Looks whether the file has changed since it was read, and reads it then: what another process has
 * just written counts here before it is refused. True when it was read. A look is one stat(2), so
 * that the loop may look for somebody who would be refused; the file is small and was just written.
 */
bool records_catch_up(struct records_file *file);

/* Whether there is a record of that id, and it is active now. Catches up before it says no. */
bool records_id_active(struct records_file *file, const char *id);
