/* SPDX-License-Identifier: MIT
 *
 * meetauthctl meeting-key: the keys of meetings (guests/meeting_keys.h).
 */
#include "ctl/ctl.h"

#include "auth/attempt.h"
#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "guests/meeting_keys.h"

#include <jansson.h>

enum { SET, GENERATE, LIST, REMOVE };

/* What a call was told. */
struct given {
	const char *platform, *meeting, *expires, *backend;
	char *id;	  /* of the meeting; owned */
	const char *path; /* of the file */
	int64_t until;	  /* 0: for ever */
};

/* Takes the words of a call about one meeting. 0, or an exit status; given->id is to be freed. */
static int take_meeting(struct ctl *ctl, const struct ctl_command *command, bool takes_expiry,
	int argc, char **argv, struct given *given)
{
	struct ctl_option options[] = {
		{.name = "platform", .maximum = 1, .values = &given->platform},
		{.name = "meeting", .maximum = 1, .values = &given->meeting},
		{.name = "backend", .maximum = 1, .values = &given->backend},
		{.name = takes_expiry ? "expires" : NULL, .maximum = 1, .values = &given->expires},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv), status;

	if (operands < 0)
		return EX_USAGE;
	if (operands > 0)
		return ctl_usage(command, "takes no words but options");
	given->path = given_path(ctl, command, "meeting-key", "keys", given->backend, &status);
	if (given->path == NULL)
		return status;
	if (given_expiry(given->expires, &given->until) != 0)
		return ctl_usage(command, "%s", given_expiry_form);
	given->platform =
		given_meeting(ctl, command, given->platform, given->meeting, &given->id, &status);
	return given->platform != NULL ? 0 : status;
}

/* ---- set and generate ---- */

static int check_key(const struct secret *key, struct error *error)
{
	const char *text = secret_text(key);
	size_t length = secret_length(key);

	if (length < MEETING_KEY_MIN || length > AUTH_PASSWORD_MAX)
		return error_set(error, "a key of a meeting has %d to %d bytes", MEETING_KEY_MIN,
			AUTH_PASSWORD_MAX);
	if (strlen(text) != length || !text_is_printable(text))
		return error_set(error,
			"the key is not UTF-8 or has a control character (a line end?), which no "
			"form can send");
	return 0;
}

/* Hashes and stores it. An exit status. */
static int store(const struct given *given, const char *text, struct error *error)
{
	char hash[PASSWORD_HASH_SIZE];
	struct meeting_key key = {
		.platform = given->platform,
		.meeting = given->id,
		.hash = hash,
		.created = clock_wall(),
		.expires = given->until,
	};
	int status = 1;

	if (password_hash(text, hash) != 0) {
		error_set(error, "no memory to hash a key (64 MiB)");
		return EX_OSERR;
	}
	if (meeting_keys_set(given->path, &key, error) == 0)
		status = EX_OK;
	explicit_bzero(hash, sizeof hash);
	return status;
}

static int run_set(struct ctl *ctl, int argc, char **argv)
{
	struct given given = {0};
	struct error error;
	struct secret *key;
	int status = take_meeting(ctl, &ctl_meeting_key_commands[SET], true, argc, argv, &given);

	if (status != 0)
		return status;
	key = given_secret("Key of the meeting: ", &error);
	if (key == NULL || check_key(key, &error) != 0)
		status = EX_DATAERR;
	else
		status = store(&given, secret_text(key), &error);
	secret_free(&key);
	free(given.id);
	return status == EX_OK ? EX_OK : ctl_fail(status, &error);
}

static int run_generate(struct ctl *ctl, int argc, char **argv)
{
	struct given given = {0};
	struct error error;
	char text[MEETING_KEY_MADE_SIZE];
	int status =
		take_meeting(ctl, &ctl_meeting_key_commands[GENERATE], true, argc, argv, &given);

	if (status != 0)
		return status;
	meeting_keys_make(text);
	status = store(&given, text, &error);
	if (status == EX_OK)
		printf("%s\n", text);
	explicit_bzero(text, sizeof text);
	free(given.id);
	return status == EX_OK ? EX_OK : ctl_fail(status, &error);
}

/* ---- list ---- */

static const char *state_of(const struct meeting_key *key)
{
	return records_is_active(&meeting_keys_type, key, clock_wall()) ? "active" : "expired";
}

static json_t *time_or_null(int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	return seconds != 0 ? json_string(text_from_time(seconds, text)) : json_null();
}

static int print_json(const struct records *keys)
{
	json_t *list = json_array();
	const struct meeting_key *key;
	int rc;

	for (size_t i = 0; (key = records_at(keys, i)) != NULL; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:o, s:o}", "platform", key->platform, "meeting",
				key->meeting, "state", state_of(key), "created",
				time_or_null(key->created), "expires", time_or_null(key->expires)));
	rc = json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	puts("");
	return rc;
}

static int print_table(const struct records *keys)
{
	char created[TEXT_TIME_SIZE], expires[TEXT_TIME_SIZE];
	const struct meeting_key *key;

	puts("PLATFORM\tMEETING\tSTATE\tCREATED\tEXPIRES");
	for (size_t i = 0; (key = records_at(keys, i)) != NULL; i++)
		printf("%s\t%s\t%s\t%s\t%s\n", key->platform, key->meeting, state_of(key),
			text_from_time(key->created, created),
			key->expires != 0 ? text_from_time(key->expires, expires) : "never");
	return ferror(stdout) ? -1 : 0;
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_meeting_key_commands[LIST];
	const char *backend = NULL, *path;
	struct ctl_option options[] = {
		{.name = "backend", .maximum = 1, .values = &backend},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv), status;
	struct records *keys;
	struct error error;

	if (operands != 0)
		return operands < 0 ? EX_USAGE : ctl_usage(command, "takes no words but options");
	path = given_path(ctl, command, "meeting-key", "keys", backend, &status);
	if (path == NULL)
		return status;
	keys = records_load(&meeting_keys_type, path, &error);
	if (keys == NULL)
		return ctl_fail(EX_NOINPUT, &error);
	status = (ctl->json ? print_json : print_table)(keys) == 0 ? EX_OK : EX_IOERR;
	records_free(&keys);
	return status;
}

/* ---- remove ---- */

static int run_remove(struct ctl *ctl, int argc, char **argv)
{
	struct given given = {0};
	struct error error;
	bool found;
	int status =
		take_meeting(ctl, &ctl_meeting_key_commands[REMOVE], false, argc, argv, &given);

	if (status != 0)
		return status;
	if (meeting_keys_remove(given.path, given.platform, given.id, &found, &error) != 0) {
		status = ctl_fail(1, &error);
	} else if (!found) {
		error_set(&error, "%s: the meeting %s of %s has no key", given.path, given.id,
			given.platform);
		status = ctl_fail(1, &error);
	}
	free(given.id);
	return status;
}

const struct ctl_command ctl_meeting_key_commands[] = {
	[SET] = {"meeting-key set",
		"--platform HOST --meeting ID [--expires WHEN] [--backend TITLE]",
		"give a meeting a key, from standard input or a prompt", run_set, true},
	[GENERATE] = {"meeting-key generate",
		"--platform HOST --meeting ID [--expires WHEN] [--backend TITLE]",
		"give a meeting a random key, and print it once", run_generate, true},
	[LIST] = {"meeting-key list", "[--backend TITLE]",
		"list the meetings that have a key; never the keys", run_list, false},
	[REMOVE] = {"meeting-key remove", "--platform HOST --meeting ID [--backend TITLE]",
		"take the key of a meeting away, and end the sessions it began", run_remove, true},
	{0},
};
