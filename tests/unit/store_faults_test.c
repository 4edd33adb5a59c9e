/* SPDX-License-Identifier: MIT
 *
 * Changes of the store in which the n-th call of the kernel fails, for each n until a change needs
 * fewer, and for each way in which such a call fails. Whatever fails, the store can be read
 * afterwards and holds what was there or what was to be; an error says something; no descriptor and
 * no temporary file is left; and the next change works.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

/* ---- calls that fail ---- */

enum { SHORT = -1 }; /* instead of an errno: a write() takes one byte */

static struct {
	bool armed, hit;
	unsigned count, at;
	int why;
} faults;

/* The errno with which this call fails, SHORT, or 0. */
static int fault(void)
{
	if (!faults.armed || ++faults.count != faults.at)
		return 0;
	faults.hit = true;
	if (faults.why != SHORT)
		errno = faults.why;
	return faults.why;
}

#define WRAPPED(result, name, parameters, arguments)                                               \
	result __real_##name parameters;                                                           \
	result __wrap_##name parameters;                                                           \
	result __wrap_##name parameters                                                            \
	{                                                                                          \
		return fault() > 0 ? -1 : __real_##name arguments;                                 \
	}

WRAPPED(int, open, (const char *name, int flags, mode_t mode), (name, flags, mode))
WRAPPED(int, open64, (const char *name, int flags, mode_t mode), (name, flags, mode))
WRAPPED(int, __open64_2, (const char *name, int flags), (name, flags))
WRAPPED(ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
WRAPPED(ssize_t, __read_chk, (int fd, void *bytes, size_t size, size_t room),
	(fd, bytes, size, room))
WRAPPED(int, rename, (const char *from, const char *to), (from, to))
WRAPPED(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAPPED(int, flock, (int fd, int how), (fd, how))

/* Nothing cuts the power here, and it takes its time. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	return fault() > 0 ? -1 : 0;
}

ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
	int why = fault();

	return why > 0 ? -1 : __real_write(fd, bytes, why == SHORT && size > 0 ? 1 : size);
}

/* ---- changes ---- */

static int set(struct error *error)
{
	struct secret *value = secret_new("second", 6);
	unsigned version;
	int rc = store_set(path, key_path, NAME, value, 0, &version, error);

	secret_free(&value);
	return rc;
}

static int rekey(struct error *error)
{
	return store_rekey(path, key_path, error);
}

static int rotate(struct error *error)
{
	return store_rotate_keys(path, key_path, false, error);
}

static unsigned count_entries(const char *of)
{
	DIR *dir = opendir(of);
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* The store holds the first or the second value. */
static void assert_whole(bool second_alone)
{
	struct store *store = open_store();
	size_t count;
	const struct store_secret *secrets = store_secrets(store, NAME, clock_wall(), &count);
	const char *newest;

	assert_true(count > 0);
	newest = secret_text(secrets[0].secret);
	if (strcmp(newest, "second") != 0 && (second_alone || strcmp(newest, "first") != 0))
		fail_msg("\"%s\"", newest);
	store_free(&store);
}

/* How many calls failed, one after the other. */
static unsigned each_call_of(int (*change)(struct error *), int why)
{
	for (unsigned at = 1;; at++) {
		struct error error = {""};
		unsigned descriptors;
		int rc;

		assert_int_equal(make_store(NULL), 0);
		set_secret(NAME, "first");
		descriptors = count_entries("/proc/self/fd");
		faults.count = 0;
		faults.at = at;
		faults.why = why;
		faults.hit = false;
		faults.armed = true;
		rc = change(&error);
		faults.armed = false;
		if (rc != 0 && error.text[0] == '\0')
			fail_msg("call %u, %d: no word of error", at, why);
		assert_true(rc == 0 || faults.hit);
		assert_whole(rc == 0 && change == set);
		assert_int_equal(count_entries("/proc/self/fd"), descriptors);
		if (change(&error) != 0)
			fail_msg("call %u, %d: afterwards: %s", at, why, error.text);
		assert_whole(change == set);
		assert_true(count_entries(folder) <= 5); /* ".", "..", store, key, lock */
		remove_folder(NULL);
		if (!faults.hit)
			return at - 1;
	}
}

static void a_change_that_fails_leaves_a_whole_store(void **state)
{
	static const int ways[] = {EIO, ENOSPC, EMFILE, EINTR, SHORT};
	int (*const changes[])(struct error *) = {set, rotate, rekey};
	unsigned count = 0;

	(void)state;
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
		for (size_t j = 0; j < sizeof ways / sizeof *ways; j++)
			count += each_call_of(changes[i], ways[j]);
	print_message("%u calls that failed\n", count);
	assert_true(count > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_that_fails_leaves_a_whole_store)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
