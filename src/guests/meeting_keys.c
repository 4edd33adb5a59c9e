/* SPDX-License-Identifier: MIT */
#include "guests/meeting_keys.h"

#include "base/clock.h"
#include "base/identity.h"
#include "base/join.h"
#include "base/text.h"
#include "base/typed.h"

#include <sodium.h>

#define FORMAT "meetauth meeting keys 1"

struct meeting_keys {
	json_t *entries; /* holds the strings */
	struct meeting_key *rows;
	size_t count;
};

/* ---- reading ---- */

static int read_entry(const json_t *entry, struct meeting_key *key)
{
	*key = (struct meeting_key){
		.id = records_text(entry, "id", RECORDS_ID_SIZE - 1),
		.platform = records_text(entry, "platform", IDENTITY_SUBJECT_MAX),
		.meeting = records_text(entry, "meeting", JOIN_MEETING_MAX),
		.hash = records_text(entry, "hash", PASSWORD_HASH_SIZE - 1),
	};
	if (key->id == NULL || key->platform == NULL || key->meeting == NULL || key->hash == NULL)
		return -1;
	return records_time(entry, "created", &key->created) |
	       records_time(entry, "expires", &key->expires);
}

static bool is_there_twice(const struct meeting_keys *keys, const struct meeting_key *row)
{
	return meeting_keys_find(keys, row->platform, row->meeting) != row ||
	       meeting_keys_by_id(keys, row->id) != row;
}

static int read_entries(struct meeting_keys *keys, const char *path, struct error *error)
{
	json_t *entry;
	size_t i;

	json_array_foreach(keys->entries, i, entry)
	{
		struct meeting_key *row = &keys->rows[keys->count++];
		const char *fault = "a field is no text, too long, or no time";

		if (read_entry(entry, row) != 0)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
		fault = records_is_id(row->id) ? meeting_keys_fault(row) : "the id is none";
		if (fault == NULL && is_there_twice(keys, row))
			fault = "an entry before it has the same meeting, or the same id";
		if (fault != NULL)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
	}
	return 0;
}

/* Takes one reference of the entries over, in every case. */
static struct meeting_keys *make_table(const char *path, json_t *entries, struct error *error)
{
	struct meeting_keys *keys = calloc(1, sizeof *keys);

	if (keys == NULL) {
		json_decref(entries);
		error_set(error, "%s: no memory", path);
		return NULL;
	}
	keys->entries = entries;
	keys->rows = calloc(json_array_size(entries) + 1, sizeof *keys->rows);
	if (keys->rows == NULL) {
		error_set(error, "%s: no memory for so many keys", path);
		meeting_keys_free(&keys);
	} else if (read_entries(keys, path, error) != 0) {
		meeting_keys_free(&keys);
	}
	return keys;
}

struct meeting_keys *meeting_keys_load(const char *path, struct error *error)
{
	json_t *entries = records_read(path, FORMAT, error);

	return entries != NULL ? make_table(path, entries, error) : NULL;
}

void meeting_keys_free(struct meeting_keys **keys)
{
	struct meeting_keys *old = *keys;

	*keys = NULL;
	if (old == NULL)
		return;
	json_decref(old->entries);
	free(old->rows);
	free(old);
}

static bool is_of(const struct meeting_key *key, const char *platform, const char *meeting)
{
	return strcmp(key->platform, platform) == 0 && strcmp(key->meeting, meeting) == 0;
}

const struct meeting_key *meeting_keys_find(
	const struct meeting_keys *keys, const char *platform, const char *meeting)
{
	for (size_t i = 0; i < keys->count; i++)
		if (is_of(&keys->rows[i], platform, meeting))
			return &keys->rows[i];
	return NULL;
}

const struct meeting_key *meeting_keys_by_id(const struct meeting_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++)
		if (strcmp(keys->rows[i].id, id) == 0)
			return &keys->rows[i];
	return NULL;
}

const struct meeting_key *meeting_keys_at(const struct meeting_keys *keys, size_t index)
{
	return index < keys->count ? &keys->rows[index] : NULL;
}

bool meeting_keys_is_active(const struct meeting_key *key, int64_t now)
{
	return key->expires == 0 || now < key->expires;
}

const char *meeting_keys_fault(const struct meeting_key *key)
{
	if (!text_is_host(key->platform) ||
		key->platform[strcspn(key->platform, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
		return "the platform is no host name in lower case";
	if (!join_is_meeting_id(key->meeting))
		return "the meeting id is not " JOIN_MEETING_FORM;
	return password_hash_fault(key->hash);
}

static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

enum { LETTERS = 12, GROUP = 4 };

/* Writes the letters in groups. */
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

/* Never replaces the file with one that could not be read, nor one that can not. */
static int commit(struct records_change *change, struct error *error)
{
	struct meeting_keys *check = make_table(change->path, json_incref(change->entries), error);
	int rc = check != NULL ? records_commit(change, error) : -1;

	meeting_keys_free(&check);
	return rc;
}

/* Takes out the key of a meeting, and those that ended long ago. Whether there was the first. */
static bool take_out(json_t *entries, const char *platform, const char *meeting)
{
	int64_t oldest = clock_wall() - RECORDS_KEPT;
	bool found = false;

	for (size_t i = json_array_size(entries); i-- > 0;) {
		struct meeting_key key;

		if (read_entry(json_array_get(entries, i), &key) != 0)
			continue;
		if (is_of(&key, platform, meeting))
			found = true;
		else if (key.expires == 0 || key.expires >= oldest)
			continue;
		json_array_remove(entries, i);
	}
	return found;
}

static json_t *make_entry(const struct meeting_key *key)
{
	char id[RECORDS_ID_SIZE];
	json_t *entry;

	records_new_id(id);
	entry = json_pack("{s:s, s:s, s:s, s:s}", "id", id, "platform", key->platform, "meeting",
		key->meeting, "hash", key->hash);
	if (entry != NULL && (records_set_time(entry, "created", key->created) != 0 ||
				     records_set_time(entry, "expires", key->expires) != 0)) {
		json_decref(entry);
		entry = NULL;
	}
	return entry;
}

int meeting_keys_set(const char *path, const struct meeting_key *key, struct error *error)
{
	struct records_change change;
	int rc = records_begin(&change, path, FORMAT, error);

	if (rc == 0) {
		take_out(change.entries, key->platform, key->meeting);
		if (json_array_append_new(change.entries, make_entry(key)) != 0)
			rc = error_set(error, "%s: no memory for a key", path);
		else
			rc = commit(&change, error);
	}
	records_end(&change);
	return rc;
}

int meeting_keys_remove(const char *path, const char *platform, const char *meeting, bool *found_r,
	struct error *error)
{
	struct records_change change;
	int rc = records_begin(&change, path, FORMAT, error);

	*found_r = rc == 0 && take_out(change.entries, platform, meeting);
	if (*found_r)
		rc = commit(&change, error);
	records_end(&change);
	return rc;
}
