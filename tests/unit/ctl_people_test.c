/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: its commands on users, second factors, guests and rules.
 */
#include "ctl_fixture.h"

#include "auth/registry.h"
#include "auth/totp.h"

#define USERS "# meetauth users 1\n"

/* ---- users ---- */

static void a_user_is_added_changed_and_removed(void **state)
{
	char first[1000], text[1000];

	(void)state;
	TYPE(0, "correct horse\n", "user", "add", "Anna", "--name",
		"Anna Kov\xc3\xa1"
		"cs",
		"--email=anna@example.org", "--group", "staff", "--group", "hosts");
	get_file(in_folder("users.passwd"), first, sizeof first);
	says(first, USERS "anna:$argon2id$");
	says(first, ":Anna Kov\xc3\xa1"
		    "cs:anna@example.org:staff,hosts:\n");
	TYPE(1, "correct horse\n", "user", "add", "anna");
	says(err, "user \"anna\" already exists");
	TYPE(0, "correct horse\n", "user", "add", "bert", "--expires", "2099-12-31");
	CALL(0, "user", "list");
	assert_string_equal(out, "NAME\tSTATE\tEXPIRES\tDISPLAY NAME\tE-MAIL\tGROUPS\n"
				 "anna\tactive\tnever\tAnna Kov\xc3\xa1"
				 "cs\tanna@example.org\tstaff,hosts\n"
				 "bert\tactive\t2099-12-31T00:00:00Z\t\t\t\n");
	CALL(0, "user", "disable", "anna");
	CALL(0, "user", "disable", "anna");
	CALL(0, "user", "list", "--json");
	says(out,
		"\"groups\": [\n      \"staff\",\n      \"hosts\"\n    ],\n    \"expires\": null,\n"
		"    \"state\": \"disabled\"");
	says(out, "\"displayName\": null,\n    \"email\": null,\n    \"groups\": [],\n    "
		  "\"expires\": \"2099-12-31T00:00:00Z\"");
	CALL(0, "user", "enable", "anna");
	TYPE(0, "another one\n", "user", "passwd", "anna");
	get_file(in_folder("users.passwd"), text, sizeof text);
	assert_int_not_equal(strncmp(first, text, 200), 0);
	says(text, ":staff,hosts::1\n"); /* enabled again once */
	CALL(0, "user", "remove", "anna");
	CALL(1, "user", "remove", "anna");
	says(err, "no user \"anna\"");
	get_file(in_folder("users.passwd"), text, sizeof text);
	assert_null(strstr(text, "anna"));
	says(text, "bert:");
}

static void a_change_keeps_the_lines_of_others(void **state)
{
	static const char before[] = USERS "# kept\n\nzoe:!$argon2id$v=19$m=65536,t=2,p=1$"
					   "c29tZXNhbHRzb21lc2FsdA$Z29vZGhhc2hnb29kaGFzaGdvb2RoYXN"
					   "oZ29vZGhhc2g:Zo\xc3\xab:::";
	char text[2000];

	(void)state;
	put_file(in_folder("users.passwd"), before);
	CALL(0, "user", "list");
	says(out, "zoe\tdisabled\tnever\tZo\xc3\xab\t");
	TYPE(0, "correct horse\n", "user", "add", "anna");
	get_file(in_folder("users.passwd"), text, sizeof text);
	assert_int_equal(strncmp(text, before, strlen(before)), 0);
	says(text, ":::\nanna:");
}

/* Longer than any name may be. */
#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG  FIFTY FIFTY FIFTY FIFTY FIFTY TEN

static void wrong_users_are_refused(void **state)
{
	static const struct {
		const char *input, *words[10];
		int status;
		const char *says;
	} cases[] = {
		{"", {"user", "add", ""}, EX_USAGE, "a user name must be 1 to 256 bytes"},
		{"", {"user", "add", "a", "--email", "x"}, EX_USAGE, "the e-mail address is"},
		{"", {"user", "add", "a", "--group", "a\nb"}, EX_USAGE, "group"},
		{"", {"user", "add", "a", "--name", "Eve \xe2\x80\xaetsoH"}, EX_USAGE,
			"cannot be seen"},
		{"", {"user", "add", "a", "--expires", "2099-02-30"}, EX_USAGE,
			"--expires: expected"},
		{"", {"user", "add", "a", "--expires", "2020-01-01"}, EX_USAGE, "in the future"},
		{"", {"user", "add", "a", "--expires", "2026"}, EX_USAGE, "a duration like 30d"},
		{"", {"user", "add", "a", "b"}, EX_USAGE, "extra operand \"b\""},
		{"", {"user", "add", "   "}, EX_USAGE, "a user name must be 1 to 256 bytes"},
		{"", {"user", "add", "an\nna"}, EX_USAGE, "a user name must be 1 to 256 bytes"},
		{"", {"user", "add", LONG}, EX_USAGE, "a user name must be 1 to 256 bytes"},
		{"", {"user", "add", "a", "--email", "a@good@evil"}, EX_USAGE,
			"the e-mail address is"},
		{"", {"user", "add", "a", "--name", "tab\there"}, EX_USAGE, "the display name is"},
		{"", {"user", "add", "a", "--name", LONG}, EX_USAGE, "the display name is"},
		{"", {"user", "add", "a", "--group", ""}, EX_USAGE, "group"},
		{"", {"user", "add", "a", "--group", LONG}, EX_USAGE, "group"},
		{"", {"user", "add", "a", "--expires", "soon"}, EX_USAGE, "--expires: expected"},
		{"", {"user", "add", "a", "--expires", "0d"}, EX_USAGE, "in the future"},
		{"", {"user", "add", "a", "--expires", "2099-12-31T18:00"}, EX_USAGE, "--expires"},
		{"", {"user", "add", "a", "--password", "a password"}, EX_USAGE, "unknown option"},
		{"short", {"user", "add", "a"}, EX_DATAERR, "a password must have 8 to 1024 bytes"},
		{"with\ttabulator", {"user", "add", "a"}, EX_DATAERR, "has a control character"},
		{"", {"user", "add", "a"}, EX_DATAERR, ""},
		{"", {"user", "add", "a", "--backend", "else"}, EX_CONFIG,
			"no backend else of type file"},
		{"", {"user", "add", "a"}, EX_DATAERR, ""},
		{"", {"user", "passwd", "a"}, EX_NOINPUT, "users.passwd"},
		{"", {"user", "disable", "a"}, EX_NOINPUT, "users.passwd"},
		{"", {"user", "enable", "a"}, EX_NOINPUT, "users.passwd"},
		{"", {"user", "remove", "a"}, EX_NOINPUT, "users.passwd"},
		{"", {"user", "list"}, EX_NOINPUT, "users.passwd"},
	};
	static const char *const verbs[] = {"passwd", "disable", "enable", "remove"};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_status(cases[i].status, run_words(cases[i].input, cases[i].words));
		says(err, cases[i].says);
	}
	assert_int_not_equal(access(in_folder("users.passwd"), F_OK), 0);
	put_file(in_folder("users.passwd"), USERS "# bert\n");
	for (size_t i = 0; i < COUNT(verbs); i++) {
		CALL(1, "user", verbs[i], "bert"); /* who is in a comment only */
		says(err, "no user \"bert\"");
	}
	put_file(in_folder("users.passwd"), "nonsense\n");
	CALL(EX_DATAERR, "user", "disable", "a");
	says(err, "users.passwd:1:");
}

static void the_backend_is_named_where_there_are_several(void **state)
{
	char more[400];

	(void)state;
	snprintf(more, sizeof more,
		"backend \"old\" { type = \"file\" format = \"htpasswd\" users = \"%s\" }\n"
		"backend \"new\" { type = \"file\" users = \"/no/such/users\" }\n",
		in_folder("htpasswd"));
	configure(more);
	CALL(EX_USAGE, "user", "list");
	says(err, "there are several backends of type file: choose one with --backend");
	TYPE(0, "correct horse\n", "user", "add", "anna", "--backend", "staff");
	CALL(EX_NOINPUT, "user", "list", "--backend", "new");
	TYPE(EX_CONFIG, "correct horse\n", "user", "add", "anna", "--backend", "old");
	says(err, "is an htpasswd file, which meetauthctl cannot change");
	configure("backend \"new\" { type = \"file\" users = \"relative\" }\n");
	CALL(EX_CONFIG, "user", "list", "--backend", "new");
	says(err, "users: expected an absolute path, found \"relative\"");
}

/* ---- second factors ---- */

static void a_second_factor_is_shown_once(void **state)
{
	(void)state;
	put_file(in_folder("users.passwd"), USERS);
	TYPE(0, "correct horse\n", "user", "add", "anna");
	CALL(EX_NOUSER, "user", "totp", "bert");
	if (!totp_available()) {
		CALL(EX_UNAVAILABLE, "user", "totp", "anna");
		return;
	}
	CALL(1, "user", "totp", "anna"); /* no store */
	CALL(0, "init");
	CALL(0, "user", "totp", "Anna");
	says(out, "otpauth://totp/external.example.org:anna?secret=");
	says(out, "&issuer=external.example.org\n");
	says(err, "the second factor of anna is stored; it is not shown again");
	CALL(0, "secret", "list");
	says(out, "anna");
	CALL(0, "user", "totp", "anna", "--remove");
	assert_string_equal(out, "the second factor of anna is removed\n");
	CALL(1, "user", "totp", "anna", "--remove");
	says(err, "anna has no second factor");
	CALL(0, "user", "totp", "anna");
	CALL(0, "user", "remove", "anna"); /* and the factor with it */
	CALL(0, "secret", "list", "--json");
	assert_string_equal(out, "[]\n");
	CALL(EX_USAGE, "user", "totp", "");
	says(err, "a user name must be 1 to 256 bytes of UTF-8");
}

static void a_factor_needs_one_backend_that_may_have_it(void **state)
{
	(void)state;
	configure("backend \"own\" { type = \"http\" url = \"https://localhost/\" }\n");
	CALL(EX_CONFIG, "user", "totp", "anna", "--backend", "own");
	says(err, "no backend own whose users may have a second factor");
	configure("backend \"more\" { type = \"file\" users = \"/none\" }\n");
	CALL(EX_USAGE, "user", "totp", "anna");
	says(err, "several backends whose users may have a second factor");
	CALL(EX_NOINPUT, "user", "totp", "anna", "--backend", "more");
	if (!totp_available() || auth_find("pam") == NULL)
		return;
	configure("backend \"unix\" { type = \"pam\" }\n");
	CALL(0, "init");
	CALL(0, "user", "totp", "Anna", "--backend", "unix");
	says(err, "the second factor of anna is stored"); /* one subject for all spellings */
	CALL(0, "user", "totp", "ANNA", "--backend", "unix", "--remove");
}

/* ---- guests ---- */

static void with_guests(void)
{
	char more[1000];

	snprintf(more, sizeof more,
		"backend \"links\" { type = \"invite\" invitations = \"%s\" }\n"
		"backend \"keys\" { type = \"meeting-key\" keys = \"%s\" }\n"
		"platform \"scripts\" { type = \"skype\" client-id = \"c\" tenant = \"t.example\" "
		"endpoint = \"sip:a@t.example\" allowed-origins = {\"https://a.example.org\"} }\n",
		in_folder("invitations"), in_folder("meeting.keys"));
	configure(more);
}

#define FOR "--platform", HOST, "--meeting", "weekly"

static void an_invitation_is_made_listed_and_revoked(void **state)
{
	char id[33];

	(void)state;
	with_guests();
	CALL(1, "invite", "create", FOR, "--name", "Zoe"); /* no store */
	CALL(0, "init");
	CALL(0, "invite", "create", FOR, "--name", "Zoe", "--email", "zoe@partner.example",
		"--expires", "2099-12-31");
	says(out, "https://external.example.org/auth/invite?token=");
	says(err, "the secret that signs the links is new; waiting until the pool has read it\n");
	says(err, " to weekly, valid until 2099-12-31T00:00:00Z; everybody who has the link can "
		  "join as Zoe");
	CALL(0, "invite", "create", FOR, "--name", "Max", "--meeting-token", "t-1", "--title",
		"Weekly review");
	CALL(0, "invite", "list");
	says(out, "ID\tSTATE\tEXPIRES\tPLATFORM\tMEETING\tNAME\tE-MAIL\n");
	says(out, "\tactive\t2099-12-31T00:00:00Z\t" HOST "\tweekly\tZoe\tzoe@partner.example\n");
	snprintf(id, sizeof id, "%.32s", strchr(out, '\n') + 1);
	CALL(0, "invite", "revoke", id);
	CALL(1, "invite", "revoke", "0");
	says(err, "no invitation \"0\"");
	CALL(0, "invite", "list", "--json");
	says(out, "\"state\": \"revoked\"");
	says(out, "\"meetingToken\": \"t-1\",\n    \"title\": \"Weekly review\",\n    "
		  "\"name\": \"Max\",\n    \"email\": null");
	says(out, "\"title\": null");
	says(out, "\"revoked\": null");
	CALL(0, "secret", "list");
	says(out, "backend/links");
	put_file(in_folder("invitations"), "{");
	CALL(EX_NOINPUT, "invite", "list");
	CALL(1, "invite", "create", FOR, "--name", "Zoe");
	CALL(1, "invite", "revoke", id);
}

static void wrong_invitations_are_refused(void **state)
{
	static const struct {
		const char *platform, *meeting, *name, *email, *says;
	} cases[] = {
		{"typo.example", "m", "Zoe", "",
			"the configuration has no platform \"typo.example\""},
		{HOST, "a b", "Zoe", "", "is not a meeting of " HOST},
		{HOST, "m", "", "", "the name is empty"},
		{HOST, "m", "a\nb", "", "not printable"},
		{HOST, "m", "Eve \xe2\x80\xaetsoH", "", "cannot be seen"},
		{HOST, "m", LONG, "", "longer than 256 bytes"},
		{HOST, "m", "Zoe", "a@good@evil",
			"the e-mail address is not like name@example.org"},
		{"scripts", "https://meet.lync.com/t/u/PX4", "Zoe", "",
			"scripts: guests need a page that they are sent to"},
	};

	(void)state;
	with_guests();
	CALL(0, "init");
	for (size_t i = 0; i < COUNT(cases); i++) {
		CALL(EX_USAGE, "invite", "create", "--platform", cases[i].platform, "--meeting",
			cases[i].meeting, "--name", cases[i].name, "--email", cases[i].email);
		says(err, cases[i].says);
	}
	CALL(EX_USAGE, "invite", "create", FOR);
	says(err, "missing option --name");
	CALL(EX_USAGE, "invite", "create", "--name", "Zoe", "--platform", HOST);
	says(err, "missing option --meeting");
	CALL(EX_USAGE, "invite", "create", FOR, "--name", "Zoe", "--meeting-token", "a\nb");
	says(err, "the meeting token is not");
	CALL(EX_USAGE, "invite", "create", FOR, "--name", "Zoe", "--title",
		"a\xe2\x80\xae"
		"b");
	says(err, "the title is longer than 64 characters, or has");
	CALL(EX_USAGE, "invite", "create", FOR, "--name", "Zoe", "--expires", "yesterday");
	says(err, "like 30d, in the future");
	CALL(EX_USAGE, "invite", "create", FOR, "--name", "Zoe", "extra");
	says(err, "unexpected argument \"extra\"");
	assert_int_not_equal(access(in_folder("invitations"), F_OK), 0);
	CALL(0, "secret", "list", "--json");
	assert_string_equal(out, "[]\n");
	configure("");
	CALL(EX_CONFIG, "invite", "list");
	says(err, "no backend of type invite");
}

static void a_meeting_gets_a_key(void **state)
{
	char text[1000];

	(void)state;
	with_guests();
	CALL(0, "meeting-key", "generate", FOR);
	assert_int_equal(strlen(out), sizeof "abcd-efgh-jkmn");
	TYPE(0, "correct horse\n", "meeting-key", "set", FOR, "--expires", "2099-12-31");
	get_file(in_folder("meeting.keys"), text, sizeof text);
	says(text, "\"hash\": \"$argon2id$");
	CALL(0, "meeting-key", "list");
	says(out, "PLATFORM\tMEETING\tSTATE\tCREATED\tEXPIRES\n" HOST "\tweekly\tactive\t20");
	says(out, "\t2099-12-31T00:00:00Z\n");
	CALL(0, "meeting-key", "list", "--json");
	says(out, "\"meeting\": \"weekly\",\n    \"state\": \"active\",");
	TYPE(EX_DATAERR, "short\n", "meeting-key", "set", FOR);
	says(err, "a key of a meeting must have 8 to 1024 bytes");
	CALL(0, "meeting-key", "remove", FOR);
	CALL(1, "meeting-key", "remove", FOR);
	says(err, "meeting weekly of " HOST " has no key");
	put_file(in_folder("meeting.keys"), "{");
	CALL(EX_NOINPUT, "meeting-key", "list");
	CALL(1, "meeting-key", "generate", FOR);
	CALL(1, "meeting-key", "remove", FOR);
}

static void wrong_keys_are_refused(void **state)
{
	static const struct {
		const char *input, *words[12];
		int status;
		const char *says;
	} cases[] = {
		{"", {"set", "--meeting", "m"}, EX_USAGE, "missing option --platform"},
		{"", {"set", "--platform", HOST}, EX_USAGE, "missing option --meeting"},
		{"", {"set", "--platform", "else", "--meeting", "m"}, EX_USAGE, "no platform"},
		{"", {"set", "--platform", HOST, "--meeting", "a b"}, EX_USAGE, "is not a meeting"},
		{"", {"set", FOR, "--expires", "2020-01-01"}, EX_USAGE, "in the future"},
		{"", {"set", FOR, "--backend", "staff"}, EX_CONFIG, "no backend staff of type"},
		{"", {"set", FOR, "extra"}, EX_USAGE, "unexpected argument"},
		{"short", {"set", FOR}, EX_DATAERR, "8 to 1024 bytes"},
		{"two\nlines of it", {"set", FOR}, EX_DATAERR, "control character"},
		{"", {"remove", FOR, "--expires", "1d"}, EX_USAGE, "unknown option"},
		{"", {"list", "extra"}, EX_USAGE, "unexpected argument"},
	};

	(void)state;
	with_guests();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *words[14] = {"meeting-key"};

		memcpy(words + 1, cases[i].words, sizeof cases[i].words);
		expect_status(cases[i].status, run_words(cases[i].input, words));
		says(err, cases[i].says);
	}
	assert_int_not_equal(access(in_folder("meeting.keys"), F_OK), 0);
}

/* ---- rules ---- */

static void with_rules(void)
{
	configure(
		"backend \"door\" { type = \"guest\" }\n"
		"backend \"desk\" { type = \"guest-account\" groups = {\"visitors\"} }\n"
		"policy {\n"
		" rule \"hosts\" { allow = true groups = {\"staff\"} role = \"moderator\" }\n"
		" rule \"slip\" { allow = true groups = {\"staf\"} }\n"
		" rule \"others\" { allow = false emails = {\"*@evil.example\"} }\n"
		" rule \"guests\" { allow = true backends = {\"desk\"} groups = {\"visitors\"} }\n"
		" default = \"deny\"\n}\n");
	TYPE(0, "correct horse\n", "user", "add", "anna", "--group", "staff", "--email",
		"anna@example.org");
	TYPE(0, "correct horse\n", "user", "add", "bert");
	CALL(0, "user", "disable", "bert");
}

#define EXPLAIN(status, user, ...)                                                                 \
	CALL(status, "policy", "explain", "--user", user, "--platform", HOST, "--meeting",         \
		"weekly", __VA_ARGS__)

static void rules_are_explained(void **state)
{
	(void)state;
	with_rules();
	EXPLAIN(0, "Anna", "--at", "2030-01-01T08:00Z");
	says(out, "anna of backend staff: groups staff, e-mail anna@example.org, no second factor");
	says(out, "RULE    SAYS   MATCH  WHY\nhosts   allow  hit    ");
	says(out, "\nothers  deny   miss   ");
	says(out, "\nallowed: hosts, as moderator\n");
	EXPLAIN(1, "bert", "--meeting-token", "t-1");
	says(out, "groups none, e-mail none, no second factor assumed; the account is disabled");
	says(out, "\ndenied: default\n");
	EXPLAIN(1, "nobody", "--address", "192.0.2.7");
	says(out, "\nundecided: it depends on the rules marked \"may\"");
	EXPLAIN(0, "bert", "--group", "staff", "--second-factor", "--acr", "high");
	EXPLAIN(0, "zoe", "--backend", "desk");
	says(out, "\nallowed: guests\n");
	EXPLAIN(1, "zoe", "--backend", "door");
	EXPLAIN(0, "anna", "--json");
	says(out, "\"account\": {\n    \"user\": \"anna\",\n    \"backend\": \"staff\",");
	says(out, "\"verdict\": \"allowed\",\n  \"rule\": \"hosts\",\n  \"role\": \"moderator\",");
	says(out, "\"rule\": \"others\",\n      \"file\": \"");
	EXPLAIN(1, "nobody", "--json");
	says(out, "\"verdict\": \"undecided\",\n  \"rule\": null,\n  \"role\": \"\"");
}

static void wrong_questions_are_refused(void **state)
{
	static const struct {
		const char *option, *value, *says;
	} cases[] = {
		{"--at", "noon", "--at: expected a time in UTC"},
		{"--address", "192.0.2", "--address: expected an address"},
		{"--backend", "else", "--backend: "},
		{"--group", "", "--group: not the name of a group"},
		{"--email", "a\nb", "--email: not an e-mail address"},
		{"--acr", "a\nb", "--acr: not an"},
		{"--meeting-token", "a\nb", "--meeting-token: expected 1 to"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		EXPLAIN(EX_DATAERR, "anna", cases[i].option, cases[i].value);
		says(err, cases[i].says);
	}
	EXPLAIN(EX_DATAERR, "", "--json");
	says(err, "--user: not the name of a user");
	CALL(EX_DATAERR, "policy", "explain", "--user", "a", "--platform", "else", "--meeting",
		"m");
	says(err, "has no platform \"else\"");
	CALL(EX_DATAERR, "policy", "explain", "--user", "a", "--platform", HOST, "--meeting",
		"a b");
	says(err, "--meeting: \"a b\" is not a meeting of " HOST);
}

static void meet_rules_are_explained(void **state)
{
	(void)state;
	configure("policy {\n"
		  " meet \"never\" { allow = false accounts = {\"guest-*\"} }\n"
		  " meet \"care\" { allow = true accounts = {\"patient-*\"} with = {\"nurse-ann\"} "
		  "not-before = \"2030-01-01T00:00Z\" }\n"
		  "}\n");
	CALL(0, "policy", "meet", "--user", "Patient-1", "--with", "nurse-ann", "--platform", HOST,
		"--at", "2031-01-01T08:00Z");
	says(out, "RULE   SAYS   MATCH  WHY\nnever  deny   miss   accounts: not this user\n"
		  "care   allow  hit    \nallowed: care\n");
	CALL(1, "policy", "meet", "--user", "patient-1", "--with", "nurse-ann", "--platform", HOST,
		"--at", "2029-01-01T08:00Z");
	says(out, "not-before: later than that time\ndenied: default\n");
	CALL(1, "policy", "meet", "--user", "nurse-ann", "--with", "patient-1", "--platform", HOST);
	CALL(1, "policy", "meet", "--user", "guest-1", "--with", "nurse-ann", "--platform", HOST,
		"--json");
	says(out, "\"verdict\": \"denied\",\n  \"rule\": \"never\",");
	CALL(EX_DATAERR, "policy", "meet", "--user", "a", "--with", "b", "--platform", "else");
	says(err, "has no platform \"else\"");
	CALL(EX_USAGE, "policy", "meet", "--user", "a", "--platform", HOST);
	says(err, "missing option --with");
}

static void rules_are_linted(void **state)
{
	(void)state;
	CALL(0, "policy", "lint");
	assert_string_equal(out, "");
	with_rules();
	CALL(1, "policy", "lint");
	says(out, "conf:12: rule \"slip\": groups: no user is in \"staf\"\n");
	assert_null(strstr(out, "\"staff\""));
	CALL(1, "policy", "lint", "--json");
	says(out, "\"rule\": \"slip\",\n    \"about\": \"rule \\\"slip\\\"\",\n    \"file\": \"");
	says(out, "\"line\": 12,");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_user_is_added_changed_and_removed),
		TEST(a_change_keeps_the_lines_of_others),
		TEST(wrong_users_are_refused),
		TEST(the_backend_is_named_where_there_are_several),
		TEST(a_second_factor_is_shown_once),
		TEST(a_factor_needs_one_backend_that_may_have_it),
		TEST(an_invitation_is_made_listed_and_revoked),
		TEST(wrong_invitations_are_refused),
		TEST(a_meeting_gets_a_key),
		TEST(wrong_keys_are_refused),
		TEST(rules_are_explained),
		TEST(wrong_questions_are_refused),
		TEST(meet_rules_are_explained),
		TEST(rules_are_linted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
