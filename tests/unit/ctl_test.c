/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: its frame, and its commands on the store, secrets, sessions and the configuration.
 */
#include "ctl_fixture.h"

#include "base/clock.h"
#include "auth/registry.h"
#include "base/qr.h"
#include "platform/registry.h"
#include "ctl/print.h"
#include "secret/store.h"

#include <pty.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- the frame ---- */

static void help_lists_commands_and_is_made_of_their_usage(void **state)
{
	static char all[sizeof out];

	(void)state;
	CALL(0, "--help");
	says(out, "usage: meetauthctl [-c FILE] [--json] COMMAND [ARGUMENT ...]\n");
	says(out, "\n  secret retire NAME VERSION [--force]\n      remove a version of a secret\n");
	says(out, "\n  check [--connect] [--ready] [--socket FILE]\n");
	memcpy(all, out, sizeof all);
	CALL(0, "help");
	assert_string_equal(out, all);
	CALL(0, "-h", "nonsense");
	assert_string_equal(out, all);
	CALL(0, "secret", "--help");
	says(out, "secret set NAME");
	assert_null(strstr(out, "store rekey"));
	CALL(0, "session", "revoke", "-h");
	says(out, "usage: meetauthctl [-c FILE] [--json] session revoke USER\n");
	assert_null(strstr(out, "rotate-keys"));
	CALL(0, "-V");
	assert_string_equal(out, "meetauthctl " PACKAGE_VERSION_TEXT "\n");
}

static void wrong_calls_say_what_is_wrong(void **state)
{
	static const struct {
		const char *words[8], *says;
	} cases[] = {
		{{"nonsense"}, "unknown command: nonsense\n\"meetauthctl --help\""},
		{{"chekc"}, "did you mean \"meetauthctl check\"?"},
		{{"user", "lst"},
			"unknown command: user lst\ndid you mean \"meetauthctl user list\"?"},
		{{"secret"}, "incomplete command: secret\n\"meetauthctl secret --help\""},
		{{"secret", "set"}, "secret set: missing operand\nusage: meetauthctl [-c FILE] "
				    "[--json] secret set NAME [--expires WHEN] "
				    "[--from-file FILE]\n"},
		{{"secret", "set", "a", "b"}, "secret set: extra operand \"b\""},
		{{"secret", "list", "x"}, "secret list: unexpected argument \"x\""},
		{{"secret", "list", "-x"}, "unknown option -x"},
		{{"secret", "retire", "--focre", "a", "1"}, "did you mean --force?"},
		{{"secret", "retire", "a", "01"}, "\"01\" is not a version"},
		{{"secret", "set", "--group", "x", "a"}, "unknown option --group"},
		{{"session", "rotate-keys", "--forget=yes"}, "--forget takes no value"},
		{{"session", "rotate-keys", "--forget", "--forget"}, "given 1 time at most"},
		{{"secret", "retire", "a", "0"}, "\"0\" is not a version"},
		{{"secret", "retire", "a", "99999999999"}, "is not a version"},
		{{"session", "revoke", ""}, "the name is empty"},
		{{"session", "revoke", "staff/"}, "the name is empty"},
		{{"init", "--", "--forget"}, "unexpected argument \"--forget\""},
		{{"user", "list", "--backend"}, "--backend requires a value"},
		{{"user", "list", "--backend=a", "--backend", "b"},
			"--backend may be given 1 time at most"},
		{{"policy", "explain", "--user", "a", "--platform", "b"},
			"missing option --meeting"},
		{{"secret", "list", "-c"}, "-c requires a file"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		expect_status(EX_USAGE, run_words("", cases[i].words));
		says(err, cases[i].says);
		assert_string_equal(out, "");
	}
	expect_status(EX_USAGE, run_words("", (const char *const[]){NULL}));
	says(err, "usage: meetauthctl [-c FILE] [--json] COMMAND");
	assert_int_not_equal(access(in_folder("store"), F_OK), 0);
}

static void groups_have_a_limit(void **state)
{
	char group[IDENTITY_GROUPS_MAX + 1][16];
	char *argv[IDENTITY_GROUPS_MAX + 1];
	struct given given = {0};
	const struct ctl_command *add = ctl_user_commands;

	(void)state;
	for (size_t i = 0; i < COUNT(group); i++) {
		snprintf(group[i], sizeof group[i], "--group=g%zu", i);
		argv[i] = group[i];
	}
	argv[0] = (char[]){"anna"};
	ctl_read_arguments(add, COUNT(argv), argv, &given);
	assert_int_equal(given.group_count, IDENTITY_GROUPS_MAX);
	assert_string_equal(given.groups[0], "g1");
	assert_string_equal(given.operands[0], "anna");
}

static void a_bad_configuration_is_named(void **state)
{
	(void)state;
	CALL(EX_CONFIG, "secret", "list", "-c", "/nonexistent");
	says(err, "/nonexistent");
	configure("nonsense = 1\n");
	CALL(EX_CONFIG, "init");
	says(err, "/conf:8: ");
	CALL(EX_CONFIG, "policy", "lint");
	CALL(1, "check");
	says(out, "FAIL  config");
}

static void output_that_cannot_be_written_is_no_success(void **state)
{
	pid_t child;
	int status;

	(void)state;
	fflush(NULL);
	child = fork();
	if (child == 0) {
		redirect(STDOUT_FILENO, "/dev/full", O_WRONLY);
		redirect(STDERR_FILENO, in_folder("err"), O_WRONLY | O_CREAT);
		exit(ctl_main(2, (char *[]){(char[]){"meetauthctl"}, (char[]){"help"}, NULL}));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	get_file(in_folder("err"), err, sizeof err);
	expect_status(EX_IOERR, WEXITSTATUS(status));
	says(err, "cannot write to standard output");
}

/* ---- setup ---- */

static void setup_goes_on_from_what_is_there(void **state)
{
	struct settings *settings;

	(void)state;
	unlink(conf);
	TYPE(EX_USAGE, "", "setup", "--address", "https://a.example/auth");
	says(err, "missing option --platform");
	assert_int_not_equal(access(conf, F_OK), 0);
	TYPE(1, "a good password\n", "setup", "--address", "https://a.example/auth", "--platform",
		HOST, "--user", "anna", "--store", in_folder("st\"o\\re"), "--store-key",
		in_folder("key"), "--state", "memory:");
	says(out, "wrote ");
	says(out, "created ");
	says(out, "added the user anna, of the group staff");
	says(out, "nginx/meetauth.conf");
	settings = config_load(
		conf, (struct config_types){platform_section_types(), auth_section_types()}, NULL);
	assert_non_null(settings);
	assert_string_equal(settings->base_url, "https://a.example/auth");
	assert_string_equal(settings->store, in_folder("st\"o\\re"));
	config_free(&settings);
	TYPE(1, "", "setup", "--address", "https://a.example/auth");
	says(out, "kept ");
	assert_null(strstr(out, "wrote "));
	assert_null(strstr(out, "shown only now"));
}

/* ---- the store and its secrets ---- */

static void secrets_have_versions(void **state)
{
	static const char wanted[] = "NAME                 VERSION  CREATED";

	(void)state;
	CALL(1, "secret", "list");
	CALL(0, "init");
	says(out, "keep backups of the key");
	CALL(1, "init");
	TYPE(0, "key one\n", "secret", "set", "Meeting.Example.ORG");
	assert_string_equal(out, HOST ": version 1 stored\n");
	CALL(0, "secret", "generate", HOST);
	assert_int_equal(strlen(out), 44);
	says(err, "version 2 of " HOST ": ");
	CALL(0, "secret", "list");
	assert_int_equal(strncmp(out, wanted, strlen(wanted)), 0);
	says(out, "\n" HOST "        2  20");
	says(out, "  -\n");
	CALL(0, "--json", "secret", "list");
	says(out, "\"name\": \"" HOST "\",\n    \"version\": 1,");
	says(out, "\"accepted\": null");
	assert_null(strstr(out, "key one"));
	CALL(0, "secret", "retire", HOST, "2");
	CALL(1, "secret", "retire", HOST, "2", "--force");
	says(err, "has no version 2");
	CALL(1, "secret", "retire", HOST, "1");
	says(err, "version 1 is the only one");
	CALL(0, "secret", "retire", HOST, "1", "--force");
	assert_string_equal(out, HOST ": version 1 retired\n");
	CALL(0, "store", "rekey");
	says(out, "is encrypted with the new key");
	CALL(0, "secret", "list", "--json");
	assert_string_equal(out, "[]\n");
}

static void a_file_with_the_same_secret_changes_nothing(void **state)
{
	(void)state;
	CALL(0, "init");
	put_file(in_folder("key"), "key one\r\n");
	CALL(0, "secret", "set", HOST, "--from-file", in_folder("key"));
	assert_string_equal(out, HOST ": version 1 stored\n");
	CALL(0, "secret", "set", HOST, "--from-file", in_folder("key"));
	assert_string_equal(out, HOST ": unchanged, version 1 has this value\n");
	CALL(0, "secret", "set", HOST, "--from-file", in_folder("key"), "--expires", "2099-01-01");
	assert_string_equal(out, HOST ": version 2 stored\n");
	CALL(0, "secret", "set", HOST, "--from-file", in_folder("key"), "--expires", "2099-01-01");
	assert_string_equal(out, HOST ": unchanged, version 2 has this value\n");
	put_file(in_folder("key"), "key two");
	CALL(0, "secret", "set", HOST, "--from-file", in_folder("key"));
	assert_string_equal(out, HOST ": version 3 stored\n");
	put_file(in_folder("key"), "");
	CALL(EX_DATAERR, "secret", "set", HOST, "--from-file", in_folder("key"));
	says(err, "--from-file: ");
	CALL(EX_NOINPUT, "secret", "set", HOST, "--from-file", in_folder("nothing"));
	says(err, "--from-file: cannot open ");
}

static void a_list_without_a_state_says_unknown(void **state)
{
	(void)state;
	CALL(0, "init");
	TYPE(0, "key\n", "secret", "set", HOST);
	assert_int_equal(rmdir(in_folder("state")), 0);
	CALL(0, "secret", "list");
	says(out, "  unknown\n");
	says(err, "meetauthctl: ");
	CALL(1, "session", "revoke", "anna");
}

static void only_secrets_that_something_reads_are_stored(void **state)
{
	static const struct {
		const char *verb, *name, *input;
		int status;
		const char *says;
	} cases[] = {
		{"set", "typo.example", "key", EX_USAGE,
			"those with secrets are: " HOST
			", daily, meeting/lync/MEETING, backend/own"},
		{"set", "backend/staff", "key", EX_USAGE, "needs no secret: type \"file\""},
		{"generate", "ucwa", "", EX_USAGE, "needs no secret"},
		{"set", "lync", "key", EX_USAGE, "one for each meeting: meeting/lync/MEETING"},
		{"set", "meeting/lync/a b", "key", EX_USAGE, "is not a meeting of lync"},
		{"set", "meeting/lync/anna@contoso.example/PX4", "key", EX_OK, ""},
		{"set", "meeting/nowhere/PX4", "key", EX_USAGE, "no platform or backend \""},
		{"generate", "daily", "", EX_USAGE,
			"secrets for type \"galene\" cannot be generated"},
		{"set", "daily", "not a key", EX_DATAERR, "not a valid secret for daily"},
		{"generate", "staff", "", EX_USAGE, "those with secrets are: "},
		{"set", HOST, "", EX_DATAERR, "expected a secret on standard input, found nothing"},
		{"set", HOST, "\n", EX_DATAERR,
			"expected a secret on standard input, found nothing"},
		{"set", HOST, "a\tb", EX_DATAERR, "control character"},
		{"set", HOST, "..", EX_DATAERR, "dots only"},
		{"set", "backend/own", "a\nb\n", EX_DATAERR, ""},
		{"set", "backend/own", "key", EX_OK, ""},
	};

	(void)state;
#if !defined HAVE_CJOSE || !defined HAVE_EXPAT
	skip();
#endif
	configure("platform \"daily\" { type = \"galene\" }\n"
		  "platform \"lync\" { type = \"lync\" domains = {\"contoso.example\"} }\n"
		  "platform \"ucwa\" { type = \"ucwa\" domains = {\"contoso.example\"} "
		  "allowed-origins = {\"https://a.example.org\"} }\n"
		  "backend \"own\" { type = \"http\" url = \"https://localhost/\" }\n");
	CALL(0, "init");
	for (size_t i = 0; i < COUNT(cases); i++) {
		TYPE(cases[i].status, cases[i].input, "secret", cases[i].verb, cases[i].name);
		says(err, cases[i].says);
	}
	CALL(1, "secret", "retire", "backend/own", "1");
	configure(""); /* what the configuration no longer has can be retired */
	TYPE(EX_USAGE, "key", "secret", "set", "backend/own");
	CALL(0, "secret", "retire", "backend/own", "1");
	CALL(0, "secret", "retire", "meeting/lync/anna@contoso.example/PX4", "1");
}

#define LYNC "platform \"lync\" { type = \"lync\" domains = {\"contoso.example\"} }\n"
#define URI  "sip:anna@contoso.example;gruu;opaque=app:conf:focus:id:"

static void keys_of_meetings_are_imported(void **state)
{
	(void)state;
	configure(LYNC);
	CALL(0, "init");
	put_file(in_folder("keys.csv"),
		"\xef\xbb\xbfMeeting,Key,Expires\r\n"
		"# of the summer\r\n\r\n"
		"conf:" URI "PX4,\"key \"\"one\"\", of PX4\",2199-12-31\r\n"
		"\"anna@contoso.example/px5\",key two,2199-12-31T18:00Z\n" URI
		"PX6,key three,\n" URI "PX7,key four");
	CALL(0, "secret", "import", "LYNC", in_folder("keys.csv"));
	assert_string_equal(out, "lync: 4 keys added, 0 replaced, 0 unchanged\n");
	CALL(0, "secret", "list");
	says(out, "meeting/lync/anna@contoso.example/PX4");
	says(out, "2199-12-31T18:00:00Z");
	says(out, "  never  ");
	assert_null(strstr(out, "key one"));
	CALL(0, "secret", "list", "--json");
	says(out, "\"expires\": \"2199-12-31T00:00:00Z\"");
	says(out, "\"expires\": null");
	TYPE(0,
		"anna@contoso.example/PX4,\"key \"\"one\"\", of PX4\",2199-12-31\n"
		"anna@contoso.example/PX5,another,2199-12-31\n",
		"secret", "import", "lync", "-");
	assert_string_equal(out, "lync: 0 keys added, 1 replaced, 1 unchanged\n");
}

static void an_import_names_each_line_that_is_wrong(void **state)
{
	static const char *const lines[] = {"1: field 1 is not a meeting of lync: ",
		"2: expected MEETING,KEY", "3: field 2: a secret has 1 to 4096",
		"4: field 3 takes 2026-12-31", "5: field 3 takes 2026-12-31",
		"6: more than 3 fields", "7: a quotation mark inside", "8: a quotation mark inside",
		"10: the same meeting as in line 9", "11: field 2: the key of a meeting",
		"12: field 1 is not a meeting", "13: field 2: the secret has a control"};
	char text[2000], expected[300];

	(void)state;
	configure(LYNC);
	CALL(0, "init");
	snprintf(text, sizeof text,
		"tops3cret," URI "1,2199-01-01\n" URI "2\n" URI "3,\n" URI
		"4,tops3cret,2020-01-01\n" URI "5,tops3cret,2199\n" URI
		"6,tops,3cret,2199-01-01\n" URI "7,\"tops3cret\n" URI "8,tops\"3cret\n" URI
		"9,tops3cret\n"
		"anna@contoso.example/9,tops3cret\n" URI "11,%0129d\n"
		"eve@elsewhere.example/1,tops3cret\n" URI "13,tops3cret\t\n" URI "14,good\n",
		0);
	put_file(in_folder("keys.csv"), text);
	CALL(EX_DATAERR, "secret", "import", "lync", in_folder("keys.csv"));
	for (size_t i = 0; i < COUNT(lines); i++) {
		snprintf(expected, sizeof expected, "meetauthctl: %s:%s", in_folder("keys.csv"),
			lines[i]);
		says(err, expected);
	}
	says(err, ": 12 lines cannot be imported; nothing was stored\n");
	assert_null(strstr(err, "3cret"));
	CALL(0, "secret", "list", "--json");
	assert_string_equal(out, "[]\n");
	TYPE(EX_DATAERR, "x\n", "secret", "import", "lync", "-");
	says(err, "meetauthctl: standard input:1: expected MEETING,KEY");
	TYPE(EX_DATAERR, "# nothing\n", "secret", "import", "lync", "-");
	says(err, "standard input: has no keys");
	CALL(EX_USAGE, "secret", "import", HOST, in_folder("keys.csv"));
	says(err, "has no keys of meetings");
	CALL(EX_USAGE, "secret", "import", "nowhere", in_folder("keys.csv"));
	CALL(EX_NOINPUT, "secret", "import", "lync", in_folder("none.csv"));
	assert_int_equal(chmod(in_folder("keys.csv"), 0644), 0);
	CALL(EX_NOINPUT, "secret", "import", "lync", in_folder("keys.csv"));
}

/* Stores a secret that ended, which no command does. In a process of its own: libsodium is for the
 * commands to start. */
static void put_ended(const char *name)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		unsigned version;
		bool good = secret_init(NULL) == 0 &&
			    store_set(in_folder("store"), in_folder("store.key"), name,
				    secret_new("key", 3), clock_wall() - 60, &version, NULL) == 0;

		_exit(good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void check_says_what_ends_and_what_has_ended(void **state)
{
	(void)state;
	configure(LYNC);
	put_file(in_folder("users.passwd"), "# meetauth users 1\n");
	CALL(0, "init");
	TYPE(0, "key\n", "secret", "set", HOST, "--expires", "29d");
	TYPE(0, "key\n", "secret", "set", "meeting/lync/anna@contoso.example/1", "--expires", "6d");
	TYPE(0, "key\n", "secret", "set", "meeting/lync/anna@contoso.example/2", "--expires", "8d");
	TYPE(EX_USAGE, "key\n", "secret", "set", HOST, "--expires", "2020-01-01");
	CALL(0, "check");
	says(out, "warn  secret    " HOST "       ends at 20");
	says(out, "2 meetings with a key in the store");
	says(out, "1 key ends within 7 days, first meeting/lync/anna@contoso.example/1 at 20");
	put_ended("meeting/lync/anna@contoso.example/2");
	put_ended(HOST);
	CALL(1, "check");
	says(out, "FAIL  secret    " HOST "       ended at 20");
	says(out, "1 meeting with a key in the store");
	says(out, "1 key has ended, and nobody gets into the meeting: ");
	CALL(0, "secret", "retire", HOST, "2"); /* not the last that can be used */
	CALL(0, "check");
	CALL(1, "secret", "retire", HOST, "1");
}

/* Answers each prompt on the terminal with the next of the answers. */
static int answer_prompts(const char *const *words, const char *const *answers)
{
	char *argv[32], seen[4096] = "";
	size_t length = 0;
	ssize_t got;
	int argc = make_argv(words, argv), terminal, status;
	pid_t child;

	fflush(NULL);
	child = forkpty(&terminal, NULL, NULL, NULL);
	if (child == 0)
		exit(ctl_main(argc, argv));
	while ((got = read(terminal, seen + length, sizeof seen - 1 - length)) > 0) {
		length += (size_t)got;
		seen[length] = '\0';
		if (*answers == NULL || seen[length - 1] != ' ' || seen[length - 2] != ':')
			continue;
		assert_int_equal(
			write(terminal, *answers, strlen(*answers)), (ssize_t)strlen(*answers));
		answers++;
		seen[length - 1] = '.';
	}
	close(terminal);
	assert_int_equal(waitpid(child, &status, 0), child);
	snprintf(out, sizeof out, "%s", seen);
	return WEXITSTATUS(status);
}

static void a_secret_is_typed_twice_at_a_terminal(void **state)
{
	static const char *const set[] = {"secret", "set", HOST, NULL};

	(void)state;
	CALL(0, "init");
	assert_int_equal(answer_prompts(set, WORDS("one\n", "two\n")), EX_DATAERR);
	says(out, "the two do not match; nothing was stored");
	assert_int_equal(answer_prompts(set, WORDS("one\n", "one\n")), EX_OK);
	says(out, "version 1 stored");
	assert_null(strstr(out, "one"));
}

/* ---- sessions ---- */

static void sessions_end(void **state)
{
	(void)state;
	CALL(1, "session", "rotate-keys");
	CALL(0, "init");
	CALL(0, "session", "rotate-keys");
	says(out, "sessions continue");
	CALL(0, "session", "rotate-keys", "--forget");
	says(out, "every session has ended");
	CALL(0, "session", "revoke", "staff/anna");
	says(out, "every session of anna (backend staff) that began until 20");
	CALL(0, "session", "revoke", "staff/a/b");
	says(out, "every session of a/b (backend staff)");
	CALL(0, "session", "revoke", "else/anna");
	says(out, "every session of else/anna (every backend) that began");
	CALL(0, "session", "revoke", "--", "-anna");
	says(out, "every session of -anna (");
}

/* ---- check ---- */

static void check_has_a_finding_for_each_part(void **state)
{
	(void)state;
	CALL(1, "check");
	says(out, "ok    config    ");
	says(out, "FAIL  files     store, pages");
	CALL(0, "init");
	CALL(1, "check");
	says(out, "FAIL  secret    " HOST "       missing: run \"meetauthctl secret set " HOST
		  "\"\n");
	TYPE(0, "key\n", "secret", "set", HOST);
	put_file(in_folder("users.passwd"), "# meetauth users 1\n");
	CALL(0, "check");
	says(out, "ok    policy                              none: every user who signs in");
	says(out, "ok    secret    " HOST "       1 version in the store\n");
	says(out, "ok    state     lmdb:");
	CALL(0, "check", "--json");
	says(out, "\"what\": \"secret\",\n    \"name\": \"" HOST "\"");
	configure("policy {\n rule \"slip\" { allow = true groups = {\"staf\"} }\n}\n");
	CALL(0, "check");
	says(out, "warn  policy    rule \"slip\"");
	says(out, "1 rule, default deny");
	CALL(0, "check", "--json");
	says(out, "\"warning\": true");
}

static void check_says_by_what_scripts_get_in(void **state)
{
	(void)state;
#ifndef HAVE_CJOSE
	skip();
#endif
	configure(
		"platform \"skype.example.org\" {\n type = \"skype\" client-id = \"c\" "
		"tenant = \"t.example\" endpoint = \"sip:a@t.example\"\n"
		" app = \"https://app.example.org/join\"\n redirects = {\"https://litware.com/j\","
		" \"org.example.app:/back\"}\n allowed-origins = {\"https://app.example.org\", "
		"\"https://litware.com\", \"https://contoso.com\"} }\n"
		"platform \"galene.example.net\" { type = \"galene\" }\n");
	CALL(0, "init");
	CALL(1, "check");
	says(out, "skype.example.org         https://app.example.org: with the session cookie, or "
		  "with a code if the script started the sign-in\n");
	says(out, "https://litware.com: with a code, which https://litware.com/j receives\n");
	says(out, "org.example.app:/back: with a code and its verifier\n");
	says(out, "warn  policy    platform \"skype.example.org\"  allowed-origins: "
		  "scripts of https://contoso.com get no token: it is another site than base-url");
	says(out, "https://galene.example.net: with user name and password\n");
}

static void check_connects(void **state)
{
	(void)state;
#if !defined HAVE_EXPAT || !defined HAVE_CRYPTO
	skip();
#endif
	configure("platform \"here\" { type = \"bigbluebutton\" site = \"https://127.0.0.1:1\" }\n"
		  "backend \"own\" { type = \"http\" url = \"https://127.0.0.1:1/\" }\n");
	CALL(0, "init");
	TYPE(0, "key\n", "secret", "set", "here");
	put_file(in_folder("users.passwd"), "# meetauth users 1\n");
	CALL(1, "check", "--connect");
	says(out, "FAIL  connect   here ");
	says(out, "FAIL  connect   own ");
	says(out, "ok    connect   staff                     needs no connection\n");
}

/* Serves one connection of the socket with the bytes, in a child process. */
static pid_t serve(const char *path, const char *bytes, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid_t child;

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	unlink(path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chmod(path, 0660), 0);
	assert_int_equal(listen(fd, 1), 0);
	fflush(NULL);
	child = fork();
	if (child == 0) {
		char request[4096];
		int connection = accept(fd, NULL, NULL);

		if (connection >= 0 && read(connection, request, sizeof request) > 0 &&
			write(connection, bytes, length) < 0)
			_exit(1);
		_exit(0);
	}
	close(fd);
	return child;
}

static void check_asks_the_pool(void **state)
{
	/* Records of type 6 (output), with a length in their fifth and sixth byte. */
	static const char ready[] = "\1\6\0\1\0\x0b\0\0Status: 200",
			  busy[] = "\1\6\0\1\0\x1b\0\0Status: 503\r\n\r\nstate\nstore\n",
			  other[] = "\1\6\0\1\0\3\0\0HTT", nothing[] = "\1\3\0\1\0\0\0\0";
	static const struct {
		const char *bytes;
		size_t length;
		int status;
		const char *says;
	} cases[] = {
		{ready, sizeof ready - 1, 0, "connected, and the pool is ready"},
		{busy, sizeof busy - 1, 1, "the pool is not ready: state store"},
		{other, sizeof other - 1, 1, "another program answers there"},
		{nothing, sizeof nothing - 1, 1,
			"the pool closed the connection without an answer"},
	};
	const char *path = in_folder("socket");
	char name[160];

	(void)state;
	snprintf(name, sizeof name, "%s", path);
	CALL(0, "init");
	TYPE(0, "key\n", "secret", "set", HOST);
	put_file(in_folder("users.passwd"), "# meetauth users 1\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		pid_t child = serve(name, cases[i].bytes, cases[i].length);

		assert_int_equal(chmod(folder, 0750), 0);
		CALL(cases[i].status, "check", "--socket", name);
		says(out, cases[i].says);
		says(out, " 0660 in a directory ");
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	CALL(1, "check", "--socket", name); /* bound, and nobody listens */
	says(out, "no process answers: Connection refused; start the pool");
	assert_int_equal(chmod(name, 0600), 0);
	CALL(1, "check", "--socket", name);
	says(out, "its group may not connect");
	assert_int_equal(chmod(name, 0660), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	CALL(1, "check", "--socket", name);
	says(out, "may connect but not enter the directory");
	CALL(1, "check", "--socket", conf);
	says(out, "is not a socket");
	CALL(1, "check", "--socket", in_folder("missing"));
	says(out, "No such file or directory; start the pool");
}

/* ---- parts ---- */

static void tables_are_as_wide_as_what_is_in_them(void **state)
{
	static const struct print_column columns[] = {{"NAME", "name", "-", NULL},
		{"N", "n", NULL, NULL}, {"MAY", "may", "no", "yes"}, {"LIST", "list", NULL, NULL},
		{0}};
	json_t *list = json_pack("[{s:s, s:i, s:b, s:[s, s]}, {s:n, s:i, s:b}]", "name",
		"Zo\xc3\xab Z.", "n", 7, "may", 1, "list", "a", "b", "name", "n", 12, "may", 0);
	FILE *old = stdout;

	(void)state;
	stdout = fopen(in_folder("out"), "w");
	print_table(list, columns, PRINT_ALIGNED);
	print_table(list, columns, PRINT_TABS);
	fclose(stdout);
	stdout = old;
	json_decref(list);
	get_file(in_folder("out"), out, sizeof out);
	assert_string_equal(out, "NAME    N   MAY  LIST\n"
				 "Zo\xc3\xab Z.   7  yes  a,b\n"
				 "-       12  no   \n"
				 "NAME\tN\tMAY\tLIST\n"
				 "Zo\xc3\xab Z.\t7\tyes\ta,b\n"
				 "-\t12\tno\t\n");
}

static void a_code_for_a_terminal(void **state)
{
	struct buffer lines = BUFFER_INIT(1 << 20);
	char *longest = calloc(1, 10000);

	(void)state;
	memset(longest, 'a', 9999);
	assert_int_equal(qr_print(longest, &lines), -1);
	assert_null(lines.data);
#ifdef HAVE_QRENCODE
	assert_int_equal(qr_print("otpauth://totp/x?secret=ABC", &lines), 0);
	says(lines.data, "\033[30;107m");
	says(lines.data, "\xe2\x96\x88");
#endif
	buffer_release(&lines);
	free(longest);
}

static void a_code_for_a_page(void **state)
{
	struct buffer path = BUFFER_INIT(1 << 20);
	unsigned size = 0;

	(void)state;
#ifdef HAVE_QRENCODE
	assert_int_equal(qr_path("https://external.example.org/auth/invite", &path, &size), 0);
	/* 29 modules and the margin; the upper left finder pattern is 7 modules wide */
	assert_int_equal(size, 37);
	assert_int_equal(strncmp(path.data, "M4 4h7v1h-7z", 12), 0);
#else
	assert_int_equal(qr_path("x", &path, &size), -1);
#endif
	buffer_release(&path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(help_lists_commands_and_is_made_of_their_usage),
		TEST(wrong_calls_say_what_is_wrong),
		TEST(groups_have_a_limit),
		TEST(a_bad_configuration_is_named),
		TEST(output_that_cannot_be_written_is_no_success),
		TEST(setup_goes_on_from_what_is_there),
		TEST(secrets_have_versions),
		TEST(a_file_with_the_same_secret_changes_nothing),
		TEST(a_list_without_a_state_says_unknown),
		TEST(only_secrets_that_something_reads_are_stored),
		TEST(keys_of_meetings_are_imported),
		TEST(an_import_names_each_line_that_is_wrong),
		TEST(check_says_what_ends_and_what_has_ended),
		TEST(a_secret_is_typed_twice_at_a_terminal),
		TEST(sessions_end),
		TEST(check_has_a_finding_for_each_part),
		TEST(check_says_by_what_scripts_get_in),
		TEST(check_connects),
		TEST(check_asks_the_pool),
		TEST(tables_are_as_wide_as_what_is_in_them),
		TEST(a_code_for_a_terminal),
		TEST(a_code_for_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
