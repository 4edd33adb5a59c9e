/* SPDX-License-Identifier: MIT
 *
 * meetauthctl: the line that says how far a command is.
 */
#include "ctl_fixture.h"

#include "ctl/progress.h"

#include <pty.h>
#include <termios.h>

/* What steps() writes to standard error, which is a terminal or a file. */
static const char *draw(bool terminal, void (*steps)(void))
{
	struct termios raw = {0};
	int other = -1, own, saved = dup(STDERR_FILENO);
	size_t length = 0;
	ssize_t got;

	if (terminal)
		assert_int_equal(openpty(&other, &own, NULL, &raw, NULL), 0);
	else
		own = open(in_folder("err"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	steps();
	fputs("end", stderr);
	fflush(stderr);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	assert_true(terminal || lseek(own, 0, SEEK_SET) == 0);
	do {
		got = read(terminal ? other : own, err + length, sizeof err - 1 - length);
		assert_true(got > 0);
		length += (size_t)got;
		err[length] = '\0';
	} while (strstr(err, "end") == NULL);
	close(own);
	close(saved);
	if (terminal)
		close(other);
	return err;
}

static void of_a_known_size(void)
{
	struct progress progress;

	progress_begin(&progress, "reading", 5000);
	progress_step(&progress, 5999, 10, 200);
	progress_step(&progress, 6000, 50, 200);
	progress_step(&progress, 6100, 60, 200); /* too soon */
	progress_step(&progress, 6200, 300, 200);
	progress_stop(); /* as ctl_die() does */
	progress_end();
}

static void of_an_unknown_size(void)
{
	struct progress progress;

	progress_begin(&progress, "reading", 0);
	progress_step(&progress, 9000, 5 << 20, 0);
	progress_end();
}

static void of_a_short_command(void)
{
	struct progress progress;

	progress_begin(&progress, "reading", 0);
	progress_step(&progress, 999, 1, 2);
	progress_end();
}

static void a_terminal_sees_how_far_it_is(void **state)
{
	char expected[512];

	(void)state;
	setenv("TERM", "xterm", 1);
	snprintf(expected, sizeof expected, "\r%-60s\r%-60s\r%60s\rend",
		"reading [#####...............] 25 %", "reading [####################] 100 %", "");
	assert_string_equal(draw(true, of_a_known_size), expected);
	snprintf(expected, sizeof expected, "\r%-60s\r%60s\rend", "reading: 5 MiB", "");
	assert_string_equal(draw(true, of_an_unknown_size), expected);
	assert_string_equal(draw(true, of_a_short_command), "end");
}

static void nothing_else_sees_it(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	assert_string_equal(draw(false, of_a_known_size), "end");
	setenv("TERM", "dumb", 1);
	assert_string_equal(draw(true, of_a_known_size), "end");
	unsetenv("TERM");
	assert_string_equal(draw(true, of_an_unknown_size), "end");
}

/* Reads what was drawn on the terminal until the words are there. */
static void read_until(int terminal, const char *words)
{
	size_t length = strlen(err);

	while (strstr(err, words) == NULL) {
		ssize_t got = read(terminal, err + length, sizeof err - 1 - length);

		assert_true(got > 0);
		length += (size_t)got;
		err[length] = '\0';
	}
}

static void work_without_a_count_shows_its_time(void **state)
{
	int terminal, own, saved = dup(STDERR_FILENO);
	struct termios raw = {0};
	char gone[80];

	(void)state;
	setenv("TERM", "xterm", 1);
	err[0] = '\0';
	assert_int_equal(openpty(&terminal, &own, NULL, &raw, NULL), 0);
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	progress_start("working");
	read_until(terminal, "working: ");
	progress_hide();
	progress_stop();
	progress_stop();
	fputs("end", stderr);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	read_until(terminal, "end");
	snprintf(gone, sizeof gone, "\r%60s\rend", "");
	assert_non_null(strstr(err, gone));
	assert_null(strstr(err, "working: 0 s"));
	close(terminal);
	close(own);
	close(saved);
}

static void of_work_without_a_count(void)
{
	progress_start("working");
	progress_hide();
	progress_stop();
}

static void only_a_terminal_sees_the_time(void **state)
{
	(void)state;
	setenv("TERM", "xterm", 1);
	assert_string_equal(draw(false, of_work_without_a_count), "end");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_terminal_sees_how_far_it_is),
		TEST(nothing_else_sees_it),
		TEST(work_without_a_count_shows_its_time),
		TEST(only_a_terminal_sees_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
