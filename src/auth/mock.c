/* SPDX-License-Identifier: MIT
 *
 * Backend "mock": returns the verdicts that its section lists. It is for tests; HACKING.md explains
 * how to start a new backend from it.
 *
 * It accepts everybody whom the configuration names, without a password. It is built for tests
 * only, with MEETAUTH_MOCK defined, and is in no installed program.
 */
#include "auth/auth.h"

/* The instance, which the options fill. */
struct mock {
	struct config_list users;
};

static const char *const mock_verdicts[] = {
	[AUTH_DENY] = "deny",
	[AUTH_UNKNOWN] = "unknown",
	[AUTH_UNAVAILABLE] = "unavailable",
	[AUTH_UNFIT] = "unfit",
	[AUTH_CHALLENGE] = "challenge",
	[AUTH_GRANT] = "grant",
};

/* Returns the verdict in "NAME=VERDICT", or -1 if it is invalid. */
static int mock_verdict(const char *user)
{
	const char *word = strchr(user, '=');

	for (int i = 0; word != NULL && i <= AUTH_GRANT; i++)
		if (strcmp(word + 1, mock_verdicts[i]) == 0)
			return i;
	return -1;
}

static int mock_check_user(const char *user, struct error *why)
{
	return mock_verdict(user) >= 0 ? 0 : error_set(why, "is not NAME=VERDICT");
}

static const struct option mock_options[] = {
	{"users", OPTION_LIST, NULL,
		"NAME=VERDICT: deny, unknown, unavailable, unfit, challenge or grant",
		.check = mock_check_user, OPTION_INTO(struct mock, users)},
	{0},
};

static enum auth_verdict mock_find(const struct mock *mock, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < mock->users.count; i++)
		if (strncmp(mock->users.items[i], name, length) == 0 &&
			mock->users.items[i][length] == '=')
			return (enum auth_verdict)mock_verdict(mock->users.items[i]);
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

static bool mock_session_valid(void *instance, const struct identity *who)
{
	return mock_find(instance, who->subject) == AUTH_GRANT;
}

const struct auth_backend auth_mock = {
	.type = "mock",
	.summary = "returns the verdicts that its section lists (tests only)",
	.options = mock_options,
	.size = sizeof(struct mock),
	.check = mock_check,
	.session_valid = mock_session_valid,
};

/* Checks a form with one field, which contains a name of `users`. */
static enum auth_verdict mock_check_token(void *instance, const struct auth_attempt *attempt)
{
	struct auth_attempt named = *attempt;

	named.name = attempt->password;
	return mock_check(instance, &named);
}

static const struct auth_form mock_token_form = {.password_label = "login.password"};

const struct auth_backend auth_mock_token = {
	.type = "mock-token",
	.summary = "returns the verdict that its section lists for a token (tests only)",
	.options = mock_options,
	.size = sizeof(struct mock),
	.form = &mock_token_form,
	.check = mock_check_token,
	.session_valid = mock_session_valid,
};
