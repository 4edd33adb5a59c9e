/* SPDX-License-Identifier: MIT
 *
 * Passwords that the guest desk makes for guests, for the tests that sign in with them.
 */
#pragma once

#include "request_fixture.h"

#include <stdio.h>
#include <string.h>

/* The desk makes them at random, so the tests take them from its page. */
static struct {
	char name[40], password[40];
} made[8];

/* Keeps the password of a page that shows one. Returns the page. */
static inline const struct answer *keep_password(const struct answer *page)
{
	const char *account = strstr(page->body, "id=\"account\">");
	char name[sizeof made->name];
	size_t i = 0;

	if (account == NULL)
		return page;
	snprintf(name, sizeof name, "%s", cut(account, ">", "<"));
	while (made[i].name[0] != '\0' && strcmp(made[i].name, name) != 0)
		i++;
	assert_true(i < sizeof made / sizeof *made);
	strcpy(made[i].name, name);
	snprintf(made[i].password, sizeof made[i].password, "%s",
		cut(account, "id=\"password\">", "<"));
	return page;
}

/* Returns the password that was made last for the guest. */
static inline const char *password_of(const char *name)
{
	for (size_t i = 0; i < sizeof made / sizeof *made; i++)
		if (strcmp(made[i].name, name) == 0)
			return made[i].password;
	return "none-was-made";
}

/* Returns the form with which the guest signs in. */
static inline const char *signin_of(const char *name)
{
	static char form[100];

	snprintf(form, sizeof form, "name=%s&password=%s", name, password_of(name));
	return form;
}
