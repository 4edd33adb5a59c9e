/* SPDX-License-Identifier: MIT
 *
 * meetauthctl invite: links that let guests without an account into one meeting (guests/invites.h).
 */
#include "ctl/ctl.h"

#include "base/clock.h"
#include "base/display_name.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "guests/invites.h"
#include "platform/registry.h"
#include "secret/store.h"

#include <unistd.h>

/* ---- invite create ---- */

/* Exits if the platform has no page for guests. */
static void check_page(const struct ctl *ctl, const struct section *platform)
{
	bool has_page;
	const struct platform_driver *driver = platform_find(section_type(platform));
	void *instance = NULL;

	ctl_must(EX_CONFIG, platform_open(driver, platform, &instance, &ctl_error));
	has_page = platform_takes_browsers(driver, platform_peer(instance));
	platform_close(driver, &instance);
	if (!has_page)
		ctl_usage(ctl->command,
			"%s: guests need a page that they are sent to; set the option \"app\"",
			section_title(platform));
}

/* Builds an invitation from the options and validates it. */
static struct invite read_invite(
	const struct ctl *ctl, const struct section *backend, char **meeting_r)
{
	const struct given *given = &ctl->given;
	const struct section *platform = given_meeting(ctl, meeting_r);
	struct invite invite = {
		.id = "",
		.platform = section_title(platform),
		.meeting = *meeting_r,
		.meeting_token = given->meeting_token != NULL ? given->meeting_token : *meeting_r,
		.name = given->name,
		.email = given->email != NULL ? given->email : "",
		.by = "",
		.host = "",
		.title = given->title != NULL ? given->title : "",
		.created = clock_wall(),
	};
	const char *fault = records_fault(&invites_type, &invite);

	if (fault == NULL)
		fault = display_name_fault(invite.name);
	check_page(ctl, platform);
	if (fault != NULL)
		ctl_usage(ctl->command, "%s", fault);
	invite.expires = given_expiry(
		ctl, invite.created + section_milliseconds(backend, "lifetime") / 1000);
	return invite;
}

/* Creates the secret that signs the backend's links. */
static void add_secret(const struct settings *settings, const char *name)
{
	struct secret *value = given_random();
	unsigned version;

	ctl_must(1, store_set(settings->store, settings->store_key, name, value, 0, &version,
			    &ctl_error));
	secret_free(&value);
}

/* Opens the store, and creates the secret for the backend's links if it is missing. */
static struct store *open_store(const struct settings *settings, const char *name)
{
	struct error error;
	struct store *store = store_open(settings->store, settings->store_key, &error);
	size_t count = 0;

	if (store != NULL)
		store_secrets(store, name, clock_wall(), &count);
	if (store != NULL && count == 0) {
		store_free(&store);
		add_secret(settings, name);
		store = store_open(settings->store, settings->store_key, &error);
	}
	if (store == NULL)
		ctl_fail(1, &error);
	return store;
}

enum { READ_S = 3 }; /* the processes of the pool read a changed store within a second */

/* Returns the newest secret, once the pool can be expected to have read it: a link works from the
 * moment that it is shown. */
static const char *signing_secret(const struct store *store, const char *name)
{
	size_t count;
	const struct store_secret *signing = store_secrets(store, name, clock_wall(), &count);
	int64_t age = clock_wall() - signing->created;

	if (age >= 0 && age < READ_S) {
		fprintf(stderr, "the secret that signs the links is new; waiting until the pool "
				"has read it\n");
		sleep((unsigned)(READ_S - age));
	}
	return secret_text(signing->secret);
}

/* Prints only the link to standard output. */
static void print_link(
	const struct settings *settings, const struct invite *invite, const char *secret)
{
	char token[INVITES_TOKEN_SIZE], until[TEXT_TIME_SIZE];

	invites_token(invite, secret, token);
	printf("%s/invite?token=%s\n", settings->base_url, token);
	fflush(stdout);
	fprintf(stderr,
		"invitation %s to %s, valid until %s; everybody who has the link can join as %s; "
		"it is not shown again\n",
		invite->id, invite->meeting, text_from_time(invite->expires, until), invite->name);
	explicit_bzero(token, sizeof token);
}

static int run_create(struct ctl *ctl)
{
	const struct section *backend = given_backend(ctl, "invite");
	const char *path = section_string(backend, "invitations");
	char name[STORE_NAME_MAX + 1], id[RECORDS_ID_SIZE], *meeting = NULL;
	struct invite invite = read_invite(ctl, backend, &meeting);
	struct store *store;
	const char *secret;

	snprintf(name, sizeof name, "backend/%s", section_title(backend));
	store = open_store(ctl->settings, name);
	secret = signing_secret(store, name);
	ctl_must(1, invites_add(path, &invite, id, &ctl_error));
	invite.id = id;
	print_link(ctl->settings, &invite, secret);
	store_free(&store);
	free(meeting);
	return EX_OK;
}

/* ---- invite list ---- */

static json_t *invite_to_json(const struct invite *invite)
{
	bool active = records_is_active(&invites_type, invite, clock_wall());
	const char *state = invite->revoked != 0 ? "revoked" : active ? "active" : "expired";

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:o}", "id",
		invite->id, "state", state, "platform", invite->platform, "meeting",
		invite->meeting, "meetingToken", invite->meeting_token, "title",
		print_text(invite->title), "name", invite->name, "email", print_text(invite->email),
		"created", print_time(invite->created), "expires", print_time(invite->expires),
		"revoked", print_time(invite->revoked));
}

static int run_list(struct ctl *ctl)
{
	static const struct print_column columns[] = {
		{"ID", "id", NULL, NULL},
		{"STATE", "state", NULL, NULL},
		{"EXPIRES", "expires", "never", NULL},
		{"PLATFORM", "platform", NULL, NULL},
		{"MEETING", "meeting", NULL, NULL},
		{"NAME", "name", NULL, NULL},
		{"E-MAIL", "email", NULL, NULL},
		{0},
	};
	const char *path = section_string(given_backend(ctl, "invite"), "invitations");
	struct records *invites =
		ctl_need(EX_NOINPUT, records_load(&invites_type, path, &ctl_error));
	json_t *list = json_array();

	for (size_t i = 0; records_at(invites, i) != NULL; i++)
		print_add(list, invite_to_json(records_at(invites, i)));
	records_free(&invites);
	print_list(ctl, list, columns, PRINT_TABS);
	return EX_OK;
}

/* ---- invite revoke ---- */

static int run_revoke(struct ctl *ctl)
{
	const char *path = section_string(given_backend(ctl, "invite"), "invitations");
	const char *id = ctl->given.operands[0];
	bool found;

	ctl_must(1, invites_revoke(path, id, &found, NULL, &ctl_error));
	if (!found)
		ctl_die(1, "%s: no invitation \"%.64s\"", path, id);
	return EX_OK;
}

const struct ctl_command ctl_invite_commands[] = {
	{"invite create",
		"--platform HOST --meeting ID --name TEXT [--email ADDRESS] [--expires WHEN] "
		"[--meeting-token TOKEN] [--title TEXT] [--backend TITLE]",
		"create a link that lets a guest into one meeting, and print it once", run_create,
		.changes = true},
	{"invite list", "[--backend TITLE]", "list invitations, without their links",
		.run = run_list},
	{"invite revoke", "ID [--backend TITLE]",
		"revoke a link and end the sessions that began with it", run_revoke,
		.changes = true},
	{0},
};
