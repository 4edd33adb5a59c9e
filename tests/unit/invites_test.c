/* SPDX-License-Identifier: MIT
 *
 * Invitations: guests/invites.c and guests/records.c.
 */
#include "invites_fixture.h"

#include "base/text.h"

static struct records *load(const struct fixture *fixture)
{
	struct error error = {""};
	struct records *invites = records_load(&invites_type, fixture->users, &error);

	if (invites == NULL)
		fail_msg("%s", error.text);
	return invites;
}

/* ---- the file ---- */

static void without_a_file_there_are_none(void **state)
{
	struct records *invites = load(*state);

	assert_null(records_at(invites, 0));
	assert_null(records_by_id(invites, "00000000000000000000000000000000"));
	records_free(&invites);
	assert_null(invites);
}

static void what_is_added_is_read_back(void **state)
{
	struct invite said = sample();
	char first[RECORDS_ID_SIZE], second[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE];
	const struct invite *found;
	struct records *invites;
	struct stat st;

	add(*state, said, "secret", first, token);
	said.email = "";
	said.expires = 0;
	said.name = "A \"quoted\" \\ name";
	add(*state, said, "secret", second, token);
	assert_int_equal(stat(((struct fixture *)*state)->users, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	invites = load(*state);
	found = records_at(invites, 0);
	assert_string_equal(found->id, first);
	assert_ptr_equal(records_by_id(invites, first), found);
	assert_string_equal(found->platform, "meeting.example.org");
	assert_string_equal(found->meeting, "5f521a93c20ff6721fbb6a6c");
	assert_string_equal(found->meeting_token, "8320-2640-2482-3499");
	assert_string_equal(found->name, "Zo\xc3\xab Guest");
	assert_string_equal(found->email, "zoe@partner.example");
	assert_string_equal(found->title, "Weekly \"review\"");
	assert_int_equal(found->created, 1700000000);
	assert_true(found->expires > clock_wall());
	found = records_by_id(invites, second);
	assert_ptr_equal(found, records_at(invites, 1));
	assert_string_equal(found->name, "A \"quoted\" \\ name");
	assert_string_equal(found->email, "");
	assert_int_equal(found->expires, 0);
	assert_null(records_at(invites, 2));
	records_free(&invites);
}

static void assert_text(const struct fixture *fixture, const char *wanted)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	assert_int_equal(file_read_text(fixture->users, FILE_PRIVATE, &text, NULL), 0);
	assert_string_equal(text.data != NULL ? text.data : "", wanted);
	buffer_release(&text);
}

#define REST                                                                                       \
	"\"platform\": \"a.example\", \"meeting\": \"m\", \"meetingToken\": \"t\", \"name\": "     \
	"\"N\""

static void a_bad_file_is_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {{"", ":1: "}, {"[]", "\"format\" must be"},
		{"{\"format\": \"meetauth invitations 2\", \"entries\": []}", "must be"},
		{"{\"format\": \"meetauth invitations 1\"}", "must be a list"},
		{HEAD "\n7]}", "entry 1 is not an object"}, {HEAD "\n{\n]}", ":3: "},
		{HEAD "{}, {}]}", "entry 1: id: expected 32 hex"},
		{"{\"format\": \" meetauth invitations 1\", \"entries\": []}", "must be"},
		{HEAD "{\"id\": \"" ID "\", " REST "},]}", ":1: "},
		{HEAD "{\"id\": \"" ID "\", " REST "}", ":1: "}, {HEAD "]", ":1: "},
		{HEAD "]} x", ":1: "}, {HEAD "], \"entries\": []}", ":1: duplicate"},
		{HEAD "{\"id\": 7, " REST "}]}", "entry 1: id: expected printable"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"title\": \"a\u202eb\"}]}",
			"the title is longer"},
		{HEAD "{\"id\": \"" ID "\", \"id\": \"" ID "\", " REST "}]}", ":1: duplicate"},
		{HEAD "{\"id\": \"" ID "0\", " REST "}]}", "entry 1: id: expected printable"},
		{HEAD "{\"id\": \"0123456789ABCDEF0123456789ABCDEF\", " REST "}]}",
			"entry 1: id: expected 32 hex"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"expires\": \"soon\"}]}",
			"expires: expected a time"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"expires\": 1e300}]}",
			"expires: expected a time"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"revoked\": false}]}",
			"revoked: expected a time"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"email\": \"a@good@evil\"}]}", "e-mail"},
		{HEAD "{\"id\": \"" ID "\", " REST ", \"email\": \"a\\nb@x.example\"}]}",
			"email: expected printable"},
		{HEAD "{\"id\": \"" ID "\", \"platform\": \"A.example\", \"meeting\": \"m\"}]}",
			"lower case"},
		{HEAD "{\"id\": \"" ID "\", \"platform\": \"a.example\", \"meeting\": \"..\"}]}",
			"meeting id"},
		{HEAD "{\"id\": \"" ID "\", \"platform\": \"a.example\", \"meeting\": \"m\", "
		      "\"meetingToken\": \"a;b\"}]}",
			"meeting token"},
		{HEAD "{\"id\": \"" ID "\", " REST "}, {\"id\": \"" ID "\", " REST "}]}",
			"have the same id"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct invite more = sample();
		char id[RECORDS_ID_SIZE];
		bool found;

		put_text(fixture, cases[i].text);
		assert_null(records_load(&invites_type, fixture->users, &error));
		if (strstr(error.text, cases[i].words) == NULL ||
			strstr(error.text, fixture->users) == NULL)
			fail_msg("%zu: \"%s\" expected: %s", i, cases[i].words, error.text);
		/* Nothing changes a file that cannot be read. */
		assert_int_equal(invites_add(fixture->users, &more, id, &error), -1);
		assert_int_equal(invites_revoke(fixture->users, ID, &found, NULL, &error), -1);
		assert_false(found);
		assert_text(fixture, cases[i].text);
	}
}

/* In any order of its members, with any blanks, and with escapes. */
static void a_file_that_others_wrote_reads_the_same(void **state)
{
#define ENTRIES                                                                                    \
	"\"entries\":[ {\"email\": \"\", \"name\": \"Zo\\u00eb \\ud83d\\ude00\", \"id\" : \"" ID   \
	"\",\n\"platform\":\"a.example\", \"meeting\": \"m\", \"meetingToken\": \"t\"}\t,\r\n"     \
	"{\"id\": \"00000000000000000000000000000000\", " REST                                     \
	", \"expires\": \"2099-01-01T00:00:00Z\"} ]"
	static const char *const texts[] = {"{\"format\": \"meetauth invitations 1\", " ENTRIES
					    "}\n",
		"\n{ \"format\" :\"meetauth invitations 1\",\n" ENTRIES "\n}",
		"{" ENTRIES ", \"format\": \"meetauth invitations 1\"}",
		"{\"format\": \"meetauth invitations 1\", \"more\": 1, " ENTRIES "}"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct invite *invite;
		struct records *invites;

		put_text(*state, texts[i]);
		invites = load(*state);
		assert_int_equal(records_count(invites), 2);
		invite = records_at(invites, 0);
		assert_string_equal(invite->id, ID);
		assert_string_equal(invite->name, "Zo\xc3\xab \xf0\x9f\x98\x80");
		assert_string_equal(invite->email, "");
		assert_string_equal(invite->by, "");
		assert_string_equal(invite->meeting_token, "t");
		invite = records_by_id(invites, "00000000000000000000000000000000");
		assert_ptr_equal(invite, records_at(invites, 1));
		assert_string_equal(invite->name, "N");
		assert_int_equal(invite->expires, 4070908800);
		records_free(&invites);
	}
}

static void an_unchanged_file_is_read_once(void **state)
{
	struct records *one, *other;
	bool same = false;

	put_text(*state, HEAD "{\"id\": \"" ID "\", " REST "}]}");
	/* Once its last change is some time ago. */
	for (time_t end = time(NULL) + 120; !same && time(NULL) < end; usleep(50000)) {
		one = load(*state);
		other = load(*state);
		same = one == other;
		records_free(&one);
		assert_string_equal(
			((const struct invite *)records_at(other, 0))->meeting_token, "t");
		records_free(&other);
	}
	assert_true(same);
	one = load(*state);
	put_text(*state, HEAD "]}");
	other = load(*state);
	assert_int_equal(records_count(one), 1);
	assert_int_equal(records_count(other), 0);
	records_free(&one);
	records_free(&other);
}

#define OTHER "{\"id\": \"0123456789abcdef0123456789abcdee\", " REST "}"

/* Written by 0.2.0, with a field of a version to come. */
#define OLD_LINE                                                                                   \
	"{\"id\": \"" ID "\", \"platform\": \"a.example\", \"meeting\": \"m\", "                   \
	"\"meetingToken\": \"t\", \"name\": \"N\", \"email\": \"\", \"color\": [\"red\", 1], "     \
	"\"created\": \"2026-01-02T03:04:05Z\""

static void a_change_keeps_every_other_byte(void **state)
{
	struct fixture *fixture = *state;
	struct records *invites;
	const struct invite *revoked;
	char text[2000], since[TEXT_TIME_SIZE];
	bool found = false;

	put_text(fixture, HEAD "\n" OLD_LINE "},\n" OTHER "\n]}\n");
	assert_int_equal(invites_revoke(fixture->users, ID, &found, NULL, NULL), 0);
	assert_true(found);
	invites = load(fixture);
	revoked = records_at(invites, 0);
	snprintf(text, sizeof text, HEAD "\n" OLD_LINE ", \"revoked\": \"%s\"},\n" OTHER "\n]}\n",
		text_from_time(revoked->revoked, since));
	records_free(&invites);
	assert_text(fixture, text);
}

static void others_must_not_read_the_file(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};

	put(fixture->users, HEAD "]}", strlen(HEAD "]}"), 0644);
	assert_null(records_load(&invites_type, fixture->users, &error));
	assert_non_null(strstr(error.text, "chmod"));
	assert_int_equal(chmod(fixture->users, 0640), 0);
	struct records *invites = load(fixture);

	records_free(&invites);
}

static void a_folder_that_cannot_be_looked_into_is_no_empty_list(void **state)
{
	struct error error = {""};

	(void)state;
	assert_null(records_load(&invites_type, "/dev/null/invitations", &error));
	assert_non_null(strstr(error.text, "cannot open"));
}

static void what_ended_long_ago_is_forgotten_with_the_next(void **state)
{
	struct invite invite = sample();
	char old[RECORDS_ID_SIZE], recent[RECORDS_ID_SIZE], now[RECORDS_ID_SIZE],
		token[INVITES_TOKEN_SIZE];
	struct records *invites;

	invite.expires = clock_wall() - RECORDS_KEPT - 10;
	add(*state, invite, "secret", old, token);
	invite.expires = clock_wall() - RECORDS_KEPT + 1000;
	add(*state, invite, "secret", recent, token);
	invite.expires = 0;
	add(*state, invite, "secret", now, token);
	invites = load(*state);
	assert_null(records_by_id(invites, old));
	assert_non_null(records_by_id(invites, recent));
	assert_non_null(records_by_id(invites, now));
	records_free(&invites);
}

static void a_revoked_one_stays_revoked_since_then(void **state)
{
	struct fixture *fixture = *state;
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], name[IDENTITY_NAME_MAX + 1];
	struct records *invites;
	struct file_stamp stamp;
	bool found = false;

	add(fixture, sample(), "secret", id, token);
	invites = load(fixture);
	assert_true(records_is_active(&invites_type, records_by_id(invites, id), clock_wall()));
	assert_false(
		records_is_active(&invites_type, records_by_id(invites, id), clock_wall() + 3601));
	records_free(&invites);
	assert_int_equal(invites_revoke(fixture->users, id, &found, NULL, NULL), 0);
	assert_true(found);
	invites = load(fixture);
	assert_false(records_is_active(&invites_type, records_by_id(invites, id), clock_wall()));
	records_free(&invites);
	stamp = file_stamp(fixture->users);
	assert_int_equal(invites_revoke(fixture->users, id, &found, name, NULL), 0);
	assert_string_equal(name, "Zo\xc3\xab Guest");
	assert_true(found && file_stamp_equal(stamp, file_stamp(fixture->users)));
	assert_int_equal(invites_revoke(fixture->users, "nobody", &found, name, NULL), 0);
	assert_string_equal(name, "");
	assert_false(found);
}

/* Before the reload looks, and so that the reload still tells of it. */
static void what_another_process_wrote_counts_before_it_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char first[RECORDS_ID_SIZE], second[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE];
	struct records_file file = {.path = fixture->users};
	struct error error = {""};

	add(fixture, sample(), "secret", first, token);
	assert_int_equal(records_open(&file, &invites_type, &error), 0);
	assert_false(records_catch_up(&file));
	add(fixture, sample(), "secret", second, token);
	assert_true(records_id_active(&file, first));
	assert_true(records_id_active(&file, second));
	assert_int_equal(records_refresh(&file, &error), 1);
	assert_int_equal(records_refresh(&file, &error), 0);
	assert_false(records_id_active(&file, "00000000000000000000000000000000"));
	assert_int_equal(file_replace(fixture->users, "{", 1, 0600, &error), 0);
	assert_false(records_catch_up(&file));
	assert_true(records_id_active(&file, second));
	assert_int_equal(records_refresh(&file, &error), -1);
	records_close(&file);
}

/* ---- tokens ---- */

static void a_token_opens_with_any_version_of_the_secret(void **state)
{
	static const char *const values[] = {"newest", "secret", "oldest"};
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE];
	struct auth_secrets all = secrets_of(values, 3), newest = secrets_of(values, 1),
			    none = secrets_of(NULL, 0);
	struct records *invites;

	add(*state, sample(), "secret", id, token);
	assert_int_equal(strlen(token), 64);
	assert_int_equal(strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789_-"),
		64);
	invites = load(*state);
	assert_string_equal(invites_open(invites, token, all.values, all.count)->id, id);
	assert_null(invites_open(invites, token, newest.values, newest.count));
	assert_null(invites_open(invites, token, none.values, none.count));
	records_free(&invites);
}

static void a37_a_token_with_any_character_changed_opens_nothing(void **state)
{
	static const char *const values[] = {"secret"}, *const others[] = {"", "x", "=", "%00",
								"AAAA", "\xc3\xa1", " "};
	struct auth_secrets secrets = secrets_of(values, 1);
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], other[INVITES_TOKEN_SIZE + 8];
	struct records *invites;

	add(*state, sample(), "secret", id, token);
	invites = load(*state);
	assert_non_null(invites_open(invites, token, secrets.values, secrets.count));
	for (size_t i = 0; i < strlen(token); i++) {
		memcpy(other, token, sizeof token);
		other[i] = token[i] == 'A' ? 'B' : 'A';
		assert_null(invites_open(invites, other, secrets.values, secrets.count));
		other[i] = (char)0xc1;
		assert_null(invites_open(invites, other, secrets.values, secrets.count));
		memcpy(other, token, i);
		other[i] = '\0';
		assert_null(invites_open(invites, other, secrets.values, secrets.count));
	}
	for (size_t i = 1; i < COUNT(others); i++) {
		snprintf(other, sizeof other, "%s%s", token, others[i]);
		assert_null(invites_open(invites, other, secrets.values, secrets.count));
	}
	records_free(&invites);
}

/* Links outlive the version that made them: these are of versions without hosts and without titles.
 */
static void links_of_older_versions_open(void **state)
{
	static const struct {
		const char *hosts, *token;
	} cases[] = {
		{"", "ASNFZ4mrze8BI0VniavN7_oWbXpL549CzE6_sqMiZhm9sQ0j6yra--pILITFTU0Q"},
		{", \"by\": \"staff/alice\", \"host\": \"Alice\"",
			"ASNFZ4mrze8BI0VniavN76iwas83JdvUzfJTMkNcdYbF4hSGVNtWS879Ol9ii8R1"},
	};
	static const char *const values[] = {"secret"};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer text = BUFFER_INIT(4096);
		struct records *invites;

		buffer_printf(&text,
			HEAD "{\"id\": \"" ID "\", " REST
			     "%s, \"created\": \"2023-11-14T22:13:20Z\"}]}",
			cases[i].hosts);
		put_text(*state, text.data);
		buffer_release(&text);
		invites = load(*state);
		assert_non_null(invites_open(invites, cases[i].token, values, 1));
		records_free(&invites);
	}
}

/* Who can write the file still makes nothing of a link but what it was made for. */
static void an_invitation_changed_in_the_file_opens_no_more(void **state)
{
	static const char *const values[] = {"secret"};
	static const struct {
		const char *from, *to;
	} changes[] = {{"5f521a93c20ff6721fbb6a6c", "5f521a93c20ff6721fbb6a6d"},
		{"meeting.example.org", "others.example.org"},
		{"8320-2640-2482-3499", "8320-2640-2482-3498"},
		{"partner.example", "example.partner"}, {"Weekly", "Yearly"},
		{"\"title\"", "\"other\""}, {"Guest", "Owner"}, {"2023-11", "2023-12"},
		{"\"expires\"", "\"forever\""}};
	struct fixture *fixture = *state;
	struct auth_secrets secrets = secrets_of(values, 1);
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE];
	struct buffer text = BUFFER_INIT(4096);

	add(fixture, sample(), "secret", id, token);
	assert_int_equal(file_read(fixture->users, FILE_PRIVATE, &text, NULL), 0);
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct buffer changed = BUFFER_INIT(4096);
		const char *place = strstr(text.data, changes[i].from);
		struct records *invites;

		assert_non_null(place);
		buffer_append(&changed, text.data, (size_t)(place - text.data));
		buffer_text(&changed, changes[i].to);
		buffer_text(&changed, place + strlen(changes[i].from));
		put_text(fixture, changed.data);
		invites = load(fixture);
		assert_non_null(records_by_id(invites, id));
		assert_null(invites_open(invites, token, secrets.values, secrets.count));
		records_free(&invites);
		buffer_release(&changed);
	}
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_file_there_are_none),
		TEST(what_is_added_is_read_back),
		TEST(a_bad_file_is_refused_as_a_whole),
		TEST(a_file_that_others_wrote_reads_the_same),
		TEST(an_unchanged_file_is_read_once),
		TEST(a_change_keeps_every_other_byte),
		TEST(others_must_not_read_the_file),
		TEST(a_folder_that_cannot_be_looked_into_is_no_empty_list),
		TEST(what_ended_long_ago_is_forgotten_with_the_next),
		TEST(a_revoked_one_stays_revoked_since_then),
		TEST(what_another_process_wrote_counts_before_it_is_refused),
		TEST(a_token_opens_with_any_version_of_the_secret),
		TEST(a37_a_token_with_any_character_changed_opens_nothing),
		TEST(links_of_older_versions_open),
		TEST(an_invitation_changed_in_the_file_opens_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
