/* SPDX-License-Identifier: MIT */
#include "ctl/user_totp.h"

#include "auth/auth.h"
#include "auth/totp.h"
#include "auth/users.h"
#include "base/text.h"
#include "ctl/qr.h"
#include "secret/store.h"

#include <unistd.h>

/* What the call is about. */
struct target {
	const struct settings *settings;
	const struct section *backend;
	char subject[USERS_NAME_SIZE];
	char name[STORE_NAME_MAX + 1]; /* of the secret */
};

static bool may_have_one(const struct section *backend)
{
	bool compiled_out;
	const struct auth_backend *driver = auth_find(section_type(backend), &compiled_out);

	return driver != NULL && driver->second_factor;
}

/* The backend called `title`, or for NULL the only one whose people may have a second factor. 0, or
 * an exit status. */
static int find_backend(struct target *target, const struct ctl_command *command, const char *title)
{
	const struct settings *settings = target->settings;
	struct error error;
	size_t found = 0;

	for (size_t i = 0; i < settings->backend_count; i++) {
		const struct section *backend = settings->backends[i];

		if (!may_have_one(backend) ||
			(title != NULL && strcmp(section_title(backend), title) != 0))
			continue;
		target->backend = backend;
		found++;
	}
	if (found == 1)
		return 0;
	if (found > 1)
		return ctl_usage(command,
			"there are several backends with a second factor: name one with --backend");
	error_set(&error, "%s: no backend %s%swhose users may have a second factor", settings->file,
		title != NULL ? title : "", title != NULL ? " " : "");
	return ctl_fail(EX_CONFIG, &error);
}

/* What its users are called only the backend knows; the names of a file can be looked up. 0, or an
 * exit status. */
static int find_subject(
	struct target *target, const struct ctl_command *command, const char *name, bool must_exist)
{
	bool is_file = strcmp(section_type(target->backend), "file") == 0;
	enum users_kind kind = USERS_OWN;
	const struct user *user;
	struct users *users;
	struct error error;
	int rc;

	if (name[0] == '\0' || strlen(name) > IDENTITY_SUBJECT_MAX || !text_is_printable(name))
		return ctl_usage(
			command, "a user name is 1 to %d bytes of UTF-8", IDENTITY_SUBJECT_MAX);
	/* As the backend has it, where the name is not an account's that is written otherwise. */
	if (strcmp(section_type(target->backend), "pam") == 0 &&
		identity_plain_name(name, target->subject) == 0)
		return 0;
	if (!is_file) {
		snprintf(target->subject, sizeof target->subject, "%s", name);
		return 0;
	}
	users_kind_named(section_string(target->backend, "format"), &kind);
	users = users_load(section_string(target->backend, "users"), kind, &error);
	if (users == NULL)
		return ctl_fail(EX_NOINPUT, &error);
	rc = users_key(users, name, target->subject);
	user = rc == 0 ? users_find(users, target->subject) : NULL;
	if (user != NULL) /* the factor is asked of the subject, letter by letter */
		snprintf(target->subject, sizeof target->subject, "%s", user->name);
	if (rc != 0 || (must_exist && user == NULL))
		rc = error_set(&error, "%s: no user \"%s\"",
			section_string(target->backend, "users"), name);
	users_drop(&users);
	return rc == 0 ? 0 : ctl_fail(EX_NOUSER, &error);
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

static int store_key(const struct target *target, const char *key, struct error *error)
{
	const struct settings *settings = target->settings;
	struct secret *secret = secret_new(key, strlen(key));
	size_t dropped;
	int rc;

	if (secret == NULL)
		return error_set(error, "no memory");
	rc = store_set_only(
		settings->store, settings->store_key, target->name, secret, &dropped, error);
	secret_free(&secret);
	return rc;
}

/* Whom the app shows the code as being for: ours, and not the platform's. */
static const char *issuer(const struct settings *settings)
{
	const char *host = strstr(settings->origin, "://");

	return settings->brand_name[0] != '\0' ? settings->brand_name : host + 3;
}

/* The address that apps read (Key Uri Format of Google Authenticator): the parameters left out are
 * those of totp_check(). */
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
	buffer_wipe(&address);
	buffer_wipe(&lines);
}

static int make(const struct target *target)
{
	char key[TOTP_KEY_SIZE] = "";
	struct error error;
	int status = 0;

	if (!totp_available()) {
		error_set(&error, "this build has no second factor: it was made without liboath");
		return ctl_fail(EX_UNAVAILABLE, &error);
	}
	error_set(&error, "no memory");
	if (totp_make_key(key) != 0 || store_key(target, key, &error) != 0)
		status = ctl_fail(1, &error);
	else
		print_address(target, key);
	explicit_bzero(key, sizeof key);
	return status;
}

static int forget(const struct target *target)
{
	struct error error;
	int rc = user_totp_remove(
		target->settings, section_title(target->backend), target->subject, &error);

	if (rc == 0)
		error_set(&error, "%s has no second factor", target->subject);
	if (rc <= 0)
		return ctl_fail(1, &error);
	printf("the second factor of %s is removed\n", target->subject);
	return 0;
}

int user_totp_run(struct ctl *ctl, const struct ctl_command *command, int argc, char **argv)
{
	const char *title = NULL, *removes = NULL;
	struct ctl_option options[] = {
		{.name = "backend", .maximum = 1, .values = &title},
		{.name = "remove", .flag = true, .maximum = 1, .values = &removes},
		{0},
	};
	int operands = ctl_options(command, options, argc, argv), status;
	struct target target = {0};

	if (operands < 0)
		return EX_USAGE;
	if (operands != 1)
		return ctl_usage(command, "one user name is needed");
	target.settings = ctl_settings(ctl);
	if (target.settings == NULL)
		return EX_CONFIG;
	status = find_backend(&target, command, title);
	if (status == 0)
		status = find_subject(&target, command, argv[0], removes == NULL);
	if (status != 0)
		return status;
	if (totp_secret_name(section_title(target.backend), target.subject, target.name,
		    sizeof target.name) != 0)
		return ctl_usage(command, "the user name is too long");
	return removes != NULL ? forget(&target) : make(&target);
}
