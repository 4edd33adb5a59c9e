/* SPDX-License-Identifier: MIT
 *
 * Keys of meetings: each meeting may have a key that its participants are told. A file of records
 * (records.h) contains the hashes of the keys.
 */
#pragma once

#include "guests/records.h"
#include "secret/password.h"

enum { MEETING_KEY_MIN = 8 }; /* bytes of a key: attackers may guess for days */

/* The strings belong to the list, or to whoever made the struct. They are never NULL. */
struct meeting_key {
	const char *id;	      /* RECORDS_ID_SIZE; a new one whenever a key is set */
	const char *platform; /* lower case */
	const char *meeting;  /* the meeting's id */
	const char *hash;     /* password.h */
	int64_t created;      /* seconds since 1970 */
	int64_t expires;      /* seconds since 1970; 0: never */
};

extern const struct records_type meeting_keys_type;

/* Returns the key of a meeting, or NULL. It belongs to the list. */
const struct meeting_key *meeting_keys_find(
	const struct records *keys, const char *platform, const char *meeting);

/* -- generated keys: three groups of four characters, none that look alike; 60 bits -- */

enum { MEETING_KEY_MADE_SIZE = sizeof "abcd-efgh-jkmn" };

/* Generates a key. */
void meeting_keys_make(char key[MEETING_KEY_MADE_SIZE]);

/* Whether the typed text is a generated key, as read out or copied (typed_code()). Writes the key
 * in its canonical form. */
bool meeting_keys_is_made(const char *typed, char key[MEETING_KEY_MADE_SIZE]);

/* -- changes, under the file's lock -- */

/* Sets or replaces a meeting's key; key->id is ignored. Also drops keys that expired more than
 * RECORDS_KEPT ago. Returns 0 or -1. */
int meeting_keys_set(const char *path, const struct meeting_key *key, struct error *error);

/* Removes a meeting's key; *found_r is whether it had one. Returns 0 or -1. */
int meeting_keys_remove(const char *path, const char *platform, const char *meeting, bool *found_r,
	struct error *error);
