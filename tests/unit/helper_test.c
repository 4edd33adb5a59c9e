/* SPDX-License-Identifier: MIT
 *
 * Running a program for one question: what it gets, what it may do, and how it ends.
 */
#include "section_fixture.h"

#include "auth/helper.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define QUESTION "meetauth 1\nrequest check\nend\n"

/* A shell that the machine keeps waiting still writes its first line within SHORT_MS. What ends
 * before LONG_MS did not wait for a program that sleeps for 1000 s. */
enum { SHORT_MS = 2000, LONG_MS = 60000 };

/* Runs `program` and keeps what it said. */
static int ask(const char *program, const char *const *arguments, int64_t timeout_ms,
	struct buffer *answer, struct error *error)
{
	struct buffer question = BUFFER_INIT(HELPER_QUESTION_MAX);
	struct helper helper = {program, {arguments, 0}, timeout_ms};
	int rc;

	while (arguments != NULL && arguments[helper.arguments.count] != NULL)
		helper.arguments.count++;
	buffer_text(&question, QUESTION);
	rc = helper_run(&helper, &question, answer, error);
	buffer_release(&question);
	return rc;
}

static int run_script(struct fixture *fixture, const char *text, int64_t timeout_ms,
	struct buffer *answer, struct error *error)
{
	char script[2048];
	int length = snprintf(script, sizeof script, "#!/bin/sh\n%s\n", text);

	put(fixture->users, script, (size_t)length, 0755);
	return ask(fixture->users, NULL, timeout_ms, answer, error);
}

static void said(const char *program, const char *const *arguments, const char *expected)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;

	assert_int_equal(ask(program, arguments, LONG_MS, &answer, &error), -1);
	assert_string_equal(answer.data, expected);
	buffer_release(&answer);
}

static void fails_within(
	struct fixture *fixture, const char *text, int64_t timeout_ms, const char *words)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error = {""};

	assert_int_equal(run_script(fixture, text, timeout_ms, &answer, &error), -1);
	if (strstr(error.text, words) == NULL)
		fail_msg("\"%s\" expected: %s", words, error.text);
	assert_non_null(strstr(error.text, fixture->users));
	buffer_release(&answer);
}

static void fails(struct fixture *fixture, const char *text, const char *words)
{
	fails_within(fixture, text, LONG_MS, words);
}

/* Neither gone nor a zombie that nobody has waited for. */
static bool is_running(long pid)
{
	char path[64], line[512] = "";
	const char *state;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (file == NULL)
		return false;
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	fclose(file);
	state = strrchr(line, ')');
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

/* The kernel takes its time to end what was killed. */
static void assert_gone(long pid)
{
	for (int i = 0; i < 6000 && is_running(pid); i++)
		usleep(10000);
	assert_false(is_running(pid));
}

static unsigned open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

/* ---- what it gets ---- */

static void it_reads_the_question_and_then_the_end(void **state)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;

	(void)state;
	assert_int_equal(ask("/bin/cat", NULL, LONG_MS, &answer, &error), 0);
	assert_string_equal(answer.data, QUESTION);
	buffer_release(&answer);
}

static void no_descriptor_of_ours_is_open(void **state)
{
	static const char *const arguments[] = {"/proc/self/fd", NULL};
	int ends[2], high;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	high = fcntl(ends[0], F_DUPFD, 700);
	assert_true(high >= 700);
	said("/bin/ls", arguments, "0\n1\n2\n3\n"); /* 3 is the folder it lists */
	close(high);
	close(ends[0]);
	close(ends[1]);
}

static void the_environment_is_clean(void **state)
{
	(void)state;
	setenv("LD_PRELOAD_NOT", "inherited", 1);
	setenv("BASH_ENV", "/nowhere", 1);
	said("/usr/bin/env", NULL,
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		"LC_ALL=C.UTF-8\n");
	unsetenv("LD_PRELOAD_NOT");
	unsetenv("BASH_ENV");
}

static void standard_error_and_folder_are_nobody_s(void **state)
{
	static const char *const arguments[] = {"/proc/self/fd/2", "/proc/self/cwd", NULL};

	(void)state;
	said("/bin/readlink", arguments, "/dev/null\n/\n");
}

/* A line of /proc/PID/status as a number, less the two signals that libc keeps for itself. */
static unsigned long signals(const char *status, const char *name)
{
	const char *line = strstr(status, name);

	assert_non_null(line);
	return strtoul(line + strlen(name), NULL, 16) & 0x7fffffff;
}

static void signals_are_as_by_default(void **state)
{
	static const char *const arguments[] = {"/proc/self/status", NULL};
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	sigset_t all, before;
	void (*handler)(int);
	struct error error;

	(void)state;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	handler = signal(SIGPIPE, SIG_IGN);
	assert_int_equal(ask("/bin/cat", arguments, LONG_MS, &answer, &error), -1);
	signal(SIGPIPE, handler);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(signals(answer.data, "SigBlk:"), 0);
	assert_int_equal(signals(answer.data, "SigIgn:"), 0);
	buffer_release(&answer);
}

static void it_leads_a_session_of_its_own(void **state)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;
	long pid, group, session, terminal;

	assert_int_equal(
		run_script(*state, "set -- $(cat /proc/$$/stat)\necho $$ $5 $6 $7\necho end",
			LONG_MS, &answer, &error),
		0);
	assert_int_equal(
		sscanf(answer.data, "%ld %ld %ld %ld\n", &pid, &group, &session, &terminal), 4);
	assert_int_equal(pid, group);
	assert_int_equal(pid, session);
	assert_int_equal(terminal, 0);
	buffer_release(&answer);
}

static void arguments_stay_as_they_are(void **state)
{
	static const char *const arguments[] = {"%s|", "a b", "$(id)", "", "'\"", NULL};

	(void)state;
	said("/usr/bin/printf", arguments, "a b|$(id)||'\"|");
}

/* ---- what counts as an answer ---- */

static void its_exit_status_does_not_matter(void **state)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;

	assert_int_equal(
		run_script(*state, "printf 'x\\nend\\n'; exit 3", LONG_MS, &answer, &error), 0);
	assert_string_equal(answer.data, "x\nend\n");
	buffer_release(&answer);
	fails(*state, "exit 0", "exited with status 0");
	fails(*state, "printf 'grant alice\\n'; exit 0", "exited with status 0");
	fails(*state, "printf 'x\\nend'", "exited with status 0");
	fails(*state, "printf 'x\\nendless\\n'; exit 3", "exited with status 3");
	fails(*state, "printf 'end\\n'", "exited with status 0"); /* there is no answer before it */
	fails(*state, "kill -SEGV $$", "terminated by signal 11");
}

static void an_answer_in_pieces_is_one(void **state)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;

	assert_int_equal(
		run_script(*state,
			"for c in x '\n' e n d '\n'; do printf %s \"$c\"; sleep 0.01; done",
			LONG_MS, &answer, &error),
		0);
	assert_string_equal(answer.data, "x\nend\n");
	buffer_release(&answer);
}

static void too_much_is_cut_off(void **state)
{
	int64_t began = clock_monotonic_ms();

	fails(*state, "head -c 10485760 /dev/zero", "more than 16384 bytes");
	fails(*state, "yes", "more than 16384 bytes");
	assert_true(clock_monotonic_ms() - began < LONG_MS);
}

static void one_that_does_not_read_does_no_harm(void **state)
{
	struct buffer question = BUFFER_INIT(HELPER_QUESTION_MAX);
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct fixture *fixture = *state;
	struct helper helper = {.program = fixture->users, .timeout_ms = LONG_MS};
	static const char script[] = "#!/bin/sh\nexec <&-\nprintf 'x\\nend\\n'\n";
	struct error error;

	while (question.length < HELPER_QUESTION_MAX)
		buffer_text(&question, "x");
	put(fixture->users, script, sizeof script - 1, 0755);
	assert_int_equal(helper_run(&helper, &question, &answer, &error), 0);
	buffer_release(&answer);
	buffer_release(&question);
}

static void a_program_that_cannot_start_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;

	assert_int_equal(ask(fixture->users, NULL, LONG_MS, &answer, &error), -1);
	assert_non_null(strstr(error.text, "does not start: No such file"));
	put(fixture->users, "#!/bin/sh\n", 10, 0644);
	assert_int_equal(ask(fixture->users, NULL, LONG_MS, &answer, &error), -1);
	assert_non_null(strstr(error.text, "does not start: Permission denied"));
	put(fixture->users, "#!/nowhere\n", 11, 0755);
	assert_int_equal(ask(fixture->users, NULL, LONG_MS, &answer, &error), -1);
	assert_non_null(strstr(error.text, "does not start: No such file"));
	put(fixture->users, "no program\n", 11, 0755);
	assert_int_equal(ask(fixture->users, NULL, LONG_MS, &answer, &error), -1);
	assert_non_null(strstr(error.text, "does not start: Exec format error"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- its end ---- */

/* Runs a script that prints the number of a process; how long it took. */
static int64_t run_and_find_gone(
	struct fixture *fixture, const char *text, int64_t timeout_ms, int expected)
{
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	int64_t began = clock_monotonic_ms();
	struct error error;
	char *end;

	assert_int_equal(run_script(fixture, text, timeout_ms, &answer, &error), expected);
	began = clock_monotonic_ms() - began;
	for (char *at = answer.data; *at >= '0' && *at <= '9'; at = end + 1)
		assert_gone(strtol(at, &end, 10));
	assert_true(answer.data[0] >= '0' && answer.data[0] <= '9');
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	buffer_release(&answer);
	return began;
}

static void one_that_hangs_is_killed_with_its_children(void **state)
{
	int64_t took = run_and_find_gone(*state,
		"trap '' TERM HUP INT\necho $$\n(trap '' TERM; exec sleep 1000) &\necho $!\nwait",
		SHORT_MS, -1);

	assert_true(took >= SHORT_MS && took < LONG_MS);
	fails_within(*state, "exec sleep 1000", 100, "did not answer within 100 ms and was killed");
}

static void a_drip_does_not_move_the_deadline(void **state)
{
	int64_t began = clock_monotonic_ms();

	fails_within(*state, "while :; do echo x; sleep 0.05; done", 300,
		"did not answer within 300 ms");
	assert_true(clock_monotonic_ms() - began < LONG_MS);
}

static void a_child_that_keeps_the_pipe_does_not_delay_the_answer(void **state)
{
	int64_t took =
		run_and_find_gone(*state, "sleep 1000 &\necho $!\necho end\nexit 0", LONG_MS, 0);

	assert_true(took < LONG_MS);
	/* Nor does its silence make one. */
	run_and_find_gone(*state, "sleep 1000 &\necho $!\nexit 0", SHORT_MS, -1);
}

static void one_that_stays_after_its_answer_is_killed(void **state)
{
	int64_t took = run_and_find_gone(*state, "echo $$\necho end\nexec sleep 1000", LONG_MS, 0);

	assert_true(took >= 900 && took < LONG_MS);
}

static void one_that_has_answered_may_finish(void **state)
{
	struct fixture *fixture = *state;
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;
	char text[512];

	snprintf(text, sizeof text, "echo x\necho end\nexec >&-\nsleep 0.1\n: >%s", fixture->conf);
	assert_int_equal(run_script(fixture, text, LONG_MS, &answer, &error), 0);
	assert_int_equal(access(fixture->conf, F_OK), 0);
	buffer_release(&answer);
}

static void one_that_closes_its_output_is_killed(void **state)
{
	run_and_find_gone(*state, "echo $$\nexec >&-\nexec sleep 1000", LONG_MS, -1);
}

/* The first half of a program that the kernel keeps after its death: it prints the number of a
 * process that traces it, which is in a session of its own, so that nobody kills it. */
static int be_traced(void)
{
	int ends[2];
	pid_t tracer;
	char byte;

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (pipe(ends) != 0 || (tracer = fork()) < 0)
		return 1;
	if (tracer == 0) {
		close(STDOUT_FILENO);
		if (setsid() < 0 || ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) != 0)
			_exit(1);
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		return 1; /* it may not trace */
	printf("%ld\n", (long)tracer);
	fflush(stdout);
	for (;;)
		pause();
}

static void one_that_dies_late_is_waited_for_later(void **state)
{
	static const char *const arguments[] = {"--be-traced", NULL};
	struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
	struct error error;
	char self[PATH_MAX];
	long tracer;

	(void)state;
	assert_non_null(realpath("/proc/self/exe", self));
	assert_int_equal(ask(self, arguments, SHORT_MS, &answer, &error), -1);
	tracer = answer.length > 0 ? strtol(answer.data, NULL, 10) : 0;
	buffer_release(&answer);
	if (tracer <= 0) {
		print_message("skipped: no process may trace another here\n");
		skip();
	}
	assert_int_equal(
		waitpid(-1, NULL, WNOHANG), 0); /* it is there, and nobody can collect it */
	kill((pid_t)tracer, SIGKILL);
	for (int i = 0; i < 2000; i++) {
		struct buffer other = BUFFER_INIT(HELPER_ANSWER_MAX);

		assert_int_equal(ask("/bin/cat", NULL, LONG_MS, &other, &error), 0);
		buffer_release(&other);
		if (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) != 0)
			break;
		usleep(10000);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* ---- many at once ---- */

static atomic_int answered;

static void *ask_many_times(void *context)
{
	static const char *const arguments[] = {"/proc/self/fd", NULL};

	(void)context;
	for (int i = 0; i < 15; i++) {
		struct buffer answer = BUFFER_INIT(HELPER_ANSWER_MAX);
		struct error error;

		if (ask("/bin/ls", arguments, LONG_MS, &answer, &error) == -1 &&
			strcmp(answer.data, "0\n1\n2\n3\n") == 0)
			atomic_fetch_add(&answered, 1);
		buffer_release(&answer);
	}
	return NULL;
}

static void threads_share_no_pipe_and_leave_nothing_open(void **state)
{
	unsigned before = open_descriptors();
	pthread_t threads[4];

	(void)state;
	atomic_store(&answered, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many_times, NULL), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&answered), 60);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- whom to trust ---- */

static void refused(const char *program, const char *words)
{
	struct error error = {""};

	assert_int_equal(helper_check(program, &error), -1);
	if (strstr(error.text, words) == NULL)
		fail_msg("\"%s\" expected: %s", words, error.text);
}

static void a_program_that_others_can_change_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};

	put(fixture->users, "#!/bin/sh\n", 10, 0755);
	if (helper_check(fixture->users, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(chmod(fixture->users, 0700), 0);
	assert_int_equal(helper_check(fixture->users, &error), 0);
	assert_int_equal(chmod(fixture->users, 0775), 0);
	refused(fixture->users, "chmod go-w");
	assert_int_equal(chmod(fixture->users, 0757), 0);
	refused(fixture->users, "chmod go-w");
	assert_int_equal(chmod(fixture->users, 0644), 0);
	refused(fixture->users, "cannot be executed");
	assert_int_equal(chmod(fixture->users, 0755), 0);
	assert_int_equal(chmod(fixture->folder, 0707), 0);
	refused(fixture->users, "everybody may write to");
	assert_int_equal(chmod(fixture->folder, 0700), 0);
	assert_int_equal(helper_check(fixture->users, &error), 0);
}

/* Only root can give files away; an owner that is neither us nor root shows the same. */
static void a_program_of_another_user_is_refused(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->users, "#!/bin/sh\n", 10, 0755);
	if (geteuid() != 0) {
		struct error error = {""};

		assert_int_equal(helper_check("/bin/sh", &error), 0); /* root's */
		return;
	}
	assert_int_equal(chown(fixture->users, 12345, 12345), 0);
	refused(fixture->users, "belongs to user id 12345");
}

static void only_a_program_by_its_whole_path_will_do(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};

	refused("", "absolute");
	refused("backend.sh", "absolute");
	refused(fixture->users, "No such file");
	refused(fixture->folder, "not a regular file");
	refused("/dev/null", "not a regular file");
	assert_int_equal(symlink("/bin/sh", fixture->users), 0);
	assert_int_equal(helper_check(fixture->users, &error), 0);
	unlink(fixture->users);
	put(fixture->conf, "#!/bin/sh\n", 10, 0777);
	assert_int_equal(symlink(fixture->conf, fixture->users), 0);
	refused(fixture->users, "chmod go-w");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(it_reads_the_question_and_then_the_end),
		TEST(no_descriptor_of_ours_is_open),
		TEST(the_environment_is_clean),
		TEST(standard_error_and_folder_are_nobody_s),
		TEST(signals_are_as_by_default),
		TEST(it_leads_a_session_of_its_own),
		TEST(arguments_stay_as_they_are),
		TEST(its_exit_status_does_not_matter),
		TEST(an_answer_in_pieces_is_one),
		TEST(too_much_is_cut_off),
		TEST(one_that_does_not_read_does_no_harm),
		TEST(a_program_that_cannot_start_says_why),
		TEST(one_that_hangs_is_killed_with_its_children),
		TEST(a_drip_does_not_move_the_deadline),
		TEST(a_child_that_keeps_the_pipe_does_not_delay_the_answer),
		TEST(one_that_stays_after_its_answer_is_killed),
		TEST(one_that_has_answered_may_finish),
		TEST(one_that_closes_its_output_is_killed),
		TEST(one_that_dies_late_is_waited_for_later),
		TEST(threads_share_no_pipe_and_leave_nothing_open),
		TEST(a_program_that_others_can_change_is_refused),
		TEST(a_program_of_another_user_is_refused),
		TEST(only_a_program_by_its_whole_path_will_do),
	};

	if (argc == 2 && strcmp(argv[1], "--be-traced") == 0)
		return be_traced();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
