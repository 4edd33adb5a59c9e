/* SPDX-License-Identifier: MIT
 *
 * Private to src/guests: converts one entry of a file of records between JSON and a struct.
 */
#pragma once

#include "guests/records.h"

#include <jansson.h>

/* Returns the record's id, which belongs to the record. */
const char *record_id(const void *record);

/* Fills and validates a record. Its strings belong to the entry. Returns 0, or -1 with the error
 * "PATH: entry NUMBER: …". */
int record_check(const struct records_type *type, const json_t *entry, void *record,
	const char *path, size_t number, struct error *error);

/* Moves the strings of a record, whose JSON took at least as much room for each, to `room`. Returns
 * the end of what they take. */
char *record_move_texts(const struct records_type *type, void *record, char *room);

/* Whether the record has an expiry that is not later than `now`. */
bool record_expired(const struct records_type *type, const void *record, int64_t now);

/* Returns a copy of `old` (NULL: a new entry) with the record's fields, which the caller releases,
 * or NULL if memory runs out. */
json_t *record_write(const struct records_type *type, json_t *old, const void *record);

/* -- records.c, for records_change.c -- */

/* Returns the type of a list. */
const struct records_type *records_type(const struct records *records);

/* Reads the entries of a file. The caller releases them with json_decref(). Returns NULL with the
 * error on failure. */
json_t *records_entries(const struct records_type *type, const char *path, struct error *error);

/* Validates the entries and makes a list, which keeps its own reference to them. */
struct records *records_make(
	const struct records_type *type, const char *path, json_t *entries, struct error *error);

/* -- records_owned.c, for records.c -- */

/* The items of all records, ordered by owner. */
struct owned {
	struct records_owned *items; /* allocated; NULL if the type has no owner() */
	size_t count;
};

/* Lists the items of `count` records. The caller frees owned->items in any case. Returns 0, or -1
 * if memory runs out. */
int owned_make(
	struct owned *owned, const struct records_type *type, const char *rows, size_t count);

/* See records_of(). */
const struct records_owned *owned_find(
	const struct owned *owned, const char *owner, size_t *count_r);

/* -- records_read.c, for records.c -- */

/* Reads a file's text if it has exactly the members that we write, in their order, and no faults.
 * Returns the records, which the caller frees; their strings are in the text. NULL: the text is
 * destroyed, and records_entries() tells what is wrong, if anything is. */
char *records_read_rows(
	const struct records_type *type, const char *path, struct buffer *text, size_t *count_r);
