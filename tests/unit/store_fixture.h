/* SPDX-License-Identifier: MIT
 *
 * A store in a folder of its own, made before each test and removed after it. For the tests of the
 * store alone, which include it once each.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "base/clock.h"
#include "secret/store.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "meeting.example.org"

static char folder[64], path[96], key_path[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/store-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/store", folder);
	snprintf(key_path, sizeof key_path, "%s/store.key", folder);
	return secret_init(NULL);
}

static int make_store(void **state)
{
	return make_folder(state) == 0 ? store_init(path, key_path, NULL) : -1;
}

static int remove_folder(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	(void)state;
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
	return rmdir(folder);
}

/* Adds a version. */
static inline unsigned set_secret(const char *name, const char *text)
{
	struct secret *value = secret_new(text, strlen(text));
	struct error error = {""};
	unsigned version = 0;

	if (store_set(path, key_path, name, value, 0, &version, &error) != 0)
		fail_msg("%s", error.text);
	secret_free(&value);
	return version;
}

/* A snapshot; the test frees it. */
static inline struct store *open_store(void)
{
	struct error error = {""};
	struct store *store = store_open(path, key_path, &error);

	if (store == NULL)
		fail_msg("%s", error.text);
	return store;
}

static inline struct buffer contents(const char *file)
{
	struct buffer text = BUFFER_INIT(1 << 20);

	assert_int_equal(file_read(file, FILE_PUBLIC, &text, NULL), 0);
	return text;
}

static inline void put_contents(const char *file, const void *bytes, size_t length, mode_t mode)
{
	assert_int_equal(file_replace(file, bytes, length, mode, NULL), 0);
}

/* The first version of NAME has this value. */
static inline void assert_secret(const char *text)
{
	struct store *store = open_store();
	size_t count;
	const struct store_secret *secrets = store_secrets(store, NAME, clock_wall(), &count);

	assert_true(count > 0);
	assert_string_equal(secret_text(secrets[0].secret), text);
	store_free(&store);
}

static inline void assert_refused(const char *why)
{
	struct error error = {""};
	struct store *store = store_open(path, key_path, &error);

	assert_null(store);
	if (strstr(error.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, why);
}

#endif
