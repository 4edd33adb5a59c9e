/* SPDX-License-Identifier: MIT
 *
 * Backend "meeting-key": a key for each meeting, which its participants are told, and a display
 * name (meeting_keys.h). `meetauthctl meeting-key` sets the keys.
 */
#include "auth/auth.h"
#include "base/display_name.h"
#include "base/clock.h"
#include "base/typed.h"
#include "guests/meeting_keys.h"

#define SUBJECT "key-"

enum { ID_LENGTH = RECORDS_ID_SIZE - 1 };

static const struct option options[] = {
	{"keys", OPTION_PATH, LOCALSTATEDIR "/lib/meetauth/meeting.keys",
		"absolute path of the file of keys; see meetauthctl meeting-key",
		OPTION_INTO(struct records_file, path)},
	{0},
};

static int meeting_key_open(void *instance, const struct section *section, struct error *error)
{
	return records_open(instance, &meeting_keys_type, error) == 0
		       ? 0
		       : section_blame(section, "keys", error);
}

/* A copy of what we need of a key, so that the file's lock is not held while the key is verified.
 */
struct found {
	bool known, active;
	char id[RECORDS_ID_SIZE];
	char hash[PASSWORD_HASH_SIZE]; /* for a meeting without a key, a dummy hash of the same cost
					*/
};

static void find(struct records_file *file, const struct join *join, struct found *found)
{
	const struct meeting_key *key, *any;

	pthread_mutex_lock(&file->lock);
	key = meeting_keys_find(file->records, join->platform, join->meeting_id);
	any = key != NULL ? key : records_at(file->records, 0);
	found->known = key != NULL;
	found->active = key != NULL && records_is_active(&meeting_keys_type, key, clock_wall());
	snprintf(found->id, sizeof found->id, "%s", any != NULL ? any->id : "");
	snprintf(found->hash, sizeof found->hash, "%s", any != NULL ? any->hash : password_nobody);
	pthread_mutex_unlock(&file->lock);
}

/* The subject contains the key's id, so that sessions end with the key, and a random id, since two
 * guests of the same name are two people. */
static int fill(struct identity *who, const struct found *found, const char *name)
{
	char subject[sizeof SUBJECT + 2 * RECORDS_ID_SIZE], visit[RECORDS_ID_SIZE];
	int rc;

	records_new_id(visit);
	snprintf(subject, sizeof subject, SUBJECT "%s-%.16s", found->id, visit);
	rc = identity_set(&who->subject, subject, IDENTITY_SUBJECT_MAX);
	rc |= identity_set(&who->name, name, IDENTITY_NAME_MAX);
	who->guest = true;
	return rc;
}

/* Verifies a key. Keys are told by mail and telephone, so first tries the canonical form of what
 * was typed, then the exact text. */
static enum password_match verify(const char *hash, const char *typed)
{
	char key[AUTH_PASSWORD_MAX + 1];
	enum password_match match;

	if (!meeting_keys_is_made(typed, key)) {
		snprintf(key, sizeof key, "%s", typed);
		typed_clean(key);
	}
	match = password_verify(hash, key);
	if (match == PASSWORD_MISMATCH && strcmp(key, typed) != 0)
		match = password_verify(hash, typed);
	explicit_bzero(key, sizeof key);
	return match;
}

static enum auth_verdict meeting_key_check(void *instance, const struct auth_attempt *attempt)
{
	struct records_file *file = instance;
	char name[DISPLAY_NAME_SIZE];
	enum password_match match;
	struct found found;

	if (display_name(attempt->name, name) != 0)
		return AUTH_UNKNOWN;
	records_catch_up(file);
	find(file, attempt->join, &found);
	/* Verify in any case, so that the time does not reveal whether the meeting has a key. */
	match = verify(found.hash, attempt->password);
	explicit_bzero(found.hash, sizeof found.hash);
	if (match == PASSWORD_BROKEN) {
		error_set(attempt->error, "out of memory to hash a key");
		return AUTH_UNAVAILABLE;
	}
	/* Never AUTH_DENY, which would mean that the name is known. */
	if (match != PASSWORD_MATCH || !found.known || !found.active) {
		error_set(attempt->error, "%s",
			!found.known	? "the meeting has no key"
			: !found.active ? "the meeting's key has expired"
					: "wrong key");
		return AUTH_UNKNOWN;
	}
	if (fill(attempt->who, &found, name) != 0) {
		error_set(attempt->error, "out of memory for an identity");
		return AUTH_UNAVAILABLE;
	}
	return AUTH_GRANT;
}

static bool meeting_key_session_valid(void *instance, const struct identity *who)
{
	struct records_file *file = instance;
	const char *subject = who->subject;
	char id[RECORDS_ID_SIZE];

	if (strncmp(subject, SUBJECT, strlen(SUBJECT)) != 0 ||
		strlen(subject) < strlen(SUBJECT) + ID_LENGTH)
		return false;
	snprintf(id, sizeof id, "%s", subject + strlen(SUBJECT));
	return records_id_active(file, id);
}

const struct auth_backend auth_meeting_key = {
	.type = "meeting-key",
	.summary = "a key for each meeting, and a display name",
	.options = options,
	.size = sizeof(struct records_file),
	.form = &(const struct auth_form){.name_label = "login.key.name",
		.password_label = "login.key.key",
		.wrong = "login.key.wrong",
		.name = AUTH_NAME_PERSON},
	.one_meeting = true,
	.open = meeting_key_open,
	.close = records_close,
	.check = meeting_key_check,
	.session_valid = meeting_key_session_valid,
	.refresh = records_refresh,
};
