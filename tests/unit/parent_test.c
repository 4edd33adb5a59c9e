/* SPDX-License-Identifier: MIT
 *
 * The parent of a pool: a program of its own here as well, whose processes are this program once
 * more and behave as the word in a file tells them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/channel.h"
#include "pool/parent.h"
#include "pool/signals.h"
#include "pool/socket.h"
#include "telemetry/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DRAIN_MS = 200, LONG_MS = 60000, SHORT_MS = 300, WAIT_MS = 60000, FAILED = 9 };

/* -- files of a test's folder -- */

static void path_of(const char *folder, const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s", folder, name);
}

static void write_file(const char *folder, const char *name, const char *text, int flags)
{
	char path[PATH_MAX];
	int fd;

	path_of(folder, name, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	close(fd);
}

static void read_file(const char *folder, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t got;
	int fd;

	path_of(folder, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd >= 0 ? read(fd, text, size - 1) : 0;
	text[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static bool exists(const char *folder, const char *name)
{
	char path[PATH_MAX];

	path_of(folder, name, path);
	return access(path, F_OK) == 0;
}

/* -- a process of the pool -- */

static volatile sig_atomic_t terminated;

static void on_terminate(int number)
{
	(void)number;
	terminated = 1;
}

static void say(const char *folder, const struct channel_message *message)
{
	char line[128];

	if (message->kind == CHANNEL_RELOAD)
		snprintf(line, sizeof line, "reload\n");
	else
		snprintf(line, sizeof line, "figures ready %d wanted %d restarts %d rolls %d\n",
			(int)message->values[FIGURE_READY], (int)message->values[FIGURE_WANTED],
			(int)message->values[FIGURE_RESTARTS], (int)message->values[FIGURE_ROLLS]);
	write_file(folder, "said", line, O_APPEND);
}

/* An exit status, or -1: it goes on. */
static int obey(int channel, const char *folder, const char *behaviour)
{
	struct channel_message message;

	switch (channel_receive(channel, &message)) {
	case CHANNEL_GONE:
		return 3;
	case CHANNEL_EMPTY:
		return -1;
	case CHANNEL_MESSAGE:
		break;
	}
	if (strcmp(behaviour, "deaf") == 0)
		return -1;
	if (message.kind == CHANNEL_STOP)
		return 0;
	if (message.kind == CHANNEL_DRAIN)
		return strcmp(behaviour, "slow") == 0 ? -1 : 0;
	say(folder, &message);
	return -1;
}

/* Ends as it is told to, and with its parent. */
static int serve(int channel, const char *folder, const char *behaviour)
{
	struct channel_message message = {.kind = CHANNEL_READY,
		.values = {[READY_DRAIN_MS] = DRAIN_MS,
			[READY_SUCCESSOR] = strcmp(behaviour, "heir") == 0}};
	struct pollfd readable = {.fd = channel, .events = POLLIN};
	int status = -1;

	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_terminate}, NULL);
	signals_release();
	channel_send(channel, &message);
	if (strcmp(behaviour, "brief") == 0)
		return 0;
	while (status < 0 && !terminated) {
		if (poll(&readable, 1, 20) > 0)
			status = obey(channel, folder, behaviour);
	}
	if (terminated) {
		message.kind = CHANNEL_DRAINING;
		channel_send(channel, &message);
	}
	return terminated ? 0 : status;
}

static int process_main(const char *folder)
{
	char behaviour[16];
	int channel = channel_inherited();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_file(folder, "behaviour", behaviour, sizeof behaviour);
	if (channel < 0 || strcmp(behaviour, "fail") == 0)
		return FAILED;
	while (strcmp(behaviour, "hang") == 0)
		pause();
	return serve(channel, folder, behaviour);
}

/* -- the parent -- */

static int open_later(void *context, int *fd_r, struct error *error)
{
	const char *folder = context;
	char address[PATH_MAX + 8];

	if (exists(folder, "later"))
		return error_set(error, "not yet");
	snprintf(address, sizeof address, "unix:%s/socket", folder);
	*fd_r = socket_open(address, error);
	return *fd_r >= 0 ? 0 : -1;
}

/* argv: PROGRAM --parent FOLDER START-MS DRAIN-EXTRA-MS */
static int parent_main(char **argv)
{
	char program[PATH_MAX], absent[] = "/nowhere/program";
	char *arguments[] = {program, (char[]){"--process"}, argv[2], NULL};
	struct parent_options options = {
		.program = exists(argv[2], "absent") ? absent : program,
		.arguments = arguments,
		.own_arguments = argv,
		.processes = 2,
		.start_ms = strtol(argv[3], NULL, 10),
		.drain_extra_ms = strtol(argv[4], NULL, 10),
		.fd = parent_inherited_socket(),
		.prepare = open_later,
		.context = argv[2],
	};
	struct error error = {""};

	if (realpath("/proc/self/exe", program) == NULL)
		return FAILED;
	return parent_run(&options, &error) == 0 ? 0 : FAILED;
}

/* -- what a test has -- */

struct pool {
	char folder[32];
	pid_t parent;
};

static int pool_up(void **state)
{
	struct pool *pool = calloc(1, sizeof *pool);

	snprintf(pool->folder, sizeof pool->folder, "/tmp/parent-XXXXXX");
	assert_non_null(mkdtemp(pool->folder));
	*state = pool;
	return 0;
}

static int pool_down(void **state)
{
	static const char *const names[] = {
		"behaviour", "log", "said", "socket", "later", "absent"};
	struct pool *pool = *state;
	char path[PATH_MAX];

	if (pool->parent > 0) {
		kill(pool->parent, SIGKILL);
		waitpid(pool->parent, NULL, 0);
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		path_of(pool->folder, names[i], path);
		unlink(path);
	}
	rmdir(pool->folder);
	free(pool);
	return 0;
}

static void behave(const struct pool *pool, const char *behaviour)
{
	write_file(pool->folder, "behaviour", behaviour, O_TRUNC);
}

static void start_parent(struct pool *pool, int start_ms, int drain_extra_ms)
{
	char start[16], extra[16], log[PATH_MAX];

	snprintf(start, sizeof start, "%d", start_ms);
	snprintf(extra, sizeof extra, "%d", drain_extra_ms);
	path_of(pool->folder, "log", log);
	pool->parent = fork();
	if (pool->parent == 0) {
		dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
		execl("/proc/self/exe", "parent_test", "--parent", pool->folder, start, extra,
			(char *)NULL);
		_exit(FAILED);
	}
	assert_true(pool->parent > 0);
}

static unsigned count_words(const struct pool *pool, const char *name, const char *words)
{
	static char text[65536];
	unsigned count = 0;

	read_file(pool->folder, name, text, sizeof text);
	for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

/* Waits until a file has these words as many times. */
static void wait_for(const struct pool *pool, const char *name, const char *words, unsigned times)
{
	static char text[65536];

	for (int i = 0; i < WAIT_MS / 10; i++) {
		if (count_words(pool, name, words) >= times)
			return;
		usleep(10000);
	}
	read_file(pool->folder, "log", text, sizeof text);
	fail_msg(
		"waited in vain for %u times \"%s\" in %s; the log:\n%s", times, words, name, text);
}

static void logs(const struct pool *pool, const char *words, unsigned times)
{
	wait_for(pool, "log", words, times);
}

/* The number of the process in the last line of the log that has these words. */
static pid_t pid_in(const struct pool *pool, const char *words)
{
	static char text[65536];
	const char *line = NULL, *pid;

	read_file(pool->folder, "log", text, sizeof text);
	for (const char *at = text; (at = strstr(at, words)) != NULL; at++)
		line = at;
	assert_non_null(line);
	pid = strstr(line, "pid=");
	assert_non_null(pid);
	return (pid_t)strtol(pid + 4, NULL, 10);
}

static void ends_well(struct pool *pool)
{
	int status = -1;

	assert_int_equal(waitpid(pool->parent, &status, 0), pool->parent);
	pool->parent = 0;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(count_words(pool, "log", "result=stopped"), 1);
}

static void drain(struct pool *pool)
{
	kill(pool->parent, SIGTERM);
	ends_well(pool);
}

#define READY_WORDS "event=process result=ready"

static void start_serving(struct pool *pool, const char *behaviour)
{
	behave(pool, behaviour);
	start_parent(pool, LONG_MS, LONG_MS);
	logs(pool, READY_WORDS, 2);
}

/* -- the tests -- */

static void it_starts_the_processes_and_drains_them(void **state)
{
	start_serving(*state, "serve");
	wait_for(*state, "said", "figures ready 2 wanted 2 restarts 0", 2);
	drain(*state);
	assert_int_equal(count_words(*state, "log", "result=ended"), 2);
	assert_int_equal(count_words(*state, "log", "exit status 0\""), 2);
}

static void interrupt_and_quit_drain_as_well(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	kill(pool->parent, SIGQUIT);
	ends_well(pool);
}

static void a_process_that_ends_is_replaced(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	kill(pid_in(pool, READY_WORDS), SIGKILL);
	logs(pool, "signal 9 (Killed), by itself", 1);
	logs(pool, READY_WORDS, 3);
	wait_for(pool, "said", "figures ready 2 wanted 2 restarts 1", 1);
	drain(pool);
}

static void a_process_that_somebody_else_drains_is_replaced(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	kill(pid_in(pool, READY_WORDS), SIGTERM);
	logs(pool, READY_WORDS, 3);
	drain(pool);
	assert_int_equal(count_words(pool, "log", "by itself"), 0);
	assert_int_equal(count_words(pool, "said", "restarts 1"), 0);
}

static void starts_that_fail_wait_longer_each_time(void **state)
{
	struct pool *pool = *state;

	behave(pool, "fail");
	start_parent(pool, LONG_MS, LONG_MS);
	logs(pool, "exit status 9, before it was ready", 3);
	logs(pool, "4 failed in a row; the next start is in 800 ms", 1);
	behave(pool, "serve");
	kill(pool->parent, SIGHUP); /* what was wrong has been mended */
	logs(pool, READY_WORDS, 2);
	drain(pool);
}

static void processes_that_end_soon_wait_less(void **state)
{
	struct pool *pool = *state;

	behave(pool, "brief");
	start_parent(pool, LONG_MS, LONG_MS);
	logs(pool, "exit status 0, by itself", 6);
	logs(pool, "5 failed in a row; the next start is in 250 ms", 1);
	drain(pool);
}

static void a_program_that_cannot_be_executed_is_named(void **state)
{
	struct pool *pool = *state;

	behave(pool, "serve");
	write_file(pool->folder, "absent", "", 0);
	start_parent(pool, LONG_MS, LONG_MS);
	logs(pool, "/nowhere/program: No such file or directory", 2);
	logs(pool, "exit status 71, before it was ready", 2);
	drain(pool);
}

static void one_that_does_not_get_ready_is_killed(void **state)
{
	struct pool *pool = *state;

	behave(pool, "hang");
	start_parent(pool, SHORT_MS, SHORT_MS);
	logs(pool, "not ready for 300 ms", 2);
	logs(pool, "signal 9 (Killed), before it was ready", 2);
	logs(pool, "event=process result=started", 3);
	drain(pool);
}

static void one_that_does_not_end_is_killed(void **state)
{
	struct pool *pool = *state;

	behave(pool, "deaf");
	start_parent(pool, LONG_MS, SHORT_MS);
	logs(pool, READY_WORDS, 2);
	drain(pool);
	assert_int_equal(count_words(pool, "log", "asked to end for 500 ms"), 2);
	assert_int_equal(count_words(pool, "log", "signal 9 (Killed)\""), 2);
}

static void a_second_signal_cuts_the_drain_short(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "slow");
	kill(pool->parent, SIGTERM);
	logs(pool, "result=draining", 1);
	kill(pool->parent, SIGINT);
	ends_well(pool);
	assert_int_equal(count_words(pool, "log", "result=killed"), 0);
}

static void hang_up_goes_to_every_process(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	kill(pool->parent, SIGHUP);
	wait_for(pool, "said", "reload", 2);
	kill(pool->parent, SIGUSR1); /* means nothing */
	drain(pool);
}

static void a_roll_replaces_the_processes_one_by_one(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	kill(pool->parent, SIGUSR2);
	logs(pool, "result=rolled", 1);
	assert_int_equal(count_words(pool, "log", READY_WORDS), 4);
	logs(pool, "result=ended", 2);
	wait_for(pool, "said", "figures ready 2 wanted 2 restarts 0 rolls 1", 2);
	drain(pool);
	assert_int_equal(count_words(pool, "log", "result=taken-over"), 0);
}

static void after_a_roll_the_parent_becomes_the_new_program(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "heir");
	kill(pool->parent, SIGUSR2);
	logs(pool, "result=taken-over", 1);
	assert_int_equal(pid_in(pool, "result=taken-over"), pool->parent);
	assert_int_equal(count_words(pool, "log", READY_WORDS), 4);
	/* It knows the processes that it took over, and does all that the first one did. */
	kill(pid_in(pool, READY_WORDS), SIGKILL);
	logs(pool, READY_WORDS, 5);
	kill(pool->parent, SIGHUP);
	wait_for(pool, "said", "reload", 2);
	drain(pool);
	assert_int_equal(count_words(pool, "log", "result=started"), 5 + 1); /* and the pool */
}

static void a_roll_ends_where_a_process_does_not_start(void **state)
{
	struct pool *pool = *state;

	start_serving(pool, "serve");
	behave(pool, "fail");
	kill(pool->parent, SIGUSR2);
	logs(pool, "a new process did not start: the roll has ended", 1);
	kill(pool->parent, SIGHUP);
	wait_for(pool, "said", "reload", 2); /* both are there still */
	assert_int_equal(count_words(pool, "log", "result=rolled"), 0);
	drain(pool);
}

static void it_waits_for_a_socket(void **state)
{
	struct pool *pool = *state;
	char path[PATH_MAX];

	behave(pool, "serve");
	write_file(pool->folder, "later", "", 0);
	start_parent(pool, LONG_MS, LONG_MS);
	logs(pool, "not yet", 2);
	assert_int_equal(count_words(pool, "log", "event=process result=started"), 0);
	path_of(pool->folder, "later", path);
	unlink(path);
	logs(pool, READY_WORDS, 2);
	drain(pool);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pool_up, pool_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(it_starts_the_processes_and_drains_them),
		TEST(interrupt_and_quit_drain_as_well),
		TEST(a_process_that_ends_is_replaced),
		TEST(a_process_that_somebody_else_drains_is_replaced),
		TEST(starts_that_fail_wait_longer_each_time),
		TEST(processes_that_end_soon_wait_less),
		TEST(a_program_that_cannot_be_executed_is_named),
		TEST(one_that_does_not_get_ready_is_killed),
		TEST(one_that_does_not_end_is_killed),
		TEST(a_second_signal_cuts_the_drain_short),
		TEST(hang_up_goes_to_every_process),
		TEST(a_roll_replaces_the_processes_one_by_one),
		TEST(after_a_roll_the_parent_becomes_the_new_program),
		TEST(a_roll_ends_where_a_process_does_not_start),
		TEST(it_waits_for_a_socket),
	};

	if (argc == 3 && strcmp(argv[1], "--process") == 0)
		return process_main(argv[2]);
	if (argc == 5 && strcmp(argv[1], "--parent") == 0)
		return parent_main(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
