/* SPDX-License-Identifier: MIT
 *
 * meetauthctl secret: API keys and the like, by name and version.
 */
#include "ctl/ctl.h"

#include "base/text.h"
#include "ctl/given.h"
#include "platform/platform.h"
#include "secret/store.h"
#include "state/state.h"

#include <jansson.h>
#include <strings.h>

enum { SET, LIST, RETIRE, GENERATE };

/* Copies the name of a section's secret as it stands in the store. */
static void name_of(const struct section *section, bool is_backend, char name[STORE_NAME_MAX + 1])
{
	snprintf(name, STORE_NAME_MAX + 1, "%s%s", is_backend ? "backend/" : "",
		section_title(section));
}

/* Calls it for the name of every secret that the configuration has a use for, until one is not 0.
 */
static int for_each_name(const struct settings *settings,
	int (*what)(void *context, const char *name), void *context)
{
	char name[STORE_NAME_MAX + 1];
	int rc = 0;

	for (size_t i = 0; i < settings->platform_count && rc == 0; i++) {
		name_of(settings->platforms[i], false, name);
		rc = what(context, name);
	}
	for (size_t i = 0; i < settings->backend_count && rc == 0; i++) {
		name_of(settings->backends[i], true, name);
		rc = what(context, name);
	}
	return rc;
}

static int is_name(void *context, const char *name)
{
	return strcmp(context, name) == 0;
}

static int list_name(void *context, const char *name)
{
	struct buffer *list = context;

	buffer_printf(list, "%s%s", list->length > 0 ? ", " : "", name);
	return 0;
}

/* Host names are compared without case, so what was typed is made as it stands in the store. */
static void fold_host(char *name)
{
	if (strchr(name, '/') == NULL)
		text_lower(name, name, strlen(name) + 1);
}

/* -- meetings -- */

/* A name "meeting/PLATFORM/MEETING" taken apart. */
struct meeting_name {
	const struct platform_driver *driver;
	const struct section *section;
	const char *meeting;
};

static enum platform_parameter get_nothing(
	const void *query, const char *name, const char **value_r)
{
	(void)query;
	(void)name;
	(void)value_r;
	return PLATFORM_MISSING;
}

/* The platform that it names, which must have a secret for each meeting. */
static bool find_meeting(
	const struct settings *settings, const char *name, struct meeting_name *found)
{
	static const char prefix[] = "meeting/";
	const char *title = name + sizeof prefix - 1;
	size_t length;
	bool compiled_out;

	if (strncmp(name, prefix, sizeof prefix - 1) != 0)
		return false;
	length = strcspn(title, "/");
	for (size_t i = 0; i < settings->platform_count && title[length] == '/'; i++) {
		const char *other = section_title(settings->platforms[i]);

		found->section = settings->platforms[i];
		found->driver = platform_find(section_type(found->section), &compiled_out);
		found->meeting = title + length + 1;
		if (strlen(other) == length && strncasecmp(other, title, length) == 0 &&
			found->driver != NULL &&
			found->driver->secrets_of == PLATFORM_SECRETS_OF_MEETING)
			return true;
	}
	return false;
}

/* What the platform's driver calls the meeting: what was typed may say the same in other words. 0,
 * or -1 after saying what is wrong. */
static int name_meeting(const struct meeting_name *found, char name[STORE_NAME_MAX + 1])
{
	struct join join = JOIN_INIT;
	struct error error = {0};
	struct platform_arrival arrival = {
		found->meeting, get_nothing, NULL, &join, "meeting", &error};
	void *instance = NULL;
	int rc = found->driver->open(found->section, &instance, &error);

	if (rc == 0)
		rc = found->driver->arrive(instance, &arrival);
	if (rc == 0 && snprintf(name, STORE_NAME_MAX + 1, "meeting/%s/%s",
			       section_title(found->section), join.meeting_id) > STORE_NAME_MAX)
		rc = error_set(&error, "the name of the meeting is too long");
	if (rc != 0)
		ctl_usage(&ctl_secret_commands[SET], "%s", error.text);
	if (instance != NULL)
		found->driver->close(instance);
	join_release(&join);
	return rc;
}

/* A secret is stored for what the configuration names, so that a typing error is found now, and not
 * by the first join. `stored` is how it is called in the store. */
static int check_name(
	int command, const struct settings *settings, char *name, char stored[STORE_NAME_MAX + 1])
{
	struct buffer list = BUFFER_INIT(4096);
	struct meeting_name meeting;

	if (find_meeting(settings, name, &meeting))
		return name_meeting(&meeting, stored);
	fold_host(name);
	snprintf(stored, STORE_NAME_MAX + 1, "%s", name);
	if (for_each_name(settings, is_name, name) != 0)
		return 0;
	for_each_name(settings, list_name, &list);
	ctl_usage(&ctl_secret_commands[command],
		"the configuration has no platform or backend for \"%s\"; it has: %s", name,
		list.length > 0 ? list.data : "none");
	buffer_release(&list);
	return -1;
}

static int run_set(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	char name[STORE_NAME_MAX + 1], prompt[STORE_NAME_MAX + 32];
	struct secret *value;
	struct error error;
	unsigned version;
	int status = EX_OK;

	if (ctl_operands(&ctl_secret_commands[SET], argc, argv, 1) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (check_name(SET, settings, argv[0], name) != 0)
		return EX_USAGE;
	snprintf(prompt, sizeof prompt, "Secret of %s: ", name);
	value = given_secret(prompt, &error);
	if (value == NULL || store_check_value(value, &error) != 0)
		status = ctl_fail(EX_DATAERR, &error);
	else if (store_set(settings->store, settings->store_key, name, value, &version, &error) !=
		 0)
		status = ctl_fail(1, &error);
	else
		printf("%s: version %u stored\n", name, version);
	secret_free(&value);
	return status;
}

static int store_generated(const struct settings *settings, const char *name)
{
	struct secret *value = given_random();
	struct error error;
	unsigned version;
	int status = EX_OK;

	error_set(&error, "no memory");
	if (value == NULL || store_set(settings->store, settings->store_key, name, value, &version,
				     &error) != 0) {
		status = ctl_fail(1, &error);
	} else {
		printf("%s\n", secret_text(value));
		fflush(stdout);
		fprintf(stderr,
			"version %u of %s: put it into the platform's settings (\"API Key of "
			"external authentication server\"); it is not shown again\n",
			version, name);
	}
	secret_free(&value);
	return status;
}

static int run_generate(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	char name[STORE_NAME_MAX + 1];

	if (ctl_operands(&ctl_secret_commands[GENERATE], argc, argv, 1) != 0)
		return EX_USAGE;
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	if (check_name(GENERATE, settings, argv[0], name) != 0)
		return EX_USAGE;
	return store_generated(settings, name);
}

/* Not checked against the configuration: what is no longer in it is what one retires. */
static int run_retire(struct ctl *ctl, int argc, char **argv)
{
	const struct settings *settings;
	struct error error;
	int64_t version;

	if (ctl_operands(&ctl_secret_commands[RETIRE], argc, argv, 2) != 0)
		return EX_USAGE;
	if (text_to_number(argv[1], 1, UINT32_MAX, &version) != 0)
		return ctl_usage(&ctl_secret_commands[RETIRE], "\"%s\" is no version", argv[1]);
	settings = ctl_settings(ctl);
	if (settings == NULL)
		return EX_CONFIG;
	fold_host(argv[0]);
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
		"store a new version of a secret, from standard input or a prompt", run_set},
	[LIST] = {"secret list", "", "versions, when made, when last accepted; never a value",
		run_list},
	[RETIRE] = {"secret retire", "NAME VERSION", "remove a version of a secret", run_retire},
	[GENERATE] = {"secret generate", "NAME",
		"store a new random key as a version, and print it once", run_generate},
	{0},
};
