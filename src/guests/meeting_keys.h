/* SPDX-License-Identifier: MIT
 *
 * Keys of meetings: each meeting has a key of its own, which its participants are told. A file of
 * records (records.h) keeps their hashes.
 */
#pragma once

#include "guests/records.h"
#include "secret/password.h"

enum { MEETING_KEY_MIN = 8 }; /* characters of a key: who guesses may go on for days */

/* Strings live as long as the list, or as their owner; none is NULL. */
struct meeting_key {
	const char *id;	      /* RECORDS_ID_SIZE; another one for each key that is set */
	const char *platform; /* lower case */
	const char *meeting;  /* the id, exact */
	const char *hash;     /* password.h */
	int64_t created;      /* seconds since 1970 */
	int64_t expires;      /* from then on refused; 0: never */
};

extern const struct records_type meeting_keys_type;

const struct meeting_key *meeting_keys_find(
	const struct records *keys, const char *platform, const char *meeting);

/* -- keys that are made here: three groups of four, without what looks alike; 60 bits -- */

enum { MEETING_KEY_MADE_SIZE = sizeof "abcd-efgh-jkmn" };

void meeting_keys_make(char key[MEETING_KEY_MADE_SIZE]);

/* Whether what was typed is such a key, read out or copied (typed_code()), and the one it is. */
bool meeting_keys_is_made(const char *typed, char key[MEETING_KEY_MADE_SIZE]);

/* -- changes, under the file's lock -- */

/* Gives a meeting a key, in place of the one it has; key->id does not count. Drops those that
 * expired RECORDS_KEPT ago. 0 or -1. */
int meeting_keys_set(const char *path, const struct meeting_key *key, struct error *error);

/* Takes the key of a meeting away; *found_r says whether it had one. 0 or -1. */
int meeting_keys_remove(const char *path, const char *platform, const char *meeting, bool *found_r,
	struct error *error);
