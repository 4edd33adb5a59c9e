/* SPDX-License-Identifier: MIT
 *
 * What the program says and does when connect() or pthread_create() fails: it never crashes, names
 * what it could not reach, lets nobody in, and leaves no descriptor open.
 */
#include "backend_fixture.h"

#include "base/clock.h"
#include "ctl/check_socket.h"
#include "ctl/progress.h"
#include "outbound/names.h"
#include "pool/socket.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- calls that fail ---- */

static int connect_errno, thread_errno; /* 0: the call succeeds as usual */

int __real_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t size)
{
	if (connect_errno == 0)
		return __real_connect(fd, address, size);
	errno = connect_errno;
	return -1;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*start)(void *context), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*start)(void *context), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*start)(void *context), void *context)
{
	return thread_errno != 0 ? thread_errno
				 : __real_pthread_create(thread, attributes, start, context);
}

static const int faults[] = {
	EACCES, EAGAIN, EADDRNOTAVAIL, EINTR, ENETUNREACH, ENOBUFS, ENOMEM, EPERM, ETIMEDOUT};

static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void assert_says(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, words);
}

/* ---- connect() ---- */

#ifdef HAVE_RADIUS

extern const struct auth_backend auth_radius;

static void nobody_is_let_in_without_the_server(void **state)
{
	const char *const values[] = {"a shared secret"};
	void *instance = open_backend(*state, &auth_radius,
		"servers = {\"127.0.0.1:9\", \"127.0.0.2:9\"}\n timeout = \"500ms\"");
	unsigned descriptors = count_descriptors();

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct join join = JOIN_INIT;
		struct identity who = IDENTITY_INIT;
		struct auth_challenge challenge = {0};
		struct error error = {""};

		connect_errno = faults[i];
		assert_int_equal(auth_radius.check(instance, &(struct auth_attempt){.name = "anna",
								     .password = "secret",
								     .join = &join,
								     .client = "192.0.2.7",
								     .secrets = {values, 1},
								     .who = &who,
								     .challenge = &challenge,
								     .error = &error}),
			AUTH_UNAVAILABLE);
		connect_errno = 0;
		assert_null(who.subject);
		assert_says(error.text, "127.0.0.");
		assert_says(error.text, strerror(faults[i]));
	}
	assert_int_equal(count_descriptors(), descriptors);
	auth_close(&auth_radius, instance);
}

#endif

/* Only ECONNREFUSED says that the socket is stale. */
static void a_socket_in_use_is_not_replaced(void **state)
{
	struct error error = {""};
	char path[] = "/tmp/meetauth-faults-XXXXXX", address[64];
	int fd, other;
	unsigned descriptors;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(address, sizeof address, "unix:%s/s", path);
	fd = socket_open(address, &error);
	assert_true(fd >= 0);
	descriptors = count_descriptors();
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		error.text[0] = '\0';
		connect_errno = faults[i];
		other = socket_open(address, &error);
		connect_errno = 0;
		assert_int_equal(other, -1);
		assert_says(error.text, address);
	}
	assert_int_equal(count_descriptors(), descriptors);
	assert_int_equal(socket_open(address, &error), -1);
	assert_says(error.text, "another process listens there already");
	close(fd);
	unlink(address + strlen("unix:"));
	rmdir(path);
}

static void check_says_why_it_cannot_connect(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct check_socket found = {.path = "/tmp/no-such-socket", .fd = -1};
		struct error error = {""};
		unsigned descriptors = count_descriptors();

		connect_errno = faults[i];
		assert_int_equal(check_socket_answers(&found, "/auth", &error), -1);
		connect_errno = 0;
		assert_says(error.text, strerror(faults[i]));
		assert_int_equal(count_descriptors(), descriptors);
	}
}

/* ---- pthread_create() ---- */

static void a_lookup_without_its_thread_fails_and_is_repeated(void **state)
{
	struct addresses addresses = {0};
	const char *why = "";
	unsigned descriptors = count_descriptors();
	enum name_state now;

	(void)state;
	thread_errno = EAGAIN;
	assert_int_equal(names_find("localhost", clock_monotonic_ms() + 60000, &addresses, &why),
		NAME_FAILED);
	assert_says(why, "thread for name lookups");
	assert_int_equal(count_descriptors(), descriptors);
	thread_errno = 0;
	do { /* until it is time to try again */
		usleep(20000);
		now = names_find("localhost", clock_monotonic_ms() + 60000, &addresses, &why);
	} while (now == NAME_FAILED && strstr(why, "thread for name lookups") != NULL);
	assert_int_equal(now, NAME_KNOWN);
	names_stop();
}

static void a_command_works_without_its_line_of_progress(void **state)
{
	int terminal, own, saved = dup(STDERR_FILENO);

	(void)state;
	setenv("TERM", "xterm", 1);
	assert_int_equal(openpty(&terminal, &own, NULL, NULL, NULL), 0);
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	thread_errno = EAGAIN;
	progress_start("working");
	progress_hide();
	progress_stop();
	thread_errno = 0;
	progress_start("working");
	progress_stop();
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	close(own);
	close(terminal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_RADIUS
		cmocka_unit_test_setup_teardown(
			nobody_is_let_in_without_the_server, fixture_up, fixture_down),
#endif
		cmocka_unit_test(a_socket_in_use_is_not_replaced),
		cmocka_unit_test(check_says_why_it_cannot_connect),
		cmocka_unit_test(a_lookup_without_its_thread_fails_and_is_repeated),
		cmocka_unit_test(a_command_works_without_its_line_of_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
