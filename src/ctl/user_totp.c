/* SPDX-License-Identifier: MIT */
#include "ctl/user_totp.h"

#include "auth/registry.h"
#include "auth/totp.h"
#include "auth/users.h"
#include "base/text.h"
#include "ctl/given.h"
#include "base/qr.h"
#include "secret/store.h"

#include <unistd.h>

/* The user and the backend of the command. */
struct target {
	const struct settings *settings;
	const struct section *backend;
	char subject[USERS_NAME_SIZE];
	char name[STORE_NAME_MAX + 1]; /* the secret's name */
};

static bool may_have_one(const struct section *backend, const char *type)
{
	const struct auth_backend *driver = auth_find(section_type(backend));

	return driver != NULL && driver->second_factor;
}

/* Sets the user's name as spelled in the users file: the second factor is found by the exact
 * subject. */
static void find_in_file(struct target *target, const char *name, bool must_exist)
{
	const char *path = section_string(target->backend, "users");
	enum users_kind kind = USERS_OWN;
	const struct user *user;
	struct users *users;

	users_kind_named(section_string(target->backend, "format"), &kind);
	users = ctl_need(EX_NOINPUT, users_load(path, kind, &ctl_error));
	if (users_key(users, name, target->subject) != 0)
		ctl_die(EX_NOUSER, "%s: no user \"%s\"", path, name);
	user = users_find(users, target->subject);
	if (user != NULL)
		snprintf(target->subject, sizeof target->subject, "%s", user->name);
	else if (must_exist)
		ctl_die(EX_NOUSER, "%s: no user \"%s\"", path, name);
	users_drop(&users);
}

/* Sets the subject. Only users of a file can be looked up here; for other backends the operand is
 * used as it is. */
static void find_subject(const struct ctl *ctl, struct target *target, const char *name)
{
	const char *type = section_type(target->backend);

	if (name[0] == '\0' || strlen(name) > IDENTITY_SUBJECT_MAX || !text_is_printable(name))
		ctl_usage(ctl->command, "a user name must be 1 to %d bytes of UTF-8",
			IDENTITY_SUBJECT_MAX);
	if (strcmp(type, "file") == 0)
		find_in_file(target, name, !ctl->given.remove);
	else if (strcmp(type, "pam") != 0 || identity_plain_name(name, target->subject) != 0)
		snprintf(target->subject, sizeof target->subject, "%s", name);
}

int user_totp_remove(const struct settings *settings, const char *backend, const char *subject,
	struct error *error)
{
	char name[STORE_NAME_MAX + 1];
	size_t dropped;

	if (totp_secret_name(backend, subject, name, sizeof name) != 0)
		return 0;
	if (store_set_only(settings->store, settings->store_key, name, NULL, &dropped, error) != 0)
		return -1;
	return dropped > 0 ? 1 : 0;
}

static void store_key(const struct target *target, const char *key)
{
	const struct settings *settings = target->settings;
	struct secret *secret = secret_new(key, strlen(key));
	size_t dropped;

	if (secret == NULL)
		xno_memory();
	ctl_must(1, store_set_only(settings->store, settings->store_key, target->name, secret,
			    &dropped, &ctl_error));
	secret_free(&secret);
}

/* Returns the name that the app shows next to the code. */
static const char *issuer(const struct settings *settings)
{
	const char *host = strstr(settings->origin, "://");

	return settings->brand_name[0] != '\0' ? settings->brand_name : host + 3;
}

/* Prints the URI that apps scan (Key Uri Format of Google Authenticator). The omitted parameters
 * have the defaults that totp_check() uses. */
static void print_address(const struct target *target, const char *key)
{
	struct buffer address = BUFFER_INIT(8192), lines = BUFFER_INIT(1 << 20);

	buffer_text(&address, "otpauth://totp/");
	buffer_percent(&address, issuer(target->settings));
	buffer_text(&address, ":");
	buffer_percent(&address, target->subject);
	buffer_printf(&address, "?secret=%s&issuer=", key);
	buffer_percent(&address, issuer(target->settings));
	printf("%s\n", address.data);
	if (isatty(STDOUT_FILENO) && qr_print(address.data, &lines) == 0)
		printf("\n%s", lines.data);
	fflush(stdout);
	fprintf(stderr, "the second factor of %s is stored; it is not shown again\n",
		target->subject);
	if (strcmp(section_type(target->backend), "file") != 0)
		fprintf(stderr,
			"meetauthctl cannot check whether backend \"%s\" has this user: compare "
			"the name with user=... of a sign-in in the log\n",
			section_title(target->backend));
	buffer_wipe(&address);
	buffer_wipe(&lines);
}

static void make_factor(const struct target *target)
{
	char key[TOTP_KEY_SIZE] = "";

	if (!totp_available())
		ctl_die(EX_UNAVAILABLE, "this build has no support for second factors: it was "
					"built without liboath");
	if (totp_make_key(key) != 0)
		xno_memory();
	store_key(target, key);
	print_address(target, key);
	explicit_bzero(key, sizeof key);
}

static void remove_factor(const struct target *target)
{
	struct error error;
	int rc = user_totp_remove(
		target->settings, section_title(target->backend), target->subject, &error);

	if (rc < 0)
		ctl_fail(1, &error);
	if (rc == 0)
		ctl_die(1, "%s has no second factor", target->subject);
	printf("the second factor of %s is removed\n", target->subject);
}

int user_totp_run(struct ctl *ctl)
{
	struct target target = {.settings = ctl->settings,
		.backend = given_backend_that(
			ctl, may_have_one, NULL, "whose users may have a second factor")};

	find_subject(ctl, &target, ctl->given.operands[0]);
	if (totp_secret_name(section_title(target.backend), target.subject, target.name,
		    sizeof target.name) != 0)
		ctl_usage(ctl->command, "the user name is too long");
	(ctl->given.remove ? remove_factor : make_factor)(&target);
	return EX_OK;
}
