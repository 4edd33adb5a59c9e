/* SPDX-License-Identifier: MIT
 *
 * Backend "mock": answers what its section says. For tests; HACKING.md says how to make a backend
 * of your own of it.
 *
 * It lets in whoever the configuration names, without a password. Only tests build it, with
 * MEETAUTH_MOCK defined. No program that is installed has it.
 */
#include "auth/auth.h"

/* What lasts from load to load, filled by the options. */
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

/* The verdict in "NAME=VERDICT"; -1 when it is not a verdict. */
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
	.summary = "answers what its section says (tests only)",
	.options = mock_options,
	.size = sizeof(struct mock),
	.check = mock_check,
	.session_valid = mock_session_valid,
};

/* A form of one field, which holds a name of `users`. */
static enum auth_verdict mock_check_token(void *instance, const struct auth_attempt *attempt)
{
	struct auth_attempt named = *attempt;

	named.name = attempt->password;
	return mock_check(instance, &named);
}

static const struct auth_form mock_token_form = {.password_label = "login.password"};

const struct auth_backend auth_mock_token = {
	.type = "mock-token",
	.summary = "answers what its section says of a token (tests only)",
	.options = mock_options,
	.size = sizeof(struct mock),
	.form = &mock_token_form,
	.check = mock_check_token,
	.session_valid = mock_session_valid,
};
