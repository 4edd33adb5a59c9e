/* SPDX-License-Identifier: MIT
 *
 * Backend "file": names and argon2id hashes in a users file (users.h), which meetauthctl user
 * changes, or an htpasswd file, which another program does. For small sites and as the account that
 * still works when a directory is down.
 */
#include "auth/auth.h"
#include "auth/users.h"
#include "base/clock.h"
#include "base/file.h"

#include <pthread.h>

struct instance {
	const char *path; /* the settings' */
	enum users_kind kind;
	/* Guards the pointer, never a read of the file: stands() on the loop must not wait for one.
	 */
	pthread_mutex_t lock;
	struct users *users;

	struct file_stamp stamp; /* refresh() only, which is called by one worker at a time */
};

static const struct option options[] = {
	{"users", OPTION_STRING, NULL, "the users file, an absolute path; see meetauthctl user"},
	{"format", OPTION_STRING, "users", "users: ours; htpasswd: that of nginx and Apache"},
	{"second-factor", OPTION_STRING, "optional",
		"optional: a code is asked of who has a key; required: who has none is refused"},
	{0},
};

static int load(struct instance *instance, struct users **users_r, struct error *error)
{
	struct file_stamp stamp =
		file_stamp(instance->path); /* before: what changes meanwhile shows */

	*users_r = users_load(instance->path, instance->kind, error);
	if (*users_r == NULL)
		return -1;
	instance->stamp = stamp;
	return 0;
}

static int check_options(
	const struct section *section, enum users_kind *kind_r, struct error *error)
{
	const char *format = section_string(section, "format");

	if (section_string(section, "users")[0] != '/')
		return section_error(section, "users", error, "must be an absolute path");
	if (users_kind_named(format, kind_r) != 0)
		return section_error(section, "format", error,
			"\"users\" or \"htpasswd\" is needed, not \"%.64s\"", format);
	if (!users_kind_available(*kind_r))
		return section_error(section, "format", error,
			"this build reads no htpasswd files: it was made without libcrypt");
	return 0;
}

static int open_file(const struct section *section, void **instance_r, struct error *error)
{
	const char *path = section_string(section, "users");
	enum users_kind kind = USERS_OWN;
	struct error why;
	struct instance *instance;

	if (check_options(section, &kind, error) != 0)
		return -1;
	instance = calloc(1, sizeof *instance);
	if (instance == NULL)
		return section_error(section, NULL, error, "no memory");
	instance->path = path;
	instance->kind = kind;
	if (load(instance, &instance->users, &why) != 0) {
		bool missing = file_stamp_equal(file_stamp(path), (struct file_stamp){0});

		free(instance);
		return section_error(section, "users", error, "%s%s", why.text,
			missing && kind == USERS_OWN ? "; \"meetauthctl user add NAME\" makes it"
						     : "");
	}
	pthread_mutex_init(&instance->lock, NULL);
	*instance_r = instance;
	return 0;
}

static void close_file(void *context)
{
	struct instance *instance = context;

	users_drop(&instance->users);
	pthread_mutex_destroy(&instance->lock);
	free(instance);
}

/* All or nothing: a `who` half filled could end up in the next backend's hands. */
static int fill(struct identity *who, const struct user *user)
{
	struct identity new = IDENTITY_INIT;
	const char *group = user->groups;
	int rc = identity_set(&new.subject, user->name, IDENTITY_SUBJECT_MAX);

	rc |= identity_set(&new.name, user->display, IDENTITY_NAME_MAX);
	rc |= identity_set(&new.email, user->email, IDENTITY_EMAIL_MAX);
	rc |= identity_set(&new.account, user->digest, IDENTITY_DIGEST_MAX);
	for (size_t i = 0; i < user->group_count; i++, group += strlen(group) + 1)
		rc |= identity_add_group(&new, group);
	if (rc == 0) {
		identity_adopt(who, &new);
	}
	identity_release(&new);
	return rc;
}

/* Somebody who is in the file and not let in, and why. */
static enum auth_verdict refuse(
	const struct user *user, bool right, const struct auth_attempt *attempt)
{
	const char *password = right ? "" : "wrong password; ";

	identity_set(&attempt->who->subject, user->name, IDENTITY_SUBJECT_MAX);
	if (user->disabled)
		error_set(attempt->error, "%sthe account is disabled", password);
	else if (!users_is_active(user, clock_wall()))
		error_set(attempt->error, "%sthe account has expired", password);
	else
		error_set(attempt->error, "wrong password");
	return AUTH_DENY;
}

static enum auth_verdict judge(const struct users *users, const struct auth_attempt *attempt)
{
	char name[USERS_NAME_SIZE];
	const struct user *user;

	users_key(users, attempt->name, name);
	user = users_find(users, name);
	/* The hash first, whoever it is: time and memory must tell nothing about the account. */
	switch (users_verify(users, user, name, attempt->password)) {
	case PASSWORD_BROKEN:
		error_set(attempt->error, "no memory to hash a password");
		return AUTH_UNAVAILABLE;
	case PASSWORD_MISMATCH:
		return user == NULL ? AUTH_UNKNOWN : refuse(user, false, attempt);
	case PASSWORD_MATCH:
		break;
	}
	if (user == NULL)
		return AUTH_DENY;
	if (!users_is_active(user, clock_wall()))
		return refuse(user, true, attempt);
	if (fill(attempt->who, user) != 0) {
		error_set(attempt->error, "no memory for an identity");
		return AUTH_UNAVAILABLE;
	}
	return AUTH_GRANT;
}

static enum auth_verdict check(void *context, const struct auth_attempt *attempt)
{
	struct instance *instance = context;
	enum auth_verdict verdict;
	struct users *users;

	pthread_mutex_lock(&instance->lock);
	users = users_hold(instance->users);
	pthread_mutex_unlock(&instance->lock);
	verdict = judge(users, attempt);
	users_drop(&users);
	return verdict;
}

static bool stands(void *context, const char *subject)
{
	struct instance *instance = context;
	const struct user *user;
	bool active;

	pthread_mutex_lock(&instance->lock);
	user = users_find(instance->users, subject);
	active = user != NULL && users_is_active(user, clock_wall());
	pthread_mutex_unlock(&instance->lock);
	return active;
}

/* False once there is a new password or expiry, or another group, once the user was disabled,
 * though enabled again, and where the name is somebody else's by now. */
static bool is_same_account(const struct identity *who, const struct user *user)
{
	return who->account != NULL && strcmp(who->account, user->digest) == 0;
}

static bool holds(void *context, const struct identity *who)
{
	struct instance *instance = context;
	const struct user *user;
	bool same;

	pthread_mutex_lock(&instance->lock);
	user = users_find(instance->users, who->subject);
	same = user != NULL && is_same_account(who, user);
	pthread_mutex_unlock(&instance->lock);
	return same;
}

static int refresh(void *context, struct error *error)
{
	struct instance *instance = context;
	struct users *users, *old;

	if (file_stamp_equal(file_stamp(instance->path), instance->stamp))
		return 0;
	/* The stamp of a bad file is not kept: it is an error until it is good. */
	if (load(instance, &users, error) != 0)
		return -1;
	pthread_mutex_lock(&instance->lock);
	old = instance->users;
	instance->users = users;
	pthread_mutex_unlock(&instance->lock);
	users_drop(&old);
	return 1;
}

const struct auth_backend auth_file = {
	.type = "file",
	.summary = "names and password hashes in a file of ours or htpasswd's",
	.options = options,
	.second_factor = true,
	.open = open_file,
	.close = close_file,
	.check = check,
	.stands = stands,
	.holds = holds,
	.refresh = refresh,
};
