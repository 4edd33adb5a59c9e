/* SPDX-License-Identifier: MIT */
#include "guests/invites.h"

#include "base/clock.h"
#include "base/display_name.h"
#include "base/join.h"
#include "base/text.h"
#include "guests/fields.h"
#include "outbound/mail.h"

#include <sodium.h>

#define FORMAT "meetauth invitations 1"

enum {
	ID_BYTES = RECORDS_ID_SIZE / 2,
	MAC_BYTES = crypto_generichash_BYTES,
	TOKEN_BYTES = ID_BYTES + MAC_BYTES,
};

_Static_assert(TOKEN_BYTES * 4 / 3 + 1 == INVITES_TOKEN_SIZE, "size of a token");

static const char *name_fault(const char *text)
{
	bool good = text[0] != '\0' && strlen(text) <= IDENTITY_NAME_MAX && text_is_printable(text);

	return good ? NULL : "the name is empty, longer than 256 bytes or not printable UTF-8";
}

static const char *host_fault(const char *text)
{
	return text[0] == '\0' ? NULL : name_fault(text);
}

static const char *title_fault(const char *text)
{
	return text[0] == '\0' || display_name_fault(text) == NULL
		       ? NULL
		       : "the title is longer than 64 characters, or has characters that cannot be "
			 "seen or change the direction of the text";
}

static const char *meeting_token_fault(const char *text)
{
	return join_is_meeting_id(text) || join_is_meeting_token(text)
		       ? NULL
		       : "the meeting token is not " JOIN_MEETING_FORM;
}

static const struct records_field fields[] = {
	FIELD_TEXT(struct invite, platform, "platform", IDENTITY_SUBJECT_MAX, field_platform_fault),
	FIELD_TEXT(struct invite, meeting, "meeting", JOIN_MEETING_MAX, field_meeting_fault),
	FIELD_TEXT(struct invite, meeting_token, "meetingToken", JOIN_MEETING_MAX,
		meeting_token_fault),
	FIELD_TEXT(struct invite, name, "name", IDENTITY_NAME_MAX, name_fault),
	FIELD_TEXT(struct invite, email, "email", IDENTITY_EMAIL_MAX, field_email_fault),
	FIELD_TEXT(struct invite, by, "by", 2 * IDENTITY_SUBJECT_MAX + 1, NULL),
	FIELD_TEXT(struct invite, host, "host", IDENTITY_NAME_MAX, host_fault),
	FIELD_TEXT(struct invite, title, "title", DISPLAY_NAME_SIZE - 1, title_fault),
	FIELD_TIME(struct invite, created, "created", RECORDS_TIME),
	FIELD_TIME(struct invite, expires, "expires", RECORDS_EXPIRY),
	FIELD_TIME(struct invite, revoked, "revoked", RECORDS_REVOKED),
	{0},
};

static const char *creator(const void *invite, size_t index)
{
	return index == 0 ? ((const struct invite *)invite)->by : NULL;
}

const struct records_type invites_type = {
	.format = FORMAT,
	.size = sizeof(struct invite),
	.fields = fields,
	.owner = creator,
};

/* ---- tokens ---- */

static void hash_text(crypto_generichash_state *state, const char *text)
{
	/* Hash the NUL too, so that ("a", "bc") and ("ab", "c") differ. */
	crypto_generichash_update(state, (const uint8_t *)text, strlen(text) + 1);
}

/* Computes the MAC over all members except `revoked`, which may change. */
static void sign_invite(const struct invite *invite, const char *secret, uint8_t mac[MAC_BYTES])
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
	if (invite->by[0] != '\0' ||
		invite->host[0] != '\0') { /* links of older versions had neither */
		hash_text(&state, invite->by);
		hash_text(&state, invite->host);
	}
	if (invite->title[0] != '\0') /* nor a title */
		hash_text(&state, invite->title);
	crypto_generichash_final(&state, mac, MAC_BYTES);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&state, sizeof state);
}

void invites_token(const struct invite *invite, const char *secret, char token[INVITES_TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	sodium_hex2bin(bytes, ID_BYTES, invite->id, strlen(invite->id), NULL, NULL, NULL);
	sign_invite(invite, secret, bytes + ID_BYTES);
	sodium_bin2base64(token, INVITES_TOKEN_SIZE, bytes, sizeof bytes,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof bytes);
}

const struct invite *invites_open(const struct records *invites, const char *token,
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
	invite = records_by_id(invites, id);
	for (size_t i = 0; invite != NULL && i < secret_count; i++) {
		sign_invite(invite, secrets[i], mac);
		good |= sodium_memcmp(mac, bytes + ID_BYTES, sizeof mac) == 0;
	}
	return good ? invite : NULL;
}

/* ---- changes ---- */

int invites_add_all(const char *path, struct invite *invites, size_t count,
	char (*ids)[RECORDS_ID_SIZE], struct error *error)
{
	struct records_change change;

	if (records_begin(&change, &invites_type, path, error) == 0) {
		records_forget(&change, NULL);
		for (size_t i = 0; i < count; i++) {
			records_new_id(ids[i]);
			invites[i].id = ids[i];
			records_put(&change, &invites[i]);
		}
	}
	return records_end(&change);
}

int invites_add(const char *path, const struct invite *invite, char id_r[RECORDS_ID_SIZE],
	struct error *error)
{
	struct invite new = *invite;

	return invites_add_all(path, &new, 1, (char(*)[RECORDS_ID_SIZE])id_r, error);
}

int invites_end_meeting(const char *path, const char *platform, const char *meeting, const char *by,
	size_t *count_r, struct error *error)
{
	struct records_change change;
	const struct invite *old;
	int64_t now = clock_wall();

	*count_r = 0;
	if (records_begin(&change, &invites_type, path, error) == 0)
		for (size_t i = 0; (old = records_at(change.old, i)) != NULL; i++) {
			struct invite new = *old;

			if (strcmp(old->by, by) != 0 || strcmp(old->platform, platform) != 0 ||
				strcmp(old->meeting, meeting) != 0 ||
				!records_is_active(&invites_type, old, now))
				continue;
			new.revoked = now;
			records_put(&change, &new);
			(*count_r)++;
		}
	return records_end(&change);
}

static int set_revoked(const char *path, const char *id, bool revoked, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error)
{
	struct records_change change;
	const struct invite *old = NULL;
	int64_t now = clock_wall();

	if (records_begin(&change, &invites_type, path, error) == 0)
		old = records_by_id(change.old, id);
	if (old != NULL && !revoked && (old->revoked == 0 || old->expires <= now))
		old = NULL; /* nothing to restore */
	*found_r = old != NULL;
	if (name_r != NULL)
		snprintf(name_r, IDENTITY_NAME_MAX + 1, "%s", old != NULL ? old->name : "");
	if (old != NULL && (old->revoked != 0) != revoked) {
		struct invite new = *old;

		new.revoked = revoked ? now : 0;
		records_put(&change, &new);
	}
	return records_end(&change);
}

int invites_revoke(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error)
{
	return set_revoked(path, id, true, found_r, name_r, error);
}

int invites_restore(const char *path, const char *id, bool *found_r,
	char name_r[IDENTITY_NAME_MAX + 1], struct error *error)
{
	return set_revoked(path, id, false, found_r, name_r, error);
}
