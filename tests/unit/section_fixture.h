/* SPDX-License-Identifier: MIT
 *
 * What the tests of backends and platforms share: a folder of its own, and a section read from a
 * configuration file as the programs read it.
 */
#ifndef SECTION_FIXTURE_H
#define SECTION_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/config.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct fixture {
	char folder[64];
	char users[128], conf[128]; /* files in it */
	struct settings *settings;
};

static inline int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	if (sodium_init() < 0)
		return -1;
	snprintf(fixture->folder, sizeof fixture->folder, "/tmp/section_test.XXXXXX");
	if (mkdtemp(fixture->folder) == NULL)
		return -1;
	snprintf(fixture->users, sizeof fixture->users, "%s/users", fixture->folder);
	snprintf(fixture->conf, sizeof fixture->conf, "%s/conf", fixture->folder);
	*state = fixture;
	return 0;
}

static inline int fixture_down(void **state)
{
	struct fixture *fixture = *state;
	char lock[160];

	snprintf(lock, sizeof lock, "%s.lock", fixture->users);
	config_free(&fixture->settings);
	unlink(lock);
	unlink(fixture->users);
	unlink(fixture->conf);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* Made anew, so that its stamp is another whatever the clock's grain. */
static inline void put(const char *path, const char *text, size_t length, mode_t mode)
{
	char other[160];
	int fd;

	snprintf(other, sizeof other, "%s.new", path);
	fd = open(other, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, length), length);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	assert_int_equal(rename(other, path), 0);
}

static inline __attribute__((format(printf, 4, 0))) int load_text(struct fixture *fixture,
	struct config_types known, struct error *error, const char *format, va_list args)
{
	char text[4096];
	int length =
		snprintf(text, sizeof text, "base-url = \"https://external.example.org/auth\"\n");

	vsnprintf(text + length, sizeof text - (size_t)length, format, args);
	config_free(&fixture->settings);
	put(fixture->conf, text, strlen(text), 0644);
	fixture->settings = config_load(fixture->conf, known, error);
	return fixture->settings != NULL ? 0 : -1;
}

/* Loads a configuration, which may be refused; its sections are in fixture->settings. */
__attribute__((format(printf, 4, 5))) static inline int try_configure(struct fixture *fixture,
	struct config_types known, struct error *error, const char *format, ...)
{
	va_list args;
	int rc;

	va_start(args, format);
	rc = load_text(fixture, known, error, format, args);
	va_end(args);
	return rc;
}

/* The same for one that is good. */
__attribute__((format(printf, 3, 4))) static inline void configure(
	struct fixture *fixture, struct config_types known, const char *format, ...)
{
	struct error error = {""};
	va_list args;
	int rc;

	va_start(args, format);
	rc = load_text(fixture, known, &error, format, args);
	va_end(args);
	if (rc != 0)
		fail_msg("%s", error.text);
}

#endif
