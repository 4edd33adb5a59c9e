/* SPDX-License-Identifier: MIT
 *
 * meetauthctl user forget: removes what this installation stores about a person, and says what
 * remains elsewhere.
 */
#include "ctl/given.h"

#include "base/clock.h"
#include "ctl/change.h"
#include "ctl/people.h"
#include "ctl/print.h"
#include "ctl/user_totp.h"
#include "guests/forget.h"

/* What was done, and what remains, one row each. */
static void add_row(
	json_t *list, const char *what, const char *where, json_t *removed, const char *remains)
{
	print_add(list, json_pack("{s:s, s:s, s:o, s:s?}", "what", what, "where", where, "removed",
				removed, "remains", remains));
}

static void add_count(json_t *list, const char *what, const char *where, size_t count)
{
	add_row(list, what, where, json_integer((json_int_t)count), NULL);
}

static void add_remains(json_t *list, const char *what, const char *where, const char *why)
{
	add_row(list, what, where, json_null(), why);
}

static void forget_user(const struct ctl *ctl, const struct section *backend,
	const struct given_person *who, json_t *list)
{
	const char *path = section_string(backend, "users");
	struct change change = CHANGE_INIT;
	enum users_kind kind = USERS_OWN;
	struct people people;
	bool found = people_find(ctl->settings, section_title(backend), who->subject, &people);

	if (found)
		people_release(&people);
	users_kind_named(section_string(backend, "format"), &kind);
	if (found && kind != USERS_OWN) {
		add_remains(list, "user", path, "remove the user with htpasswd(1)");
		return;
	}
	if (found) {
		change.path = path;
		identity_canonical_name(who->subject, change.name);
		change_begin(&change, false);
		change_commit(&change, NULL);
		change_end(&change);
	}
	add_count(list, "user", path, found);
}

static void forget_factor(const struct ctl *ctl, const struct section *backend,
	const struct given_person *who, json_t *list)
{
	char name[IDENTITY_SUBJECT_MAX + 1];
	int removed;

	if (identity_canonical_name(who->subject, name) != 0)
		return;
	removed = user_totp_remove(ctl->settings, section_title(backend), name, &ctl_error);
	ctl_must(1, removed < 0 ? -1 : 0);
	if (removed > 0)
		add_count(list, "second factor", ctl->settings->store, 1);
}

static void forget_guests(
	const struct section *backend, const struct given_person *who, bool own, json_t *list)
{
	bool accounts = strcmp(section_type(backend), "guest-account") == 0;
	const char *path = section_string(backend, accounts ? "accounts" : "invitations");
	const struct forget_person person = {who->backend, who->subject, own};
	struct forgotten done;

	ctl_must(1, (accounts ? forget_accounts : forget_invitations)(
			    path, &person, &done, &ctl_error));
	add_count(list, accounts ? "guest account" : "invitation", path, done.own);
	add_count(list, accounts ? "name as a host" : "invitation by the person", path, done.named);
}

static void forget_at(const struct ctl *ctl, const struct section *backend,
	const struct given_person *who, json_t *list)
{
	const char *type = section_type(backend), *title = section_title(backend);
	bool own = who->backend == NULL || strcmp(who->backend, title) == 0;

	/* These files name people of all backends. */
	if (strcmp(type, "guest-account") == 0 || strcmp(type, "invite") == 0)
		forget_guests(backend, who, own, list);
	else if (own && strcmp(type, "file") == 0)
		forget_user(ctl, backend, who, list);
	else if (own && strcmp(type, "meeting-key") != 0 && strcmp(type, "guest") != 0)
		add_remains(
			list, "account", title, "the backend's own accounts are managed elsewhere");
	if (own)
		forget_factor(ctl, backend, who, list);
}

static const struct print_column columns[] = {
	{"WHAT", "what", NULL, NULL},
	{"REMOVED", "removed", "-", "all"},
	{"WHERE", "where", NULL, NULL},
	{"REMAINS", "remains", "", NULL},
	{0},
};

int ctl_forget(struct ctl *ctl)
{
	struct given_person who = given_person(ctl);
	json_t *list = json_array();

	for (size_t i = 0; i < ctl->settings->backend_count; i++)
		forget_at(ctl, ctl->settings->backends[i], &who, list);
	/* Last, when the accounts are gone: nobody can begin a session that would remain. */
	ctl_session_revoke(ctl->settings, who.backend, who.subject, clock_wall());
	add_row(list, "sessions", ctl->settings->state, json_true(), NULL);
	add_remains(list, "counters, known browsers", ctl->settings->state,
		"under hashes without a name, for at most 400 days");
	add_remains(list, "log", "the log, and that of the web server",
		ctl->settings->log_users == CONFIG_USERS_PLAIN
			? "with the name, for as long as you keep it"
			: "for as long as you keep it");
	print_list(ctl, list, columns, PRINT_ALIGNED);
	return EX_OK;
}
