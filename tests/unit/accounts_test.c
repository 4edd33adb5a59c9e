/* SPDX-License-Identifier: MIT
 *
 * Accounts of guests: guests/accounts.c, guests/accounts_check.c and the backend "guest-account".
 */
#include "backend_fixture.h"

#include "base/clock.h"
#include "guests/accounts.h"

#include <sodium.h>

extern const struct auth_backend auth_guest_account;

#define PASSWORD "a good password"
#define MEETING	 "meeting.example.org/5f521a93c20ff6721fbb6a6c"
#define OTHER	 "meeting.example.org/5f521a93c20ff6721fbb6a6d"

static char hash[PASSWORD_HASH_SIZE];

/* What one account says where a test does not care. */
static struct account sample(const char *name)
{
	return (struct account){.id = "",
		.by_name = "",
		.name = name,
		.display = "Zo\xc3\xab Guest",
		.email = "zoe@partner.example",
		.hash = hash,
		.meetings = {MEETING},
		.meeting_count = 1,
		.by = "staff/alice",
		.created = 1700000000,
		.expires = clock_wall() + 3600};
}

static void put_account(const struct fixture *fixture, const struct account *account,
	const char *seen, enum accounts_change expected)
{
	struct accounts_record record;
	struct error error = {""};

	if (accounts_put(fixture->users, account, seen, &record, &error) != expected)
		fail_msg("%s", error.text);
	if (expected != ACCOUNTS_DONE)
		assert_string_equal(record.id, "");
}

static struct records *load(const struct fixture *fixture)
{
	struct error error = {""};
	struct records *accounts = records_load(&accounts_type, fixture->users, &error);

	if (accounts == NULL)
		fail_msg("%s", error.text);
	return accounts;
}

static const struct account *first_of(const struct records *accounts)
{
	return records_at(accounts, 0);
}

static size_t count(const struct fixture *fixture)
{
	struct records *accounts = load(fixture);
	size_t found = 0;

	while (records_at(accounts, found) != NULL)
		found++;
	records_free(&accounts);
	return found;
}

/* ---- the file ---- */

static void without_a_file_there_are_none(void **state)
{
	struct records *accounts = load(*state);

	assert_null(records_at(accounts, 0));
	assert_null(accounts_find(accounts, "zoe"));
	assert_null(records_by_id(accounts, "00000000000000000000000000000000"));
	records_free(&accounts);
	assert_null(accounts);
}

static void what_is_put_is_read_back(void **state)
{
	struct account said = sample("zoe"), plain = sample("adam");
	const struct account *found;
	struct records *accounts;
	struct stat st;

	said.meetings[said.meeting_count++] = OTHER;
	plain.display = plain.email = "";
	plain.expires = 0;
	put_account(*state, &said, NULL, ACCOUNTS_DONE);
	put_account(*state, &plain, NULL, ACCOUNTS_DONE);
	assert_int_equal(stat(((struct fixture *)*state)->users, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	accounts = load(*state);
	found = records_at(accounts, 0);
	assert_ptr_equal(accounts_find(accounts, "zoe"), found);
	assert_ptr_equal(records_by_id(accounts, found->id), found);
	assert_true(records_is_id(found->id));
	assert_string_equal(found->display, "Zo\xc3\xab Guest");
	assert_string_equal(found->email, "zoe@partner.example");
	assert_string_equal(found->hash, hash);
	assert_int_equal(found->meeting_count, 2);
	assert_string_equal(found->meetings[1], OTHER);
	assert_string_equal(found->by, "staff/alice");
	assert_int_equal(found->created, 1700000000);
	assert_int_equal(found->expires, said.expires);
	found = accounts_find(accounts, "adam");
	assert_ptr_equal(found, records_at(accounts, 1));
	assert_string_equal(found->display, "");
	assert_int_equal(found->expires, 0);
	assert_null(accounts_find(accounts, "eve"));
	records_free(&accounts);
}

static void many_are_found(void **state)
{
	char name[16];
	struct records *accounts;

	for (int i = 0; i < 40; i++) {
		struct account account = sample(name);

		snprintf(name, sizeof name, "guest-%d", i * 7 % 40);
		put_account(*state, &account, NULL, ACCOUNTS_DONE);
	}
	accounts = load(*state);
	for (int i = 0; i < 40; i++) {
		const struct account *found;

		snprintf(name, sizeof name, "guest-%d", i);
		found = accounts_find(accounts, name);
		assert_string_equal(found->name, name);
		assert_ptr_equal(records_by_id(accounts, found->id), found);
	}
	records_free(&accounts);
}

static void a_replaced_one_keeps_who_made_it_and_its_password(void **state)
{
	struct account account = sample("zoe"), change = sample("zora");
	char id[RECORDS_ID_SIZE], digest[DIGEST_SIZE];
	struct records *accounts;

	put_account(*state, &account, NULL, ACCOUNTS_DONE);
	accounts = load(*state);
	snprintf(id, sizeof id, "%s", first_of(accounts)->id);
	accounts_digest(records_at(accounts, 0), digest);
	records_free(&accounts);
	change.id = id;
	change.hash = "";
	change.by = "staff/mallory";
	change.created = 1800000000;
	change.meetings[0] = OTHER;
	put_account(*state, &change, digest, ACCOUNTS_DONE);
	assert_int_equal(count(*state), 1);
	accounts = load(*state);
	assert_string_equal(first_of(accounts)->id, id);
	assert_string_equal(first_of(accounts)->name, "zora");
	assert_string_equal(first_of(accounts)->hash, hash);
	assert_string_equal(first_of(accounts)->by, "staff/alice");
	assert_int_equal(first_of(accounts)->created, 1700000000);
	assert_string_equal(first_of(accounts)->meetings[0], OTHER);
	records_free(&accounts);
	/* It is another now. */
	put_account(*state, &change, digest, ACCOUNTS_CHANGED);
	put_account(*state, &change, NULL, ACCOUNTS_DONE);
}

static void a_name_is_given_once_and_nobody_comes_back(void **state)
{
	struct account zoe = sample("zoe"), adam = sample("adam");
	struct fixture *fixture = *state;
	struct accounts_record record;
	struct error error = {""};
	char id[RECORDS_ID_SIZE];
	struct records *accounts;

	put_account(fixture, &zoe, NULL, ACCOUNTS_DONE);
	put_account(fixture, &zoe, NULL, ACCOUNTS_TAKEN);
	put_account(fixture, &adam, NULL, ACCOUNTS_DONE);
	accounts = load(fixture);
	snprintf(id, sizeof id, "%s", accounts_find(accounts, "adam")->id);
	records_free(&accounts);
	zoe.id = id;
	put_account(fixture, &zoe, NULL, ACCOUNTS_TAKEN);
	assert_int_equal(accounts_remove(fixture->users, id, &record, &error), ACCOUNTS_DONE);
	assert_string_equal(record.id, id);
	assert_string_equal(record.name, "adam");
	assert_int_equal(accounts_remove(fixture->users, id, &record, &error), ACCOUNTS_GONE);
	assert_string_equal(record.id, "");
	put_account(fixture, &zoe, NULL, ACCOUNTS_GONE);
	assert_int_equal(count(fixture), 1);
}

static void a_record_says_what_was_changed(void **state)
{
	struct fixture *fixture = *state;
	struct account account = sample("zoe");
	struct accounts_record made, changed;
	struct error error = {""};

	accounts_put(fixture->users, &account, NULL, &made, &error);
	assert_true(records_is_id(made.id) && made.is_new && !made.new_password);
	assert_string_equal(made.name, "zoe");
	assert_string_equal(made.former, "");
	account.id = made.id;
	account.hash = "";
	accounts_put(fixture->users, &account, NULL, &changed, &error);
	assert_true(!changed.is_new && !changed.new_password);
	assert_string_equal(changed.id, made.id);
	assert_string_equal(changed.former, "");
	account.name = "zora";
	account.hash = hash;
	accounts_put(fixture->users, &account, NULL, &changed, &error);
	assert_true(!changed.is_new && changed.new_password);
	assert_string_equal(changed.name, "zora");
	assert_string_equal(changed.former, "zoe");
}

static void what_ended_long_ago_is_forgotten_with_the_next(void **state)
{
	struct account old = sample("old"), recent = sample("recent"), now = sample("now");
	struct records *accounts;
	char id[RECORDS_ID_SIZE];

	old.expires = clock_wall() - RECORDS_KEPT - 10;
	recent.expires = clock_wall() - RECORDS_KEPT + 1000;
	put_account(*state, &old, NULL, ACCOUNTS_DONE);
	accounts = load(*state);
	snprintf(id, sizeof id, "%s", first_of(accounts)->id);
	records_free(&accounts);
	old.id = id; /* but not while it is changed */
	put_account(*state, &old, NULL, ACCOUNTS_DONE);
	put_account(*state, &recent, NULL, ACCOUNTS_DONE);
	put_account(*state, &now, NULL, ACCOUNTS_DONE);
	accounts = load(*state);
	assert_null(accounts_find(accounts, "old"));
	assert_false(
		records_is_active(&accounts_type, accounts_find(accounts, "recent"), clock_wall()));
	assert_true(
		records_is_active(&accounts_type, accounts_find(accounts, "now"), clock_wall()));
	records_free(&accounts);
}

static void put_text(const struct fixture *fixture, const char *text)
{
	put(fixture->users, text, strlen(text), 0600);
}

#define HEAD "{\"format\": \"meetauth guest accounts 1\", \"entries\": ["
#define ID   "0123456789abcdef0123456789abcdef"
#define ID2  "0123456789abcdef0123456789abcdee"
#define HASH                                                                                       \
	"\"hash\": \"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"                       \
	"Z29vZGhhc2hnb29kaGFzaGdvb2RoYXNoZ29vZGhhc2g\""
#define REST "\"name\": \"zoe\", \"meetings\": [\"a.example/m\"], " HASH

static void a_bad_file_is_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {{"", ":1: "}, {"[]", "\"format\" must be"},
		{"{\"format\": \"meetauth invitations 1\", \"entries\": []}", "must be"},
		{HEAD "\n7]}", "entry 1 is not an object"},
		{HEAD "{\"id\": \"x\", " REST "}]}", "entry 1: id: expected 32 hex"},
		{HEAD "{\"id\": 7, " REST "}]}", "entry 1: id: expected printable"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"expires\": \"soon\"}]}",
			"expires: expected a time"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"email\": \"a@b@c\"}]}", "e-mail"},
		{HEAD "{\"id\": \"" ID
		      "\", \"name\": \"Zoe\", \"meetings\": [\"a.example/m\"], " HASH "}]}",
			"lower case"},
		{HEAD "{\"id\": \"" ID
		      "\", \"name\": \"zoe\", \"meetings\": [\"a.example/m\"], \"hosts\": [], "
		      "\"hostNames\": [\"x\"], " HASH "}]}",
			"one entry for each meeting"},
		{HEAD "{\"id\": \"" ID "\", \"name\": \"zoe\", \"meetings\": [7], " HASH "}]}",
			"meetings: expected a list"},
		{HEAD "{\"id\": \"" ID
		      "\", \"name\": \"zoe\", \"meetings\": [\"A.example/m\"], " HASH "}]}",
			"PLATFORM/MEETING-ID"},
		{HEAD "{\"id\": \"" ID "\", \"name\": \"zoe\", \"meetings\": [\"m\"], " HASH "}]}",
			"PLATFORM/MEETING-ID"},
		{HEAD "{\"id\": \"" ID
		      "\", \"name\": \"zoe\", \"meetings\": [\"a.example/..\"], " HASH "}]}",
			"PLATFORM/MEETING-ID"},
		{HEAD "{\"id\": \"" ID "\", \"name\": \"zoe\", \"meetings\": [\"a.example/m\"]}]}",
			"hash is missing"},
		{HEAD "{\"id\": \"" ID
		      "\", \"name\": \"zoe\", \"meetings\": [\"a.example/m\"], \"hash\": \"x\"}]}",
			"entry 1: "},
		{HEAD "{\"id\": \"" ID "\", " REST "}, {\"id\": \"" ID2 "\", " REST "}]}",
			"have the same name"},
		{HEAD "{\"id\": \"" ID "\", " REST "}, {\"id\": \"" ID
		      "\", \"name\": \"adam\", \"meetings\": [\"a.example/m\"], " HASH "}]}",
			"have the same id"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct account more = sample("more");

		put_text(fixture, cases[i].text);
		assert_null(records_load(&accounts_type, fixture->users, &error));
		if (strstr(error.text, cases[i].words) == NULL ||
			strstr(error.text, fixture->users) == NULL)
			fail_msg("%zu: \"%s\" expected: %s", i, cases[i].words, error.text);
		put_account(fixture, &more, NULL, ACCOUNTS_BROKEN);
	}
}

/* ---- what may be in one ---- */

static void meetings_are_read_from_a_line(void **state)
{
	char line[] = " 5f521a93c20ff6721fbb6a6c , ,other.example/b,", many[] = "1,2,3,4,5,6,7,8,9,"
										"10,11,12,13,14,15,"
										"16,17";
	struct account account = sample("zoe");
	char *room = NULL;

	(void)state;
	assert_null(accounts_read_meetings(&account, line, "meeting.example.org", &room));
	assert_int_equal(account.meeting_count, 2);
	assert_string_equal(account.meetings[0], MEETING);
	assert_string_equal(account.meetings[1], "other.example/b");
	free(room);
	assert_non_null(accounts_read_meetings(&account, many, "x.example", &room));
	free(room);
}

static void an_id_alone_may_have_slashes(void **state)
{
	char line[] = "john@contoso.example/854T0R7G,https://meet.lync.com/contoso/a/1SD8D0WZ,"
		      "LYNC.example/john@contoso.example/1";
	struct account account = sample("zoe");
	char *room = NULL;

	(void)state;
	assert_null(accounts_read_meetings(&account, line, "lync.example", &room));
	assert_int_equal(account.meeting_count, 3);
	assert_string_equal(account.meetings[0], "lync.example/john@contoso.example/854T0R7G");
	assert_string_equal(
		account.meetings[1], "lync.example/https://meet.lync.com/contoso/a/1SD8D0WZ");
	assert_string_equal(account.meetings[2], "LYNC.example/john@contoso.example/1");
	account.meeting_count = 2;
	assert_null(accounts_meetings_fault(&account));
	free(room);
}

static void all_meetings_fit_into_a_session(void **state)
{
	struct account account = sample("zoe");
	char meeting[400];

	(void)state;
	memset(meeting, 'm', sizeof meeting);
	memcpy(meeting, "a.example/", 10);
	meeting[266] = '\0';
	account.meeting_count = 0;
	for (int i = 0; i < 5; i++)
		account.meetings[account.meeting_count++] = meeting;
	assert_null(accounts_meetings_fault(&account));
	account.meetings[account.meeting_count++] = meeting;
	assert_non_null(strstr(accounts_meetings_fault(&account), "1536"));
}

static void a_digest_is_of_all_that_may_change(void **state)
{
	struct account one = sample("zoe"), other;
	char digest[DIGEST_SIZE], again[DIGEST_SIZE];

	(void)state;
	accounts_digest(&one, digest);
	accounts_digest(&one, again);
	assert_string_equal(digest, again);
	for (int i = 0; i < 8; i++) {
		other = one;
		other.name = i == 0 ? "zo" : other.name;
		other.display = i == 1 ? "eZoe" : other.display;
		other.email = i == 2 ? "" : other.email;
		other.hash = i == 3 ? "x" : other.hash;
		other.expires += i == 4;
		other.meetings[0] = i == 5 ? OTHER : other.meetings[0];
		other.meeting_count -= i == 6;
		other.id = i == 7 ? ID : other.id;
		accounts_digest(&other, again);
		assert_string_not_equal(digest, again);
	}
}

/* ---- the backend ---- */

static void *open_accounts(struct fixture *fixture)
{
	char options[256];

	snprintf(options, sizeof options, "accounts = \"%s\"\n groups = {\"partners\"}",
		fixture->users);
	return open_backend(fixture, &auth_guest_account, options);
}

static enum auth_verdict try(
	void *instance, const char *name, const char *password, struct identity *who)
{
	struct error error = {""};
	struct auth_attempt attempt = {
		.name = name, .password = password, .client = "", .who = who, .error = &error};

	identity_release(who);
	identity_set(&who->backend, "guests", IDENTITY_NAME_MAX);
	return auth_guest_account.check(instance, &attempt);
}

static void a_password_gives_a_guest_of_the_named_meetings(void **state)
{
	struct account account = sample("zoe");
	struct identity who = IDENTITY_INIT;
	void *instance;

	account.meetings[account.meeting_count++] = OTHER;
	put_account(*state, &account, NULL, ACCOUNTS_DONE);
	instance = open_accounts(*state);
	assert_int_equal(try(instance, "ZOE", PASSWORD, &who), AUTH_GRANT);
	assert_string_equal(who.backend, "guests");
	assert_int_equal(strncmp(who.subject, "guest-", 6), 0);
	assert_true(records_is_id(who.subject + 6));
	assert_string_equal(who.name, "Zo\xc3\xab Guest");
	assert_null(who.email); /* nobody has verified it */
	assert_true(who.guest);
	assert_true(identity_has_group(&who, "partners"));
	assert_true(identity_is_good_for(&who, "meeting.example.org", &MEETING[20]));
	assert_true(identity_is_good_for(&who, "meeting.example.org", &OTHER[20]));
	assert_false(identity_is_good_for(&who, "meeting.example.org", "x"));
	assert_false(identity_is_good_for(&who, "other.example", &MEETING[20]));
	assert_true(auth_guest_account.session_valid(instance, &who));
	identity_release(&who);
	auth_close(&auth_guest_account, instance);
}

static void nobody_else_gets_in(void **state)
{
	struct account account = sample("zoe"), expired = sample("old");
	struct identity who = IDENTITY_INIT;
	void *instance;

	expired.expires = clock_wall() - 1;
	put_account(*state, &account, NULL, ACCOUNTS_DONE);
	put_account(*state, &expired, NULL, ACCOUNTS_DONE);
	instance = open_accounts(*state);
	assert_int_equal(try(instance, "zoe", "wrong", &who), AUTH_DENY);
	assert_int_equal(try(instance, "zoe", "", &who), AUTH_DENY);
	assert_int_equal(try(instance, "old", PASSWORD, &who), AUTH_DENY);
	assert_int_equal(try(instance, "eve", PASSWORD, &who), AUTH_UNKNOWN);
	assert_int_equal(try(instance, "", PASSWORD, &who), AUTH_UNKNOWN);
	assert_null(who.subject);
	identity_release(&who);
	auth_close(&auth_guest_account, instance);
}

static void without_accounts_everybody_is_unknown(void **state)
{
	struct identity who = IDENTITY_INIT;
	void *instance = open_accounts(*state);

	assert_int_equal(try(instance, "zoe", PASSWORD, &who), AUTH_UNKNOWN);
	identity_release(&who);
	auth_close(&auth_guest_account, instance);
}

static void join_texts(void *context, const struct auth_meeting *meeting)
{
	struct buffer *text = context;

	buffer_printf(text, "%s/%s by %s;", meeting->platform, meeting->meeting_id, meeting->host);
}

static const char *meetings_of(void *instance, const struct identity *who, const char *host)
{
	static char copy[400];
	struct buffer text = BUFFER_INIT(sizeof copy);

	if (who != NULL)
		auth_guest_account.meetings->of_guest(instance, who, join_texts, &text);
	else
		auth_guest_account.meetings->of_host(instance, host, join_texts, &text);
	snprintf(copy, sizeof copy, "%s", text.data != NULL ? text.data : "");
	buffer_release(&text);
	return copy;
}

/* A session goes on, and is good for what the account is good for now. */
static void meetings_are_those_of_the_account_now(void **state)
{
	struct fixture *fixture = *state;
	struct account account = sample("zoe");
	struct identity who = IDENTITY_INIT, stranger = IDENTITY_INIT;
	struct error error = {""};
	char id[RECORDS_ID_SIZE];
	void *instance;

	put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	instance = open_accounts(fixture);
	assert_int_equal(try(instance, "zoe", PASSWORD, &who), AUTH_GRANT);
	/* A file that is older than the names of hosts says who made the account. */
	assert_string_equal(meetings_of(instance, &who, NULL), MEETING " by alice;");
	snprintf(id, sizeof id, "%s", who.subject + 6);
	account.id = id;
	account.hash = "";
	account.meetings[1] = OTHER;
	account.meeting_count = account.host_count = account.host_name_count = 2;
	for (size_t i = 0; i < 2; i++) {
		account.hosts[i] = "staff/bob";
		account.host_names[i] = "Bob";
	}
	put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	assert_int_equal(auth_guest_account.refresh(instance, &error), 1);
	assert_true(auth_guest_account.session_valid(instance, &who));
	/* Who changes an account has not invited to what was there. */
	assert_string_equal(
		meetings_of(instance, &who, NULL), MEETING " by alice;" OTHER " by Bob;");
	assert_string_equal(meetings_of(instance, NULL, "staff/bob"), OTHER " by Bob;");
	assert_string_equal(meetings_of(instance, NULL, "staff/alice"), MEETING " by alice;");
	identity_set(&stranger.subject, "guest-", IDENTITY_SUBJECT_MAX);
	assert_string_equal(meetings_of(instance, &stranger, NULL), "");
	account.meeting_count = account.host_count = account.host_name_count = 0;
	put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	assert_int_equal(auth_guest_account.refresh(instance, &error), 1);
	assert_true(auth_guest_account.session_valid(instance, &who));
	assert_string_equal(meetings_of(instance, &who, NULL), "");
	identity_release(&who);
	identity_release(&stranger);
	auth_close(&auth_guest_account, instance);
}

static void a_host_has_the_meetings_of_exactly_that_name(void **state)
{
	static const char *const hosts[] = {"staff/bobby", "staff/bo", "staff/bob", "staff/alice"};
	struct fixture *fixture = *state;
	void *instance;

	for (size_t i = 0; i < 4; i++) {
		char name[8];
		struct account account = sample(name);

		snprintf(name, sizeof name, "guest%zu", i);
		account.meetings[1] = OTHER;
		account.meeting_count = account.host_count = account.host_name_count = 2;
		account.hosts[0] = hosts[i];
		account.hosts[1] = hosts[(i + 1) % 4];
		account.host_names[0] = account.host_names[1] = name;
		account.expires = i == 2 ? clock_wall() - 1 : 0;
		put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	}
	instance = open_accounts(fixture);
	assert_string_equal(meetings_of(instance, NULL, "staff/bobby"),
		MEETING " by guest0;" OTHER " by guest3;");
	assert_string_equal(
		meetings_of(instance, NULL, "staff/bo"), OTHER " by guest0;" MEETING " by guest1;");
	assert_string_equal(meetings_of(instance, NULL, "staff/bob"), OTHER " by guest1;");
	assert_string_equal(meetings_of(instance, NULL, "staff/alice"), MEETING " by guest3;");
	assert_string_equal(meetings_of(instance, NULL, "staff/b"), "");
	assert_string_equal(meetings_of(instance, NULL, ""), "");
	auth_close(&auth_guest_account, instance);
}

static void sessions_end_with_any_change_of_their_account(void **state)
{
	struct fixture *fixture = *state;
	struct account account = sample("zoe");
	struct identity who = IDENTITY_INIT, stranger = IDENTITY_INIT;
	struct error error = {""};
	char id[RECORDS_ID_SIZE];
	void *instance;

	put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	instance = open_accounts(fixture);
	assert_int_equal(try(instance, "zoe", PASSWORD, &who), AUTH_GRANT);
	snprintf(id, sizeof id, "%s", who.subject + 6);
	identity_set(&stranger.subject, who.subject, IDENTITY_SUBJECT_MAX);
	assert_false(
		auth_guest_account.session_valid(instance, &stranger)); /* without what is kept */
	identity_set(&stranger.subject, id, IDENTITY_SUBJECT_MAX);
	assert_false(auth_guest_account.session_valid(instance, &stranger));
	identity_set(&stranger.subject, "guest-", IDENTITY_SUBJECT_MAX);
	assert_false(auth_guest_account.session_valid(instance, &stranger));
	account.id = id;
	account.expires += 60;
	account.hash = "";
	put_account(fixture, &account, NULL, ACCOUNTS_DONE);
	assert_true(auth_guest_account.session_valid(instance, &who));
	assert_int_equal(auth_guest_account.refresh(instance, &error), 1);
	assert_false(auth_guest_account.session_valid(instance, &who));
	assert_int_equal(try(instance, "zoe", PASSWORD, &who), AUTH_GRANT);
	assert_true(auth_guest_account.session_valid(instance, &who));
	/* A bad file leaves things as they were. */
	put_text(fixture, "{");
	assert_int_equal(auth_guest_account.refresh(instance, &error), -1);
	assert_true(auth_guest_account.session_valid(instance, &who));
	put_text(fixture, HEAD "]}");
	assert_int_equal(auth_guest_account.refresh(instance, &error), 1);
	assert_false(auth_guest_account.session_valid(instance, &who));
	identity_release(&who);
	identity_release(&stranger);
	auth_close(&auth_guest_account, instance);
}

static int make_hash(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : password_hash(PASSWORD, hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_file_there_are_none),
		TEST(what_is_put_is_read_back),
		TEST(many_are_found),
		TEST(a_replaced_one_keeps_who_made_it_and_its_password),
		TEST(a_name_is_given_once_and_nobody_comes_back),
		TEST(a_record_says_what_was_changed),
		TEST(what_ended_long_ago_is_forgotten_with_the_next),
		TEST(a_bad_file_is_refused_as_a_whole),
		TEST(meetings_are_read_from_a_line),
		TEST(an_id_alone_may_have_slashes),
		TEST(all_meetings_fit_into_a_session),
		TEST(a_digest_is_of_all_that_may_change),
		TEST(a_password_gives_a_guest_of_the_named_meetings),
		TEST(nobody_else_gets_in),
		TEST(without_accounts_everybody_is_unknown),
		TEST(sessions_end_with_any_change_of_their_account),
		TEST(meetings_are_those_of_the_account_now),
		TEST(a_host_has_the_meetings_of_exactly_that_name),
	};

	return cmocka_run_group_tests(tests, make_hash, NULL);
}
