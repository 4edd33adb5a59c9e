/* SPDX-License-Identifier: MIT
 *
 * Calls of the kernel that fail, the n-th for each n until fewer are made: while a process loads
 * its configuration and opens its state, and during visits. Libraries call the functions here, too.
 * Whatever fails, a process goes on with what it had, an error says something, nobody is led in who
 * may not be, and the next try works.
 */
#include "request_fixture.h"
#include "request_site.h"

#include "base/wipe.h"
#include "secret/seal.h"
#include "state/state.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A sanitizer has functions of these names. */
#ifndef UNDER_SANITIZER

/* ---- calls that fail ---- */

enum kind { FILES = 1, NETWORK = 2, RANDOM = 4, THREADS = 8 };

static struct {
	atomic_uint armed; /* kinds */
	atomic_bool hit;
	atomic_long count, at;
} faults;

static bool fails(enum kind kind, int why)
{
	if ((faults.armed & kind) == 0 || site_runs_test || ++faults.count != faults.at)
		return false;
	faults.hit = true;
	errno = why;
	return true;
}

static void arm(unsigned kinds, long at)
{
	faults.count = 0;
	faults.at = at;
	faults.hit = false;
	faults.armed = kinds;
}

/* Defines a function that calls the library's, if it does not fail. */
#define FAILING(kind, why, failed, result, name, parameters, arguments)                            \
	result failing_##name parameters __asm__(#name);                                           \
	result failing_##name parameters                                                           \
	{                                                                                          \
		static result(*real) parameters;                                                   \
                                                                                                   \
		if (real == NULL)                                                                  \
			*(void **)&real = dlsym(RTLD_NEXT, #name);                                 \
		return fails(kind, why) ? (failed) : real arguments;                               \
	}

FAILING(FILES, EMFILE, -1, int, open, (const char *path, int flags, mode_t mode),
	(path, flags, mode))
FAILING(FILES, EMFILE, -1, int, open64, (const char *path, int flags, mode_t mode),
	(path, flags, mode))
FAILING(FILES, EMFILE, -1, int, __open_2, (const char *path, int flags), (path, flags))
FAILING(FILES, EMFILE, -1, int, __open64_2, (const char *path, int flags), (path, flags))
FAILING(FILES, EIO, -1, ssize_t, read, (int fd, void *bytes, size_t size), (fd, bytes, size))
FAILING(FILES, EIO, -1, ssize_t, __read_chk, (int fd, void *bytes, size_t size, size_t room),
	(fd, bytes, size, room))
FAILING(FILES, ENOMEM, MAP_FAILED, void *, mmap,
	(void *at, size_t size, int protection, int flags, int fd, off_t offset),
	(at, size, protection, flags, fd, offset))
FAILING(FILES, ENOMEM, MAP_FAILED, void *, mmap64,
	(void *at, size_t size, int protection, int flags, int fd, off64_t offset),
	(at, size, protection, flags, fd, offset))
FAILING(FILES, ENOSPC, -1, int, ftruncate, (int fd, off_t length), (fd, length))
FAILING(FILES, ENOSPC, -1, int, ftruncate64, (int fd, off64_t length), (fd, length))
FAILING(FILES, ENOSPC, -1, ssize_t, pwrite, (int fd, const void *bytes, size_t size, off_t at),
	(fd, bytes, size, at))
FAILING(FILES, ENOSPC, -1, ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at),
	(fd, bytes, size, at))
FAILING(NETWORK, EMFILE, -1, int, socket, (int family, int type, int protocol),
	(family, type, protocol))
FAILING(NETWORK, EADDRNOTAVAIL, -1, int, connect,
	(int fd, const struct sockaddr *to, socklen_t length), (fd, to, length))
FAILING(NETWORK, EMFILE, -1, int, eventfd, (unsigned value, int flags), (value, flags))
FAILING(RANDOM, ENOSYS, -1, ssize_t, getrandom, (void *bytes, size_t size, unsigned flags),
	(bytes, size, flags))
FAILING(RANDOM, ENOSYS, -1, int, getentropy, (void *bytes, size_t size), (bytes, size))
FAILING(THREADS, EAGAIN, EAGAIN, int, pthread_create,
	(pthread_t * thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context),
	(thread, attributes, run, context))

/* ---- the site ---- */

#define HOST "meeting.example.org"
#define JSON "Content-Type: application/json\r\n"

static char *say_yes(const char *request)
{
	const char *nonce = cut(request, "\"nonce\":\"", "\""),
		   *name = cut(request, "\"name\":\"", "\"");
	char *text;

	assert_true(
		asprintf(&text,
			"{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"grant\",\"subject\":\"%s\"}",
			nonce, name) > 0);
	return text;
}

/* The service is asked by name, so that the thread for names begins. */
static void open_site(void)
{
	char sections[1000];

	assert_int_equal(site_up(NULL), 0);
	snprintf(sections, sizeof sections,
		"platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
		"backend \"service\" { type = \"http\" url = \"http://localhost%s/ask\" "
		"timeout = \"40s\" }\n"
		"policy {\n rule \"alice\" { allow = true users = {\"alice\"} }\n default = "
		"deny\n}\n",
		strrchr(peer_address(), ':'));
	site_secret(HOST, "key");
	site_secret("backend/service", "0123456789abcdef0123456789abcdef");
	site_load("throttle-account = \"100000/1h\"\nthrottle-address = \"100000/1h\"\n", sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/ask", JSON, say_yes);
}

static const struct answer *join(const char *name, char token[40])
{
	static unsigned number;
	struct browser browser = {0};
	char entry[200], fields[100];
	const struct answer *answer;

	snprintf(token, 40, "rt-calls-%08u", ++number);
	snprintf(entry, sizeof entry,
		"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=%s", token);
	snprintf(fields, sizeof fields, "name=%s&password=x", name);
	answer = visit(&browser, entry);
	if (answer->status == 303)
		answer = follow(&browser, answer);
	return answer->status == 200 && says(answer, "(login.title)")
		       ? submit(&browser, answer, NULL, fields)
		       : answer;
}

static bool is_in(const struct answer *answer)
{
	return leads_to(answer) != NULL && strstr(leads_to(answer), "token=access") != NULL;
}

static void assert_works(void)
{
	char token[40];

	assert_true(is_in(join("alice", token)));
	assert_false(is_in(join("bob", token)));
}

/* ---- visits ---- */

/* False: the visit makes fewer calls. */
static bool one_visit(const char *name, unsigned kinds, long at)
{
	char token[40], target[100];
	const struct answer *answer;
	bool hit;

	arm(kinds, at);
	answer = join(name, token);
	while (site_in_flight() > 0)
		site_turn();
	faults.armed = 0;
	hit = faults.hit;
	snprintf(target, sizeof target, "/exchange/key/%s", token);
	assert_in_range(peer_requests(target), is_in(answer) ? 1 : 0, 1);
	assert_true(answer->status >= 200 && (!is_in(answer) || strcmp(name, "alice") == 0));
	if (!hit)
		assert_true(is_in(answer) == (strcmp(name, "alice") == 0));
	return hit;
}

static void visits_whose_calls_fail(void **state)
{
	static const char *const names[] = {"alice", "bob"};
	long tries = 0;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		bool more = true;

		for (long at = 1; more; at++, tries++) {
			open_site();
			more = one_visit(names[i], NETWORK | THREADS, at);
			wait_out(120); /* what was closed after a failure opens again */
			assert_works();
			assert_int_equal(site_down(NULL), 0);
		}
	}
	print_message("%ld visits\n", tries);
	assert_true(tries > 6);
}

/* ---- a process loads ---- */

static void a_reload_that_fails_leaves_what_was(void **state)
{
	long at = 1, refused = 0;
	bool more = true;

	(void)state;
	open_site();
	for (; more; at++) {
		const char *why;

		site_runs_test = false;
		arm(FILES, at);
		why = site_try_reload();
		faults.armed = 0;
		site_runs_test = true;
		more = faults.hit;
		refused += why != NULL;
		if (why != NULL)
			assert_true(strlen(why) > 10 && strchr(why, '/') != NULL);
		assert_true(more || why == NULL);
	}
	assert_works();
	assert_null(site_try_reload());
	assert_works();
	print_message("%ld of the reloads refused, up to call %ld\n", refused, at);
	assert_true(refused > 20);
	assert_int_equal(site_down(NULL), 0);
}

static void a_state_that_does_not_open_opens_later(void **state)
{
	const struct state_options options = {.prefix = ""};
	char folder[] = "/tmp/meetauth-calls-XXXXXX", address[64], file[64];
	struct state_options with = options;
	long failures = 0;
	bool more = true;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address, sizeof address, "lmdb:%s", folder);
	with.address = address;
	for (long at = 1; more; at++) {
		struct error error = {""};
		struct state *opened;

		arm(FILES, at);
		opened = state_open(&with, &error);
		faults.armed = 0;
		more = faults.hit;
		failures += opened == NULL;
		assert_true(opened != NULL || error.text[0] != '\0');
		assert_true(more || opened != NULL);
		state_close(&opened);
	}
	print_message("%ld states not opened\n", failures);
	assert_true(failures > 3);
	snprintf(file, sizeof file, "%s/state.mdb", folder);
	assert_int_equal(unlink(file), 0);
	snprintf(file, sizeof file, "%s/state.mdb-lock", folder);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(folder), 0);
}

/* ---- no random numbers ---- */

/* The process ends before it makes a key, a session or a state that can be guessed. */
static void without_random_numbers_nothing_is_made(void **state)
{
	uint8_t key[32];
	int status;
	pid_t child;

	(void)state;
	seal_random(key, sizeof key); /* chooses where random numbers come from */
	fflush(NULL);
	child = fork();
	if (child == 0) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		arm(RANDOM, 1);
		seal_random(key, sizeof key);
		_exit(faults.hit ? 1 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_random_numbers_nothing_is_made),
		cmocka_unit_test(a_state_that_does_not_open_opens_later),
		cmocka_unit_test(a_reload_that_fails_leaves_what_was),
		cmocka_unit_test(visits_whose_calls_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* skipped */
}

#endif
