/* SPDX-License-Identifier: MIT
 *
 * One-time codes. The expected ones are the last six digits of RFC 6238's test vectors (appendix B,
 * SHA-1).
 */
#ifdef HAVE_LIBOATH

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/totp.h"
#include "base/identity.h"
#include "base/text.h"
#include "secret/store.h"

#include <stdlib.h>
#include <string.h>

/* "12345678901234567890" */
#define KEY "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void right_at(const char *code, int64_t now, int64_t step)
{
	int64_t found;

	assert_int_equal(totp_check(KEY, code, now, &found), TOTP_RIGHT);
	assert_int_equal(found, step);
}

static void wrong_at(const char *key, const char *code, int64_t now)
{
	int64_t found = 7;

	assert_int_equal(totp_check(key, code, now, &found), TOTP_WRONG);
	assert_int_equal(found, 0);
}

static void test_codes_of_the_rfc(void **state)
{
	(void)state;
	right_at("287082", 59, 1);
	right_at("081804", 1111111109, 37037036);
	right_at("050471", 1111111111, 37037037);
	right_at("005924", 1234567890, 41152263);
	right_at("279037", 2000000000, 66666666);
	right_at("353130", INT64_C(20000000000), 666666666);
}

static void test_a_code_is_good_for_three_steps(void **state)
{
	(void)state;
	right_at("287082", 0, 1);
	right_at("287082", 30, 1);
	right_at("287082", 89, 1);
	wrong_at(KEY, "287082", 90);
	right_at("279037", 2000000000 - 30, 66666666);
	wrong_at(KEY, "279037", 2000000000 - 60);
}

static void test_what_is_typed(void **state)
{
	(void)state;
	right_at("287 082", 59, 1);
	right_at(" 287082 ", 59, 1);
	wrong_at(KEY, "287083", 59);
	wrong_at(KEY, "", 59);
	wrong_at(KEY, "28708", 59);
	wrong_at(KEY, "2870820", 59);
	wrong_at(KEY, "94287082", 59);
	wrong_at(KEY, "28708x", 59);
	wrong_at(KEY, "+87082", 59);
	wrong_at(KEY, "-28708", 59);
	wrong_at(KEY, "287082", -1);
	wrong_at(KEY, "\xd9\xa2\xd9\xa8\xd9\xa7", 59);
}

/* A key that is none must not have codes that somebody can work out. */
static void test_keys_that_are_none(void **state)
{
	(void)state;
	wrong_at("", "755224", 59);
	wrong_at("", "328482", 59);
	wrong_at("!", "287082", 59);
	wrong_at("GEZDGNBV", "287082", 59);
	wrong_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR", "287082", 59);
}

static void test_new_keys(void **state)
{
	char key[TOTP_KEY_SIZE], other[TOTP_KEY_SIZE];

	(void)state;
	assert_true(totp_available());
	assert_int_equal(totp_make_key(key), 0);
	assert_int_equal(totp_make_key(other), 0);
	assert_int_equal(strlen(key), 32);
	assert_int_equal(strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
	assert_string_not_equal(key, other);
}

static void named(const char *subject, const char *expected)
{
	char name[TOTP_NAME_SIZE];
	struct error error;

	assert_int_equal(totp_secret_name("staff", subject, name, sizeof name), 0);
	assert_string_equal(name, expected);
	assert_int_equal(store_check_name(name, &error), 0);
}

static void test_names_in_the_store(void **state)
{
	char subject[IDENTITY_SUBJECT_MAX + 1], backend[65], name[TOTP_NAME_SIZE];
	struct error error;

	(void)state;
	named("alice", "totp/staff/alice");
	named("Alice Smith", "totp/staff/alice%20smith");
	named("uid=a,dc=x/y", "totp/staff/uid%3Da%2Cdc%3Dx%2Fy");
	named("a%2Fb", "totp/staff/a%252fb");
	named("\xc3\xa9", "totp/staff/%C3%A9");
	/* The longest there can be. */
	memset(subject, '/', sizeof subject);
	subject[IDENTITY_SUBJECT_MAX] = '\0';
	memset(backend, 'b', sizeof backend);
	backend[64] = '\0';
	assert_int_equal(totp_secret_name(backend, subject, name, sizeof name), 0);
	assert_int_equal(store_check_name(name, &error), 0);
	assert_in_range(strlen(name), 1, STORE_NAME_MAX);
	assert_int_equal(totp_secret_name("staff", "alice", name, 16), -1);
	assert_string_equal(name, "");
	assert_int_equal(totp_secret_name("staff", "alice", name, 17), 0);
}

static void test_names_that_the_store_refuses(void **state)
{
	static const char *const names[] = {"totp/", "totp/staff", "totp/staff/", "totp//alice",
		"totp/st aff/alice", "totp/staff/a b", "totp/staff/a/b", "totp/staff/..",
		"totp/../alice", "TOTP/staff/alice"};
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (store_check_name(names[i], &error) == 0)
			fail_msg("%s was taken", names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes_of_the_rfc),
		cmocka_unit_test(test_a_code_is_good_for_three_steps),
		cmocka_unit_test(test_what_is_typed),
		cmocka_unit_test(test_keys_that_are_none),
		cmocka_unit_test(test_new_keys),
		cmocka_unit_test(test_names_in_the_store),
		cmocka_unit_test(test_names_that_the_store_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no liboath */
}

#endif
