/* SPDX-License-Identifier: MIT
 *
 * meetauthctl user: manages the users file of a backend of type "file" (auth/users.h). Users of
 * other backends are managed elsewhere.
 */
#include "ctl/ctl.h"

#include "auth/users.h"
#include "base/clock.h"
#include "base/display_name.h"
#include "base/typed.h"
#include "ctl/change.h"
#include "ctl/given.h"
#include "ctl/print.h"
#include "ctl/user_totp.h"

#include <unistd.h>

static enum users_kind kind_of(const struct section *backend)
{
	enum users_kind kind = USERS_OWN;

	users_kind_named(section_string(backend, "format"), &kind);
	return kind;
}

/* Returns a change for the user of the operand, in the backend of --backend or the only one. */
static struct change find_user(const struct ctl *ctl, const struct section **backend_r)
{
	const struct section *backend = given_backend(ctl, "file");
	struct change change = CHANGE_INIT;
	struct error error;

	typed_clean(ctl->given.operands[0]);
	if (identity_canonical_name(ctl->given.operands[0], change.name) != 0)
		ctl_usage(ctl->command,
			"a user name must be 1 to %d bytes of UTF-8 without leading or trailing "
			"spaces",
			IDENTITY_SUBJECT_MAX);
	change.path = section_string(backend, "users");
	*backend_r = backend;
	if (kind_of(backend) == USERS_OWN)
		return change;
	section_error(backend, "users", &error,
		"is an htpasswd file, which meetauthctl cannot change: use htpasswd(1)");
	ctl_fail(EX_CONFIG, &error);
}

/* Reads a password, at a terminal twice, and stores `user` with it. First checks that the change is
 * possible, but releases the lock while the operator types. */
static void commit_with_password(struct change *change, bool create, const struct user *user)
{
	char prompt[USERS_NAME_SIZE + 32], hash[PASSWORD_HASH_SIZE];
	struct secret *password;
	struct user new;

	change_begin(change, create);
	change_end(change);
	snprintf(prompt, sizeof prompt, "Password for %s: ", change->name);
	password = given_secret(STDIN_FILENO, prompt);
	given_check_password(password, "password", GIVEN_PASSWORD_MIN);
	given_hash(secret_text(password), hash);
	secret_free(&password);
	change_begin(change, create);
	new = create ? *user : *change->user;
	new.hash = hash;
	change_commit(change, &new);
	change_end(change);
	explicit_bzero(hash, sizeof hash);
}

int ctl_user_add(struct ctl *ctl)
{
	const struct given *given = &ctl->given;
	const struct section *backend;
	struct change change = find_user(ctl, &backend);
	struct buffer groups = BUFFER_INIT(IDENTITY_GROUPS_MAX * (IDENTITY_GROUP_MAX + 1));
	struct user user = {
		.name = change.name,
		.display = given->name != NULL ? given->name : "",
		.email = given->email != NULL ? given->email : "",
		.hash = password_nobody, /* until the password has been read */
		.group_count = given->group_count,
	};
	const char *fault;

	for (size_t i = 0; i < given->group_count; i++)
		buffer_append(&groups, given->groups[i], strlen(given->groups[i]) + 1);
	user.groups = groups.data != NULL ? groups.data : "";
	fault = groups.failed ? "the list of groups is too long" : users_fault(&user);
	if (fault == NULL && user.display[0] != '\0')
		fault = display_name_fault(user.display);
	if (fault != NULL)
		ctl_usage(ctl->command, "%s", fault);
	user.expires = given_expiry(ctl, 0);
	commit_with_password(&change, true, &user);
	buffer_release(&groups);
	return EX_OK;
}

static int run_passwd(struct ctl *ctl)
{
	const struct section *backend;
	struct change change = find_user(ctl, &backend);

	commit_with_password(&change, false, NULL);
	return EX_OK;
}

static int set_disabled(struct ctl *ctl, bool disabled)
{
	const struct section *backend;
	struct change change = find_user(ctl, &backend);
	struct user user;

	change_begin(&change, false);
	user = *change.user;
	if (user.disabled != disabled) { /* otherwise leave the file untouched */
		user.disabled = disabled;
		user.enablings += !disabled;
		change_commit(&change, &user);
	}
	change_end(&change);
	return EX_OK;
}

static int run_disable(struct ctl *ctl)
{
	return set_disabled(ctl, true);
}

static int run_enable(struct ctl *ctl)
{
	return set_disabled(ctl, false);
}

/* Also removes the key of the second factor: the next user of that name has another phone. */
static int run_remove(struct ctl *ctl)
{
	const struct section *backend;
	struct change change = find_user(ctl, &backend);
	struct error error;

	change_begin(&change, false);
	change_commit(&change, NULL);
	if (access(ctl->settings->store, F_OK) == 0 &&
		user_totp_remove(ctl->settings, section_title(backend), change.name, &error) < 0)
		ctl_die(1, "the user was removed, but their second factor, if any, was not: %s",
			error.text);
	change_end(&change);
	return EX_OK;
}

static json_t *user_to_json(const struct user *user)
{
	const char *group = user->groups;
	bool active = users_is_active(user, clock_wall());
	json_t *groups = json_array();

	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1)
		print_add(groups, json_string(group));
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s}", "name", user->name, "displayName",
		print_text(user->display), "email", print_text(user->email), "groups", groups,
		"expires", print_time(user->expires), "state",
		user->disabled ? "disabled"
		: active       ? "active"
			       : "expired");
}

/* Lists the users by name, with everything but their hashes. */
static int run_list(struct ctl *ctl)
{
	static const struct print_column columns[] = {
		{"NAME", "name", NULL, NULL},
		{"STATE", "state", NULL, NULL},
		{"EXPIRES", "expires", "never", NULL},
		{"DISPLAY NAME", "displayName", NULL, NULL},
		{"E-MAIL", "email", NULL, NULL},
		{"GROUPS", "groups", NULL, NULL},
		{0},
	};
	const struct section *backend = given_backend(ctl, "file");
	struct users *users = ctl_need(EX_NOINPUT,
		users_load(section_string(backend, "users"), kind_of(backend), &ctl_error));
	json_t *list = json_array();

	for (size_t i = 0; users_at(users, i) != NULL; i++)
		print_add(list, user_to_json(users_at(users, i)));
	users_drop(&users);
	print_list(ctl, list, columns, PRINT_TABS);
	return EX_OK;
}

const struct ctl_command ctl_user_commands[] = {
	{"user add",
		"NAME [--name TEXT] [--email ADDRESS] [--group GROUP]... [--expires WHEN] "
		"[--backend TITLE]",
		"add a user, with a password from standard input or a prompt", ctl_user_add,
		.changes = true},
	{"user passwd", "NAME [--backend TITLE]", "change a user's password", run_passwd,
		.changes = true},
	{"user disable", "NAME [--backend TITLE]", "disable a user but keep the entry", run_disable,
		.changes = true},
	{"user enable", "NAME [--backend TITLE]", "enable a disabled user", run_enable,
		.changes = true},
	{"user remove", "NAME [--backend TITLE]", "remove a user", run_remove, .changes = true},
	{"user forget", "USER",
		"remove what is stored about a person (SUBJECT or BACKEND/SUBJECT), and say what "
		"remains",
		ctl_forget, .changes = true},
	{"user totp", "NAME [--backend TITLE] [--remove]",
		"set up a user's second factor and show its key once, or remove it", user_totp_run,
		.changes = true},
	{"user list", "[--backend TITLE]", "list users, without their passwords", .run = run_list},
	{0},
};
