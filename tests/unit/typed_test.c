/* SPDX-License-Identifier: MIT
 *
 * What people type and paste. The digits are from Unicode's chart of each script.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/typed.h"

#include <stdio.h>
#include <string.h>

#define NBSP	"\xc2\xa0"
#define NARROW	"\xe2\x80\xaf"
#define EN_DASH "\xe2\x80\x93"
#define LRE	"\xe2\x80\xaa"
#define PDF	"\xe2\x80\xac"
#define NFC	"Gr\xc3\xbc\xc3\x9f\x65"
#define NFD	"Gru\xcc\x88\xc3\x9f\x65"

static void is_cleaned(const char *typed, const char *expected)
{
	char text[64];

	snprintf(text, sizeof text, "%s", typed);
	typed_clean(text);
	assert_string_equal(text, expected);
}

static void blanks_around_are_taken_off(void **state)
{
	(void)state;
	is_cleaned("alice", "alice");
	is_cleaned("alice ", "alice");
	is_cleaned(" \t alice  ", "alice");
	is_cleaned("Alice B. " NBSP, "Alice B.");
	is_cleaned(NARROW "\xe3\x80\x80"
			  "alice\xe2\x80\x8b",
		"alice");
	is_cleaned(LRE "alice" PDF, "alice");
	is_cleaned("\xef\xbb\xbf"
		   "alice",
		"alice");
	is_cleaned("", "");
	is_cleaned(" " NBSP, "");
	is_cleaned("a" NBSP "b", "a" NBSP "b");
	is_cleaned("\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80 ",
		"\xc3\xa9 \xe4\xb8\xad \xf0\x9f\x98\x80");
	/* No UTF-8 is none of ours, and nothing is read behind its end. */
	is_cleaned("\xe2\x80", "\xe2\x80");
	is_cleaned("\xc2", "\xc2");
}

static void is_code(const char *typed, const char *expected)
{
	char code[7] = "xxxxxx";

	assert_int_equal(typed_code(typed, TYPED_DIGITS, 6, code), expected[0] != '\0');
	assert_string_equal(code, expected);
}

static void codes_are_read_however_they_are_written(void **state)
{
	(void)state;
	is_code("123456", "123456");
	is_code(" 123 456 ", "123456");
	is_code("123-456", "123456");
	is_code("123" NBSP "456" NARROW, "123456");
	is_code("123" EN_DASH "456", "123456");
	is_code("123\xc2\xad"
		"456\xe2\x80\x8b",
		"123456");
	is_code(LRE "123456" PDF, "123456");
	is_code("\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93\xef\xbc\x94\xef\xbc\x95\xef\xbc\x96",
		"123456");
	is_code("\xd9\xa1\xd9\xa2\xd9\xa3\xd9\xa4\xd9\xa5\xd9\xa6", "123456"); /* Arabic */
	is_code("\xdb\xb1\xdb\xb2\xdb\xb3\xdb\xb4\xdb\xb5\xdb\xb6", "123456"); /* Persian */
	is_code("\xe0\xa5\xa7\xe0\xa5\xa8\xe0\xa5\xa9\xe0\xa5\xaa\xe0\xa5\xab\xe0\xa5\xac",
		"123456");
}

static void what_is_no_code_is_none(void **state)
{
	(void)state;
	is_code("", "");
	is_code("12345", "");
	is_code("1234567", "");
	is_code("12345x", "");
	is_code("123456x", "");
	is_code("+123456", "");
	is_code("12345\xc2\xb2", ""); /* a superscript is no digit */
	is_code("12345\xe2", "");
}

static void letters_are_read_without_case(void **state)
{
	char code[5];

	(void)state;
	assert_true(typed_code("aB-\xef\xbc\xa3"
			       "2",
		"abc23", 4, code));
	assert_string_equal(code, "abc2");
	assert_false(typed_code("abd2", "abc23", 4, code));
	assert_string_equal(code, "");
}

static void passwords_stay_but_for_their_form(void **state)
{
	char password[64];

	(void)state;
	assert_false(typed_password(" pass word ", password, sizeof password));
	assert_string_equal(password, " pass word ");
	assert_false(typed_password(NFC, password, sizeof password));
	assert_string_equal(password, NFC);
#ifdef HAVE_UNISTRING
	assert_true(typed_password(NFD, password, sizeof password));
	assert_string_equal(password, NFC);
	is_cleaned(NFD " ", NFC);
	/* A letter that has no form of its own, and one that gets longer. */
	assert_false(typed_password("q\xcc\x88", password, sizeof password));
	assert_true(typed_password("\xe0\xa5\x98", password, sizeof password));
	assert_string_equal(password, "\xe0\xa4\x95\xe0\xa4\xbc");
	assert_false(typed_password("\xe0\xa5\x98", password, 4));
	assert_string_equal(password, "\xe0\xa5\x98");
	is_cleaned("\xe0\xa5\x98", "\xe0\xa5\x98");
#else
	assert_false(typed_password(NFD, password, sizeof password));
	assert_string_equal(password, NFD);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_around_are_taken_off),
		cmocka_unit_test(codes_are_read_however_they_are_written),
		cmocka_unit_test(what_is_no_code_is_none),
		cmocka_unit_test(letters_are_read_without_case),
		cmocka_unit_test(passwords_stay_but_for_their_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
