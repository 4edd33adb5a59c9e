/* SPDX-License-Identifier: MIT
 *
 * For the tests of meetauthctl: a configuration in a folder of its own, and ctl_main() called in a
 * child process, which may exit() and hold what it likes. What it printed is in `out` and `err`.
 */
#ifndef CTL_FIXTURE_H
#define CTL_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "ctl/ctl.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define HOST	     "meeting.example.org"

static char folder[64], conf[96];
static char out[1 << 16], err[1 << 14];

/* The path of a file in the folder; good until the next but three. */
static inline const char *in_folder(const char *name)
{
	static char paths[4][160];
	static size_t next;

	next = (next + 1) % COUNT(paths);
	snprintf(paths[next], sizeof paths[next], "%s/%s", folder, name);
	return paths[next];
}

static inline void put_file(const char *path, const char *text)
{
	assert_int_equal(file_replace(path, text, strlen(text), 0600, NULL), 0);
}

static inline void get_file(const char *path, char *text, size_t size)
{
	struct buffer all = BUFFER_INIT(1 << 20);

	assert_int_equal(file_read(path, FILE_PUBLIC, &all, NULL), 0);
	snprintf(text, size, "%s", all.data != NULL ? all.data : "");
	buffer_release(&all);
}

/* A configuration with files in the folder, and `more` behind it. */
static inline void configure(const char *more)
{
	const char *srcdir = getenv("srcdir");
	char text[16384], top[PATH_MAX];
	int length;

	assert_non_null(realpath(srcdir != NULL ? srcdir : ".", top));
	length = snprintf(text, sizeof text,
		"base-url = \"https://external.example.org/auth\"\n"
		"store = \"%1$s/store\"\nstore-key = \"%1$s/store.key\"\n"
		"state = \"lmdb:%1$s/state\"\nshare = \"%3$s/share\"\n"
		"platform \"" HOST "\" { type = \"veeting\" api = \"https://127.0.0.1:1\" }\n"
		"backend \"staff\" { type = \"file\" users = \"%1$s/users.passwd\" }\n%2$s",
		folder, more, top);
	assert_true(length > 0 && length < (int)sizeof text);
	put_file(conf, text);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static inline int folder_down(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline int folder_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/meetauth-ctl-XXXXXX");
	if (mkdtemp(folder) == NULL || mkdir(in_folder("state"), 0700) != 0)
		return -1;
	snprintf(conf, sizeof conf, "%s/conf", folder);
	configure("");
	return 0;
}

static inline void redirect(int fd, const char *path, int flags)
{
	int file = open(path, flags, 0600);

	if (file < 0 || dup2(file, fd) != fd)
		_exit(99);
	close(file);
}

/* The command line for a call, which ctl_main() may change and take words out of. */
static inline int make_argv(const char *const *words, char **argv)
{
	static char text[32][1024];
	const char *const front[] = {"meetauthctl", "-c", conf};
	int argc = 0;

	for (; argc < 3 || words[argc - 3] != NULL; argc++) {
		snprintf(text[argc], sizeof *text, "%s", argc < 3 ? front[argc] : words[argc - 3]);
		argv[argc] = text[argc];
	}
	argv[argc] = NULL;
	return argc;
}

/* Runs ctl_main() with `-c conf` and the words; `input`, a file, is its standard input. */
static inline int run_with(const char *input, const char *const *words)
{
	char *argv[32];
	int argc = make_argv(words, argv), status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		redirect(STDIN_FILENO, input, O_RDWR | O_NOCTTY);
		redirect(STDOUT_FILENO, in_folder("out"), O_WRONLY | O_CREAT | O_TRUNC);
		redirect(STDERR_FILENO, in_folder("err"), O_WRONLY | O_CREAT | O_TRUNC);
		exit(ctl_main(argc, argv));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	get_file(in_folder("out"), out, sizeof out);
	get_file(in_folder("err"), err, sizeof err);
	if (!WIFEXITED(status))
		fail_msg("ended by a signal: %s", err);
	return WEXITSTATUS(status);
}

static inline int run_words(const char *input, const char *const *words)
{
	put_file(in_folder("in"), input);
	return run_with(in_folder("in"), words);
}

/* The status must be the one that is expected, and on failure standard error begins as it must. */
static inline void expect_status(int wanted, int status)
{
	if (status != wanted)
		fail_msg("status %d, expected %d: %s%s", status, wanted, out, err);
	if (wanted > 1 && strncmp(err, "meetauthctl: ", 13) != 0 && strncmp(err, "usage: ", 7) != 0)
		fail_msg("standard error: %s", err);
}

static inline void says(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, text);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Calls a command, with `input` on its standard input. */
#define TYPE(status, input, ...) expect_status(status, run_words(input, WORDS(__VA_ARGS__)))
#define CALL(status, ...)	 TYPE(status, "", __VA_ARGS__)

#endif
