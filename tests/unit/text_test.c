/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>
#include "base/text.h"

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

static void utf8_without_control_characters_is_printable(void **state)
{
	static const char *const good[] = {
		"", " ", "~", "Anna Kov\xc3\xa1\x63s", "\xc2\xa0", /* U+00A0, first behind C1 */
		"\xdf\xbf",					   /* U+07FF */
		"\xe0\xa0\x80",					   /* U+0800 */
		"\xed\x9f\xbf",	    /* U+D7FF, last before the surrogates */
		"\xee\x80\x80",	    /* U+E000, first behind them */
		"\xef\xbf\xbf",	    /* U+FFFF */
		"\xf0\x90\x80\x80", /* U+10000 */
		"\xf4\x8f\xbf\xbf", /* U+10FFFF */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(text_is_printable(good[i]));
}

static void broken_utf8_and_control_characters_are_not(void **state)
{
	static const char *const bad[] = {"\x01", "\t", "\n", "\r", "a\x1f", "\x7f", "\xc2\x80",
		"\xc2\x9f", "\x80", "\xbf",	/* continuation alone */
		"\xc0\x80", "\xc1\xbf",		/* overlong, two bytes */
		"\xe0\x80\x80", "\xe0\x9f\xbf", /* overlong, three */
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
		"\xed\xbf\xbf", /* surrogates */
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xc3", "\xe2\x82",
		"\xf0\x9f\x98", /* cut short */
		"\xc3(", "\xe2(\xa1", "\xe2\x82(", "\xf0(\x8c\xbc", "\xf0\x9f\x98(",
		"good \xc3\xa1 then \xff"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_is_printable(bad[i]));
}

static void visible_ascii_has_no_blank_and_is_not_empty(void **state)
{
	(void)state;
	assert_true(text_is_visible_ascii("!"));
	assert_true(text_is_visible_ascii("~a-Z0"));
	assert_false(text_is_visible_ascii(""));
	assert_false(text_is_visible_ascii("a b"));
	assert_false(text_is_visible_ascii("a\x7f"));
	assert_false(text_is_visible_ascii("a\n"));
	assert_false(text_is_visible_ascii("\xc3\xa1"));
}

static void tokens_are_of_their_characters_and_length(void **state)
{
	(void)state;
	assert_true(text_is_token("a", 1, 64, ""));
	assert_true(text_is_token("8320-2640", 1, 64, "_-"));
	assert_true(text_is_token("..a", 1, 64, "."));
	assert_true(text_is_token(run_of('a', 64), 1, 64, ""));
	assert_false(text_is_token(run_of('a', 65), 1, 64, ""));
	assert_false(text_is_token("", 0, 64, ""));
	assert_false(text_is_token("1234567", 8, 64, ""));
	assert_false(text_is_token("a_b", 1, 64, "-"));
	assert_false(text_is_token("a/b", 1, 64, "._~-"));
	assert_false(text_is_token("a%2f", 1, 64, "._~-"));
	assert_false(text_is_token("a\xc3\xa1", 1, 64, "._~-"));
	assert_false(text_is_token(".", 1, 64, "."));
	assert_false(text_is_token("..", 1, 64, "."));
	assert_false(text_is_token("........", 1, 64, "."));
}

static void host_names_are_those_of_rfc_1123(void **state)
{
	static const char *const good[] = {"a", "localhost", "meeting.example.org",
		"MEETING.Example.ORG", "a-b.example", "1.2.3.4", "xn--bcher-kva.example", "a:1",
		"meeting.example.org:65535", "3com.example:443"};
	static const char *const bad[] = {"", ".", ":443", "a.", ".a", "a..b", "-a", "a-", "a.-b",
		"a.b-", "a_b", "a b", " a", "a ", "a:", "a:0", "a:00443", "a:65536",
		"a:99999999999999999999", "a:+1", "a:1a", "a:1:1", "user@a", "a@b:1", "a/b", "/a",
		"//a", "a\\b", "a?b", "a#b", "a%2eb", "[::1]", "::1", "a\r\nb", "a\tb",
		"b\xc3\xbc.example", "https://a"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(text_is_host(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(text_is_host(bad[i]));
}

static void host_names_have_a_length(void **state)
{
	char name[300] = "";
	size_t length = 0;

	(void)state;
	assert_true(text_is_host(run_of('a', 63)));
	assert_false(text_is_host(run_of('a', 64)));
	while (length < 252) { /* 126 labels of one letter and its dot */
		name[length++] = 'a';
		name[length++] = '.';
	}
	name[length] = 'a';
	assert_int_equal(strlen(name), 253);
	assert_true(text_is_host(name));
	memcpy(name + 253, ":443", 5);
	assert_true(text_is_host(name)); /* the port does not count */
	memcpy(name + 253, "a", 2);
	assert_false(text_is_host(name));
}

static void globs_know_the_star_alone(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fold, matches;
	} cases[] = {
		{"", "", false, true}, {"", "a", false, false}, {"a", "", false, false},
		{"*", "", false, true}, {"*", "anything", false, true}, {"**", "", false, true},
		{"a*", "a", false, true}, {"a*", "ba", false, false}, {"*a", "ba", false, true},
		{"*a", "ab", false, false}, {"a*b*c", "a-b-b-c", false, true},
		{"a*b*c", "a-c-b", false, false}, {"*ab", "aab", false, true},
		{"*aab", "aaaab", false, true}, {"a*a", "a", false, false},
		{"*@partner.example", "x@partner.example", true, true},
		{"*@partner.example", "x@evil-partner.example", true, false},
		{"*@partner.example", "x@partner.example.evil", true, false},
		{"*@Partner.Example", "X@pARTNER.example", true, true},
		{"*@Partner.Example", "x@partner.example", false, false},
		{"a?c", "abc", false, false}, {"a?c", "a?c", false, true},
		{"[ab]", "a", false, false}, {"\\*", "*", false, false},
		{"\\*", "\\x", false, true}, {"@", "`", true, false},
		{"[", "{", true, false},	       /* 32 apart, but no letters */
		{"\xc3\x84", "\xc3\xa4", true, false}, /* ASCII folds, the rest does not */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(text_matches(cases[i].pattern, cases[i].text, cases[i].fold),
			cases[i].matches);
}

static void globs_take_no_time_to_speak_of(void **state)
{
	char pattern[128];
	clock_t began = clock(); /* processor time */

	(void)state;
	for (size_t i = 0; i < sizeof pattern - 2; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern + sizeof pattern - 2, "b", 2);
	assert_false(
		text_matches(pattern, run_of('a', 20000), true)); /* exponential if recursive */
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
}

static void numbers_are_plain_decimals_in_a_range(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "01", "1x", "0x1", "1.0",
		"1e3", "101", "9223372036854775808", "99999999999999999999999"};
	int64_t number = 42;

	(void)state;
	assert_int_equal(text_to_number("0", 0, 100, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(text_to_number("100", 0, 100, &number), 0);
	assert_int_equal(number, 100);
	assert_int_equal(text_to_number("9223372036854775807", 0, INT64_MAX, &number), 0);
	assert_true(number == INT64_MAX);
	assert_int_equal(text_to_number("4", 5, 100, &number), -1);
	/* A maximum of one digit. */
	assert_int_equal(text_to_number("5", 1, 5, &number), 0);
	assert_int_equal(text_to_number("6", 1, 5, &number), -1);
	assert_int_equal(text_to_number("9", 0, 1, &number), -1);
	assert_int_equal(text_to_number("10", 0, 9, &number), -1);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(text_to_number(bad[i], 0, 100, &number), -1);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t milliseconds;
	} good[] = {
		{"0", 0},
		{"90", 90000},
		{"90s", 90000},
		{"250ms", 250},
		{"10m", 600000},
		{"12h", 43200000},
		{"7d", 604800000},
		{"3650d", INT64_C(315360000000)},
		{"315360000000ms", INT64_C(315360000000)},
	};
	static const char *const bad[] = {"", "s", "10 m", "10M", "10min", "-1s", "+1s", "1.5h",
		"01m", "3651d", "87601h", "315360000001ms", "300x", "1h30m",
		"9223372036854775807d"};
	int64_t milliseconds;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(text_to_duration(good[i].text, &milliseconds), 0);
		assert_true(milliseconds == good[i].milliseconds);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(text_to_duration(bad[i], &milliseconds), -1);
}

static void times_are_those_of_rfc_3339_in_utc(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = {
		{"1970-01-01", 0},
		{"1970-01-01T00:00Z", 0},
		{"1970-01-01T00:00:01Z", 1},
		{"2026-01-01T08:00Z", 1767254400},
		{"2026-12-31T18:00:00Z", 1798740000},
		{"2024-02-29", 1709164800},
		{"2038-01-19T03:14:08Z", INT64_C(2147483648)},
		{"9999-12-31T23:59:59Z", INT64_C(253402300799)},
		{"1969-12-31T23:59:59Z", -1},
	};
	static const char *const bad[] = {"", "2026", "2026-01", "2026-1-1", "26-01-01",
		"2026-02-30", "2025-02-29", "2026-13-01", "2026-00-01", "2026-01-00", "2026-01-32",
		"2026-01-01T", "2026-01-01Z", "2026-01-01T08:00", "2026-01-01T8:00Z",
		"2026-01-01T24:00Z", "2026-01-01T08:60Z", "2026-01-01T08:00:60Z",
		"2026-01-01T08:00:00.5Z", "2026-01-01T08:00+01:00", "2026-01-01t08:00z",
		"2026-01-01 08:00Z", " 2026-01-01", "2026-01-01 ", "2026- 1- 1", "  26-01-01",
		"2026-01-01T 8:00Z", "12026-01-01", "+026-01-01", "2026/01/01",
		"2026-01-01T08:00Zx"};
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(text_to_time(good[i].text, &seconds), 0);
		assert_true(seconds == good[i].seconds);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(text_to_time(bad[i], &seconds), -1);
}

static void times_do_not_depend_on_the_time_zone(void **state)
{
	int64_t seconds;

	(void)state;
	setenv("TZ", "America/New_York", 1);
	tzset();
	assert_int_equal(text_to_time("2026-07-01T08:00Z", &seconds), 0);
	unsetenv("TZ");
	tzset();
	assert_true(seconds == 1782892800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_without_control_characters_is_printable),
		cmocka_unit_test(broken_utf8_and_control_characters_are_not),
		cmocka_unit_test(visible_ascii_has_no_blank_and_is_not_empty),
		cmocka_unit_test(tokens_are_of_their_characters_and_length),
		cmocka_unit_test(host_names_are_those_of_rfc_1123),
		cmocka_unit_test(host_names_have_a_length),
		cmocka_unit_test(globs_know_the_star_alone),
		cmocka_unit_test(globs_take_no_time_to_speak_of),
		cmocka_unit_test(numbers_are_plain_decimals_in_a_range),
		cmocka_unit_test(durations_have_units),
		cmocka_unit_test(times_are_those_of_rfc_3339_in_utc),
		cmocka_unit_test(times_do_not_depend_on_the_time_zone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
