/* SPDX-License-Identifier: MIT
 *
 * meetauthctl meeting-key: the keys of meetings (guests/meeting_keys.h).
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "guests/meeting_keys.h"

#include <unistd.h>

/* The meeting of a command, and the file of keys. */
struct target {
	const char *path, *platform;
	char *meeting;
	int64_t expires; /* of the key, seconds since 1970; 0: never */
};

static const char *find_path(const struct ctl *ctl)
{
	return section_string(given_backend(ctl, "meeting-key"), "keys");
}

static struct target find_target(const struct ctl *ctl)
{
	struct target target = {.path = find_path(ctl), .expires = given_expiry(ctl, 0)};

	target.platform = section_title(given_meeting(ctl, &target.meeting));
	return target;
}

/* Hashes the key and stores it. */
static void store_key(struct target *target, const char *text)
{
	char hash[PASSWORD_HASH_SIZE];
	struct meeting_key key = {
		.platform = target->platform,
		.meeting = target->meeting,
		.hash = hash,
		.created = clock_wall(),
		.expires = target->expires,
	};

	given_hash(text, hash);
	ctl_must(1, meeting_keys_set(target->path, &key, &ctl_error));
	explicit_bzero(hash, sizeof hash);
	free(target->meeting);
}

static int run_set(struct ctl *ctl)
{
	struct target target = find_target(ctl);
	struct secret *key = given_secret(STDIN_FILENO, "Key of the meeting: ");

	given_check_password(key, "key of a meeting", MEETING_KEY_MIN);
	store_key(&target, secret_text(key));
	secret_free(&key);
	return EX_OK;
}

static int run_generate(struct ctl *ctl)
{
	struct target target = find_target(ctl);
	char text[MEETING_KEY_MADE_SIZE];

	meeting_keys_make(text);
	store_key(&target, text);
	printf("%s\n", text);
	explicit_bzero(text, sizeof text);
	return EX_OK;
}

static json_t *key_to_json(const struct meeting_key *key)
{
	bool active = records_is_active(&meeting_keys_type, key, clock_wall());

	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "platform", key->platform, "meeting",
		key->meeting, "state", active ? "active" : "expired", "created",
		print_time(key->created), "expires", print_time(key->expires));
}

static int run_list(struct ctl *ctl)
{
	static const struct print_column columns[] = {
		{"PLATFORM", "platform", NULL, NULL},
		{"MEETING", "meeting", NULL, NULL},
		{"STATE", "state", NULL, NULL},
		{"CREATED", "created", NULL, NULL},
		{"EXPIRES", "expires", "never", NULL},
		{0},
	};
	struct records *keys =
		ctl_need(EX_NOINPUT, records_load(&meeting_keys_type, find_path(ctl), &ctl_error));
	json_t *list = json_array();

	for (size_t i = 0; records_at(keys, i) != NULL; i++)
		print_add(list, key_to_json(records_at(keys, i)));
	records_free(&keys);
	print_list(ctl, list, columns, PRINT_TABS);
	return EX_OK;
}

static int run_remove(struct ctl *ctl)
{
	struct target target = find_target(ctl);
	bool found;

	ctl_must(1, meeting_keys_remove(
			    target.path, target.platform, target.meeting, &found, &ctl_error));
	if (!found)
		ctl_die(1, "%s: meeting %s of %s has no key", target.path, target.meeting,
			target.platform);
	free(target.meeting);
	return EX_OK;
}

const struct ctl_command ctl_meeting_key_commands[] = {
	{"meeting-key set", "--platform HOST --meeting ID [--expires WHEN] [--backend TITLE]",
		"set a meeting's key, from standard input or a prompt", run_set, .changes = true},
	{"meeting-key generate", "--platform HOST --meeting ID [--expires WHEN] [--backend TITLE]",
		"set a random key for a meeting, and print it once", run_generate, .changes = true},
	{"meeting-key list", "[--backend TITLE]",
		"list the meetings that have a key, without the keys", .run = run_list},
	{"meeting-key remove", "--platform HOST --meeting ID [--backend TITLE]",
		"remove a meeting's key, and end the sessions that began with it", run_remove,
		.changes = true},
	{0},
};
