/* SPDX-License-Identifier: MIT */
#include "guests/meeting_keys.h"

#include "base/clock.h"
#include "base/identity.h"
#include "base/join.h"
#include "base/typed.h"
#include "guests/fields.h"

#include <sodium.h>

static const struct records_field fields[] = {
	FIELD_TEXT(struct meeting_key, platform, "platform", IDENTITY_SUBJECT_MAX,
		field_platform_fault),
	FIELD_TEXT(struct meeting_key, meeting, "meeting", JOIN_MEETING_MAX, field_meeting_fault),
	FIELD_TEXT(struct meeting_key, hash, "hash", PASSWORD_HASH_SIZE - 1, password_hash_fault),
	FIELD_TIME(struct meeting_key, created, "created", RECORDS_TIME),
	FIELD_TIME(struct meeting_key, expires, "expires", RECORDS_EXPIRY),
	{0},
};

static int compare_meetings(const void *a, const void *b)
{
	const struct meeting_key *one = a, *other = b;
	int way = strcmp(one->platform, other->platform);

	return way != 0 ? way : strcmp(one->meeting, other->meeting);
}

const struct records_type meeting_keys_type = {
	.format = "meetauth meeting keys 1",
	.size = sizeof(struct meeting_key),
	.fields = fields,
	.compare = compare_meetings,
	.unique = "meeting",
};

const struct meeting_key *meeting_keys_find(
	const struct records *keys, const char *platform, const char *meeting)
{
	return records_find(keys, &(struct meeting_key){.platform = platform, .meeting = meeting});
}

/* ---- generated keys ---- */

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

enum { LETTERS = 12, GROUP = 4 };

/* Writes the characters in groups. */
static void write_made(const char letters[LETTERS], char key[MEETING_KEY_MADE_SIZE])
{
	size_t length = 0;

	for (size_t i = 0; i < LETTERS; i++) {
		if (i > 0 && i % GROUP == 0)
			key[length++] = '-';
		key[length++] = letters[i];
	}
	key[length] = '\0';
}

void meeting_keys_make(char key[MEETING_KEY_MADE_SIZE])
{
	char letters[LETTERS];

	_Static_assert(sizeof alphabet == 33, "five bits a character");
	for (size_t i = 0; i < LETTERS; i++)
		letters[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
	write_made(letters, key);
	explicit_bzero(letters, sizeof letters);
}

bool meeting_keys_is_made(const char *typed, char key[MEETING_KEY_MADE_SIZE])
{
	char letters[LETTERS + 1];
	bool is_made = typed_code(typed, alphabet, LETTERS, letters);

	key[0] = '\0';
	if (is_made)
		write_made(letters, key);
	explicit_bzero(letters, sizeof letters);
	return is_made;
}

/* ---- changes ---- */

int meeting_keys_set(const char *path, const struct meeting_key *key, struct error *error)
{
	struct records_change change;
	struct meeting_key new = *key;
	const struct meeting_key *old;
	char id[RECORDS_ID_SIZE];

	records_new_id(id);
	new.id = id;
	if (records_begin(&change, &meeting_keys_type, path, error) == 0) {
		old = records_find(change.old, key);
		if (old != NULL)
			records_drop(&change, old->id);
		records_forget(&change, old != NULL ? old->id : NULL);
		records_put(&change, &new);
	}
	return records_end(&change);
}

int meeting_keys_remove(const char *path, const char *platform, const char *meeting, bool *found_r,
	struct error *error)
{
	struct records_change change;
	const struct meeting_key *old = NULL;

	if (records_begin(&change, &meeting_keys_type, path, error) == 0)
		old = meeting_keys_find(change.old, platform, meeting);
	*found_r = old != NULL;
	if (old != NULL) {
		records_forget(&change, old->id);
		records_drop(&change, old->id);
	}
	return records_end(&change);
}
