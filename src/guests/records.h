/* SPDX-License-Identifier: MIT
 *
 * Files of records that our programs write: invitations, guest accounts, keys of meetings. Each
 * type consists of a C struct and a table of its fields; this module does everything else.
 *
 *   {"format": "meetauth invitations 1", "entries": [
 *   {"id": "…", "name": "…", "expires": "2026-12-31T18:00:00Z"},
 *   {"id": "…", …}
 *   ]}
 *
 * The file is JSON with one line per record, for grep and diff. It is always read and validated as
 * a whole, and replaced as a whole under a lock. Members that the table does not have are
 * preserved. A missing file is an empty list.
 */
#pragma once

#include "base/error.h"
#include "base/file.h"

#include <pthread.h>

enum {
	RECORDS_FILE_MAX = 64 * 1024 * 1024,
	RECORDS_ID_SIZE = 33,	       /* 128 random bits as hex digits, with the NUL */
	RECORDS_KEPT = 30 * 24 * 3600, /* seconds after the expiry until a record is dropped */
};

/* The type of a field in the struct. Times are in seconds since 1970; 0 means none, and the file
 * omits it. */
enum records_kind {
	RECORDS_TEXT = 0, /* const char *, never NULL; "" if the file has none */
	RECORDS_LIST,	  /* an array of const char *, and a size_t for the count */
	RECORDS_TIME,	  /* int64_t */
	RECORDS_EXPIRY,	  /* int64_t; the record is active before this time */
	RECORDS_REVOKED,  /* int64_t; a record with this time is not active */
};

struct records_field {
	const char *key; /* its name in the file */
	enum records_kind kind;
	size_t maximum; /* bytes of a text; items of a list */
	size_t offset, count_offset;
	bool required; /* the file must have it; records_fault() accepts "" */
	/* Validates a text or an item: returns NULL, or a constant that says what is wrong. */
	const char *(*fault)(const char *text);
};

/* A type of records. Its struct begins with `const char *id`, which is not in the table. */
struct records_type {
	const char *format; /* value of "format" in the file */
	size_t size;	    /* of the struct */
	/* In the order of the file; ended by a NULL key. */
	const struct records_field *fields;
	const char *(*fault)(const void *record); /* validates all fields together, or NULL */
	/* Compares what must be unique besides the id; `unique` is its name for messages. */
	int (*compare)(const void *a, const void *b);
	const char *unique;
	/* Returns the text that searches look through, folded (fold.h), which is made once when the
	 * file is read; or NULL without memory. The records own it. NULL: records_folded() is not
	 * called for this type. */
	char *(*fold)(const void *record);
	/* Returns who owns item `index` of the record, which belongs to the record, or NULL behind
	 * the last item. NULL: records_of() is not called for this type. */
	const char *(*owner)(const void *record, size_t index);
};

/* The records of a file when it was read, in its order. Immutable. */
struct records;

/* Reads a file, which must be FILE_PRIVATE. The caller frees the result. Returns NULL with the
 * error "PATH: …" on failure. */
struct records *records_load(
	const struct records_type *type, const char *path, struct error *error);
void records_free(struct records **records);

size_t records_count(const struct records *records);

/* Return a record, which belongs to the list, or NULL if there is none. */
const void *records_at(const struct records *records, size_t index);
/* Returns what the type's fold() made of the record. */
const char *records_folded(const struct records *records, size_t index);
const void *records_by_id(const struct records *records, const char *id);
/* Finds the record that type->compare() considers equal to `wanted`. */
const void *records_find(const struct records *records, const void *wanted);

/* An item of a record: see type->owner(). */
struct records_owned {
	const char *owner;
	const void *record;
	size_t index;
};

/* Finds the items of an owner without reading the others. Returns them in the order of the file;
 * *count_r is their number. They belong to the list. */
const struct records_owned *records_of(
	const struct records *records, const char *owner, size_t *count_r);

/* Whether a record is neither expired nor revoked at `now`. */
bool records_is_active(const struct records_type *type, const void *record, int64_t now);

/* Validates a record except for its id. Returns NULL, or a constant that says what is wrong. */
const char *records_fault(const struct records_type *type, const void *record);

/* Make a random id, and check the format of one. */
void records_new_id(char id[RECORDS_ID_SIZE]);
bool records_is_id(const char *text);

/* -- changes: call records_begin(), then any of the other functions, then records_end() -- */

struct records_change {
	const struct records *old; /* the records before the change, valid until records_end() */
	/* private */
	const char *path;
	struct records *read;
	struct json_t *entries;
	struct error *error;
	mode_t mode;
	int lock;
	bool changed, failed;
};

/* Locks the file, which may wait for another process, and reads it. Returns 0 or -1. The caller
 * must call records_end() in both cases. */
int records_begin(struct records_change *change, const struct records_type *type, const char *path,
	struct error *error);

/* Replaces the record with the same id, or appends the record. */
void records_put(struct records_change *change, const void *record);

/* Removes the record with this id. */
void records_drop(struct records_change *change, const char *id);

/* Removes records that expired more than RECORDS_KEPT ago, except the one with the id `but`, which
 * may be NULL. This alone does not cause the file to be written. */
void records_forget(struct records_change *change, const char *but);

/* Whether the record is still in the list. */
bool records_keeps(const struct records_change *change, const char *id);

/* If records_put() or records_drop() was called, validates the new list and replaces the file.
 * Always unlocks it. Returns 0, or -1 with the file unchanged. */
int records_end(struct records_change *change);

/* -- following the changes of other processes -- */

/* A file that is reloaded when it changes. The instance of a backend begins with this struct; an
 * option fills `path`. */
struct records_file {
	const char *path; /* belongs to the caller */
	const struct records_type *type;
	pthread_mutex_t lock;	 /* protects `records`; never held while the file is read */
	pthread_mutex_t reading; /* held while the file is read */
	struct records *records;
	struct file_stamp stamp; /* protected by `reading`, like the next member */
	bool ahead; /* records_catch_up() has reloaded, and records_refresh() has not yet reported
		       it */
};

/* Reads the file for the first time. Returns 0 or -1. */
int records_open(struct records_file *file, const struct records_type *type, struct error *error);

/* For struct auth_backend; `instance` begins with a records_file. records_refresh() reloads the
 * file if it has changed. It returns 1 if it has, 0 if not, or -1 if the new file is invalid; then
 * the old list stays in use. */
int records_refresh(void *instance, struct error *error);
void records_close(void *instance);

/* Reloads the file if it has changed, so that a record that another process has just written is not
 * refused. Returns true if it reloaded. It costs one stat(2) if the file is unchanged, so the event
 * loop may call it before it refuses somebody; reading blocks only briefly, since the file is small
 * and was just written. */
bool records_catch_up(struct records_file *file);

/* Whether there is an active record with that id. Calls records_catch_up() before it returns false.
 */
bool records_id_active(struct records_file *file, const char *id);
