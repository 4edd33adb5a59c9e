/* SPDX-License-Identifier: MIT
 *
 * What the tests of invitations and of their backend share.
 */
#ifndef INVITES_FIXTURE_H
#define INVITES_FIXTURE_H

#include "backend_fixture.h"

#include "base/clock.h"
#include "guests/invites.h"

#define HEAD "{\"format\": \"meetauth invitations 1\", \"entries\": ["
#define ID   "0123456789abcdef0123456789abcdef"

/* What one invitation says where a test does not care. */
static inline struct invite sample(void)
{
	return (struct invite){.id = "",
		.platform = "meeting.example.org",
		.meeting = "5f521a93c20ff6721fbb6a6c",
		.meeting_token = "8320-2640-2482-3499",
		.name = "Zo\xc3\xab Guest",
		.email = "zoe@partner.example",
		.by = "staff/alice",
		.host = "Alice",
		.title = "Weekly \"review\"",
		.created = 1700000000,
		.expires = clock_wall() + 3600};
}

/* Adds it and makes its token. */
static inline void add(const struct fixture *fixture, struct invite invite, const char *secret,
	char id[RECORDS_ID_SIZE], char token[INVITES_TOKEN_SIZE])
{
	struct error error = {""};

	if (invites_add(fixture->users, &invite, id, &error) != 0)
		fail_msg("%s", error.text);
	invite.id = id;
	invites_token(&invite, secret, token);
}

static inline struct auth_secrets secrets_of(const char *const *values, size_t count)
{
	return (struct auth_secrets){values, count};
}

static inline void put_text(const struct fixture *fixture, const char *text)
{
	put(fixture->users, text, strlen(text), 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

#endif
