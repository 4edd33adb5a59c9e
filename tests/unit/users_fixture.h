/* SPDX-License-Identifier: MIT
 *
 * What the tests of the backend "file" share, whose file is one of ours or an htpasswd file.
 */
#ifndef USERS_FIXTURE_H
#define USERS_FIXTURE_H

#include "section_fixture.h"

#include "auth/registry.h"
#include "auth/users.h"

extern const struct auth_backend auth_file;

/* Whether a session may go on that began with the account of that name in `text`. */
static inline bool users_session_goes_on(
	void *instance, enum users_kind kind, const char *text, const char *name)
{
	struct identity who = {.subject = (char *)name, .account = (char *)"of nobody"};
	struct error error = {""};
	struct users *users;
	const struct user *user;
	char path[64];
	bool valid;

	snprintf(path, sizeof path, "/tmp/meetauth-users-%d", (int)getpid());
	put(path, text, strlen(text), 0600);
	users = users_load(path, kind, &error);
	unlink(path);
	assert_non_null(users);
	user = users_find(users, name);
	if (user != NULL)
		who.account = (char *)user->digest;
	valid = auth_file.session_valid(instance, &who);
	users_drop(&users);
	return valid;
}

#endif
