/* SPDX-License-Identifier: MIT
 *
 * Backend "file": user names and argon2id hashes in a users file (users.h), which `meetauthctl
 * user` changes, or in an htpasswd file of another program. It is for small sites, and for an
 * account that works while a directory is down.
 */
#include "auth/auth.h"
#include "auth/users.h"
#include "base/clock.h"
#include "base/file.h"

#include <pthread.h>

struct file {
	const char *path;
	enum users_kind kind;
	/* Protects the pointer. Never held while the file is read, since session_valid() runs on
	 * the event loop. */
	pthread_mutex_t lock;
	struct users *users;

	struct file_stamp stamp; /* used by refresh() only, which one worker at a time calls */
};

static const struct option options[] = {
	{"users", OPTION_PATH, NULL, "absolute path of the users file; see meetauthctl user",
		.required = true, OPTION_INTO(struct file, path)},
	{"format", OPTION_ENUM, "users", "users: our own; htpasswd: that of nginx and Apache",
		.words = OPTION_WORDS("users", "htpasswd"), OPTION_INTO(struct file, kind)},
	{"second-factor", OPTION_ENUM, "optional",
		"optional: users with a key are asked for a code; required: others are refused",
		.words = AUTH_SECOND_FACTOR},
	{0},
};

static int load(struct file *file, struct users **users_r, struct error *error)
{
	struct file_stamp stamp =
		file_stamp(file->path); /* before loading, to notice concurrent changes */

	*users_r = users_load(file->path, file->kind, error);
	if (*users_r == NULL)
		return -1;
	file->stamp = stamp;
	return 0;
}

static int file_open(void *instance, const struct section *section, struct error *error)
{
	struct file *file = instance;
	struct error why;
	bool missing;

	pthread_mutex_init(&file->lock, NULL);
	if (!users_kind_available(file->kind))
		return section_error(section, "format", error,
			"this build cannot read htpasswd files: it was built without libcrypt");
	if (load(file, &file->users, &why) == 0)
		return 0;
	missing = file_stamp_equal(file_stamp(file->path), (struct file_stamp){0});
	return section_error(section, "users", error, "%s%s", why.text,
		missing && file->kind == USERS_OWN ? "; \"meetauthctl user add NAME\" creates it"
						   : "");
}

static void file_close(void *instance)
{
	struct file *file = instance;

	users_drop(&file->users);
	pthread_mutex_destroy(&file->lock);
}

/* Fills all or nothing: the next backend must not get a partly filled `who`. */
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

/* Denies a user of the file, and sets the reason. */
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
	/* Always verify the hash first: time and memory use must not depend on the account. */
	switch (users_verify(users, user, name, attempt->password)) {
	case PASSWORD_BROKEN:
		error_set(attempt->error, "out of memory to hash a password");
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
		error_set(attempt->error, "out of memory for an identity");
		return AUTH_UNAVAILABLE;
	}
	return AUTH_GRANT;
}

static enum auth_verdict file_check(void *instance, const struct auth_attempt *attempt)
{
	struct file *file = instance;
	enum auth_verdict verdict;
	struct users *users;

	pthread_mutex_lock(&file->lock);
	users = users_hold(file->users);
	pthread_mutex_unlock(&file->lock);
	verdict = judge(users, attempt);
	users_drop(&users);
	return verdict;
}

/* The digest changes with a new password, expiry or group, when the user was disabled (also if
 * enabled again), and when the name belongs to another person. Each ends the session. */
static bool file_session_valid(void *instance, const struct identity *who)
{
	struct file *file = instance;
	const struct user *user;
	bool valid;

	pthread_mutex_lock(&file->lock);
	user = users_find(file->users, who->subject);
	valid = user != NULL && users_is_active(user, clock_wall()) && who->account != NULL &&
		strcmp(who->account, user->digest) == 0;
	pthread_mutex_unlock(&file->lock);
	return valid;
}

static int file_refresh(void *instance, struct error *error)
{
	struct file *file = instance;
	struct users *users, *old;

	if (file_stamp_equal(file_stamp(file->path), file->stamp))
		return 0;
	/* The stamp of an invalid file is not stored, so the error repeats until the file is valid.
	 */
	if (load(file, &users, error) != 0)
		return -1;
	pthread_mutex_lock(&file->lock);
	old = file->users;
	file->users = users;
	pthread_mutex_unlock(&file->lock);
	users_drop(&old);
	return 1;
}

const struct auth_backend auth_file = {
	.type = "file",
	.summary = "user names and password hashes in a users file or an htpasswd file",
	.options = options,
	.size = sizeof(struct file),
	.second_factor = true,
	.open = file_open,
	.close = file_close,
	.check = file_check,
	.session_valid = file_session_valid,
	.refresh = file_refresh,
};
