/* SPDX-License-Identifier: MIT
 *
 * The backend "command" and the dialog of meetauth-command(7): what a program is asked, what counts
 * as its answer, and that nothing else does. How programs run is helper_test.c's.
 */
#include "backend_fixture.h"

#include "base/clock.h"
#include "base/trace.h"

extern const struct auth_backend auth_command;

/* A backend whose program is that script. */
static void *open_script(struct fixture *fixture, const char *text)
{
	char script[4096], options[256];
	int length = snprintf(script, sizeof script, "#!/bin/sh\n%s\n", text);

	put(fixture->users, script, (size_t)length, 0755);
	snprintf(options, sizeof options,
		"program = \"%s\"\n arguments = {\"one\", \"two words\"}\n timeout = \"20s\"",
		fixture->users);
	return open_backend(fixture, &auth_command, options);
}

/* One that answers the same whatever it is asked. */
static void *open_answering(struct fixture *fixture, const char *answer)
{
	char text[3072];

	snprintf(text, sizeof text, "cat <<'EOT'\n%s\nEOT", answer);
	return open_script(fixture, text);
}

/* What came of one question. */
struct result {
	struct identity who;
	struct auth_challenge challenge;
	struct error error;
};

static struct join join = {.platform = (char *)"meeting.example.org",
	.meeting_id = (char *)"5f521a93c20ff6721fbb6a6c",
	.meeting_token = (char *)"8320-2640",
	.request_token = (char *)"not-for-programs"};

static enum auth_verdict check(void *instance, const char *name, const char *password,
	const char *typed, const struct auth_challenge *asked, struct result *result)
{
	const struct auth_attempt attempt = {.name = name,
		.password = password,
		.answer = typed,
		.asked = asked,
		.join = &join,
		.client = "192.0.2.7",
		.who = &result->who,
		.challenge = &result->challenge,
		.error = &result->error};

	memset(result, 0, sizeof *result);
	identity_set(&result->who.backend, "own", IDENTITY_NAME_MAX);
	return auth_command.check(instance, &attempt);
}

static enum auth_verdict once(struct fixture *fixture, const char *answer, struct result *result)
{
	void *instance = open_answering(fixture, answer);
	enum auth_verdict verdict = check(instance, "alice", "correct horse", NULL, NULL, result);

	auth_close(&auth_command, instance);
	return verdict;
}

static void assert_nobody(struct result *result)
{
	assert_null(result->who.subject);
	assert_null(result->who.name);
	assert_int_equal(result->who.group_count, 0);
	assert_false(result->who.second_factor);
	assert_string_equal(result->who.backend, "own");
	identity_release(&result->who);
}

static void read_back(const char *path, char text[2048])
{
	FILE *file = fopen(path, "r");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, 2047, file);
	text[length] = '\0';
	fclose(file);
}

/* ---- what it is asked ---- */

static void the_question_has_what_the_manual_says(void **state)
{
	struct fixture *fixture = *state;
	char script[512], text[2048];
	struct result result;
	void *instance;

	snprintf(script, sizeof script, "{ printf '%%s|' \"$@\"; cat; } >%s", fixture->conf);
	instance = open_script(fixture, script);
	assert_int_equal(
		check(instance, "alice", " pass word\\ \t", NULL, NULL, &result), AUTH_UNAVAILABLE);
	assert_nobody(&result);
	read_back(fixture->conf, text);
	assert_string_equal(text, "one|two words|meetauth 1\n"
				  "request login\n"
				  "user alice\n"
				  "password  pass word\\ \t\n"
				  "client 192.0.2.7\n"
				  "platform meeting.example.org\n"
				  "meeting 5f521a93c20ff6721fbb6a6c\n"
				  "end\n");
	auth_close(&auth_command, instance);
}

static void the_question_has_the_trace(void **state)
{
	static const char parent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	static const char before[] = "traceparent 00-0af7651916cd43dd8448eb211c80319c-";
	struct fixture *fixture = *state;
	char script[256], text[2048];
	struct trace trace, passed_on;
	struct result result;
	void *instance;
	char *line;

	snprintf(script, sizeof script, "cat >%s", fixture->conf);
	instance = open_script(fixture, script);
	assert_true(trace_parse(&trace, parent));
	trace_use(&trace);
	assert_int_equal(check(instance, "alice", "pass", NULL, NULL, &result), AUTH_UNAVAILABLE);
	trace_use(NULL);
	assert_nobody(&result);
	read_back(fixture->conf, text);
	line = strstr(text, before);
	assert_non_null(line);
	assert_null(strstr(text, "b7ad6b7169203331"));
	line += strlen("traceparent ");
	assert_string_equal(line + strlen(parent), "\nend\n");
	line[strlen(parent)] = '\0';
	assert_true(trace_parse(&passed_on, line));
	auth_close(&auth_command, instance);
}

static void the_longest_question_fits(void **state)
{
	struct auth_challenge asked = {.state_length = AUTH_STATE_MAX};
	char answer[AUTH_PASSWORD_MAX + 1], meeting[65], script[256], text[2048];
	struct fixture *fixture = *state;
	struct trace trace;
	struct result result;
	void *instance;

	memset(asked.name, 'n', IDENTITY_SUBJECT_MAX);
	memset(asked.state, 's', AUTH_STATE_MAX);
	memset(answer, 'a', AUTH_PASSWORD_MAX);
	answer[AUTH_PASSWORD_MAX] = '\0';
	memset(meeting, 'm', 64);
	meeting[64] = '\0';
	join.meeting_id = meeting;
	snprintf(script, sizeof script, "wc -l >%s; printf 'meetauth 1\\ndeny\\nend\\n'",
		fixture->conf);
	instance = open_script(fixture, script);
	assert_true(trace_parse(&trace, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
	trace_use(&trace);
	assert_int_equal(check(instance, asked.name, answer, answer, &asked, &result), AUTH_DENY);
	trace_use(NULL);
	assert_nobody(&result);
	read_back(fixture->conf, text);
	assert_string_equal(text, "11\n");
	join.meeting_id = (char *)"5f521a93c20ff6721fbb6a6c";
	auth_close(&auth_command, instance);
}

/* A line break would let what was typed be another line. */
static void no_password_makes_a_line_of_its_own(void **state)
{
	struct fixture *fixture = *state;
	struct auth_challenge asked = {.name = "alice"};
	char script[256];
	struct result result;
	void *instance;

	snprintf(script, sizeof script, ": >%s.ran", fixture->conf);
	instance = open_script(fixture, script);
	assert_int_equal(check(instance, "alice", "x\nend", NULL, NULL, &result), AUTH_DENY);
	assert_nobody(&result);
	assert_int_equal(check(instance, "alice", "", "1\nuser root", &asked, &result), AUTH_DENY);
	assert_nobody(&result);
	snprintf(script, sizeof script, "%s.ran", fixture->conf);
	assert_int_not_equal(access(script, F_OK), 0);
	auth_close(&auth_command, instance);
}

static void the_password_is_in_no_argument_and_no_environment(void **state)
{
	struct fixture *fixture = *state;
	char script[512], text[2048];
	struct result result;
	void *instance;

	snprintf(script, sizeof script,
		"cat /proc/$$/cmdline /proc/$$/environ | tr '\\0' '\\n' >%s", fixture->conf);
	instance = open_script(fixture, script);
	assert_int_equal(
		check(instance, "alice", "correct horse", NULL, NULL, &result), AUTH_UNAVAILABLE);
	assert_nobody(&result);
	read_back(fixture->conf, text);
	assert_non_null(strstr(text, "two words"));
	assert_non_null(strstr(text, "LC_ALL"));
	assert_null(strstr(text, "horse"));
	assert_null(strstr(text, "alice"));
	assert_null(strstr(result.error.text, "horse"));
	auth_close(&auth_command, instance);
}

/* ---- what counts as an answer ---- */

static void a_grant_says_who_it_is(void **state)
{
	struct result result;

	assert_int_equal(once(*state,
				 "meetauth 1\ngrant alice\nname Alice Kov\xc3\xa1\x63s\n"
				 "email alice@example.org\ngroup staff\ngroup board of trustees\n"
				 "group staff\nsecond-factor yes\nend\nwhat follows is not read",
				 &result),
		AUTH_GRANT);
	assert_string_equal(result.who.backend, "own");
	assert_string_equal(result.who.subject, "alice");
	assert_string_equal(result.who.name, "Alice Kov\xc3\xa1\x63s");
	assert_string_equal(result.who.email, "alice@example.org");
	assert_int_equal(result.who.group_count, 2);
	assert_true(identity_has_group(&result.who, "board of trustees"));
	assert_true(result.who.second_factor);
	identity_release(&result.who);
}

static void a_line_without_a_value_says_that_there_is_none(void **state)
{
	struct result result;

	assert_int_equal(once(*state,
				 "meetauth 1\ngrant uid-7\nname\nemail \ngroup \n"
				 "second-factor no\nend",
				 &result),
		AUTH_GRANT);
	assert_string_equal(result.who.subject, "uid-7");
	assert_null(result.who.name);
	assert_null(result.who.email);
	assert_int_equal(result.who.group_count, 0);
	assert_false(result.who.second_factor);
	identity_release(&result.who);
}

static void sign_in_14_a_name_that_cannot_be_shown_is_left_out(void **state)
{
	static char longer[5 + IDENTITY_NAME_MAX + 2] = "name ";
	static const char *const names[] = {longer, "name M\xfcller", "name Al\033[1mice",
		"email M\xfcller@example.org", "email a\tb"};

	memset(longer + 5, 'x', IDENTITY_NAME_MAX + 1);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct result result;
		char answer[512];

		snprintf(answer, sizeof answer, "meetauth 1\ngrant alice\n%s\ngroup staff\nend",
			names[i]);
		assert_int_equal(once(*state, answer, &result), AUTH_GRANT);
		assert_string_equal(result.who.subject, "alice");
		assert_null(result.who.name);
		assert_null(result.who.email);
		assert_int_equal(result.who.group_count, 1);
		identity_release(&result.who);
	}
}

static void the_other_words_are_the_other_verdicts(void **state)
{
	static const struct {
		const char *answer;
		enum auth_verdict verdict;
	} cases[] = {{"meetauth 1\ndeny\nend", AUTH_DENY},
		{"meetauth 1\nunknown\nend", AUTH_UNKNOWN},
		{"meetauth 1\nunavailable\nend", AUTH_UNAVAILABLE},
		{"meetauth 1\nunavailable the database is away\nend", AUTH_UNAVAILABLE}};
	struct result result;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(once(*state, cases[i].answer, &result), cases[i].verdict);
		assert_nobody(&result);
	}
	assert_non_null(strstr(result.error.text, "the database is away"));
}

static void nothing_else_is_an_answer(void **state)
{
	static const char *const answers[] = {"", "end", "grant alice\nend", "meetauth 1\nend",
		"meetauth 1\n\nend", "meetauth 2\ngrant alice\nend", "meetauth\ngrant alice\nend",
		"meetauth 1 \ngrant alice\nend", " meetauth 1\ngrant alice\nend",
		"Meetauth 1\ngrant alice\nend", "meetauth 1\r\ngrant alice\r\nend\r",
		/* cut short */
		"meetauth 1", "meetauth 1\ngrant alice", "meetauth 1\ngrant alice\ngroup staff\nen",
		/* the verdict */
		"meetauth 1\ngrant\nend", "meetauth 1\ngrant \nend", "meetauth 1\nGRANT alice\nend",
		"meetauth 1\ngranted alice\nend", "meetauth 1\nyes\nend", "meetauth 1\ntrue\nend",
		"meetauth 1\n200 OK\nend", "meetauth 1\n0\nend", "meetauth 1\n grant alice\nend",
		"meetauth 1\nname Alice\ngrant alice\nend", "meetauth 1\ndeny alice\nend",
		"meetauth 1\nunknown alice\nend", "meetauth 1\ngrant al\tice\nend",
		"meetauth 1\ngrant al\xff\nend", "meetauth 1\ngrant alice\ngroup M\xfc\nend",
		"meetauth 1\nchallenge\nstate \xff\nend", "meetauth 1\nchallenge \033[1m\nend",
		"meetauth 1\nunavailable \xff\nend", "meetauth 1\ndeny\nreason \xff\nend",
		/* a second verdict, and lines that belong to another */
		"meetauth 1\ndeny\ngrant alice\nend", "meetauth 1\ngrant alice\ndeny\nend",
		"meetauth 1\ngrant alice\ngrant bob\nend", "meetauth 1\ndeny\nname Alice\nend",
		"meetauth 1\ngrant alice\nstate x\nend", "meetauth 1\nchallenge\nname Alice\nend",
		/* lines behind it */
		"meetauth 1\ngrant alice\nname A\nname B\nend",
		"meetauth 1\ngrant alice\nemail a@b.example\nemail c@d.example\nend",
		"meetauth 1\ngrant alice\nsecond-factor\nend",
		"meetauth 1\ngrant alice\nsecond-factor true\nend",
		"meetauth 1\ngrant alice\nsecond-factor yes\nsecond-factor no\nend",
		"meetauth 1\ngrant alice\nname: Alice\nend", "meetauth 1\ngrant alice\n\nend",
		"meetauth 1\ngrant alice\nrole admin\nend", "meetauth 1\ngrant alice\nend now",
		"meetauth 1\nchallenge\nstate a\nstate b\nend",
		"meetauth 1\nchallenge\necho maybe\nend",
		/* answers to other requests */
		"meetauth 1\nready\nend", "meetauth 1\nunknown-request\nend"};

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct result result;

		enum auth_verdict verdict = once(*state, answers[i], &result);

		/* What is wrong with one person's yes is no outage. */
		if (verdict != AUTH_UNAVAILABLE && verdict != AUTH_UNFIT)
			fail_msg("answer %zu counts: %s", i, answers[i]);
		assert_true(result.error.text[0] != '\0');
		assert_null(strstr(result.error.text, "horse"));
		if (verdict == AUTH_UNFIT) { /* the log says who, and they are not let in */
			free(result.who.subject);
			result.who.subject = NULL;
		}
		assert_nobody(&result);
	}
}

/* A line of `key` with a value of `length` bytes. */
static enum auth_verdict with_long(
	struct fixture *fixture, const char *before, const char *key, int length)
{
	struct result result;
	char answer[2048];
	enum auth_verdict verdict;

	snprintf(answer, sizeof answer, "meetauth 1\n%s%s %0*d\nend", before, key, length, 0);
	verdict = once(fixture, answer, &result);
	identity_release(&result.who);
	return verdict;
}

static void values_have_a_longest(void **state)
{
	static const struct {
		const char *before, *key;
		int most;
		enum auth_verdict verdict;
	} cases[] = {{"", "grant", IDENTITY_SUBJECT_MAX, AUTH_GRANT},
		{"grant a\n", "group", IDENTITY_GROUP_MAX, AUTH_GRANT},
		{"", "challenge", AUTH_PROMPT_MAX, AUTH_CHALLENGE},
		{"challenge\n", "state", AUTH_STATE_MAX, AUTH_CHALLENGE}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(with_long(*state, cases[i].before, cases[i].key, cases[i].most),
			cases[i].verdict);
		assert_int_equal(
			with_long(*state, cases[i].before, cases[i].key, cases[i].most + 1),
			cases[i].verdict == AUTH_GRANT ? AUTH_UNFIT : AUTH_UNAVAILABLE);
	}
}

static enum auth_verdict with_groups(struct fixture *fixture, int count)
{
	struct buffer answer = BUFFER_INIT(4096);
	struct result result;
	enum auth_verdict verdict;

	buffer_text(&answer, "meetauth 1\ngrant alice\n");
	for (int i = 0; i < count; i++)
		buffer_printf(&answer, "group g%d\n", i);
	buffer_text(&answer, "end");
	verdict = once(fixture, answer.data, &result);
	identity_release(&result.who);
	buffer_release(&answer);
	return verdict;
}

/* Without the last ones, a rule that denies one of them would be got around. */
static void too_many_groups_are_not_cut_off(void **state)
{
	assert_int_equal(with_groups(*state, IDENTITY_GROUPS_MAX), AUTH_GRANT);
	assert_int_equal(with_groups(*state, IDENTITY_GROUPS_MAX + 1), AUTH_UNFIT);
}

static void a_nul_does_not_hide_the_rest(void **state)
{
	void *instance =
		open_script(*state, "printf 'meetauth 1\\ngrant alice\\0\\ngroup staff\\nend\\n'");
	struct result result;

	assert_int_equal(
		check(instance, "alice", "correct horse", NULL, NULL, &result), AUTH_UNAVAILABLE);
	assert_nobody(&result);
	auth_close(&auth_command, instance);
}

static void words_with_the_password_in_them_are_not_told(void **state)
{
	struct result result;

	assert_int_equal(
		once(*state, "meetauth 1\nunavailable no login as alice/correct horse\nend",
			&result),
		AUTH_UNAVAILABLE);
	assert_null(strstr(result.error.text, "horse"));
	assert_null(strstr(result.error.text, "alice"));
	assert_nobody(&result);
}

static void one_that_hangs_is_out_of_order(void **state)
{
	struct fixture *fixture = *state;
	int64_t began = clock_monotonic_ms();
	char options[256];
	struct result result;
	void *instance;

	put(fixture->users, "#!/bin/sh\nsleep 1000\n", 21, 0755);
	snprintf(options, sizeof options, "program = \"%s\"\n timeout = \"200ms\"", fixture->users);
	instance = open_backend(fixture, &auth_command, options);
	assert_int_equal(
		check(instance, "alice", "correct horse", NULL, NULL, &result), AUTH_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 20000);
	assert_non_null(strstr(result.error.text, "200 ms"));
	assert_nobody(&result);
	auth_close(&auth_command, instance);
}

/* ---- a second question ---- */

static void a_challenge_is_answered_in_the_next_run(void **state)
{
	struct fixture *fixture = *state;
	struct auth_challenge asked;
	char script[512], text[2048];
	struct result result;
	void *instance;

	snprintf(script, sizeof script,
		"cat >%s\nprintf 'meetauth 1\\nchallenge The code, please\\nstate a b=c \\n"
		"echo yes\\nend\\n'",
		fixture->conf);
	instance = open_script(fixture, script);
	assert_int_equal(
		check(instance, "alice", "correct horse", NULL, NULL, &result), AUTH_CHALLENGE);
	assert_nobody(&result);
	asked = result.challenge;
	assert_string_equal(asked.name, "alice");
	assert_string_equal(asked.prompt, "The code, please");
	assert_true(asked.echo);
	assert_int_equal(asked.state_length, 6);
	assert_memory_equal(asked.state, "a b=c ", 6);

	/* the page may hand no name nor password over again; and it may ask once more */
	assert_int_equal(check(instance, "", "", "123 456", &asked, &result), AUTH_CHALLENGE);
	assert_string_equal(result.challenge.name, "alice");
	assert_nobody(&result);
	read_back(fixture->conf, text);
	assert_string_equal(text, "meetauth 1\n"
				  "request answer\n"
				  "user alice\n"
				  "answer 123 456\n"
				  "state a b=c \n"
				  "client 192.0.2.7\n"
				  "platform meeting.example.org\n"
				  "meeting 5f521a93c20ff6721fbb6a6c\n"
				  "end\n");
	auth_close(&auth_command, instance);
}

static void a_challenge_may_have_no_words_and_no_state(void **state)
{
	struct result result;

	assert_int_equal(once(*state, "meetauth 1\nchallenge\nend", &result), AUTH_CHALLENGE);
	assert_string_equal(result.challenge.prompt, "");
	assert_int_equal(result.challenge.state_length, 0);
	assert_false(result.challenge.echo);
	assert_nobody(&result);
}

/* ---- renew and connect ---- */

/* Alice of the accounts department, signed in with a second factor. */
static enum auth_verdict renew(
	struct fixture *fixture, const char *answer, struct identity *who, struct error *error)
{
	const struct auth_renewal renewal = {.who = who, .error = error};
	void *instance = open_answering(fixture, answer);
	enum auth_verdict verdict;

	*who = IDENTITY_INIT;
	identity_set(&who->backend, "own", IDENTITY_NAME_MAX);
	identity_set(&who->subject, "alice", IDENTITY_SUBJECT_MAX);
	identity_set(&who->email, "old@example.org", IDENTITY_EMAIL_MAX);
	identity_add_group(who, "accounts");
	who->second_factor = true;
	verdict = auth_command.renew(instance, &renewal);
	auth_close(&auth_command, instance);
	return verdict;
}

static void a_renewal_replaces_name_mail_and_groups(void **state)
{
	struct error error = {""};
	struct identity who;

	assert_int_equal(renew(*state, "meetauth 1\ngrant alice\nname Alice\ngroup board\nend",
				 &who, &error),
		AUTH_GRANT);
	assert_string_equal(who.backend, "own");
	assert_string_equal(who.name, "Alice");
	assert_null(who.email);
	assert_int_equal(who.group_count, 1);
	assert_true(identity_has_group(&who, "board"));
	assert_true(who.second_factor);
	identity_release(&who);
}

static void a_renewal_that_grants_nothing_changes_nothing(void **state)
{
	static const struct {
		const char *answer;
		enum auth_verdict verdict;
	} cases[] = {{"meetauth 1\ndeny\nend", AUTH_DENY},
		{"meetauth 1\nunknown\nend", AUTH_UNKNOWN},
		{"meetauth 1\nunknown-request\nend", AUTH_UNKNOWN},
		{"meetauth 1\nunavailable\nend", AUTH_UNAVAILABLE},
		{"meetauth 1\ngrant bob\ngroup board\nend", AUTH_UNAVAILABLE},
		{"meetauth 1\nchallenge\nend", AUTH_UNAVAILABLE},
		{"meetauth 1\nready\nend", AUTH_UNAVAILABLE}, {"nonsense", AUTH_UNAVAILABLE}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct identity who;

		assert_int_equal(renew(*state, cases[i].answer, &who, &error), cases[i].verdict);
		assert_string_equal(who.subject, "alice");
		assert_string_equal(who.email, "old@example.org");
		assert_true(identity_has_group(&who, "accounts"));
		assert_int_equal(error.text[0] != '\0', cases[i].verdict == AUTH_UNAVAILABLE);
		identity_release(&who);
	}
}

static void connect_takes_who_speaks_the_dialog(void **state)
{
	static const struct {
		const char *answer, *words;
	} cases[] = {{"meetauth 1\nready\nend", NULL}, {"meetauth 1\nunknown-request\nend", NULL},
		{"meetauth 1\nunavailable no database\nend", "no database"},
		{"meetauth 1\ngrant alice\nend", "grant"}, {"hello", "complete answer"},
		{"meetauth 1\nhello\nend", "line 2"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *instance = open_answering(*state, cases[i].answer);
		struct error error = {""};
		int rc = auth_command.connect(instance, NULL, &error);

		assert_int_equal(rc, cases[i].words == NULL ? 0 : -1);
		if (cases[i].words != NULL && strstr(error.text, cases[i].words) == NULL)
			fail_msg("\"%s\" expected: %s", cases[i].words, error.text);
		auth_close(&auth_command, instance);
	}
}

/* ---- open ---- */

static void wrong_options_are_refused_with_their_place(void **state)
{
	struct fixture *fixture = *state;
	struct buffer many = BUFFER_INIT(4096);
	char options[256];

	refuses(fixture, &auth_command, "", 3, "program: is missing");
	refuses(fixture, &auth_command, " program = \"backend.sh\"", 5, "absolute");
	refuses(fixture, &auth_command, " program = \"/nowhere/backend\"", 5, "No such file");
	refuses(fixture, &auth_command, " program = \"/bin/true\"\n timeout = \"0s\"", 6,
		"at least 1ms");
	put(fixture->users, "#!/bin/sh\n", 10, 0777);
	snprintf(options, sizeof options, " program = \"%s\"", fixture->users);
	refuses(fixture, &auth_command, options, 5, "chmod go-w");
	buffer_text(&many, " program = \"/bin/true\"\n arguments = {\"0\"");
	for (int i = 0; i < 64; i++)
		buffer_text(&many, ", \"x\"");
	buffer_text(&many, "}");
	refuses(fixture, &auth_command, many.data, 6, "expected 0 to 64 entries, found 65");
	buffer_release(&many);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_question_has_what_the_manual_says),
		TEST(the_question_has_the_trace),
		TEST(the_longest_question_fits),
		TEST(no_password_makes_a_line_of_its_own),
		TEST(the_password_is_in_no_argument_and_no_environment),
		TEST(a_grant_says_who_it_is),
		TEST(a_line_without_a_value_says_that_there_is_none),
		TEST(sign_in_14_a_name_that_cannot_be_shown_is_left_out),
		TEST(the_other_words_are_the_other_verdicts),
		TEST(nothing_else_is_an_answer),
		TEST(values_have_a_longest),
		TEST(too_many_groups_are_not_cut_off),
		TEST(a_nul_does_not_hide_the_rest),
		TEST(words_with_the_password_in_them_are_not_told),
		TEST(one_that_hangs_is_out_of_order),
		TEST(a_challenge_is_answered_in_the_next_run),
		TEST(a_challenge_may_have_no_words_and_no_state),
		TEST(a_renewal_replaces_name_mail_and_groups),
		TEST(a_renewal_that_grants_nothing_changes_nothing),
		TEST(connect_takes_who_speaks_the_dialog),
		TEST(wrong_options_are_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
