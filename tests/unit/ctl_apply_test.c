/* SPDX-License-Identifier: MIT
 *
 * meetauthctl apply: each kind of entry is added, changed and removed once; a second call changes
 * nothing, a dry run never does, and a mistake anywhere in the file changes nothing at all.
 */
#include "ctl_fixture.h"

#include "auth/users.h"
#include "guests/meeting_keys.h"
#include "secret/store.h"

static int up(void **state)
{
	char more[1024];

	if (folder_up(state) != 0)
		return -1;
	snprintf(more, sizeof more,
		"backend \"guests\" { type = guest-account accounts = \"%1$s/accounts\" }\n"
		"backend \"keys\" { type = meeting-key keys = \"%1$s/keys\" }\n",
		folder);
	configure(more);
	put_file(in_folder("one"), "correct horse battery\n");
	put_file(in_folder("two"), "another horse battery\n");
	CALL(0, "init");
	return 0;
}

#define ANNA                                                                                       \
	"\"name\": \"Anna\", \"displayName\": \"Anna Kov\xc3\xa1"                                  \
	"cs\", \"groups\": [\"staff\", \"hosts\"], "                                               \
	"\"email\": \"anna@example.org\", "
#define GUEST                                                                                      \
	"\"name\": \"gast\", \"meetings\": [\"" HOST "/a\", \"" HOST "/b\"], \"expires\": "        \
	"\"2099-01-01\", "
#define KEY "\"platform\": \"" HOST "\", \"meeting\": \"daily\", "

static const char everything[] = "{\"secrets\": [{\"name\": \"" HOST "\", \"file\": \"one\"}],\n"
				 " \"users\": [{" ANNA "\"passwordFile\": \"one\"}],\n"
				 " \"guestAccounts\": [{" GUEST "\"passwordFile\": \"one\"}],\n"
				 " \"meetingKeys\": [{" KEY "\"file\": \"one\"}]}\n";

/* Calls apply with a file of that text. */
static void apply(int status, const char *text, const char *option)
{
	put_file(in_folder("wanted"), text);
	assert_int_equal(run_words("", WORDS("apply", in_folder("wanted"), option)), status);
}

/* The inode and time of what apply may write. */
static int64_t stamps(void)
{
	static const char *const names[] = {"store", "users.passwd", "accounts", "keys"};
	int64_t sum = 0;

	for (size_t i = 0; i < COUNT(names); i++) {
		struct file_stamp stamp = file_stamp(in_folder(names[i]));

		sum += (int64_t)stamp.inode * 31 + stamp.modified_ns;
	}
	return sum;
}

static void a_second_call_changes_nothing(void **state)
{
	int64_t before;

	(void)state;
	apply(0, everything, NULL);
	assert_string_equal(out, "secret " HOST ": added\n"
				 "user staff/anna: added\n"
				 "guest account guests/gast: added\n"
				 "key of meeting " HOST "/daily: added\n"
				 "4 changed, 0 unchanged\n");
	before = stamps();
	apply(0, everything, NULL);
	assert_string_equal(out, "0 changed, 4 unchanged\n");
	assert_int_equal(stamps(), before);
	CALL(0, "user", "list");
	says(out, "anna\tactive\tnever\tAnna Kov\xc3\xa1"
		  "cs\tanna@example.org\tstaff");
}

static void exit_codes_tell_a_change(void **state)
{
	(void)state;
	apply(2, everything, "--exit-code");
	apply(0, everything, "--exit-code");
}

static void a_dry_run_changes_nothing(void **state)
{
	int64_t before = stamps();

	(void)state;
	put_file(in_folder("wanted"), everything);
	assert_int_equal(
		run_words("", WORDS("apply", in_folder("wanted"), "--dry-run", "--exit-code")), 2);
	says(out, "user staff/anna: would be added\n");
	says(out, "4 would be changed, 0 unchanged\n");
	assert_int_equal(stamps(), before);
	assert_int_not_equal(access(in_folder("users.passwd"), F_OK), 0);
}

static void what_differs_is_changed(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"{\"secrets\": [{\"name\": \"" HOST "\", \"file\": \"two\"}]}",
			"secret " HOST ": changed\n1 changed"},
		{"{\"users\": [{" ANNA "\"passwordFile\": \"two\"}]}", "staff/anna: changed"},
		{"{\"users\": [{" ANNA "\"state\": \"disabled\"}]}", "staff/anna: changed"},
		{"{\"users\": [{" ANNA "\"expires\": \"2099-01-01\"}]}", "staff/anna: changed"},
		{"{\"users\": [{\"name\": \"anna\", \"groups\": [\"staff\"]}]}",
			"staff/anna: changed"},
		{"{\"guestAccounts\": [{" GUEST "\"email\": \"g@example.org\"}]}",
			"guests/gast: changed"},
		{"{\"guestAccounts\": [{\"name\": \"gast\", \"meetings\": [\"" HOST "/b\"]}]}",
			"guests/gast: changed"},
		{"{\"meetingKeys\": [{" KEY "\"file\": \"two\"}]}", "/daily: changed"},
		{"{\"meetingKeys\": [{" KEY "\"expires\": \"2099-01-01\"}]}", "/daily: changed"},
		{"{\"users\": [{\"name\": \"anna\", \"state\": \"absent\"}]}",
			"staff/anna: removed"},
		{"{\"guestAccounts\": [{\"name\": \"gast\", \"state\": \"absent\"}]}",
			"guests/gast: removed"},
		{"{\"meetingKeys\": [{" KEY "\"state\": \"absent\"}]}", "/daily: removed"},
	};

	(void)state;
	apply(0, everything, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		apply(0, cases[i].text, NULL);
		says(out, cases[i].says);
		apply(0, cases[i].text, NULL);
		says(out, "0 changed, 1 unchanged\n");
	}
}

/* Groups and meetings are sets. */
static void another_order_is_no_change(void **state)
{
	(void)state;
	apply(0, everything, NULL);
	apply(0,
		"{\"users\": [{\"name\": \"anna\", \"displayName\": \"Anna Kov\xc3\xa1"
		"cs\", \"groups\": [\"hosts\", \"staff\"], \"email\": \"anna@example.org\"}],\n"
		"\"guestAccounts\": [{\"name\": \"gast\", \"meetings\": [\"" HOST "/b\", \"" HOST
		"/a\"], \"expires\": \"2099-01-01T00:00Z\"}]}",
		NULL);
	says(out, "0 changed, 2 unchanged\n");
}

/* A list that a tool has put together may have an entry twice. */
static void what_is_named_twice_counts_once(void **state)
{
	static const char *const lists[] = {
		"\"hosts\", \"hosts\"", "\"hosts\", \"staff\"", "\"staff\", \"hosts\", \"staff\""};
	static const char *const results[] = {"2 changed, 0", "2 changed, 0", "0 changed, 2"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < COUNT(lists); i++) {
		snprintf(text, sizeof text,
			"{\"users\": [{\"name\": \"bert\", \"groups\": [%s], \"passwordFile\": "
			"\"one\"}], \"guestAccounts\": [{\"name\": \"gast\", \"passwordFile\": "
			"\"one\", \"meetings\": [\"" HOST "/a\", \"" HOST "/%s\"]}]}",
			lists[i], i == 0 ? "a" : "b");
		apply(0, text, NULL);
		says(out, results[i]);
	}
}

/* After the end that the file has, a call still changes nothing. */
static void an_ended_secret_is_not_stored_again(void **state)
{
	static const char text[] = "{\"secrets\": [{\"name\": \"" HOST "\", \"file\": \"one\", "
				   "\"expires\": \"2020-01-01\"}]}";
	struct secret *value;
	unsigned version;

	(void)state;
	assert_int_equal(secret_init(NULL), 0);
	value = secret_new("correct horse battery", 21);
	assert_int_equal(store_set(in_folder("store"), in_folder("store.key"), HOST, value,
				 1577836800, &version, NULL),
		0);
	secret_free(&value);
	apply(0, text, NULL);
	says(out, "0 changed, 1 unchanged\n");
}

/* Each backend has keys of its own. */
static void backends_may_have_keys_of_one_meeting(void **state)
{
	char more[1024];

	(void)state;
	snprintf(more, sizeof more,
		"backend \"one\" { type = meeting-key keys = \"%1$s/keys\" }\n"
		"backend \"two\" { type = meeting-key keys = \"%1$s/more-keys\" }\n",
		folder);
	configure(more);
	apply(0,
		"{\"meetingKeys\": [{" KEY "\"backend\": \"one\", \"file\": \"one\"}, {" KEY
		"\"backend\": \"two\", \"file\": \"one\"}]}",
		NULL);
	says(out, "2 changed, 0 unchanged\n");
}

static void passwords_are_those_of_the_files(void **state)
{
	struct users *users;
	struct records *keys;
	const struct meeting_key *key;

	(void)state;
	apply(0, everything, NULL);
	apply(0, "{\"users\": [{" ANNA "\"passwordFile\": \"two\"}]}", NULL);
	users = users_load(in_folder("users.passwd"), USERS_OWN, NULL);
	assert_non_null(users);
	assert_int_equal(
		users_verify(users, users_find(users, "anna"), "anna", "another horse battery"),
		PASSWORD_MATCH);
	users_drop(&users);
	keys = records_load(&meeting_keys_type, in_folder("keys"), NULL);
	key = meeting_keys_find(keys, HOST, "daily");
	assert_non_null(key);
	assert_int_equal(password_verify(key->hash, "correct horse battery"), PASSWORD_MATCH);
	records_free(&keys);
}

/* Who was enabled again has no older session. */
static void enabling_counts(void **state)
{
	static char users[4096];

	(void)state;
	apply(0, everything, NULL);
	apply(0, "{\"users\": [{" ANNA "\"state\": \"disabled\"}]}", NULL);
	apply(0, "{\"users\": [{" ANNA "\"state\": \"active\"}]}", NULL);
	get_file(in_folder("users.passwd"), users, sizeof users);
	says(users, "::1\n");
}

static void mistakes_change_nothing(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", ":1: "},
		{"[]", "expected an object like {\"users\": […]}"},
		{"{\"user\": []}", "unknown member \"user\": did you mean \"users\"?"},
		{"{\"users\": {}}", "users: expected a list"},
		{"{\"users\": [1]}", "users[1]: expected an object"},
		{"{\"users\": [{\"nmae\": \"a\"}]}",
			"users[1]: unknown member \"nmae\": did you mean \"name\"?"},
		{"{\"users\": [{\"name\": 1}]}", "users[1]: name: expected a text"},
		{"{\"users\": [{\"name\": \"bert\", \"groups\": \"a\"}]}",
			"groups: expected a list"},
		{"{\"users\": [{\"displayName\": \"B\"}]}", "users[1]: name is missing"},
		{"{\"users\": [{\"name\": \"bert\"}]}",
			"user \"staff/bert\": passwordFile is missing"},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"nothing\"}]}",
			"passwordFile: cannot open "},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"short\"}]}",
			"a password must have 8 to "},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"one\", \"expires\": "
		 "\"30d\"}]}",
			"expires: expected a time like"},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"one\", \"state\": "
		 "\"gone\"}]}",
			"state: expected active, disabled or absent"},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"one\", \"backend\": "
		 "\"keys\"}]}",
			"has no backend keys of type file"},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"one\"}, {\"name\": "
		 "\"Bert\", \"passwordFile\": \"one\"}]}",
			"user \"staff/bert\": is in the file twice"},
		{"{\"users\": [{\"name\": \"bert\", \"passwordFile\": \"one\"}], "
		 "\"guestAccounts\": [{\"name\": \"g\", \"passwordFile\": \"one\", "
		 "\"meetings\": [\"nowhere/a\"]}]}",
			"no platform \"nowhere\""},
		{"{\"secrets\": [{\"name\": \"nowhere\", \"file\": \"one\"}]}",
			"no platform or backend \"nowhere\""},
		{"{\"secrets\": [{\"name\": \"" HOST "\"}]}", "file is missing"},
		{"{\"secrets\": [{\"name\": \"" HOST
		 "\", \"file\": \"one\", \"expires\": \"2020-01-01\"}]}",
			"expires: expected a time in the future"},
	};
	int64_t before;

	(void)state;
	put_file(in_folder("short"), "1234567");
	before = stamps();
	for (size_t i = 0; i < COUNT(cases); i++) {
		put_file(in_folder("wanted"), cases[i].text);
		if (run_words("", WORDS("apply", in_folder("wanted"))) < EX__BASE)
			fail_msg("accepted: %s", cases[i].text);
		says(err, cases[i].says);
		assert_null(strstr(err, "(null)"));
		assert_null(strstr(err, "correct horse"));
	}
	assert_int_equal(stamps(), before);
	CALL(EX_NOINPUT, "apply", in_folder("nothing"));
}

/* The last entry cannot be written: the folder of its file is missing. */
static void what_was_done_before_a_failure_is_told(void **state)
{
	char more[1024];

	(void)state;
	snprintf(more, sizeof more,
		"backend \"guests\" { type = guest-account accounts = \"%1$s/accounts\" }\n"
		"backend \"keys\" { type = meeting-key keys = \"%1$s/nowhere/keys\" }\n",
		folder);
	configure(more);
	apply(EX_CANTCREAT, everything, NULL);
	says(err, "nowhere");
	assert_string_equal(out, "secret " HOST ": added\n"
				 "user staff/anna: added\n"
				 "guest account guests/gast: added\n"
				 "key of meeting " HOST "/daily: not applied\n"
				 "3 changed, 0 unchanged, 1 not applied\n");
	CALL(EX_CANTCREAT, "--json", "apply", in_folder("wanted"));
	says(out, "\"changed\": false,\n  \"count\": 0,");
	says(out, "\"result\": \"not applied\"");
}

static void json_has_each_entry(void **state)
{
	(void)state;
	put_file(in_folder("wanted"), everything);
	CALL(0, "--json", "apply", in_folder("wanted"));
	says(out, "\"changed\": true,\n  \"count\": 4,");
	says(out, "\"kind\": \"user\",\n      \"name\": \"staff/anna\",\n      \"result\": "
		  "\"added\"");
	TYPE(0, "{}", "--json", "apply", "-");
	says(out, "\"changed\": false,\n  \"count\": 0,");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_call_changes_nothing),
		TEST(exit_codes_tell_a_change),
		TEST(a_dry_run_changes_nothing),
		TEST(what_differs_is_changed),
		TEST(another_order_is_no_change),
		TEST(what_is_named_twice_counts_once),
		TEST(an_ended_secret_is_not_stored_again),
		TEST(backends_may_have_keys_of_one_meeting),
		TEST(passwords_are_those_of_the_files),
		TEST(enabling_counts),
		TEST(mistakes_change_nothing),
		TEST(what_was_done_before_a_failure_is_told),
		TEST(json_has_each_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
