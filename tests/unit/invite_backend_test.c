/* SPDX-License-Identifier: MIT
 *
 * The backend "invite".
 */
#include "invites_fixture.h"

extern const struct auth_backend auth_invite;

static void *open_invites(struct fixture *fixture)
{
	char options[256];

	snprintf(options, sizeof options, "invitations = \"%s\"", fixture->users);
	return open_backend(fixture, &auth_invite, options);
}

static enum auth_verdict try(
	void *instance, const char *token, struct identity *who, struct join *leads_to)
{
	static const char *const values[] = {"secret"};
	struct error error = {""};
	struct join nowhere = JOIN_INIT;
	struct auth_attempt attempt = {.name = "",
		.password = token,
		.join = &nowhere,
		.client = "",
		.secrets = secrets_of(values, 1),
		.who = who,
		.leads_to = leads_to,
		.error = &error};

	return auth_invite.check(instance, &attempt);
}

static void a_link_gives_a_guest_of_one_meeting(void **state)
{
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], subject[64];
	struct identity who = IDENTITY_INIT;
	struct join leads_to = JOIN_INIT;
	void *instance;

	add(*state, sample(), "secret", id, token);
	instance = open_invites(*state);
	identity_set(&who.backend, "guests", IDENTITY_NAME_MAX);
	assert_int_equal(try(instance, token, &who, &leads_to), AUTH_GRANT);
	snprintf(subject, sizeof subject, "invite-%s", id);
	assert_string_equal(who.subject, subject);
	assert_string_equal(who.backend, "guests");
	assert_string_equal(who.name, "Zo\xc3\xab Guest");
	assert_null(who.email); /* nobody has verified it */
	assert_int_equal(who.meeting_count, 1);
	assert_string_equal(who.meetings[0], "meeting.example.org/5f521a93c20ff6721fbb6a6c");
	assert_true(who.guest);
	assert_int_equal(who.group_count, 0);
	assert_string_equal(leads_to.platform, "meeting.example.org");
	assert_string_equal(leads_to.meeting_id, "5f521a93c20ff6721fbb6a6c");
	assert_string_equal(leads_to.meeting_token, "8320-2640-2482-3499");
	assert_string_equal(leads_to.title, "Weekly \"review\"");
	assert_true(stands(&auth_invite, instance, subject));
	identity_release(&who);
	join_release(&leads_to);
	auth_close(&auth_invite, instance);
}

/* A process that has loaded the file earlier follows a change when somebody opens a link. */
static void a_link_works_from_the_moment_it_is_made(void **state)
{
	struct fixture *fixture = *state;
	struct identity who = IDENTITY_INIT;
	struct join leads_to = JOIN_INIT;
	void *instance = open_invites(fixture);

	for (int i = 0; i < 3; i++) {
		char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], subject[64];
		struct error error;

		add(fixture, sample(), "secret", id, token);
		snprintf(subject, sizeof subject, "invite-%s", id);
		if (i == 2) /* a session of another process comes before the link */
			assert_true(stands(&auth_invite, instance, subject));
		assert_int_equal(try(instance, token, &who, &leads_to), AUTH_GRANT);
		assert_string_equal(who.subject, subject);
		assert_int_equal(auth_invite.refresh(instance, &error), 1);
		assert_int_equal(auth_invite.refresh(instance, &error), 0);
	}
	identity_release(&who);
	join_release(&leads_to);
	auth_close(&auth_invite, instance);
}

/* A process reads the secret, which the first invitation creates, a moment after the link is shown;
 * it says "try again" meanwhile, and "over" to nobody. */
static void without_a_secret_no_link_is_called_over(void **state)
{
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE];
	struct identity who = IDENTITY_INIT;
	struct join leads_to = JOIN_INIT;
	struct error error = {""};
	struct auth_attempt attempt = {
		.name = "", .client = "", .who = &who, .leads_to = &leads_to, .error = &error};
	void *instance = open_invites(*state);
	bool found;

	attempt.password = "x";
	assert_int_equal(auth_invite.check(instance, &attempt), AUTH_UNKNOWN);
	add(*state, sample(), "secret", id, token);
	attempt.password = token;
	assert_int_equal(auth_invite.check(instance, &attempt), AUTH_UNAVAILABLE);
	assert_non_null(strstr(error.text, "secret"));
	assert_null(who.subject);
	assert_int_equal(
		invites_revoke(((struct fixture *)*state)->users, id, &found, NULL, NULL), 0);
	assert_int_equal(auth_invite.check(instance, &attempt), AUTH_UNKNOWN);
	auth_close(&auth_invite, instance);
}

static void nobody_else_gets_in(void **state)
{
	struct fixture *fixture = *state;
	struct invite invite = sample();
	char expired[INVITES_TOKEN_SIZE], revoked[INVITES_TOKEN_SIZE], forged[INVITES_TOKEN_SIZE],
		id[RECORDS_ID_SIZE], gone[INVITES_TOKEN_SIZE];
	struct identity who = IDENTITY_INIT;
	struct join leads_to = JOIN_INIT;
	void *instance;
	bool found;

	add(fixture, invite, "other secret", id, forged);
	add(fixture, invite, "secret", id, revoked);
	invites_revoke(fixture->users, id, &found, NULL, NULL);
	invite.expires = clock_wall() - 1;
	add(fixture, invite, "secret", id, expired);
	invite.id = ID; /* signed, and in no file */
	invites_token(&invite, "secret", gone);
	instance = open_invites(fixture);
	assert_int_equal(try(instance, expired, &who, &leads_to), AUTH_DENY);
	assert_int_equal(try(instance, revoked, &who, &leads_to), AUTH_DENY);
	assert_int_equal(try(instance, forged, &who, &leads_to), AUTH_UNKNOWN);
	assert_int_equal(try(instance, gone, &who, &leads_to), AUTH_UNKNOWN);
	assert_int_equal(try(instance, "", &who, &leads_to), AUTH_UNKNOWN);
	assert_int_equal(try(instance, "x", &who, &leads_to), AUTH_UNKNOWN);
	assert_null(who.subject);
	assert_null(leads_to.platform);
	auth_close(&auth_invite, instance);
}

static void sessions_end_with_their_invitation(void **state)
{
	struct fixture *fixture = *state;
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], subject[64];
	struct error error;
	void *instance;
	bool found;

	add(fixture, sample(), "secret", id, token);
	snprintf(subject, sizeof subject, "invite-%s", id);
	instance = open_invites(fixture);
	assert_true(stands(&auth_invite, instance, subject));
	assert_false(stands(&auth_invite, instance, id));
	assert_false(stands(&auth_invite, instance, "invite-"));
	assert_false(stands(&auth_invite, instance, "invite-" ID));
	assert_int_equal(auth_invite.refresh(instance, &error), 0);
	assert_int_equal(invites_revoke(fixture->users, id, &found, NULL, NULL), 0);
	assert_int_equal(auth_invite.refresh(instance, &error), 1);
	assert_false(stands(&auth_invite, instance, subject));
	/* A bad file leaves things as they were, and is an error until it is good again. */
	put_text(fixture, "{");
	assert_int_equal(auth_invite.refresh(instance, &error), -1);
	assert_int_equal(auth_invite.refresh(instance, &error), -1);
	assert_false(stands(&auth_invite, instance, subject));
	put_text(fixture, HEAD "]}");
	assert_int_equal(auth_invite.refresh(instance, &error), 1);
	auth_close(&auth_invite, instance);
}

static void a_relative_path_is_refused(void **state)
{
	refuses(*state, &auth_invite, "invitations = \"invitations\"", 5, "absolute");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_gives_a_guest_of_one_meeting),
		TEST(a_link_works_from_the_moment_it_is_made),
		TEST(without_a_secret_no_link_is_called_over),
		TEST(nobody_else_gets_in),
		TEST(sessions_end_with_their_invitation),
		TEST(a_relative_path_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
