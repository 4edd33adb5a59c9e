/* SPDX-License-Identifier: MIT
 *
 * The password hashes of a users file: auth/password.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "secret/password.h"

#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A cheap one, of "correct horse". */
#define SALT  "SYhnt1yho6XMGutRlE3jXQ"
#define KEY   "qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ"
#define V19   "$argon2id$v=19$"
#define HORSE V19 "m=8,t=1,p=1$" SALT "$" KEY

static void hashes_are_libsodiums_and_not_too_dear(void **state)
{
	static const struct {
		const char *hash, *words; /* NULL: fine */
	} cases[] = {{HORSE, NULL}, {password_nobody, NULL},
		{V19 "m=262144,t=8,p=1$" SALT "$" KEY, NULL},
		{V19 "m=262145,t=2,p=1$" SALT "$" KEY, "more memory"},
		{V19 "m=4294967295,t=2,p=1$" SALT "$" KEY, "more memory"},
		{V19 "m=65536,t=9,p=1$" SALT "$" KEY, "more passes"},
		{V19 "m=65536,t=4294967295,p=1$" SALT "$" KEY, "more passes"},
		{V19 "m=18446744073709551617,t=2,p=1$" SALT "$" KEY, "damaged"},
		{V19 "m=65536,t=2,p=4$" SALT "$" KEY, "damaged"},
		{V19 "m=65536,t=2,p=16777215$" SALT "$" KEY, "damaged"},
		{V19 "m=7,t=1,p=1$" SALT "$" KEY, "damaged"},
		{V19 "m=8,t=0,p=1$" SALT "$" KEY, "damaged"},
		{V19 "m=-8,t=1,p=1$" SALT "$" KEY, "damaged"},
		{V19 "m=08,t=1,p=1$" SALT "$" KEY, "damaged"},
		{V19 "m=8,t=1,p=1$" SALT "$" KEY "A", "damaged"},
		{V19 "m=8,t=1,p=1$" SALT "$" KEY "$", "damaged"},
		{V19 "m=8,t=1,p=1$" SALT "$" KEY "=", "damaged"},
		{V19 "m=8,t=1,p=1$" SALT "$", "damaged"}, {V19 "m=8,t=1,p=1$$" KEY, "damaged"},
		{V19 "m=8,t=1,p=1$AAAAAAAAAAA$" KEY, "damaged"}, /* 8 bytes of salt */
		{V19, "damaged"}, {"", "does not begin"}, {"secret", "does not begin"},
		{"$argon2i$v=19$m=8,t=3,p=1$1znl/+rsRZAWbx25ZT9hOg$NC3APINQkrnMU1jETM/"
		 "PdwlL6JSyoBmXo54caTlRUos",
			"does not begin"},
		{"$argon2id$v=16$m=8,t=1,p=1$" SALT "$" KEY, "does not begin"},
		{"$argon2id$m=8,t=1,p=1$" SALT "$" KEY, "does not begin"},
		{"$2y$10$abcdefghijklmnopqrstuv", "does not begin"},
		{"$6$salt$hash", "does not begin"}, {"{PLAIN}secret", "does not begin"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fault = password_hash_fault(cases[i].hash);

		if ((fault == NULL) != (cases[i].words == NULL) ||
			(fault != NULL && strstr(fault, cases[i].words) == NULL))
			fail_msg("%s: %s", cases[i].hash, fault != NULL ? fault : "fine");
	}
}

static void a_hash_is_made_at_interactive_costs(void **state)
{
	char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];

	(void)state;
	assert_int_equal(password_hash("p\xc3\xa4sswort", one), 0);
	assert_int_equal(password_hash("p\xc3\xa4sswort", two), 0);
	assert_memory_equal(one, V19 "m=65536,t=2,p=1$", strlen(V19) + 16);
	assert_string_not_equal(one, two); /* salted */
	assert_null(password_hash_fault(one));
	assert_int_equal(password_verify(one, "p\xc3\xa4sswort"), PASSWORD_MATCH);
	assert_int_equal(password_verify(one, "passwort"), PASSWORD_MISMATCH);
	assert_int_equal(password_verify(one, ""), PASSWORD_MISMATCH);
}

/* Lets this process have `more` bytes than it has, and no others. */
static int limit_memory(rlim_t more)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	if (statm == NULL || fscanf(statm, "%lu", &pages) != 1)
		return -1;
	fclose(statm);
	limit.rlim_cur = limit.rlim_max = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
	return setrlimit(RLIMIT_AS, &limit);
}

/* In a child with little memory. libsodium's own verify would call that a wrong password. */
static void no_memory_is_not_a_wrong_password(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (limit_memory(32 << 20) != 0)
			_exit(100);
		_exit(password_verify(password_nobody, "secret") == PASSWORD_BROKEN ? 42 : 43);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static int start(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes_are_libsodiums_and_not_too_dear),
		cmocka_unit_test(a_hash_is_made_at_interactive_costs),
		cmocka_unit_test(no_memory_is_not_a_wrong_password),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
