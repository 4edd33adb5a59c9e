/* SPDX-License-Identifier: MIT
 *
 * Private to guests: one entry of a file of records, as JSON and as a struct.
 */
#pragma once

#include "guests/records.h"

#include <jansson.h>

const char *record_id(const void *record);

/* Fills the record, whose strings are the entry's, and checks it. 0, or -1 with "PATH: entry
 * NUMBER: …" in the error. */
int record_check(const struct records_type *type, const json_t *entry, void *record,
	const char *path, size_t number, struct error *error);

/* Whether it had an expiry that was over at `now`. */
bool record_expired(const struct records_type *type, const void *record, int64_t now);

/* A copy of `old` (NULL: a new entry) with the fields of the record. NULL without memory. */
json_t *record_write(const struct records_type *type, json_t *old, const void *record);

/* -- records.c, for records_change.c -- */

const struct records_type *records_type(const struct records *records);

/* The entries of a file; the caller's (json_decref). */
json_t *records_entries(const struct records_type *type, const char *path, struct error *error);

/* Checks the entries and makes a list, which holds a reference of its own to them. */
struct records *records_make(
	const struct records_type *type, const char *path, json_t *entries, struct error *error);
