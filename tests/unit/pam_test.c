/* SPDX-License-Identifier: MIT
 *
 * The backend "pam" and what its program does before it asks PAM; PAM itself is test_pam.py's. The
 * dialog is command_test.c's.
 */
#include "backend_fixture.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#ifdef HAVE_PAM

extern const struct auth_backend auth_pam;

static void *open_with(struct fixture *fixture, const char *program, const char *options)
{
	char text[512];

	snprintf(text, sizeof text, " helper = \"%s\"\n %s", program, options);
	return open_backend(fixture, &auth_pam, text);
}

/* The program that was built with this test. */
static void built(char path[256])
{
	const char *folder = getenv("builddir");

	snprintf(path, 256, "%s/meetauth-pam", folder != NULL ? folder : ".");
	if (access(path, X_OK) != 0)
		fail_msg("%s: build it first, or set builddir", path);
}

static void *open_built(struct fixture *fixture, const char *options)
{
	char path[256], whole[PATH_MAX], copy[8192];
	size_t got;
	FILE *from, *to;

	built(path);
	assert_non_null(realpath(path, whole));
	/* where nobody's umask makes it writable for a group */
	from = fopen(whole, "r");
	to = fopen(fixture->users, "w");
	while ((got = fread(copy, 1, sizeof copy, from)) > 0)
		assert_int_equal(fwrite(copy, 1, got, to), got);
	fclose(from);
	fclose(to);
	assert_int_equal(chmod(fixture->users, 0755), 0);
	return open_with(fixture, fixture->users, options);
}

static enum auth_verdict check(void *instance, struct identity *who, struct error *error)
{
	struct join join = {.platform = (char *)"meeting.example.org",
		.meeting_id = (char *)"5f521a93c20ff6721fbb6a6c"};
	const struct auth_attempt attempt = {.name = "alice",
		.password = "correct horse",
		.join = &join,
		.client = "192.0.2.7",
		.who = who,
		.error = error};

	return auth_pam.check(instance, &attempt);
}

/* ---- the backend ---- */

static void the_service_is_the_only_argument(void **state)
{
	static const char script[] = "#!/bin/sh\necho meetauth 1\n"
				     "echo \"grant $#-$1-$(grep -c 'password correct horse')\"\n"
				     "echo end\n";
	struct fixture *fixture = *state;
	struct identity who = IDENTITY_INIT;
	struct error error = {""};
	void *instance;

	put(fixture->users, script, sizeof script - 1, 0755);
	instance = open_with(fixture, fixture->users, "service = \"login-door_2.x\"");
	assert_int_equal(check(instance, &who, &error), AUTH_GRANT);
	assert_string_equal(who.subject, "1-login-door_2.x-1");
	identity_release(&who);
	auth_close(&auth_pam, instance);
	instance = open_with(fixture, fixture->users, "");
	assert_int_equal(check(instance, &who, &error), AUTH_GRANT);
	assert_string_equal(who.subject, "1-meetauth-1");
	identity_release(&who);
	auth_close(&auth_pam, instance);
}

static void a52_a_helper_that_hangs_is_out_of_order(void **state)
{
	static const char script[] = "#!/bin/sh\nsleep 1000\n";
	struct fixture *fixture = *state;
	struct identity who = IDENTITY_INIT;
	struct error error = {""};
	void *instance;

	put(fixture->users, script, sizeof script - 1, 0755);
	instance = open_with(fixture, fixture->users, "timeout = \"100ms\"");
	assert_int_equal(check(instance, &who, &error), AUTH_UNAVAILABLE);
	assert_non_null(strstr(error.text, "100 ms"));
	assert_null(who.subject);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	auth_close(&auth_pam, instance);
}

static void wrong_options_are_refused(void **state)
{
	refuses(*state, &auth_pam, " service = \"../../tmp/x\" helper = \"/bin/true\"", 5,
		"letters");
	refuses(*state, &auth_pam, " service = \"..\" helper = \"/bin/true\"", 5, "letters");
	refuses(*state, &auth_pam, " service = \"\" helper = \"/bin/true\"", 5, "letters");
	refuses(*state, &auth_pam, " helper = \"meetauth-pam\"", 5, "absolute");
	refuses(*state, &auth_pam, " helper = \"/nowhere/meetauth-pam\"", 5, "No such file");
	refuses(*state, &auth_pam, " helper = \"/bin/true\" timeout = \"0s\"", 5, "at least 1ms");
}

/* ---- its program ---- */

static void connect_finds_out_whether_there_is_a_service(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};
	void *instance = open_built(fixture, "service = \"other\"");

	if (auth_pam.connect(instance, NULL, &error) != 0)
		fail_msg("%s", error.text);
	auth_close(&auth_pam, instance);
	instance = open_built(fixture, "service = \"meetauth-nobody-has-this\"");
	assert_int_equal(auth_pam.connect(instance, NULL, &error), -1);
	assert_non_null(strstr(error.text, "/etc/pam.d/meetauth-nobody-has-this"));
	auth_close(&auth_pam, instance);
}

/* What the program that was built says to `question`; its exit status. */
static int tell(const char *arguments, const char *question, char answer[512])
{
	int in[2], out[2], status;
	char path[256];
	size_t got = 0;
	ssize_t more;
	pid_t pid;

	built(path);
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(open("/dev/null", O_WRONLY), 2);
		close(in[1]);
		execl(path, path, arguments, (char *)NULL);
		_exit(111);
	}
	close(in[0]);
	close(out[1]);
	if (write(in[1], question, strlen(question)) < 0)
		assert_int_equal(errno, EPIPE); /* it went without reading */
	close(in[1]);
	while (got < 511 && (more = read(out[0], answer + got, 511 - got)) > 0)
		got += (size_t)more;
	answer[got] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_program_takes_no_service_that_leads_elsewhere(void **state)
{
	static const char *const services[] = {
		"../../tmp/x", "/tmp/x", "a/b", "..", "", "a b", "-\n", "x\xff"};
	char answer[512];

	(void)state;
	for (size_t i = 0; i < COUNT(services); i++) {
		assert_int_equal(tell(services[i], "meetauth 1\nrequest check\nend\n", answer), 64);
		assert_string_equal(answer, "");
	}
	assert_int_equal(tell(NULL, "meetauth 1\nrequest check\nend\n", answer), 64);
}

static void the_program_answers_whole_questions_only(void **state)
{
	static const char *const questions[] = {"", "\n", "meetauth 2\nrequest check\nend\n",
		"meetauth 1\nrequest check\n", "request check\nend\n",
		"meetauth 1\nrequest login\nuser root\npassword x\nen"};
	char answer[512];

	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		assert_int_equal(tell("other", questions[i], answer), 76);
		assert_string_equal(answer, "");
	}
	assert_int_equal(tell("other", "meetauth 1\nrequest answer\nend\n", answer), 0);
	assert_string_equal(answer, "meetauth 1\nunknown-request\nend\n");
}

static void the_program_asks_pam_about_an_account(void **state)
{
	static const char question[] =
		"meetauth 1\nrequest renew\nuser meetauth-nobody-has-this\nlater x\nend\n";
	char answer[512];

	(void)state;
	assert_int_equal(tell("other", question, answer), 0);
	assert_int_equal(strncmp(answer, "meetauth 1\n", 11), 0);
	assert_null(strstr(answer, "grant"));
	assert_string_equal(answer + strlen(answer) - 5, "\nend\n");
	assert_int_equal(tell("other", "meetauth 1\nrequest check\nend\n", answer), 0);
	assert_string_equal(answer, "meetauth 1\nready\nend\n");
}

/* Some modules let everybody in who has none. */
static void a48_the_program_asks_pam_for_nobody_without_a_password(void **state)
{
	static const char *const questions[] = {"meetauth 1\nrequest login\nuser root\nend\n",
		"meetauth 1\nrequest login\nuser root\npassword \nend\n",
		"meetauth 1\nrequest login\npassword x\nend\n"};
	char answer[512];

	(void)state;
	for (size_t i = 0; i < COUNT(questions); i++) {
		assert_int_equal(tell("other", questions[i], answer), 0);
		assert_string_equal(answer, "meetauth 1\ndeny\nend\n");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_service_is_the_only_argument),
		TEST(a52_a_helper_that_hangs_is_out_of_order),
		TEST(wrong_options_are_refused),
		TEST(connect_finds_out_whether_there_is_a_service),
		TEST(the_program_takes_no_service_that_leads_elsewhere),
		TEST(the_program_answers_whole_questions_only),
		TEST(the_program_asks_pam_about_an_account),
		TEST(a48_the_program_asks_pam_for_nobody_without_a_password),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void a_build_without_pam_knows_the_name(void **state)
{

	(void)state;
	assert_null(auth_find("pam"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_without_pam_knows_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
