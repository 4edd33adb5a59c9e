/* SPDX-License-Identifier: MIT
 *
 * meetauthctl secret: API keys and the like, by name and version.
 */
#include "ctl/ctl.h"

#include "base/text.h"
#include "ctl/given.h"
#include "ctl/secret_name.h"
#include "state/state.h"

#include <jansson.h>

enum { SET, LIST, RETIRE, GENERATE };

static int run_set(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct secret_name name;
	char prompt[STORE_NAME_MAX + 32];
	struct secret *value;
	struct error error;
	unsigned version;
	int status = EX_OK;

	if (ctl_operands(&ctl_secret_commands[SET], argc, argv, 1) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (secret_name_find(&ctl_secret_commands[SET], settings, argv[0], &name) != 0)
		return EX_USAGE;
	snprintf(prompt, sizeof prompt, "Secret of %s: ", name.stored);
	value = given_secret(prompt, &error);
	if (value == NULL || store_check_value(value, &error) != 0 ||
		secret_name_fits(&name, secret_text(value), &error) != 0)
		status = ctl_fail(EX_DATAERR, &error);
	else if (store_set(settings->store, settings->store_key, name.stored, value, &version,
			 &error) != 0)
		status = ctl_fail(1, &error);
	else
		printf("%s: version %u stored\n", name.stored, version);
	secret_free(&value);
	return status;
}

static int store_generated(const struct settings *settings, const struct secret_name *name)
{
	struct secret *value = given_random();
	struct error error;
	unsigned version;
	int status = EX_OK;

	error_set(&error, "no memory");
	if (value != NULL && secret_name_fits(name, secret_text(value), &error) != 0) {
		status = ctl_fail(EX_DATAERR, &error);
	} else if (value == NULL || store_set(settings->store, settings->store_key, name->stored,
					    value, &version, &error) != 0) {
		status = ctl_fail(1, &error);
	} else {
		printf("%s\n", secret_text(value));
		fflush(stdout);
		fprintf(stderr, "version %u of %s: %s; it is not shown again\n", version,
			name->stored, secret_name_generated(name));
	}
	secret_free(&value);
	return status;
}

static int run_generate(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_secret_commands[GENERATE];
	const struct settings *settings;
	struct secret_name name;

	if (ctl_operands(command, argc, argv, 1) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (secret_name_find(command, settings, argv[0], &name) != 0)
		return EX_USAGE;
	if (secret_name_generated(&name) == NULL)
		return ctl_usage(command,
			"no random key is a secret for type \"%s\": meetauth.conf(5) says what is, "
			"and \"meetauthctl secret set %s\" stores it",
			section_type(name.section), name.stored);
	return store_generated(settings, &name);
}

static bool is_configured(const struct settings *settings, const char *name)
{
	const char *title = strchr(name, '/');

	if (title == NULL)
		return given_platform(settings, name) != NULL;
	for (size_t i = 0; i < settings->backend_count; i++)
		if (strncmp(name, "backend/", strlen("backend/")) == 0 &&
			strcmp(section_title(settings->backends[i]), title + 1) == 0)
			return true;
	return false;
}

/* 0, or an exit status where it is the last one of something that is still in use. */
static int check_last(
	const struct settings *settings, const char *name, unsigned version, struct error *error)
{
	struct store *store = store_open(settings->store, settings->store_key, error);
	const struct store_secret *secrets;
	size_t count = 0;
	int status = 0;

	if (store == NULL)
		return 1;
	secrets = store_secrets(store, name, &count);
	if (count == 1 && secrets[0].version == version && is_configured(settings, name)) {
		error_set(error,
			"%s: version %u is the only one, and nobody could use %s without it; store "
			"another one first (\"meetauthctl secret set %s\"), or say --force",
			name, version, name, name);
		status = 1;
	}
	store_free(&store);
	return status;
}

/* Not checked against the configuration: what is no longer in it is what one retires. */
static int run_retire(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct error error;
	const char *force[1];
	struct ctl_option options[] = {{"force", true, 1, force, 0}, {NULL, false, 0, NULL, 0}};
	int64_t version;
	int operands = ctl_options(&ctl_secret_commands[RETIRE], options, argc, argv);

	if (operands < 0)
		return EX_USAGE;
	if (operands != 2)
		return ctl_usage(&ctl_secret_commands[RETIRE],
			operands < 2 ? "something is missing" : "there is too much");
	if (text_to_number(argv[1], 1, UINT32_MAX, &version) != 0)
		return ctl_usage(&ctl_secret_commands[RETIRE], "\"%s\" is no version", argv[1]);
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	secret_name_fold(argv[0]);
	if (options[0].count == 0 && check_last(settings, argv[0], (unsigned)version, &error) != 0)
		return ctl_fail(1, &error);
	if (store_retire(
		    settings->store, settings->store_key, argv[0], (unsigned)version, &error) != 0)
		return ctl_fail(1, &error);
	printf("%s: version %u retired\n", argv[0], (unsigned)version);
	return EX_OK;
}

/* -- secret list -- */

/* When the platform last accepted it: a time, "-" for never, "unknown" where the state does not
 * tell. */
static const char *accepted(struct state *state, const struct store *store,
	const struct store_secret *secret, char text[TEXT_TIME_SIZE])
{
	uint8_t key[SEAL_HASH_SIZE];
	int64_t when;

	store_accepted_key(store_hash_key(store), secret->name, secret->version, key);
	when = state == NULL ? -1 : state_marked(state, key);
	if (when < 0)
		return "unknown";
	return when == 0 ? "-" : text_from_time(when, text);
}

static void print_table(struct state *state, const struct store *store)
{
	char created[TEXT_TIME_SIZE], last[TEXT_TIME_SIZE];
	size_t count;
	const struct store_secret *secrets = store_all(store, &count);
	int width = 4;

	for (size_t i = 0; i < count; i++)
		if ((int)strlen(secrets[i].name) > width)
			width = (int)strlen(secrets[i].name);
	printf("%-*s  VERSION  %-20s  LAST ACCEPTED\n", width, "NAME", "CREATED");
	for (size_t i = 0; i < count; i++)
		printf("%-*s  %7u  %-20s  %s\n", width, secrets[i].name, secrets[i].version,
			text_from_time(secrets[i].created, created),
			accepted(state, store, &secrets[i], last));
}

/* `accepted` is null for never. */
static int print_json(struct state *state, const struct store *store)
{
	char created[TEXT_TIME_SIZE], last[TEXT_TIME_SIZE];
	size_t count;
	const struct store_secret *secrets = store_all(store, &count);
	json_t *list = json_array();
	int rc = list == NULL ? -1 : 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		const char *when = accepted(state, store, &secrets[i], last);

		rc = json_array_append_new(
			list, json_pack("{s:s, s:I, s:s, s:s?}", "name", secrets[i].name, "version",
				      (json_int_t)secrets[i].version, "created",
				      text_from_time(secrets[i].created, created), "accepted",
				      strcmp(when, "-") == 0 ? NULL : when));
	}
	if (rc == 0)
		rc = json_dumpf(list, stdout, JSON_INDENT(2));
	printf("\n");
	json_decref(list);
	return rc;
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct store *store;
	struct state *state;
	struct error error;
	int status = EX_OK;

	if (ctl_operands(&ctl_secret_commands[LIST], argc, argv, 0) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	store = store_open(settings->store, settings->store_key, &error);
	if (store == NULL)
		return ctl_fail(1, &error);
	state = state_open(settings->state, &error);
	if (state == NULL)
		ctl_fail(0, &error); /* the list is worth having without it */
	if (!ctl->json)
		print_table(state, store);
	else if (print_json(state, store) != 0)
		status = EX_OSERR;
	state_close(&state);
	store_free(&store);
	return status;
}

const struct ctl_command ctl_secret_commands[] = {
	[SET] = {"secret set", "NAME",
		"store a new version of a secret, from standard input or a prompt", run_set, true},
	[LIST] = {"secret list", "", "versions, when made, when last accepted; never a value",
		run_list, false},
	[RETIRE] = {"secret retire", "NAME VERSION [--force]", "remove a version of a secret",
		run_retire, true},
	[GENERATE] = {"secret generate", "NAME",
		"store a new random key as a version, and print it once", run_generate, true},
	{0},
};
