/* SPDX-License-Identifier: MIT
 *
 * Who is in the users files of the backends of type `file`, for what is said about rules.
 */
#pragma once

#include "auth/users.h"
#include "config/config.h"
#include "service/lint.h"

struct people {
	const struct section *backend;
	struct users *users;	 /* a count, which people_release() drops */
	const struct user *user; /* of `users` */
};

/* Finds a user as a login would: in the backend that is named, or (NULL) in the first of type
 * `file` that knows the name. False: none does, or no file can be read. */
bool people_find(const struct settings *settings, const char *backend, const char *name,
	struct people *people);
void people_release(struct people *people);

/* Findings about groups that a rule or the guest desk names and no user has, where all backends
 * that it may be about are of type `file` and their files can be read. Returns their number. */
size_t people_lint(const struct settings *settings, service_found *found, void *context);
