/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A string of `length` times `c`; one at a time. */
static const char *run_of(char c, size_t length)
{
	static char text[70000];

	assert_true(length < sizeof text);
	memset(text, c, length);
	text[length] = '\0';
	return text;
}

struct folder {
	char path[64];
	char file[128], temporary[160], lock[160];
};

static int make_folder(void **state)
{
	struct folder *folder = calloc(1, sizeof *folder);

	snprintf(folder->path, sizeof folder->path, "/tmp/base_test.XXXXXX");
	if (mkdtemp(folder->path) == NULL)
		return -1;
	snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
	snprintf(folder->temporary, sizeof folder->temporary, "%s.tmp", folder->file);
	snprintf(folder->lock, sizeof folder->lock, "%s.lock", folder->file);
	*state = folder;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *folder = *state;

	unlink(folder->file);
	rmdir(folder->file);
	unlink(folder->temporary);
	unlink(folder->lock);
	rmdir(folder->path);
	free(folder);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* "" when it was read, else the error; what was read must be `text`. */
static const char *try_read(const char *path, enum file_secrecy secrecy, const char *text)
{
	static struct error error;
	struct buffer contents = BUFFER_INIT(100000);

	error.text[0] = '\0';
	if (file_read(path, secrecy, &contents, &error) == 0)
		assert_string_equal(contents.data != NULL ? contents.data : "", text);
	else
		assert_true(error.text[0] != '\0');
	buffer_release(&contents);
	return error.text;
}

static void files_are_read_whole(void **state)
{
	struct folder *folder = *state;
	const char *text = run_of('x', 50000);

	put(folder->file, text, 0644);
	assert_string_equal(try_read(folder->file, FILE_PUBLIC, text), "");
	put(folder->file, "", 0644);
	assert_string_equal(try_read(folder->file, FILE_PUBLIC, ""), "");
}

static void text_of_windows_is_read_as_ours(void **state)
{
	struct folder *folder = *state;
	struct buffer text = BUFFER_INIT(100);
	struct error error;

	put(folder->file,
		"\xef\xbb\xbf"
		"a\r\n\r\nb\rc\r",
		0644);
	assert_int_equal(file_read_text(folder->file, FILE_PUBLIC, &text, &error), 0);
	assert_string_equal(text.data, "a\n\nb\rc");
	assert_int_equal(text.length, strlen(text.data));
	buffer_release(&text);
	put(folder->file, "", 0644);
	assert_int_equal(file_read_text(folder->file, FILE_PUBLIC, &text, &error), 0);
	assert_int_equal(text.length, 0);
	buffer_release(&text);
}

static void a_missing_file_is_named(void **state)
{
	struct folder *folder = *state;
	const char *why = try_read(folder->file, FILE_PUBLIC, "");

	assert_non_null(strstr(why, folder->file));
	assert_non_null(strstr(why, strerror(ENOENT)));
}

static void a_file_larger_than_the_buffer_is_refused(void **state)
{
	struct folder *folder = *state;
	struct buffer contents = BUFFER_INIT(10);
	struct error error;

	put(folder->file, "0123456789", 0600);
	assert_int_equal(file_read(folder->file, FILE_PUBLIC, &contents, &error), 0);
	buffer_release(&contents);
	put(folder->file, "0123456789a", 0600);
	assert_int_equal(file_read(folder->file, FILE_PUBLIC, &contents, &error), -1);
	assert_non_null(strstr(error.text, "larger than 10 bytes"));
	buffer_release(&contents);
}

static void modes_decide_what_is_private(void **state)
{
	static const struct {
		mode_t mode;
		bool private, secret;
	} cases[] = {
		{0400, true, true},
		{0600, true, true},
		{0700, true, true},
		{0440, true, false},
		{0640, true, false},
		{0660, false, false},
		{0620, false, false},
		{0650, false, false},
		{0604, false, false},
		{0602, false, false},
		{0601, false, false},
		{0644, false, false},
		{0666, false, false},
	};
	struct folder *folder = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		put(folder->file, "text", 0600);
		assert_int_equal(chmod(folder->file, cases[i].mode), 0);
		assert_string_equal(try_read(folder->file, FILE_PUBLIC, "text"), "");
		assert_int_equal(
			try_read(folder->file, FILE_PRIVATE, "text")[0] == '\0', cases[i].private);
		assert_int_equal(
			try_read(folder->file, FILE_SECRET, "text")[0] == '\0', cases[i].secret);
		assert_int_equal(chmod(folder->file, 0600), 0);
	}
}

static void the_error_says_which_mode_is_right(void **state)
{
	struct folder *folder = *state;

	put(folder->file, "text", 0644);
	assert_non_null(strstr(try_read(folder->file, FILE_PRIVATE, ""), "chmod 0640"));
	assert_non_null(strstr(try_read(folder->file, FILE_SECRET, ""), "chmod 0400"));
}

static void symbolic_links_lead_to_public_files_only(void **state)
{
	struct folder *folder = *state;

	put(folder->file, "text", 0600);
	assert_int_equal(symlink(folder->file, folder->lock), 0);
	assert_string_equal(try_read(folder->lock, FILE_PUBLIC, "text"), "");
	assert_non_null(strstr(try_read(folder->lock, FILE_PRIVATE, ""), "symbolic link"));
	assert_non_null(strstr(try_read(folder->lock, FILE_SECRET, ""), "symbolic link"));
}

static void what_is_no_file_is_not_read(void **state)
{
	struct folder *folder = *state;

	assert_int_equal(mkfifo(folder->file, 0600), 0); /* must not wait for a writer */
	assert_non_null(strstr(try_read(folder->file, FILE_PUBLIC, ""), "not a regular file"));
	unlink(folder->file);
	assert_int_equal(mkdir(folder->file, 0700), 0);
	assert_non_null(strstr(try_read(folder->file, FILE_PRIVATE, ""), "not a regular file"));
}

static void owners_decide_who_is_trusted(void **state)
{
	struct folder *folder = *state;

	if (geteuid() != 0)
		skip();
	put(folder->file, "text", 0600);
	assert_int_equal(chown(folder->file, 12345, 12345), 0);
	assert_non_null(
		strstr(try_read(folder->file, FILE_PRIVATE, ""), "belongs to user id 12345"));
	assert_string_equal(try_read(folder->file, FILE_PUBLIC, "text"), "");
	/* Nor does its folder make it root's business. */
	assert_int_equal(chown(folder->path, 12345, 12345), 0);
	assert_non_null(
		strstr(try_read(folder->file, FILE_PRIVATE, ""), "belongs to user id 12345"));
}

static void stamps_tell_files_apart(void **state)
{
	struct folder *folder = *state;
	struct file_stamp none = file_stamp(folder->file), before, after;

	assert_true(file_stamp_equal(none, (struct file_stamp){0}));
	put(folder->file, "text", 0600);
	before = file_stamp(folder->file);
	assert_false(file_stamp_equal(before, none));
	assert_true(file_stamp_equal(before, file_stamp(folder->file)));
	assert_int_equal(file_replace(folder->file, "text", 4, 0600, NULL), 0);
	after = file_stamp(folder->file);
	assert_false(file_stamp_equal(
		before, after)); /* same size, perhaps same second: another inode */
}

static void replacing_makes_a_file_of_that_mode(void **state)
{
	struct folder *folder = *state;
	struct error error;
	struct stat st;
	mode_t mask = umask(0077);

	assert_int_equal(file_replace(folder->file, "one", 3, 0640, &error), 0);
	umask(mask);
	assert_int_equal(stat(folder->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_string_equal(try_read(folder->file, FILE_PRIVATE, "one"), "");
	assert_int_equal(access(folder->temporary, F_OK), -1);
	assert_int_equal(file_replace(folder->file, "", 0, 0600, &error), 0);
	assert_string_equal(try_read(folder->file, FILE_SECRET, ""), "");
}

static void what_a_crash_left_is_overwritten(void **state)
{
	struct folder *folder = *state;

	put(folder->temporary, "half of a file that was never finished", 0600);
	assert_int_equal(file_replace(folder->file, "two", 3, 0600, NULL), 0);
	assert_string_equal(try_read(folder->file, FILE_SECRET, "two"), "");
	assert_int_equal(access(folder->temporary, F_OK), -1);
}

static void replacing_follows_no_link(void **state)
{
	struct folder *folder = *state;
	struct stat st;

	put(folder->lock, "the file somewhere else", 0600);
	assert_int_equal(symlink(folder->lock, folder->temporary), 0);
	assert_int_equal(symlink(folder->lock, folder->file), 0);
	assert_int_equal(file_replace(folder->file, "three", 5, 0600, NULL), 0);
	assert_string_equal(try_read(folder->lock, FILE_SECRET, "the file somewhere else"), "");
	assert_int_equal(lstat(folder->file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

static void what_cannot_be_written_is_said(void **state)
{
	struct folder *folder = *state;
	char missing[160];
	struct error error;

	snprintf(missing, sizeof missing, "%s/missing/file", folder->path);
	assert_int_equal(file_replace(missing, "x", 1, 0600, &error), -1);
	assert_non_null(strstr(error.text, missing));
	assert_int_equal(file_lock(missing, &error), -1);
	assert_non_null(strstr(error.text, missing));
	assert_int_equal(mkdir(folder->file, 0700), 0); /* rename() onto a folder fails */
	assert_int_equal(file_replace(folder->file, "x", 1, 0600, &error), -1);
	assert_int_equal(access(folder->temporary, F_OK), -1);
	assert_int_equal(file_replace(run_of('x', PATH_MAX), "x", 1, 0600, &error), -1);
	assert_non_null(strstr(error.text, "path is too long"));
}

static void a_lock_keeps_others_out(void **state)
{
	struct folder *folder = *state;
	struct error error;
	int lock = file_lock(folder->file, &error), other;

	assert_true(lock >= 0);
	other = open(folder->lock, O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	close(lock);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_int_equal(access(folder->lock, F_OK), 0); /* stays: who waits has it open */
}

/* A program that somebody has stopped does not stop everybody. */
static void nobody_waits_for_a_lock_without_end(void **state)
{
	struct folder *folder = *state;
	struct error error = {""};
	int lock = file_lock(folder->file, &error);

	assert_true(lock >= 0);
	assert_int_equal(file_lock_for(folder->file, 30, &error), -1);
	assert_non_null(strstr(error.text, "another program has held this lock"));
	assert_non_null(strstr(error.text, "lslocks"));
	close(lock);
	lock = file_lock_for(folder->file, 30, &error);
	assert_true(lock >= 0);
	close(lock);
}

static void a_lock_follows_no_link(void **state)
{
	struct folder *folder = *state;

	put(folder->file, "text", 0600);
	assert_int_equal(symlink(folder->file, folder->lock), 0);
	assert_int_equal(file_lock(folder->file, NULL), -1);
}

static const char *lock_refusal(const struct folder *folder)
{
	static struct error error;

	error.text[0] = '\0';
	assert_int_equal(file_lock(folder->file, &error), -1);
	return error.text;
}

/* The lock file stays as it is: nobody gets it, and nothing in it changes. */
static void a_lock_that_is_not_ours_is_refused(void **state)
{
	struct folder *folder = *state;
	struct stat st;

	put(folder->file, "text", 0600);
	assert_int_equal(link(folder->file, folder->lock), 0);
	assert_non_null(strstr(lock_refusal(folder), "with one name"));
	unlink(folder->lock);
	assert_int_equal(mkfifo(folder->lock, 0600), 0);
	assert_non_null(strstr(lock_refusal(folder), "not a regular file"));
	unlink(folder->lock);
	if (geteuid() != 0)
		return;
	put(folder->lock, "", 0600);
	assert_int_equal(chown(folder->lock, 12345, 12345), 0);
	assert_non_null(strstr(lock_refusal(folder), "belongs to user id 12345"));
	assert_int_equal(stat(folder->lock, &st), 0);
	assert_int_equal(st.st_uid, 12345);
}

#define FILE_TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(files_are_read_whole),
		FILE_TEST(text_of_windows_is_read_as_ours),
		FILE_TEST(a_missing_file_is_named),
		FILE_TEST(a_file_larger_than_the_buffer_is_refused),
		FILE_TEST(modes_decide_what_is_private),
		FILE_TEST(the_error_says_which_mode_is_right),
		FILE_TEST(symbolic_links_lead_to_public_files_only),
		FILE_TEST(what_is_no_file_is_not_read),
		FILE_TEST(owners_decide_who_is_trusted),
		FILE_TEST(stamps_tell_files_apart),
		FILE_TEST(replacing_makes_a_file_of_that_mode),
		FILE_TEST(what_a_crash_left_is_overwritten),
		FILE_TEST(replacing_follows_no_link),
		FILE_TEST(what_cannot_be_written_is_said),
		FILE_TEST(a_lock_keeps_others_out),
		FILE_TEST(nobody_waits_for_a_lock_without_end),
		FILE_TEST(a_lock_follows_no_link),
		FILE_TEST(a_lock_that_is_not_ours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
