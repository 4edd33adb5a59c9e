/* SPDX-License-Identifier: MIT
 *
 * meetauthctl invite: links that let a guest without an account into one meeting
 * (guests/invites.h).
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/given.h"
#include "guests/invites.h"
#include "platform/registry.h"
#include "secret/store.h"

#include <jansson.h>

enum { CREATE, LIST, REVOKE };

/* ---- invite create ---- */

/* What `invite create` was told. */
struct given {
	const char *platform, *meeting, *meeting_token, *name, *email, *expires, *backend;
};

static int take_create(
	const struct ctl_command *command, int argc, char **argv, struct given *given)
{
	struct ctl_option options[] = {
		{.name = "platform", .maximum = 1, .values = &given->platform},
		{.name = "meeting", .maximum = 1, .values = &given->meeting},
		{.name = "meeting-token", .maximum = 1, .values = &given->meeting_token},
		{.name = "name", .maximum = 1, .values = &given->name},
		{.name = "email", .maximum = 1, .values = &given->email},
		{.name = "expires", .maximum = 1, .values = &given->expires},
		{.name = "backend", .maximum = 1, .values = &given->backend},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv);

	if (operands < 0)
		return EX_USAGE;
	if (operands > 0)
		return ctl_usage(command, "takes no words but options");
	return given->name != NULL ? 0 : ctl_usage(command, "--name is needed");
}

/* A link has to lead somewhere. 0, or an exit status. */
static int check_way(
	const struct settings *settings, const struct ctl_command *command, const char *title)
{
	const struct section *section = given_platform(settings, title);
	bool compiled_out, leads;
	const struct platform_driver *driver = platform_find(section_type(section), &compiled_out);
	void *instance = NULL;
	struct error error;

	if (platform_open(driver, section, &instance, &error) != 0)
		return ctl_fail(EX_CONFIG, &error);
	leads = platform_takes_browsers(driver, platform_peer(instance));
	platform_close(driver, &instance);
	return leads ? 0
		     : ctl_usage(command,
			       "%s has no page that a guest could be led to: set its option app",
			       title);
}

/* Makes an invitation of it and checks it. 0, or an exit status; *meeting_r is to be freed. */
static int fill(struct ctl *ctl, const struct ctl_command *command, const struct section *backend,
	const struct given *given, struct invite *invite, char **meeting_r)
{
	const char *fault, *platform;
	int status;

	platform = given_meeting(ctl, command, given->platform, given->meeting, meeting_r, &status);
	if (platform == NULL)
		return status;
	status = check_way(ctl_settings(ctl), command, platform);
	if (status != 0)
		return status;
	*invite = (struct invite){
		.id = "",
		.platform = platform,
		.meeting = *meeting_r,
		.meeting_token = given->meeting_token != NULL ? given->meeting_token : *meeting_r,
		.name = given->name,
		.email = given->email != NULL ? given->email : "",
		.created = clock_wall(),
	};
	invite->expires = invite->created + section_milliseconds(backend, "lifetime") / 1000;
	fault = records_fault(&invites_type, invite);
	if (fault != NULL)
		return ctl_usage(command, "%s", fault);
	if (given_expiry(given->expires, &invite->expires) != 0)
		return ctl_usage(command, "%s", given_expiry_form);
	return 0;
}

static int add_secret(const struct settings *settings, const char *name, struct error *error)
{
	struct secret *value = given_random();
	unsigned version;
	int rc;

	if (value == NULL)
		return error_set(error, "no memory");
	rc = store_set(settings->store, settings->store_key, name, value, &version, error);
	secret_free(&value);
	return rc;
}

/* The store with a secret for the backend's links in it, which is made where there is none. NULL
 * with an error. */
static struct store *open_store(
	const struct settings *settings, const char *name, struct error *error)
{
	struct store *store = store_open(settings->store, settings->store_key, error);
	size_t count;

	if (store == NULL)
		return NULL;
	store_secrets(store, name, &count);
	if (count > 0)
		return store;
	store_free(&store);
	if (add_secret(settings, name, error) != 0)
		return NULL;
	return store_open(settings->store, settings->store_key, error);
}

/* The link alone goes to standard output. */
static void print_link(
	const struct settings *settings, const struct invite *invite, const char *secret)
{
	char token[INVITES_TOKEN_SIZE], until[TEXT_TIME_SIZE];

	invites_token(invite, secret, token);
	printf("%s/invite?token=%s\n", settings->base_url, token);
	fflush(stdout);
	fprintf(stderr,
		"invitation %s to %s, good until %s; whoever has the link is %s: it is not shown "
		"again\n",
		invite->id, invite->meeting, text_from_time(invite->expires, until), invite->name);
	explicit_bzero(token, sizeof token);
}

static int create(const struct settings *settings, const struct section *backend, const char *path,
	struct invite *invite)
{
	char name[STORE_NAME_MAX + 1], id[RECORDS_ID_SIZE];
	struct store *store;
	struct error error;
	int status = EX_OK;
	size_t count;

	snprintf(name, sizeof name, "backend/%s", section_title(backend));
	store = open_store(settings, name, &error);
	if (store == NULL || invites_add(path, invite, id, &error) != 0) {
		status = ctl_fail(1, &error);
	} else {
		const struct store_secret *secrets = store_secrets(store, name, &count);

		invite->id = id;
		print_link(settings, invite, secret_text(secrets[0].secret));
	}
	store_free(&store);
	return status;
}

static int run_create(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_invite_commands[CREATE];
	const struct section *backend;
	struct given given = {0};
	struct invite invite;
	char *meeting = NULL;
	const char *path;
	int status = take_create(command, argc, argv, &given);

	if (status != 0)
		return status;
	path = given_path(ctl, command, "invite", "invitations", given.backend, &status);
	if (path == NULL)
		return status;
	backend = given_backend(ctl, command, "invite", given.backend, &status);
	status = fill(ctl, command, backend, &given, &invite, &meeting);
	if (status == 0)
		status = create(ctl_settings(ctl), backend, path, &invite);
	free(meeting);
	return status;
}

/* ---- invite list ---- */

static const char *state_of(const struct invite *invite)
{
	if (invite->revoked != 0)
		return "revoked";
	return records_is_active(&invites_type, invite, clock_wall()) ? "active" : "expired";
}

static json_t *time_or_null(int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	return seconds != 0 ? json_string(text_from_time(seconds, text)) : json_null();
}

static json_t *to_json(const struct invite *invite)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", invite->id, "state",
		state_of(invite), "platform", invite->platform, "meeting", invite->meeting,
		"meetingToken", invite->meeting_token, "name", invite->name);

	json_object_set_new(object, "email",
		invite->email[0] != '\0' ? json_string(invite->email) : json_null());
	json_object_set_new(object, "created", time_or_null(invite->created));
	json_object_set_new(object, "expires", time_or_null(invite->expires));
	json_object_set_new(object, "revoked", time_or_null(invite->revoked));
	return object;
}

static int print_json(const struct records *invites)
{
	json_t *list = json_array();
	int rc;

	for (size_t i = 0; records_at(invites, i) != NULL; i++)
		json_array_append_new(list, to_json(records_at(invites, i)));
	rc = json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	puts("");
	return rc;
}

/* Columns apart by tabs: names hold blanks, but never a tab. */
static int print_table(const struct records *invites)
{
	const struct invite *invite;
	char expires[TEXT_TIME_SIZE];

	puts("ID\tSTATE\tEXPIRES\tPLATFORM\tMEETING\tNAME\tE-MAIL");
	for (size_t i = 0; (invite = records_at(invites, i)) != NULL; i++)
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", invite->id, state_of(invite),
			invite->expires != 0 ? text_from_time(invite->expires, expires) : "never",
			invite->platform, invite->meeting, invite->name, invite->email);
	return ferror(stdout) ? -1 : 0;
}

/* Takes the words of a call that has but --backend and so many operands. The path, or NULL with the
 * exit status. */
static const char *take_words(struct ctl *ctl, const struct ctl_command *command, int argc,
	char **argv, int wanted, int *status_r)
{
	const char *backend = NULL;
	struct ctl_option options[] = {
		{.name = "backend", .maximum = 1, .values = &backend},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv);

	*status_r = EX_USAGE;
	if (operands < 0)
		return NULL;
	if (operands != wanted) {
		ctl_usage(command, wanted > 0 ? "one id is needed" : "takes no words but options");
		return NULL;
	}
	return given_path(ctl, command, "invite", "invitations", backend, status_r);
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	struct records *invites;
	struct error error;
	int status;
	const char *path = take_words(ctl, &ctl_invite_commands[LIST], argc, argv, 0, &status);

	if (path == NULL)
		return status;
	invites = records_load(&invites_type, path, &error);
	if (invites == NULL)
		return ctl_fail(EX_NOINPUT, &error);
	status = (ctl->json ? print_json : print_table)(invites) == 0 ? EX_OK : EX_IOERR;
	records_free(&invites);
	return status;
}

/* ---- invite revoke ---- */

static int run_revoke(struct ctl *ctl, int argc, char **argv)
{
	struct error error;
	bool found;
	int status;
	const char *path = take_words(ctl, &ctl_invite_commands[REVOKE], argc, argv, 1, &status);

	if (path == NULL)
		return status;
	if (invites_revoke(path, argv[0], &found, NULL, &error) != 0)
		return ctl_fail(1, &error);
	if (found)
		return EX_OK;
	error_set(&error, "%s: no invitation \"%.64s\"", path, argv[0]);
	return ctl_fail(1, &error);
}

const struct ctl_command ctl_invite_commands[] = {
	[CREATE] = {"invite create",
		"--platform HOST --meeting ID --name TEXT [--email ADDRESS] [--expires WHEN] "
		"[--meeting-token TOKEN] [--backend TITLE]",
		"make a link that lets a guest into one meeting, and print it once", run_create,
		true},
	[LIST] = {"invite list", "[--backend TITLE]", "list the invitations; never their links",
		run_list, false},
	[REVOKE] = {"invite revoke", "ID [--backend TITLE]",
		"let nobody in with a link any more, and end the sessions it began", run_revoke,
		true},
	{0},
};
