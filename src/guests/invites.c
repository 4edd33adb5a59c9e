/* SPDX-License-Identifier: MIT */
#include "guests/invites.h"

#include "base/clock.h"
#include "base/join.h"
#include "base/text.h"
#include "outbound/mail.h"

#include <sodium.h>

#define FORMAT "meetauth invitations 1"

enum {
	ID_BYTES = RECORDS_ID_SIZE / 2,
	MAC_BYTES = crypto_generichash_BYTES,
	TOKEN_BYTES = ID_BYTES + MAC_BYTES,
};

_Static_assert(TOKEN_BYTES * 4 / 3 + 1 == INVITES_TOKEN_SIZE, "size of a token");

struct invites {
	json_t *entries;     /* holds the strings */
	struct invite *rows; /* in the order of the file */
	const struct invite **by_id;
	size_t count;
};

/* ---- reading ---- */

static int read_entry(const json_t *entry, struct invite *invite)
{
	*invite = (struct invite){
		.id = records_text(entry, "id", RECORDS_ID_SIZE - 1),
		.platform = records_text(entry, "platform", IDENTITY_SUBJECT_MAX),
		.meeting = records_text(entry, "meeting", JOIN_MEETING_MAX),
		.meeting_token = records_text(entry, "meetingToken", JOIN_MEETING_MAX),
		.name = records_text(entry, "name", IDENTITY_NAME_MAX),
		.email = records_text(entry, "email", IDENTITY_EMAIL_MAX),
	};
	if (invite->id == NULL || invite->platform == NULL || invite->meeting == NULL ||
		invite->meeting_token == NULL || invite->name == NULL || invite->email == NULL)
		return -1;
	return records_time(entry, "created", &invite->created) |
	       records_time(entry, "expires", &invite->expires) |
	       records_time(entry, "revoked", &invite->revoked);
}

static int read_entries(struct invites *invites, const char *path, struct error *error)
{
	json_t *entry;
	size_t i;

	json_array_foreach(invites->entries, i, entry)
	{
		struct invite *row = &invites->rows[i];
		const char *fault = "a field is no text, too long, or no time";

		if (read_entry(entry, row) == 0)
			fault = records_is_id(row->id) ? invites_fault(row) : "the id is none";
		if (fault != NULL)
			return error_set(error, "%s: entry %zu: %s", path, i + 1, fault);
		invites->by_id[i] = row;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct invite *const *one = a, *const *other = b;

	return strcmp((*one)->id, (*other)->id);
}

static int sort(struct invites *invites, const char *path, struct error *error)
{
	if (invites->count > 0)
		qsort(invites->by_id, invites->count, sizeof(struct invite *), compare);
	for (size_t i = 1; i < invites->count; i++)
		if (compare(&invites->by_id[i - 1], &invites->by_id[i]) == 0)
			return error_set(error, "%s: two entries have the id %s", path,
				invites->by_id[i]->id);
	return 0;
}

/* Takes one reference of the entries over, in every case. */
static struct invites *make_table(const char *path, json_t *entries, struct error *error)
{
	struct invites *invites = calloc(1, sizeof *invites);

	if (invites == NULL) {
		json_decref(entries);
		error_set(error, "%s: no memory", path);
		return NULL;
	}
	invites->entries = entries;
	invites->count = json_array_size(entries);
	invites->rows = calloc(invites->count + 1, sizeof *invites->rows);
	invites->by_id = calloc(invites->count + 1, sizeof(struct invite *));
	if (invites->rows == NULL || invites->by_id == NULL) {
		error_set(error, "%s: no memory for so many invitations", path);
		invites_free(&invites);
	} else if (read_entries(invites, path, error) != 0 || sort(invites, path, error) != 0) {
		invites_free(&invites);
	}
	return invites;
}

struct invites *invites_load(const char *path, struct error *error)
{
	json_t *entries = records_read(path, FORMAT, error);

	return entries != NULL ? make_table(path, entries, error) : NULL;
}

void invites_free(struct invites **invites)
{
	struct invites *old = *invites;

	*invites = NULL;
	if (old == NULL)
		return;
	json_decref(old->entries);
	free(old->rows);
	free(old->by_id);
	free(old);
}

const struct invite *invites_find(const struct invites *invites, const char *id)
{
	const struct invite wanted = {.id = id}, *const key = &wanted;
	const struct invite *const *found = NULL;

	if (invites->count > 0)
		found = bsearch(&key, invites->by_id, invites->count, sizeof key, compare);
	return found != NULL ? *found : NULL;
}

const struct invite *invites_at(const struct invites *invites, size_t index)
{
	return index < invites->count ? &invites->rows[index] : NULL;
}

bool invites_is_active(const struct invite *invite, int64_t now)
{
	return invite->revoked == 0 && (invite->expires == 0 || now < invite->expires);
}

const char *invites_fault(const struct invite *invite)
{
	if (!text_is_host(invite->platform) ||
		invite->platform[strcspn(invite->platform, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
		return "the platform is no host name in lower case";
	if (!join_is_meeting_id(invite->meeting))
		return "the meeting id is not " JOIN_MEETING_FORM;
	if (!join_is_meeting_id(invite->meeting_token))
		return "the meeting token is not " JOIN_MEETING_FORM;
	if (invite->name[0] == '\0' || strlen(invite->name) > IDENTITY_NAME_MAX ||
		!text_is_printable(invite->name))
		return "the name is empty, longer than 256 bytes or not printable UTF-8";
	if (invite->email[0] != '\0' && !mail_is_address(invite->email))
		return "the e-mail is not like name@example.org";
	return NULL;
}

/* ---- tokens ---- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
	/* With its NUL: so ("a", "bc") and ("ab", "c") differ. */
	crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

/* Everything but whether it is revoked, which may change. */
static void sign(const struct invite *invite, const char *secret, uint8_t mac[MAC_BYTES])
{
	uint8_t key[crypto_generichash_KEYBYTES];
	crypto_generichash_state state;
	char times[48];

	crypto_generichash(key, sizeof key, (const uint8_t *)secret, strlen(secret), NULL, 0);
	snprintf(times, sizeof times, "%lld %lld", (long long)invite->created,
		(long long)invite->expires);
	crypto_generichash_init(&state, key, sizeof key, MAC_BYTES);
	hash_text(&state, FORMAT);
	hash_text(&state, invite->id);
	hash_text(&state, invite->platform);
	hash_text(&state, invite->meeting);
	hash_text(&state, invite->meeting_token);
	hash_text(&state, invite->name);
	hash_text(&state, invite->email);
	hash_text(&state, times);
	crypto_generichash_final(&state, mac, MAC_BYTES);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&state, sizeof state);
}

void invites_token(const struct invite *invite, const char *secret, char token[INVITES_TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	sodium_hex2bin(bytes, ID_BYTES, invite->id, strlen(invite->id), NULL, NULL, NULL);
	sign(invite, secret, bytes + ID_BYTES);
	sodium_bin2base64(token, INVITES_TOKEN_SIZE, bytes, sizeof bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

const struct invite *invites_open(const struct invites *invites, const char *token,
	const char *const *secrets, size_t secret_count)
{
	const struct invite *invite;
	uint8_t bytes[TOKEN_BYTES], mac[MAC_BYTES];
	char id[RECORDS_ID_SIZE];
	bool good = false;

	if (!text_is_token(token, INVITES_TOKEN_SIZE - 1, INVITES_TOKEN_SIZE - 1, "_-") ||
		sodium_base642bin(bytes, sizeof bytes, token, strlen(token), NULL, NULL, NULL,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return NULL;
	sodium_bin2hex(id, sizeof id, bytes, ID_BYTES);
	invite = invites_find(invites, id);
	for (size_t i = 0; invite != NULL && i < secret_count; i++) {
		sign(invite, secrets[i], mac);
		good |= sodium_memcmp(mac, bytes + ID_BYTES, sizeof mac) == 0;
	}
	return good ? invite : NULL;
}

/* ---- changes ---- */

/* What nobody can use any more is kept for a while, for whoever looks, and not for ever. */
static void forget_old(json_t *entries, int64_t now)
{
	for (size_t i = json_array_size(entries); i-- > 0;) {
		int64_t expires;

		if (records_time(json_array_get(entries, i), "expires", &expires) == 0 &&
			expires != 0 && expires < now - RECORDS_KEPT)
			json_array_remove(entries, i);
	}
}

static json_t *make_entry(const struct invite *invite, const char *id)
{
	json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "platform",
		invite->platform, "meeting", invite->meeting, "meetingToken", invite->meeting_token,
		"name", invite->name, "email", invite->email);

	if (entry != NULL && (records_set_time(entry, "created", invite->created) != 0 ||
				     records_set_time(entry, "expires", invite->expires) != 0)) {
		json_decref(entry);
		entry = NULL;
	}
	return entry;
}

/* Never replaces the file with one that could not be read, nor one that can not. */
static int commit(struct records_change *change, struct error *error)
{
	struct invites *check = make_table(change->path, json_incref(change->entries), error);
	int rc = check != NULL ? records_commit(change, error) : -1;

	invites_free(&check);
	return rc;
}

int invites_add(const char *path, const struct invite *invite, char id_r[RECORDS_ID_SIZE],
	struct error *error)
{
	struct records_change change;
	int rc = records_begin(&change, path, FORMAT, error);

	if (rc == 0) {
		records_new_id(id_r);
		forget_old(change.entries, clock_wall());
		if (json_array_append_new(change.entries, make_entry(invite, id_r)) != 0)
			rc = error_set(error, "%s: no memory for an invitation", path);
		else
			rc = commit(&change, error);
	}
	records_end(&change);
	return rc;
}

static json_t *find_entry(const json_t *entries, const char *id)
{
	json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		const char *found = json_string_value(json_object_get(entry, "id"));

		if (found != NULL && strcmp(found, id) == 0)
			return entry;
	}
	return NULL;
}

int invites_revoke(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error)
{
	struct records_change change;
	json_t *entry = NULL;
	int64_t since = 0;
	int rc = records_begin(&change, path, FORMAT, error);

	if (rc == 0)
		entry = find_entry(change.entries, id);
	*found_r = entry != NULL;
	if (name_r != NULL) {
		const char *name = records_text(entry, "name", IDENTITY_NAME_MAX);

		snprintf(name_r, IDENTITY_NAME_MAX + 1, "%s", name != NULL ? name : "");
	}
	if (entry != NULL && (records_time(entry, "revoked", &since) != 0 || since == 0)) {
		if (records_set_time(entry, "revoked", clock_wall()) != 0)
			rc = error_set(error, "%s: no memory", path);
		else
			rc = commit(&change, error);
	}
	records_end(&change);
	return rc;
}
