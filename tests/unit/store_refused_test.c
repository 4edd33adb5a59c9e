/* SPDX-License-Identifier: MIT
 *
 * A store that must not be opened, or that a crash left between two steps. Numbers in names are
 * those of the table of attacks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "store_fixture.h"

#include <sys/wait.h>

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"

static void beside(char next[128])
{
	snprintf(next, 128, "%s.new", key_path);
}

static void put_key(const char *text)
{
	put_contents(key_path, text, strlen(text), 0400);
}

static void test_missing_store_says_how_to_make_one(void **state)
{
	struct error error;
	unsigned version;
	struct secret *value = secret_new("x", 1);

	(void)state;
	assert_refused("meetauthctl init");
	assert_int_equal(store_set(path, key_path, NAME, value, 0, &version, &error), -1);
	assert_non_null(strstr(error.text, "meetauthctl init"));
	assert_int_equal(store_rekey(path, key_path, &error), -1);
	secret_free(&value);
}

static void test_missing_key_says_that_it_is_needed(void **state)
{
	(void)state;
	unlink(key_path);
	assert_refused("the key file does not exist");
	unlink(path);
	assert_refused("the store does not exist");
}

static void test_A74_other_key_is_refused(void **state)
{
	(void)state;
	put_key(ONES "\n");
	assert_refused("sealed with another key");
}

static void test_A74_every_flipped_bit_is_refused(void **state)
{
	struct buffer bytes = contents(path);
	struct error error;

	(void)state;
	for (size_t at = 0; at < bytes.length; at++) {
		bytes.data[at] ^= (char)(1 << at % 8);
		put_contents(path, bytes.data, bytes.length, 0600);
		assert_null(store_open(path, key_path, &error));
		bytes.data[at] ^= (char)(1 << at % 8);
	}
	bytes.data[bytes.length - 1] ^= 1;
	put_contents(path, bytes.data, bytes.length, 0600);
	assert_refused("damaged");
	bytes.data[bytes.length - 1] ^= 1;
	bytes.data[20] ^= 1; /* the generation: an older one cannot be made to look newer */
	put_contents(path, bytes.data, bytes.length, 0600);
	assert_refused("damaged");
	buffer_release(&bytes);
}

static void test_A74_truncated_store_is_refused(void **state)
{
	struct buffer bytes = contents(path);
	struct error error;

	(void)state;
	for (size_t length = 0; length < bytes.length; length += 7) {
		put_contents(path, bytes.data, length, 0600);
		assert_null(store_open(path, key_path, &error));
	}
	put_contents(path, bytes.data, 40, 0600);
	assert_refused("truncated (40 bytes)");
	put_contents(path, bytes.data, bytes.length - 1, 0600);
	assert_refused("damaged");
	buffer_append(&bytes, "x", 1);
	put_contents(path, bytes.data, bytes.length, 0600);
	assert_refused("damaged");
	buffer_release(&bytes);
}

static void test_A74_other_format_is_refused(void **state)
{
	struct buffer bytes = contents(path);

	(void)state;
	bytes.data[8] = 3;
	put_contents(path, bytes.data, bytes.length, 0600);
	assert_refused("has format 3; this version of meetauth reads formats 1 and 2");
	bytes.data[8] = 0;
	put_contents(path, bytes.data, bytes.length, 0600);
	assert_refused("has format 0");
	put_contents(
		path, "# a file of something else, of any length that one might have ..", 64, 0600);
	assert_refused("not a store of meetauth");
	buffer_release(&bytes);
}

static void test_A74_open_modes_are_refused(void **state)
{
	static const mode_t modes[] = {0644, 0640, 0620, 0602, 0604};

	(void)state;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_refused("gives others access");
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(chmod(key_path, modes[i]), 0);
		assert_refused("gives others access");
		assert_int_equal(chmod(key_path, 0400), 0);
	}
	store_free(&(struct store *){open_store()});
}

static void assert_link_refused(const char *file)
{
	char target[128];

	snprintf(target, sizeof target, "%s.target", file);
	assert_int_equal(rename(file, target), 0);
	assert_int_equal(symlink(target, file), 0);
	assert_refused("symbolic link");
	assert_int_equal(rename(target, file), 0);
}

static void test_A74_symbolic_links_are_refused(void **state)
{
	(void)state;
	assert_link_refused(path);
	assert_link_refused(key_path);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused("not a regular file");
}

/* As somebody who is neither root nor the owner. Needs root to become one. */
static void test_A74_files_of_somebody_else_are_refused(void **state)
{
	struct error error = {""};
	int status;
	pid_t child;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(folder, 65534, 65534), 0);
	assert_int_equal(chown(path, 1, 65534), 0);
	assert_int_equal(chown(key_path, 65534, 65534), 0);
	assert_int_equal(chmod(path, 0644), 0);
	child = fork();
	if (child == 0) {
		if (seteuid(65534) != 0 || store_open(path, key_path, &error) != NULL)
			_exit(1);
		_exit(strstr(error.text, "belongs to user id 1") != NULL ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_A77_keys_that_are_none_are_refused(void **state)
{
	static const char *const texts[] = {"", "\n", "abc\n", (ONES "1\n"), (ONES "\n\n"),
		(ONES " \n"), ("x" ONES), "1111\n1111", "\xff\xfe"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		put_key(texts[i]);
		assert_refused("expected 64 hex digits");
	}
	put_contents(key_path, ONES ONES ONES ONES, 256, 0400);
	assert_refused("larger than");
	put_key(ZEROS "\n");
	assert_refused("all zero");
}

static void test_key_without_its_newline_opens(void **state)
{
	struct buffer key = contents(key_path);

	(void)state;
	key.data[64] = '\0';
	put_key(key.data);
	store_free(&(struct store *){open_store()});
	buffer_release(&key);
}

/* systemd shows the access list of a credential as a bit for the group. */
static void test_credential_of_systemd_opens(void **state)
{
	(void)state;
	assert_int_equal(chmod(key_path, 0440), 0);
	assert_refused("gives others access");
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	store_free(&(struct store *){open_store()});
	assert_int_equal(chmod(key_path, 0444), 0);
	assert_refused("gives others access");
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* -- what a crash leaves -- */

static void test_rekey_cut_off_before_the_store_changes_nothing(void **state)
{
	char next[128];

	(void)state;
	set_secret(NAME, "kept");
	beside(next);
	put_contents(next, ONES "\n", 65, 0400);
	assert_secret("kept");
	set_secret(NAME, "newer"); /* the next change clears up */
	assert_int_not_equal(access(next, F_OK), 0);
	assert_secret("newer");
}

/* Before the new key took its place: KEY is the old one, KEY.new the one that opens. */
static void test_rekey_cut_off_after_the_store_is_finished_by_the_next_change(void **state)
{
	char next[128];
	struct buffer before = contents(key_path), after;

	(void)state;
	set_secret(NAME, "kept");
	assert_int_equal(store_rekey(path, key_path, NULL), 0);
	beside(next);
	assert_int_equal(rename(key_path, next), 0);
	put_contents(key_path, before.data, before.length, 0400);
	assert_secret("kept");
	set_secret(NAME, "newer");
	assert_int_not_equal(access(next, F_OK), 0);
	after = contents(key_path);
	assert_string_not_equal(before.data, after.data);
	assert_secret("newer");
	buffer_release(&before);
	buffer_release(&after);
}

static void test_init_cut_off_is_finished_by_the_next_call(void **state)
{
	char next[128];
	struct error error;

	(void)state;
	beside(next);
	assert_int_equal(rename(key_path, next), 0);
	store_free(&(struct store *){open_store()});
	assert_int_equal(store_init(path, key_path, &error), -1); /* there is a whole one */
	assert_int_equal(access(key_path, F_OK), 0);
	assert_int_not_equal(access(next, F_OK), 0);
	assert_int_equal(unlink(path) + rename(key_path, next), 0);
	assert_int_equal(store_init(path, key_path, &error), 0); /* a key of nothing */
	store_free(&(struct store *){open_store()});
}

static void test_wrong_key_beside_does_not_help_a_wrong_key(void **state)
{
	char next[128];

	(void)state;
	beside(next);
	put_key(ONES "\n");
	put_contents(next, "2" ONES, 65, 0400);
	assert_refused("expected 64 hex digits");
	put_contents(next, ONES "\n", 65, 0400);
	assert_refused("another key");
}

#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, make_store, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_missing_store_says_how_to_make_one, make_folder, remove_folder),
		WITH_STORE(test_missing_key_says_that_it_is_needed),
		WITH_STORE(test_A74_other_key_is_refused),
		WITH_STORE(test_A74_every_flipped_bit_is_refused),
		WITH_STORE(test_A74_truncated_store_is_refused),
		WITH_STORE(test_A74_other_format_is_refused),
		WITH_STORE(test_A74_open_modes_are_refused),
		WITH_STORE(test_A74_symbolic_links_are_refused),
		WITH_STORE(test_A74_files_of_somebody_else_are_refused),
		WITH_STORE(test_A77_keys_that_are_none_are_refused),
		WITH_STORE(test_key_without_its_newline_opens),
		WITH_STORE(test_credential_of_systemd_opens),
		WITH_STORE(test_rekey_cut_off_before_the_store_changes_nothing),
		WITH_STORE(test_rekey_cut_off_after_the_store_is_finished_by_the_next_change),
		WITH_STORE(test_init_cut_off_is_finished_by_the_next_call),
		WITH_STORE(test_wrong_key_beside_does_not_help_a_wrong_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
