/* SPDX-License-Identifier: MIT
 *
 * meetauthctl secret: stores, lists and removes API keys and other secrets.
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/import.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "ctl/secret_name.h"
#include "service/state.h"

#include <unistd.h>

/* Stores a value as a new version and returns the version's number. */
static unsigned store_value(
	const struct ctl *ctl, const struct secret_name *name, const struct secret *value)
{
	const struct settings *settings = ctl->settings;
	int64_t expires = given_expiry(ctl, 0);
	unsigned version;

	ctl_must(EX_DATAERR, store_check_value(value, &ctl_error) != 0 ||
				     secret_name_fits(name, secret_text(value), &ctl_error));
	ctl_must(1, store_set(settings->store, settings->store_key, name->stored, value, expires,
			    &version, &ctl_error));
	return version;
}

void ctl_secret_set(struct ctl *ctl, char *typed, int fd)
{
	struct secret_name name = secret_name_find(ctl, typed);
	char prompt[STORE_NAME_MAX + 32];
	struct secret *value;

	snprintf(prompt, sizeof prompt, "Secret of %s: ", name.stored);
	value = given_secret(fd, prompt);
	printf("%s: version %u stored\n", name.stored, store_value(ctl, &name, value));
	secret_free(&value);
}

unsigned ctl_secret_newest(const struct settings *settings, const char *name,
	const struct secret *value, int64_t expires, bool *known_r)
{
	struct store *store =
		ctl_need(1, store_open(settings->store, settings->store_key, &ctl_error));
	const struct store_secret *secrets;
	unsigned version = 0;
	size_t count = 0;

	secrets = store_secrets(store, name, 0, &count); /* with those that ended */
	if (count > 0 && secrets[0].expires == expires && given_same(secrets[0].secret, value))
		version = secrets[0].version;
	*known_r = count > 0;
	store_free(&store);
	return version;
}

/* A file may be set again, as deployments do: only another value makes a version. */
static int set_from_file(struct ctl *ctl, int fd)
{
	struct secret_name name;
	struct secret *value = secret_read(fd, "", &ctl_error);
	unsigned version;
	bool known;

	close(fd);
	if (value == NULL)
		ctl_die(EX_DATAERR, "--from-file: %s: %s", ctl->given.from_file, ctl_error.text);
	ctl_load_settings(ctl);
	name = secret_name_find(ctl, ctl->given.operands[0]);
	version =
		ctl_secret_newest(ctl->settings, name.stored, value, given_expiry(ctl, 0), &known);
	ctl->unchanged = version != 0;
	if (ctl->unchanged)
		printf("%s: unchanged, version %u has this value\n", name.stored, version);
	else
		printf("%s: version %u stored\n", name.stored, store_value(ctl, &name, value));
	secret_free(&value);
	return EX_OK;
}

static int run_set(struct ctl *ctl)
{
	int fd = given_open("--from-file", ctl->given.from_file);

	if (fd >= 0)
		return set_from_file(ctl, fd);
	ctl_load_settings(ctl);
	ctl_secret_set(ctl, ctl->given.operands[0], STDIN_FILENO);
	return EX_OK;
}

void ctl_secret_generate(struct ctl *ctl, char *typed)
{
	struct secret_name name = secret_name_find(ctl, typed);
	const char *advice = secret_name_generated(&name);
	struct secret *value;
	unsigned version;

	if (advice == NULL)
		ctl_usage(ctl->command,
			"secrets for type \"%s\" cannot be generated: see meetauth.conf(5) for "
			"what is needed, and store it with \"meetauthctl secret set %s\"",
			section_type(name.section), name.stored);
	value = given_random();
	version = store_value(ctl, &name, value);
	printf("%s\n", secret_text(value));
	fflush(stdout);
	fprintf(stderr, "version %u of %s: %s; it is not shown again\n", version, name.stored,
		advice);
	secret_free(&value);
}

static int run_generate(struct ctl *ctl)
{
	ctl_secret_generate(ctl, ctl->given.operands[0]);
	return EX_OK;
}

/* ---- secret retire ---- */

static bool is_configured(const struct settings *settings, const char *name)
{
	static const char prefix[] = "backend/";

	if (strchr(name, '/') == NULL)
		return config_platform(settings, name) != NULL;
	return strncmp(name, prefix, sizeof prefix - 1) == 0 &&
	       config_backend(settings, name + sizeof prefix - 1) != NULL;
}

/* Exits if this is the only version of a secret that the configuration uses. */
static void check_last(const struct settings *settings, const char *name, unsigned version)
{
	struct store *store =
		ctl_need(1, store_open(settings->store, settings->store_key, &ctl_error));
	const struct store_secret *secrets;
	size_t count = 0;

	secrets = store_secrets(store, name, clock_wall(), &count);
	if (count == 1 && secrets[0].version == version && is_configured(settings, name))
		ctl_die(1,
			"%s: version %u is the only one, and without it nobody could use %s; store "
			"another one first (\"meetauthctl secret set %s\"), or add --force",
			name, version, name, name);
	store_free(&store);
}

/* Accepts names that are not in the configuration: operators retire secrets of sections that they
 * have removed. */
static int run_retire(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	char *name = ctl->given.operands[0];
	int64_t version;

	if (text_to_number(ctl->given.operands[1], 1, UINT32_MAX, &version) != 0)
		ctl_usage(ctl->command, "\"%s\" is not a version", ctl->given.operands[1]);
	secret_name_fold(name);
	if (!ctl->given.force)
		check_last(settings, name, (unsigned)version);
	ctl_must(1, store_retire(settings->store, settings->store_key, name, (unsigned)version,
			    &ctl_error));
	printf("%s: version %u retired\n", name, (unsigned)version);
	return EX_OK;
}

/* ---- secret list ---- */

/* Returns when the platform last accepted a version: a time, null for never, or "unknown" if the
 * state cannot be read. */
static json_t *accepted_to_json(
	struct state *state, const struct store *store, const struct store_secret *secret)
{
	uint8_t key[SEAL_HASH_SIZE];
	int64_t when;

	store_accepted_key(store_hash_key(store), secret->name, secret->version, key);
	when = state == NULL ? -1 : state_marked(state, key);
	return when < 0 ? json_string("unknown") : print_time(when);
}

static int run_list(struct ctl *ctl)
{
	static const struct print_column columns[] = {
		{"NAME", "name", NULL, NULL},
		{"VERSION", "version", NULL, NULL},
		{"CREATED", "created", NULL, NULL},
		{"EXPIRES", "expires", "never", NULL},
		{"LAST ACCEPTED", "accepted", "-", NULL},
		{0},
	};
	const struct settings *settings = ctl->settings;
	struct error error;
	struct store *store =
		ctl_need(1, store_open(settings->store, settings->store_key, &ctl_error));
	struct state *state;
	const struct store_secret *secrets;
	json_t *list = json_array();
	size_t count;

	state = service_open_state(settings, store, &error);
	if (state == NULL) /* not fatal: the list is useful without it */
		fprintf(stderr, "meetauthctl: %s\n", error.text);
	secrets = store_all(store, &count);
	for (size_t i = 0; i < count; i++)
		print_add(list, json_pack("{s:s, s:I, s:o, s:o, s:o}", "name", secrets[i].name,
					"version", (json_int_t)secrets[i].version, "created",
					print_time(secrets[i].created), "expires",
					print_time(secrets[i].expires), "accepted",
					accepted_to_json(state, store, &secrets[i])));
	state_close(&state);
	store_free(&store);
	print_list(ctl, list, columns, PRINT_ALIGNED);
	return EX_OK;
}

const struct ctl_command ctl_secret_commands[] = {
	{"secret set", "NAME [--expires WHEN] [--from-file FILE]",
		"store a new version of a secret, from a file, standard input or a prompt", run_set,
		.changes = true, .loads_itself = true},
	{"secret import", "PLATFORM FILE",
		"store the keys of many meetings, from lines of MEETING,KEY,EXPIRES", import_run,
		.changes = true, .loads_itself = true},
	{"secret list", "",
		"list versions, when created, when they end and when last accepted, without their "
		"values",
		.run = run_list},
	{"secret retire", "NAME VERSION [--force]", "remove a version of a secret", run_retire,
		.changes = true},
	{"secret generate", "NAME [--expires WHEN]",
		"store a new random key as a version, and print it once", run_generate,
		.changes = true},
	{0},
};
