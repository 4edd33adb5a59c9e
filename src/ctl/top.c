/* SPDX-License-Identifier: MIT
 *
 * meetauthctl top: what the pool of this machine does now, from its metrics file.
 */
#include "ctl/top.h"

#include "base/clock.h"
#include "base/text.h"
#include "ctl/print.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
	INTERVAL_MS = 1000,
	INTERVAL_MIN_MS = 100,
	INTERVAL_MAX_MS = 3600 * 1000,
	LOOK_MS = 200, /* how often the size is looked at */
	CONTROL_C = 3,
};

#define SHOW "\033[?1049h\033[?25l" /* another screen, without a cursor */
#define HIDE "\033[?25h\033[?1049l"

/* ---- the terminal ---- */

static struct termios terminal_before;
static volatile sig_atomic_t ended;

static void on_end(int signal)
{
	(void)signal;
	ended = 1;
}

/* Also after a command that failed. */
static void leave_terminal(void)
{
	ssize_t done = write(STDOUT_FILENO, HIDE, sizeof HIDE - 1);

	(void)done;
	tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

static void enter_terminal(void)
{
	struct sigaction end = {.sa_handler = on_end};
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal_before) != 0)
		ctl_die(EX_OSERR, "the terminal: %s", strerror(errno));
	raw = terminal_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	atexit(leave_terminal);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(SHOW, stdout);
}

static struct winsize find_size(void)
{
	struct winsize size = {0};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size;
}

static struct top_look find_look(void)
{
	const char *kind = getenv("TERM"), *plain = getenv("NO_COLOR");
	struct winsize size = find_size();

	return (struct top_look){.lines = size.ws_row > 1 ? size.ws_row - 1u : 23,
		.columns = size.ws_col > 0 ? size.ws_col : 80,
		.colours = (plain == NULL || plain[0] == '\0') && kind != NULL &&
			   strcmp(kind, "dumb") != 0};
}

static bool is_end(char key)
{
	return key == 'q' || key == 'Q' || key == CONTROL_C;
}

/* Waits for the next sample, or another size. Returns false if the user ends the command, also by
 * the end of the input. No signal tells of keys and sizes: the terminal is not of the session of
 * the service's user. */
static bool wait_for_key(int64_t until_ms)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct winsize before = find_size(), now = before;
	int64_t left;
	char key;

	while (!ended && memcmp(&before, &now, sizeof now) == 0 &&
		(left = until_ms - clock_monotonic_ms()) > 0) {
		if (poll(&input, 1, left < LOOK_MS ? (int)left : LOOK_MS) > 0 &&
			(read(STDIN_FILENO, &key, 1) <= 0 || is_end(key)))
			return false;
		now = find_size();
	}
	return !ended;
}

/* Replaces the contents of the screen. */
static void draw(const struct buffer *text)
{
	const char *line = text->data, *end;

	fputs("\033[H", stdout);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1)
		printf("%.*s\033[K\n", (int)(end - line), line);
	fputs("q ends\033[K\033[J", stdout);
	fflush(stdout);
}

/* ---- showing ---- */

/* A pool that is starting, or stopped, has no metrics: shows why until there are some. */
static void draw_next(const struct ctl *ctl, const char *folder, struct top_sample *last)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	struct top_look look = find_look();
	struct top_sample sample;
	struct error error;

	if (top_sample_read(&sample, folder, ctl->settings, &error) != 0) {
		buffer_printf(&text, "%s\n", error.text);
	} else if (last->sections == NULL) {
		buffer_text(&text, "one moment\n");
		*last = sample;
	} else {
		top_view_text(&text, &look, ctl->settings, last, &sample);
		top_sample_free(last);
		*last = sample;
	}
	draw(&text);
	buffer_release(&text);
}

static void show(const struct ctl *ctl, const char *folder, int64_t interval_ms)
{
	struct top_sample last = {0};

	enter_terminal();
	do
		draw_next(ctl, folder, &last);
	while (wait_for_key(clock_monotonic_ms() + interval_ms));
	top_sample_free(&last);
}

/* Prints what happens within an interval. */
static void print_once(const struct ctl *ctl, const char *folder, int64_t interval_ms)
{
	const struct timespec pause = {interval_ms / 1000, interval_ms % 1000 * 1000000};
	const struct top_look look = {0};
	struct buffer text = BUFFER_INIT(16 << 20);
	struct top_sample from, to;

	ctl_must(EX_UNAVAILABLE, top_sample_read(&from, folder, ctl->settings, &ctl_error));
	nanosleep(&pause, NULL);
	ctl_must(EX_UNAVAILABLE, top_sample_read(&to, folder, ctl->settings, &ctl_error));
	if (ctl->json) {
		print_json(top_view_json(ctl->settings, &from, &to));
	} else {
		top_view_text(&text, &look, ctl->settings, &from, &to);
		fputs(text.data != NULL ? text.data : "", stdout);
	}
	top_sample_free(&from);
	top_sample_free(&to);
	buffer_release(&text);
}

static const char *find_folder(const struct ctl *ctl)
{
	static const char lmdb[] = "lmdb:";
	const struct settings *settings = ctl->settings;

	if (settings->metrics_folder[0] != '\0')
		return settings->metrics_folder;
	if (strncmp(settings->state, lmdb, sizeof lmdb - 1) == 0)
		return settings->state + sizeof lmdb - 1;
	ctl_die(EX_CONFIG, "%s: the pool has no metrics file: set metrics-folder", settings->file);
}

static int run_top(struct ctl *ctl)
{
	const char *folder = find_folder(ctl);
	int64_t interval_ms = INTERVAL_MS;

	if (ctl->given.interval != NULL &&
		(text_to_duration(ctl->given.interval, &interval_ms) != 0 ||
			interval_ms < INTERVAL_MIN_MS || interval_ms > INTERVAL_MAX_MS))
		ctl_usage(ctl->command, "--interval: expected 100ms to 1h");
	if (ctl->given.once || ctl->json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		print_once(ctl, folder, interval_ms);
	else
		show(ctl, folder, interval_ms);
	return EX_OK;
}

const struct ctl_command ctl_top_commands[] = {
	{"top", "[--once] [--interval TIME]",
		"show what the pool of this machine does: joins, logins, failures, queues, "
		"breakers",
		.run = run_top},
	{0},
};
