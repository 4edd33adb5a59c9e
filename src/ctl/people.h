/* SPDX-License-Identifier: MIT
 *
 * Looks up users in the users files of the backends of type `file`, for the commands about rules.
 */
#pragma once

#include "auth/users.h"
#include "config/config.h"
#include "service/lint.h"

struct people {
	const struct section *backend;
	struct users *users;	 /* a reference that people_release() releases */
	const struct user *user; /* belongs to `users` */
};

/* Finds a user as a sign-in would: in the named backend, or, if `backend` is NULL, in the first of
 * type `file` that has the user. Returns false if none has or its file cannot be read. */
bool people_find(const struct settings *settings, const char *backend, const char *name,
	struct people *people);
/* Releases what people_find() has set. */
void people_release(struct people *people);

/* Reports groups that a rule or the guest desk names but no user has. Skips a group if one of its
 * backends is not of type `file` or its file cannot be read. Returns the number of findings. */
size_t people_lint(const struct settings *settings, service_found *found, void *context);
