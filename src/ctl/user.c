/* SPDX-License-Identifier: MIT
 *
 * meetauthctl user: who is in the users file of a backend of type "file" (auth/users.h). Other
 * backends keep their people elsewhere.
 */
#include "ctl/ctl.h"

#include "auth/auth.h"
#include "auth/users.h"
#include "base/text.h"
#include "base/typed.h"
#include "ctl/change.h"
#include "ctl/given.h"
#include "ctl/user_list.h"
#include "ctl/user_totp.h"

#include <unistd.h>

enum { PASSWORD_MIN = 8 }; /* NIST SP 800-63B, 5.1.1.2 */

enum { ADD, PASSWD, DISABLE, ENABLE, REMOVE, TOTP, LIST };

static const char *path_of(const struct section *backend)
{
	return section_string(backend, "users");
}

static enum users_kind kind_of(const struct section *backend)
{
	enum users_kind kind = USERS_OWN;

	users_kind_named(section_string(backend, "format"), &kind);
	return kind;
}

/* The backend of type file that is meant. NULL after saying why, with the exit status. */
static const struct section *find_backend(
	struct ctl *ctl, const struct ctl_command *command, const char *title, int *status_r)
{
	if (given_path(ctl, command, "file", "users", title, status_r) == NULL)
		return NULL;
	return given_backend(ctl, command, "file", title, status_r);
}

/* The same where the file is to be changed. */
static const struct section *find_own(
	struct ctl *ctl, const struct ctl_command *command, const char *title, int *status_r)
{
	const struct section *backend = find_backend(ctl, command, title, status_r);
	struct error error;

	if (backend == NULL || kind_of(backend) == USERS_OWN)
		return backend;
	section_error(backend, "users", &error,
		"is an htpasswd file, which meetauthctl does not change: use htpasswd(1)");
	*status_r = ctl_fail(EX_CONFIG, &error);
	return NULL;
}

/* ---- passwords ---- */

static int check_password(const struct secret *password, struct error *error)
{
	if (secret_length(password) < PASSWORD_MIN || secret_length(password) > AUTH_PASSWORD_MAX)
		return error_set(
			error, "a password has %d to %d bytes", PASSWORD_MIN, AUTH_PASSWORD_MAX);
	if (strlen(secret_text(password)) != secret_length(password) ||
		!text_is_printable(secret_text(password)))
		return error_set(error,
			"the password is not UTF-8 or has a control character (a line "
			"end?), which no login form can send");
	return 0;
}

/* Reads the password, twice from a terminal, and hashes it. 0, or an exit status. */
static int read_password(const char *name, char hash[PASSWORD_HASH_SIZE], struct error *error)
{
	char prompt[USERS_NAME_SIZE + 32];
	struct secret *password;
	int status = EX_DATAERR;

	snprintf(prompt, sizeof prompt, "Password for %s: ", name);
	password = given_secret(prompt, error);
	if (password == NULL)
		return EX_DATAERR;
	if (check_password(password, error) != 0) {
		status = EX_DATAERR;
	} else if (password_hash(secret_text(password), hash) != 0) {
		error_set(error, "no memory to hash a password (64 MiB)");
		status = EX_OSERR;
	} else {
		status = 0;
	}
	secret_free(&password);
	return status;
}

/* Asks for the password only when the change can be made, and never under the lock. */
static int begin_with_password(
	struct change *change, bool create, char hash[PASSWORD_HASH_SIZE], struct error *error)
{
	int status = change_begin(change, create, error);

	change_end(change);
	if (status == 0)
		status = read_password(change->name, hash, error);
	return status == 0 ? change_begin(change, create, error) : status;
}

/* ---- user add ---- */

static int add_user(struct change *change, struct user *user)
{
	char hash[PASSWORD_HASH_SIZE];
	struct error error;
	int status = begin_with_password(change, true, hash, &error);

	user->hash = hash;
	if (status == 0)
		status = change_commit(change, user, &error);
	change_end(change);
	explicit_bzero(hash, sizeof hash);
	return status == 0 ? 0 : ctl_fail(status, &error);
}

static int take_name(
	const struct ctl_command *command, int operands, char **argv, char name[USERS_NAME_SIZE])
{
	if (operands != 1)
		return ctl_usage(command, "one user name is needed");
	typed_clean(argv[0]);
	if (identity_canonical_name(argv[0], name) != 0)
		return ctl_usage(command,
			"a user name is 1 to %d bytes of UTF-8 without blanks around",
			IDENTITY_SUBJECT_MAX);
	return 0;
}

/* What `user add` was told. */
struct given {
	const char *name, *email, *expires, *backend;
	const char *groups[IDENTITY_GROUPS_MAX];
	size_t group_count;
	struct buffer packed; /* the groups, as struct user has them */
};

static int take_add(
	const struct ctl_command *command, int argc, char **argv, struct given *given, char *name)
{
	struct ctl_option options[] = {
		{.name = "group", .maximum = IDENTITY_GROUPS_MAX, .values = given->groups},
		{.name = "name", .maximum = 1, .values = &given->name},
		{.name = "email", .maximum = 1, .values = &given->email},
		{.name = "expires", .maximum = 1, .values = &given->expires},
		{.name = "backend", .maximum = 1, .values = &given->backend},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv);

	if (operands < 0)
		return EX_USAGE;
	given->group_count = options[0].count;
	return take_name(command, operands, argv, name);
}

/* Makes a user of it and checks it. 0, or an exit status. */
static int fill_user(const struct ctl_command *command, struct given *given, struct user *user)
{
	const char *fault;

	for (size_t i = 0; i < given->group_count; i++)
		buffer_append(&given->packed, given->groups[i], strlen(given->groups[i]) + 1);
	user->group_count = given->group_count;
	user->groups = given->packed.data != NULL ? given->packed.data : "";
	user->display = given->name != NULL ? given->name : "";
	user->email = given->email != NULL ? given->email : "";
	user->hash = password_nobody; /* until the password is known */
	fault = given->packed.failed ? "the groups are too long" : users_fault(user);
	if (fault != NULL)
		return ctl_usage(command, "%s", fault);
	if (given_expiry(given->expires, &user->expires) != 0)
		return ctl_usage(command, "%s", given_expiry_form);
	return 0;
}

static int run_add(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_user_commands[ADD];
	struct given given = {
		.packed = BUFFER_INIT(IDENTITY_GROUPS_MAX * (IDENTITY_GROUP_MAX + 1)),
	};
	struct change change = CHANGE_INIT;
	struct user user = {.name = change.name};
	const struct section *backend = NULL;
	int status = take_add(command, argc, argv, &given, change.name);

	if (status == 0)
		status = fill_user(command, &given, &user);
	if (status == 0)
		backend = find_own(ctl, command, given.backend, &status);
	if (backend != NULL) {
		change.path = path_of(backend);
		status = add_user(&change, &user);
	}
	buffer_release(&given.packed);
	return status;
}

/* ---- changes of a user that is there ---- */

/* Takes the words of a call that has but a name and --backend. 0, or an exit status. */
static int take_words(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv,
	struct change *change, const struct section **backend_r)
{
	const char *title = NULL;
	struct ctl_option options[] = {
		{.name = "backend", .maximum = 1, .values = &title},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv), status;

	if (operands < 0)
		return EX_USAGE;
	status = take_name(command, operands, argv, change->name);
	if (status != 0)
		return status;
	*backend_r = find_own(ctl, command, title, &status);
	if (*backend_r == NULL)
		return status;
	change->path = path_of(*backend_r);
	return 0;
}

static int run_passwd(struct ctl *ctl, int argc, char **argv)
{
	char hash[PASSWORD_HASH_SIZE];
	struct change change = CHANGE_INIT;
	struct error error;
	const struct section *backend;
	int status = take_words(ctl, &ctl_user_commands[PASSWD], argc, argv, &change, &backend);

	if (status != 0)
		return status;
	status = begin_with_password(&change, false, hash, &error);
	if (status == 0) {
		struct user user = *change.user;

		user.hash = hash;
		status = change_commit(&change, &user, &error);
	}
	change_end(&change);
	explicit_bzero(hash, sizeof hash);
	return status == 0 ? 0 : ctl_fail(status, &error);
}

static int disable(struct change *change, bool disabled, struct error *error)
{
	struct user user = *change->user;

	if (user.disabled == disabled)
		return 0; /* as it is to be; the file stays untouched */
	user.disabled = disabled;
	user.enablings += !disabled;
	return change_commit(change, &user, error);
}

/* The key of a second factor goes with its user: whoever gets the name next has another phone. */
static int remove_user(
	struct ctl *ctl, struct change *change, const struct section *backend, struct error *error)
{
	const struct settings *settings = ctl_settings(ctl);
	int status = change_commit(change, NULL, error);

	if (status != 0 || access(settings->store, F_OK) != 0)
		return status;
	if (user_totp_remove(settings, section_title(backend), change->name, error) >= 0)
		return 0;
	error_prefix(error, "the user is removed, but not their second factor, if they had one: ");
	return 1;
}

static int change_user(struct ctl *ctl, int which, int argc, char **argv)
{
	struct change change = CHANGE_INIT;
	struct error error;
	const struct section *backend;
	int status = take_words(ctl, &ctl_user_commands[which], argc, argv, &change, &backend);

	if (status != 0)
		return status;
	status = change_begin(&change, false, &error);
	if (status == 0 && which == REMOVE)
		status = remove_user(ctl, &change, backend, &error);
	else if (status == 0)
		status = disable(&change, which == DISABLE, &error);
	change_end(&change);
	return status == 0 ? 0 : ctl_fail(status, &error);
}

static int run_disable(struct ctl *ctl, int argc, char **argv)
{
	return change_user(ctl, DISABLE, argc, argv);
}

static int run_enable(struct ctl *ctl, int argc, char **argv)
{
	return change_user(ctl, ENABLE, argc, argv);
}

static int run_remove(struct ctl *ctl, int argc, char **argv)
{
	return change_user(ctl, REMOVE, argc, argv);
}

static int run_totp(struct ctl *ctl, int argc, char **argv)
{
	return user_totp_run(ctl, &ctl_user_commands[TOTP], argc, argv);
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	const struct ctl_command *command = &ctl_user_commands[LIST];
	const char *title = NULL;
	const struct section *backend;
	struct ctl_option options[] = {
		{.name = "backend", .maximum = 1, .values = &title},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv), status;
	struct users *users;
	struct error error;

	if (operands < 0)
		return EX_USAGE;
	if (operands > 0)
		return ctl_usage(command, "takes no names");
	backend = find_backend(ctl, command, title, &status);
	if (backend == NULL)
		return status;
	users = users_load(path_of(backend), kind_of(backend), &error);
	if (users == NULL)
		return ctl_fail(EX_NOINPUT, &error);
	status = user_list_print(users, ctl->json) == 0 ? 0 : EX_IOERR;
	users_drop(&users);
	return status;
}

const struct ctl_command ctl_user_commands[] = {
	[ADD] = {"user add",
		"NAME [--name TEXT] [--email ADDRESS] [--group GROUP]... [--expires WHEN] "
		"[--backend TITLE]",
		"add a user; the password from standard input or a prompt", run_add, true},
	[PASSWD] = {"user passwd", "NAME [--backend TITLE]", "give a user another password",
		run_passwd, true},
	[DISABLE] = {"user disable", "NAME [--backend TITLE]", "let a user in no more", run_disable,
		true},
	[ENABLE] = {"user enable", "NAME [--backend TITLE]", "let a disabled user in again",
		run_enable, true},
	[REMOVE] = {"user remove", "NAME [--backend TITLE]", "remove a user", run_remove, true},
	[TOTP] = {"user totp", "NAME [--backend TITLE] [--remove]",
		"give a user a second factor, and show its key once; or remove it", run_totp, true},
	[LIST] = {"user list", "[--backend TITLE]", "list the users; never their passwords",
		run_list, false},
	{0},
};
