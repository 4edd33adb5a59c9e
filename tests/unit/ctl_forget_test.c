/* SPDX-License-Identifier: MIT
 *
 * meetauthctl user forget.
 */
#include "ctl_fixture.h"

#include "auth/totp.h"
#include "base/clock.h"
#include "guests/accounts.h"
#include "guests/invites.h"
#include "secret/password.h"
#include "state/state.h"

#define MEETING HOST "/weekly"

static void with_guests(void)
{
	char more[1000];

	snprintf(more, sizeof more,
		"backend \"links\" { type = \"invite\" invitations = \"%s\" }\n"
		"backend \"guests\" { type = \"guest-account\" accounts = \"%s\" }\n"
		"backend \"web\" { type = \"remote-user\" }\n",
		in_folder("invitations"), in_folder("accounts"));
	configure(more);
	CALL(0, "init");
	TYPE(0, "correct horse\n", "user", "add", "anna");
	TYPE(0, "correct horse\n", "user", "add", "bob");
}

/* An account with a meeting to which `host` invites. Returns its id. */
static const char *put_account(const char *name, const char *email, const char *host)
{
	static struct accounts_record record;
	struct error error = {""};
	struct account account = {
		.id = "",
		.name = name,
		.display = "",
		.email = email,
		.hash = password_nobody,
		.meetings = {MEETING},
		.meeting_count = 1,
		.hosts = {host},
		.host_names = {"The Host"},
		.host_count = 1,
		.host_name_count = 1,
		.by = host,
		.by_name = "The Host",
		.created = clock_wall(),
	};

	if (accounts_put(in_folder("accounts"), &account, NULL, &record, &error) != ACCOUNTS_DONE)
		fail_msg("%s", error.text);
	return record.id;
}

static void put_invitation(const char *email, const char *by)
{
	char id[RECORDS_ID_SIZE];
	struct error error = {""};
	const struct invite invite = {
		.platform = HOST,
		.meeting = "weekly",
		.meeting_token = "t",
		.name = "A Guest",
		.email = email,
		.by = by,
		.host = "The Host",
		.title = "",
		.created = clock_wall(),
		.expires = clock_wall() + 3600,
	};

	if (invites_add(in_folder("invitations"), &invite, id, &error) != 0)
		fail_msg("%s", error.text);
}

/* Whether a file in the folder has the text; false without the file. */
static bool has(const char *file, const char *wanted)
{
	static char text[1 << 16];

	if (access(in_folder(file), F_OK) != 0)
		return false;
	get_file(in_folder(file), text, sizeof text);
	return strstr(text, wanted) != NULL;
}

static void nothing_here_names_the_person_any_more(void **state)
{
	struct accounts_record removed;
	struct error error = {""};

	(void)state;
	with_guests();
	if (totp_available())
		CALL(0, "user", "totp", "anna");
	put_account("carl", "carl@partner.example", "staff/anna");
	put_account("dora", "anna@example.org", "staff/bob");
	put_account("anna", "", "staff/bob");
	assert_int_equal(accounts_remove(in_folder("accounts"),
				 put_account("emil", "", "staff/Anna"), &removed, &error),
		ACCOUNTS_DONE);
	put_invitation("max@partner.example", "staff/anna");
	put_invitation("", "staff/bob");

	CALL(0, "user", "forget", "staff/anna");
	says(out, "WHAT");
	says(out, "under hashes without a name, for at most 400 days");
	says(out, "with the name, for as long as you keep it");
	assert_null(strstr(out, "managed elsewhere")); /* "web" was not asked for */
	assert_false(has("users.passwd", "anna"));
	assert_true(has("users.passwd", "bob"));
	assert_false(has("accounts", "staff/anna"));
	assert_true(has("accounts", "\"carl\"") && has("accounts", "staff/bob"));
	assert_true(has("accounts", "anna@example.org")); /* an address is not staff/anna */
	assert_true(has("accounts", "\"anna\""));	  /* nor is a guest of the same name */
	assert_true(has("accounts.removed", "emil"));
	assert_false(has("accounts.removed", "nna"));
	assert_false(has("invitations", "staff/anna"));
	assert_true(has("invitations", "staff/bob"));
	CALL(0, "secret", "list");
	assert_null(strstr(out, "totp/"));
}

static void a_guest_is_forgotten_by_name_address_or_subject(void **state)
{
	char subject[64];
	struct accounts_record removed;
	struct error error = {""};

	(void)state;
	with_guests();
	put_account("carl", "carl@partner.example", "staff/bob");
	assert_int_equal(
		accounts_remove(in_folder("accounts"),
			put_account("dora", "dora@partner.example", "staff/bob"), &removed, &error),
		ACCOUNTS_DONE);
	snprintf(subject, sizeof subject, "guest-%s", put_account("emil", "", "staff/bob"));
	put_invitation("Dora@partner.example", "staff/bob");
	put_invitation("max@partner.example", "staff/bob");

	CALL(0, "user", "forget", "Carl");
	says(out, "managed elsewhere"); /* "web" may know a carl */
	assert_false(has("accounts", "carl"));
	CALL(0, "user", "forget", "dora@partner.example", "--json");
	says(out, "\"what\": \"guest account\"");
	says(out, "\"removed\": 1");
	assert_false(has("accounts.removed", "dora"));
	assert_false(has("invitations", "ora@"));
	assert_true(has("invitations", "max@"));
	CALL(0, "user", "forget", subject);
	assert_false(has("accounts", "emil"));
	/* Nothing is left to do, and that is no error. */
	CALL(0, "user", "forget", subject);
	assert_true(has("users.passwd", "anna") && has("users.passwd", "bob"));
}

static int64_t last_revocation(void)
{
	char address[128];
	struct error error = {""};
	struct state_options options = {.address = address};
	struct state *state;
	int64_t when;

	snprintf(address, sizeof address, "lmdb:%s/state", folder);
	state = state_open(&options, &error);
	if (state == NULL)
		fail_msg("%s", error.text);
	when = state_marked(state, (const uint8_t[STATE_KEY_SIZE]){0});
	state_close(&state);
	return when;
}

static void the_sessions_end_and_failures_are_told(void **state)
{
	(void)state;
	with_guests();
	CALL(EX_USAGE, "user", "forget", "staff/");
	assert_int_equal(last_revocation(), 0);
	CALL(0, "user", "forget", "bob");
	says(out, "sessions");
	assert_true(last_revocation() > 0);
	put_file(in_folder("accounts"), "nonsense");
	CALL(1, "user", "forget", "anna");
	says(err, "accounts");
	assert_true(has("users.passwd", "# meetauth users 1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_here_names_the_person_any_more),
		TEST(a_guest_is_forgotten_by_name_address_or_subject),
		TEST(the_sessions_end_and_failures_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
