/* SPDX-License-Identifier: MIT
 *
 * meetauthctl top: what it prints for scripts, and what it does with a terminal. The pool is a
 * process that counts.
 */
#include "ctl_fixture.h"

#include "base/clock.h"
#include "ctl/top.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>

static pid_t pool;
static int until_end[2]; /* the pool ends when the test closes it */

static void count_until_the_end(int ready)
{
	uint64_t platform = sections_key("platform", HOST),
		 backend = sections_key("backend", "staff");
	struct pollfd end = {.fd = until_end[0], .events = POLLIN};
	struct error error;

	close(until_end[1]);
	if (metrics_open(in_folder("state"), &error) != 0)
		_exit(1);
	gauge_add(METRIC_IN_FLIGHT, 7);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	sections_set(backend, SECTION_BACKEND_BREAKER, clock_monotonic_ms() + 30000);
	do {
		sections_set(backend, SECTION_BACKEND_BREAKER, clock_monotonic_ms() + 30000);
		sections_count(backend, METRIC_LOGIN_UNAVAILABLE);
		sections_count(platform, METRIC_JOIN_OK);
		metric_observe(METRIC_REQUEST_SECONDS, 80);
	} while (poll(&end, 1, 1) == 0);
	_exit(0);
}

static void start_pool(void)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(until_end), 0);
	assert_int_equal(pipe(ready), 0);
	pool = fork();
	if (pool == 0)
		count_until_the_end(ready[1]);
	close(until_end[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
}

static int up(void **state)
{
	if (folder_up(state) != 0)
		return -1;
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	start_pool();
	return 0;
}

static int down(void **state)
{
	int status;

	close(until_end[1]);
	waitpid(pool, &status, 0);
	return folder_down(state);
}

/* On a busy machine the pool may count nothing for a while. */
static void a_script_gets_one_table(void **state)
{
	(void)state;
	do
		CALL(0, "top", "--once", "--interval", "200ms");
	while (strstr(out, "<=100 ms") == NULL || strstr(out, "joins ok  ") == NULL ||
		strstr(out, "joins ok                       0.00") != NULL);
	says(out, "processes 1   requests in flight 7   ");
	says(out, "\n" HOST "  ");
	says(out, " open\n");
	assert_null(strchr(out, '\033'));
}

/* Whether the pool has counted within the interval: twice, so each counter has one more. */
static bool has_counted(const json_t *all)
{
	const json_t *platform = json_array_get(json_object_get(all, "platforms"), 0),
		     *request = json_array_get(json_object_get(all, "times"), 0);

	return json_real_value(json_object_get(platform, "perSecond")) >= 10 &&
	       json_integer_value(json_object_get(request, "halfMs")) == 100;
}

static void json_has_the_same(void **state)
{
	json_t *all = NULL, *row;

	(void)state;
	do {
		json_decref(all);
		CALL(0, "--json", "top", "--interval", "200ms");
		all = json_loads(out, 0, NULL);
		assert_non_null(all);
	} while (!has_counted(all));
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(all, "now"), "processes")), 1);
	row = json_array_get(json_object_get(all, "platforms"), 0);
	assert_string_equal(json_string_value(json_object_get(row, "title")), HOST);
	row = json_array_get(json_object_get(all, "backends"), 0);
	assert_true(json_is_true(json_object_get(row, "breakerOpen")));
	assert_true(json_real_value(json_object_get(row, "failedPerSecond")) > 0);
	json_decref(all);
}

static void without_a_pool_it_says_so(void **state)
{
	(void)state;
	assert_int_equal(unlink(in_folder("state/metrics")), 0);
	CALL(EX_UNAVAILABLE, "top", "--once");
	says(err, "no pool runs");
	CALL(EX_USAGE, "top", "--interval", "1ms");
	says(err, "expected 100ms to 1h");
}

/* ---- at a terminal ---- */

static char screen[1 << 18];
static size_t shown;

/* Reads what the command draws until the words were drawn after `from`. */
static void wait_for_text(int terminal, size_t from, const char *words)
{
	while (strstr(screen + from, words) == NULL) {
		ssize_t got = read(terminal, screen + shown, sizeof screen - 1 - shown);

		if (got <= 0 || shown + (size_t)got >= sizeof screen - 1)
			fail_msg("\"%s\" did not come: %s", words, screen + from);
		shown += (size_t)got;
		screen[shown] = '\0';
	}
}

static pid_t start_at_terminal(int *terminal_r, const struct winsize *size)
{
	char *argv[32];
	int argc = make_argv(WORDS("top", "--interval", "100ms"), argv);
	pid_t child;

	fflush(NULL);
	shown = 0;
	screen[0] = '\0';
	child = forkpty(terminal_r, NULL, NULL, size);
	if (child == 0)
		exit(ctl_main(argc, argv));
	assert_true(child > 0);
	return child;
}

static int end_with(int terminal, pid_t child, char key)
{
	int status;

	assert_int_equal(write(terminal, &key, 1), 1);
	wait_for_text(terminal, 0, "\033[?25h\033[?1049l");
	assert_int_equal(waitpid(child, &status, 0), child);
	close(terminal);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_terminal_is_drawn_again_until_q(void **state)
{
	const struct winsize size = {.ws_row = 60, .ws_col = 100};
	int terminal;
	pid_t child = start_at_terminal(&terminal, &size);
	size_t from;

	(void)state;
	wait_for_text(terminal, 0, "\033[1mPLATFORM");
	wait_for_text(terminal, 0, "\033[31mstaff");
	wait_for_text(terminal, 0, "q ends");
	from = shown;
	wait_for_text(terminal, from, "q ends");
	assert_int_equal(end_with(terminal, child, 'q'), 0);
}

static void control_c_ends_it_too(void **state)
{
	const struct winsize size = {.ws_row = 60, .ws_col = 100};
	int terminal;
	pid_t child = start_at_terminal(&terminal, &size);

	(void)state;
	wait_for_text(terminal, 0, "q ends");
	assert_int_equal(end_with(terminal, child, 3), 0);
}

/* How many lines the last picture before `end` has. */
static size_t lines_of_picture(const char *end)
{
	size_t lines = 1;

	for (const char *at = end; at > screen && strncmp(at, "\033[H", 3) != 0; at--)
		lines += *at == '\n';
	return lines;
}

static void a_small_terminal_gets_what_fits(void **state)
{
	const struct winsize large = {.ws_row = 60, .ws_col = 100},
			     small = {.ws_row = 6, .ws_col = 20};
	int terminal;
	pid_t child = start_at_terminal(&terminal, &large);
	size_t from;

	(void)state;
	wait_for_text(terminal, 0, "PLATFORM");
	assert_int_equal(ioctl(terminal, TIOCSWINSZ, &small), 0);
	for (size_t i = 0; i < 3; i++) { /* one may have been under way */
		from = shown;
		wait_for_text(terminal, from, "q ends");
	}
	assert_int_equal(lines_of_picture(strstr(screen + from, "q ends")), 6);
	assert_int_equal(end_with(terminal, child, 'q'), 0);
}

static void no_color_means_none(void **state)
{
	const struct winsize size = {.ws_row = 60, .ws_col = 100};
	int terminal;
	pid_t child;

	(void)state;
	setenv("NO_COLOR", "1", 1);
	child = start_at_terminal(&terminal, &size);
	wait_for_text(terminal, 0, "PLATFORM");
	wait_for_text(terminal, 0, "staff");
	assert_int_equal(end_with(terminal, child, 'q'), 0);
	assert_null(strstr(screen, "\033[1m"));
	assert_null(strstr(screen, "\033[31m"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_script_gets_one_table),
		TEST(json_has_the_same),
		TEST(without_a_pool_it_says_so),
		TEST(a_terminal_is_drawn_again_until_q),
		TEST(control_c_ends_it_too),
		TEST(a_small_terminal_gets_what_fits),
		TEST(no_color_means_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
