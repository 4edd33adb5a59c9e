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

struct file {
	const char *path;
	enum users_kind kind;
	/* Guards the pointer, never a read of the file: a check of a session, on the loop, must not
	 * wait for one. */
	pthread_mutex_t lock;
	struct users *users;

	struct file_stamp stamp; /* refresh() only, which is called by one worker at a time */
};

static const struct option options[] = {
	{"users", OPTION_PATH, NULL, "the users file, an absolute path; see meetauthctl user",
		.required = true, OPTION_INTO(struct file, path)},
	{"format", OPTION_ENUM, "users", "users: ours; htpasswd: that of nginx and Apache",
		.words = OPTION_WORDS("users", "htpasswd"), OPTION_INTO(struct file, kind)},
	{"second-factor", OPTION_ENUM, "optional",
		"optional: a code is asked of who has a key; required: who has none is refused",
		.words = AUTH_SECOND_FACTOR},
	{0},
};

static int load(struct file *file, struct users **users_r, struct error *error)
{
	struct file_stamp stamp = file_stamp(file->path); /* before: what changes meanwhile shows */

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
			"this build reads no htpasswd files: it was made without libcrypt");
	if (load(file, &file->users, &why) == 0)
		return 0;
	missing = file_stamp_equal(file_stamp(file->path), (struct file_stamp){0});
	return section_error(section, "users", error, "%s%s", why.text,
		missing && file->kind == USERS_OWN ? "; \"meetauthctl user add NAME\" makes it"
						   : "");
}

static void file_close(void *instance)
{
	struct file *file = instance;

	users_drop(&file->users);
	pthread_mutex_destroy(&file->lock);
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

/* Ended too by a new password or expiry, by another group, by having been disabled, though enabled
 * again, and where the name is somebody else's by now: all of that changes the digest. */
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
	/* The stamp of a bad file is not kept: it is an error until it is good. */
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
	.summary = "names and password hashes in a file of ours or htpasswd's",
	.options = options,
	.size = sizeof(struct file),
	.second_factor = true,
	.open = file_open,
	.close = file_close,
	.check = file_check,
	.session_valid = file_session_valid,
	.refresh = file_refresh,
};
