/* SPDX-License-Identifier: MIT
 *
 * Backend "mock": answers what its section says. For tests; HACKING.md says how to make a backend
 * of your own of it.
 *
 * It lets in whoever the configuration says, without a password, and is therefore in no program
 * that is installed: it exists only where MEETAUTH_MOCK is defined, which tests do for themselves
 * (they include this file and registry.c) and no configure option does.
 */
#ifdef MEETAUTH_MOCK

#include "auth/auth.h"

/* Instance: what lasts from load to load. Strings are the settings' and outlive it. */
struct mock {
	const char *const *users;
	size_t count;
};

static const struct option mock_options[] = {
	{"users", OPTION_LIST, NULL,
		"NAME=VERDICT: deny, unknown, unavailable, unfit, challenge or grant"},
	{0},
};

static const char *const mock_verdicts[] = {
	[AUTH_DENY] = "deny",
	[AUTH_UNKNOWN] = "unknown",
	[AUTH_UNAVAILABLE] = "unavailable",
	[AUTH_UNFIT] = "unfit",
	[AUTH_CHALLENGE] = "challenge",
	[AUTH_GRANT] = "grant",
};

/* The verdict in "NAME=VERDICT"; -1 when it is none. */
static int mock_verdict(const char *user)
{
	const char *word = strchr(user, '=');

	for (int i = 0; word != NULL && i <= AUTH_GRANT; i++)
		if (strcmp(word + 1, mock_verdicts[i]) == 0)
			return i;
	return -1;
}

static int mock_open(const struct section *section, void **instance_r, struct error *error)
{
	struct mock *mock = calloc(1, sizeof *mock);

	if (mock == NULL)
		return section_error(section, NULL, error, "no memory");
	mock->users = section_list(section, "users", &mock->count);
	for (size_t i = 0; i < mock->count; i++) {
		if (mock_verdict(mock->users[i]) >= 0)
			continue;
		free(mock);
		return section_error(section, "users", error, "is not NAME=VERDICT");
	}
	*instance_r = mock;
	return 0;
}

static void mock_close(void *instance)
{
	free(instance);
}

static enum auth_verdict mock_find(const struct mock *mock, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < mock->count; i++)
		if (strncmp(mock->users[i], name, length) == 0 && mock->users[i][length] == '=')
			return (enum auth_verdict)mock_verdict(mock->users[i]);
	return AUTH_UNKNOWN;
}

static enum auth_verdict mock_check(void *instance, const struct auth_attempt *attempt)
{
	enum auth_verdict verdict = mock_find(instance, attempt->name);

	if (verdict == AUTH_GRANT &&
		identity_set(&attempt->who->subject, attempt->name, IDENTITY_SUBJECT_MAX) != 0)
		verdict = AUTH_UNAVAILABLE;
	if (verdict == AUTH_UNAVAILABLE)
		error_set(attempt->error, "the mock is out of order");
	return verdict;
}

static bool mock_stands(void *instance, const char *subject)
{
	return mock_find(instance, subject) == AUTH_GRANT;
}

const struct auth_backend auth_mock = {
	.type = "mock",
	.summary = "answers what its section says (tests only)",
	.options = mock_options,
	.open = mock_open,
	.close = mock_close,
	.check = mock_check,
	.stands = mock_stands,
};

#endif
