/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/params.h"
#include "http/response.h"

/* ---- parameters ---- */

static struct params *parse(const char *text)
{
	return params_parse(text, strlen(text));
}

static void assert_param(const char *text, const char *name, const char *wanted)
{
	struct params *params = parse(text);
	const char *value = NULL;

	assert_non_null(params);
	assert_int_equal(params_get(params, name, &value), PARAM_ONCE);
	assert_string_equal(value, wanted);
	params_free(&params);
	assert_null(params);
}

static void params_are_decoded(void **state)
{
	(void)state;
	assert_param("hostname=m.example.org&meetingId=5f", "hostname", "m.example.org");
	assert_param("hostname=m.example.org&meetingId=5f", "meetingId", "5f");
	assert_param("name=J%C3%BCrgen+%2B%20Co", "name", "Jürgen + Co");
	assert_param("na%6de=x", "name", "x");
	assert_param("flag", "flag", "");
	assert_param("flag=&x", "flag", "");
	assert_param("a=b=c", "a", "b=c");
	assert_param("=nameless", "", "nameless");
	assert_param("p=%26%3D%25", "p", "&=%");
}

static void params_a40_repeated_is_told(void **state)
{
	struct params *params = parse("hostname=a&x=1&hostname=b&host%6eame=c");
	const char *value = NULL;

	(void)state;
	assert_int_equal(params_get(params, "hostname", &value), PARAM_REPEATED);
	assert_string_equal(value, "a");
	value = "untouched";
	assert_int_equal(params_get(params, "Hostname", &value), PARAM_MISSING);
	assert_string_equal(value, "untouched");
	params_free(&params);
}

static void params_a58_malformed_is_refused(void **state)
{
	static const char *const bad[] = {"%", "a=%", "a=%z", "a=%4", "a=%zz", "a=%0", "a=%00",
		"%00=a", "a=b%00c", "a=%0a", "a=%0D%0Ab", "a=%09", "a%0a=1", "a=%7f", "a=%C3",
		"a=%C3%28", "a=%C0%80", "a=%ED%A0%80", "a=\xff", "a=\n", "a=%C2%85", "a=%u0041",
		"a=%%41"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(bad[i]) != NULL)
			fail_msg("was taken: %s", bad[i]);
	assert_null(params_parse("a=b\0c", 5));
}

static void params_that_others_write_spoil_no_other(void **state)
{
	static const char *const odd[] = {"%", "a=%", "a=%zz", "a=%00", "%00=a", "a=%0D%0Ab",
		"a%0a=1", "a=%C3", "a=\xff", "a=\n", "\xff", "%zz=%zz", "a=%%41"};

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		for (int order = 0; order < 2; order++) {
			const char *value = "untouched";
			struct params *params;
			char text[64];

			snprintf(text, sizeof text,
				order == 0 ? "%s&state=b%%20c&d" : "state=b+c&d&%s", odd[i]);
			params = params_parse_lenient(text, strlen(text));
			assert_non_null(params);
			if (odd[i][0] == 'a' && odd[i][1] == '=')
				assert_int_equal(params_get(params, "a", &value), PARAM_UNREADABLE);
			assert_string_equal(value, "untouched");
			assert_int_equal(params_get(params, "state", &value), PARAM_ONCE);
			assert_string_equal(value, "b c");
			assert_int_equal(params_get(params, "d", &value), PARAM_ONCE);
			assert_string_equal(value, "");
			params_free(&params);
		}
	}
	assert_null(params_parse_lenient("a=b\0c", 5));
}

static void params_that_cannot_be_read_are_never_once(void **state)
{
	struct params *params = params_parse_lenient("a=1&a=%0a&b=%0a&&=&%62=2", 24);
	const char *value = "untouched";

	(void)state;
	assert_int_equal(params_get(params, "a", &value), PARAM_REPEATED);
	assert_int_equal(params_get(params, "b", &value), PARAM_REPEATED);
	assert_int_equal(params_get(params, "c", &value), PARAM_MISSING);
	params_free(&params);
}

static void params_a58_odd_separators_are_nothing(void **state)
{
	static const char *const odd[] = {"", "&", "&&", "&&&&a=1&&", "=", "==", "&=&"};
	const char *value;

	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct params *params = parse(odd[i]);

		assert_non_null(params);
		assert_int_equal(params_get(params, "b", &value), PARAM_MISSING);
		params_free(&params);
	}
	assert_param("&&a=1&&", "a", "1");
	assert_param("a;b=1", "a;b", "1");
}

static void params_a58_ten_thousand_names(void **state)
{
	struct buffer text = BUFFER_INIT(1024 * 1024);
	struct params *params;

	(void)state;
	for (int i = 0; i < PARAMS_MAX; i++)
		buffer_printf(&text, "%sk%d=%d", i > 0 ? "&" : "", i, i);
	params = params_parse(text.data, text.length);
	assert_non_null(params);
	params_free(&params);
	for (int i = PARAMS_MAX; i < 10000; i++) {
		buffer_printf(&text, "&k%d=%d", i, i);
		if (i == PARAMS_MAX)
			assert_null(params_parse(text.data, text.length));
	}
	assert_null(params_parse(text.data, text.length));
	buffer_release(&text);
}

static void params_a62_long_values(void **state)
{
	size_t sizes[] = {1, 15, 16, 17, 4096, PARAMS_TEXT_MAX - 2};
	char *text = malloc(1024 * 1024);

	(void)state;
	memset(text, 'x', 1024 * 1024);
	text[1] = '=';
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct params *params = params_parse(text, sizes[i] + 2);
		const char *value = NULL;

		assert_non_null(params);
		assert_int_equal(params_get(params, "x", &value), PARAM_ONCE);
		assert_int_equal(strlen(value), sizes[i]);
		params_free(&params);
	}
	assert_null(params_parse(text, PARAMS_TEXT_MAX + 1));
	assert_null(params_parse(text, 1024 * 1024));
	free(text);
}

/* Every short text over the bytes that mean something: never more than its own bytes, and what is
 * taken is clean. */
static void params_a58_every_short_text(void **state)
{
	static const char alphabet[] = "&=%+0a";
	char text[7];
	size_t taken = 0;

	(void)state;
	for (int number = 0; number < 6 * 6 * 6 * 6 * 6; number++) {
		char *copy = malloc(5);
		struct params *params;
		const char *value = "";
		int rest = number;

		for (int i = 0; i < 5; i++, rest /= 6)
			text[i] = alphabet[rest % 6];
		memcpy(copy, text, 5); /* without a NUL, so that a byte too many is seen */
		params = params_parse(copy, 5);
		free(copy);
		if (params == NULL)
			continue;
		taken++;
		params_get(params, "a", &value);
		assert_true(strlen(value) <= 3);
		params_free(&params);
	}
	assert_in_range(taken, 1000, 7775);
}

/* ---- cookies ---- */

static void cookies_are_found(void **state)
{
	char value[16];

	(void)state;
	assert_int_equal(cookie_get("a=1; __Host-x=abc; b=2", "__Host-x", value, 16), PARAM_ONCE);
	assert_string_equal(value, "abc");
	assert_int_equal(cookie_get("__Host-x=a=b==", "__Host-x", value, 16), PARAM_ONCE);
	assert_string_equal(value, "a=b==");
	assert_int_equal(cookie_get("a=1;\t__Host-x=v \t;", "__Host-x", value, 16), PARAM_ONCE);
	assert_string_equal(value, "v");
	assert_int_equal(cookie_get("__Host-x=", "__Host-x", value, 16), PARAM_ONCE);
	assert_string_equal(value, "");
}

static void cookies_that_are_others(void **state)
{
	static const char *const headers[] = {"", ";", "; ;", "__Host-x", "__Host-x2=1",
		"a__Host-x=1", "__host-x=1", "a=__Host-x=1", "__Host-x =1", "a=\"; b=1", "=", "=="};
	char value[16];

	(void)state;
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		assert_int_equal(cookie_get(headers[i], "__Host-x", value, 16), PARAM_MISSING);
}

static void cookies_a40_planted_twice(void **state)
{
	char value[8];

	(void)state;
	assert_int_equal(cookie_get("x=1; x=2", "x", value, 8), PARAM_REPEATED);
	assert_int_equal(cookie_get("x=1;x=1", "x", value, 8), PARAM_REPEATED);
	assert_int_equal(cookie_get("x=123456789; a=1; x=2", "x", value, 8), PARAM_REPEATED);
	assert_int_equal(cookie_get("x=; x=2", "x", value, 8), PARAM_REPEATED);
}

static void cookies_a62_longer_than_room(void **state)
{
	char value[4];

	(void)state;
	assert_int_equal(cookie_get("x=123", "x", value, 4), PARAM_ONCE);
	assert_int_equal(cookie_get("x=1234", "x", value, 4), PARAM_MISSING);
	assert_int_equal(cookie_get("x=", "x", value, 0), PARAM_MISSING);
}

/* ---- responses ---- */

static void response_is_written(void **state)
{
	struct response response;

	(void)state;
	response_init(&response);
	assert_true(response_is_broken(&response));
	response_begin(&response, 302, "id-1");
	assert_int_equal(response_header(&response, "Location", "https://m.example.org/x y"), 0);
	assert_int_equal(response_cookie(&response, "__Host-a", "v", 3600), 0);
	assert_int_equal(response_cookie(&response, "__Host-b", "v=-_", -1), 0);
	assert_int_equal(response_cookie(&response, "__Host-c", "", 0), 0);
	assert_string_equal(response.head.data,
		"Status: 302 Found\r\n"
		"Cache-Control: no-store\r\n"
		"Referrer-Policy: no-referrer\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"X-Request-Id: id-1\r\n"
		"Location: https://m.example.org/x y\r\n"
		"Set-Cookie: __Host-a=v; Max-Age=3600; Path=/; Secure; HttpOnly; SameSite=Lax\r\n"
		"Set-Cookie: __Host-b=v=-_; Path=/; Secure; HttpOnly; SameSite=Lax\r\n"
		"Set-Cookie: __Host-c=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax\r\n");
	assert_false(response_is_broken(&response));
	response_release(&response);
	response_release(&response);
}

static void response_begins_again(void **state)
{
	struct response response;

	(void)state;
	response_init(&response);
	response_begin(&response, 200, "a");
	response_cookie(&response, "c", "v", 1);
	buffer_text(&response.body, "half a page");
	response_header(&response, "X", "\n");
	assert_true(response_is_broken(&response));
	response_begin(&response, 500, "b");
	assert_false(response_is_broken(&response));
	assert_null(strstr(response.head.data, "Set-Cookie"));
	assert_int_equal(
		strncmp(response.head.data, "Status: 500 Internal Server Error\r\n", 35), 0);
	assert_int_equal(response.body.length, 0);
	response_release(&response);
}

static void response_a66_no_byte_ends_a_header(void **state)
{
	static const char *const values[] = {
		"a\r\nSet-Cookie: x=1", "a\n", "\r", "a\tb", "\x01", "\x7f", "caf\xc3\xa9", "\xff"};
	static const char *const names[] = {"", "A B", "A:", "A\r\n", "A\xc3", "(A)"};
	static const char *const cookies[] = {
		"a;b", "a b", "a,b", "\"a\"", "a\\b", "a\r\nb", "\xc3"};
	struct response response;

	(void)state;
	response_init(&response);
	assert_int_equal(response_header(&response, "X", "before it was begun"), -1);
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		response_begin(&response, 200, "a");
		assert_int_equal(response_header(&response, "X", values[i]), -1);
		assert_true(response_is_broken(&response));
		assert_null(strstr(response.head.data, "X:"));
		response_begin(&response, 200, values[i]);
		assert_true(response_is_broken(&response));
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		response_begin(&response, 200, "a");
		assert_int_equal(response_header(&response, names[i], "v"), -1);
		assert_int_equal(response_cookie(&response, names[i], "v", -1), -1);
	}
	for (size_t i = 0; i < sizeof cookies / sizeof *cookies; i++) {
		response_begin(&response, 200, "a");
		assert_int_equal(response_cookie(&response, "c", cookies[i], -1), -1);
		assert_true(response_is_broken(&response));
	}
	response_release(&response);
}

static void response_a62_too_long(void **state)
{
	char *value = calloc(1, 1024 * 1024);
	struct response response;

	(void)state;
	memset(value, 'a', 1024 * 1024 - 1);
	response_init(&response);
	response_begin(&response, 200, "a");
	assert_int_equal(response_header(&response, "X", value), -1);
	assert_true(response_is_broken(&response));
	assert_in_range(response.head.length, 1, RESPONSE_HEAD_MAX);
	response_begin(&response, 200, "a");
	buffer_text(&response.body, value);
	assert_true(response_is_broken(&response));
	response_release(&response);
	free(value);
}

static void the_first_line_has_a_reason(void **state)
{
	static const struct {
		int status;
		const char *line;
	} cases[] = {{302, "Status: 302 Found\r\n"}, {409, "Status: 409 Conflict\r\n"},
		{504, "Status: 504 Gateway Timeout\r\n"}, {299, "Status: 299 Status\r\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct response response;

		response_init(&response);
		response_begin(&response, cases[i].status, "a");
		assert_memory_equal(response.head.data, cases[i].line, strlen(cases[i].line));
		response_release(&response);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(params_are_decoded),
		cmocka_unit_test(params_a40_repeated_is_told),
		cmocka_unit_test(params_a58_malformed_is_refused),
		cmocka_unit_test(params_that_others_write_spoil_no_other),
		cmocka_unit_test(params_that_cannot_be_read_are_never_once),
		cmocka_unit_test(params_a58_odd_separators_are_nothing),
		cmocka_unit_test(params_a58_ten_thousand_names),
		cmocka_unit_test(params_a58_every_short_text),
		cmocka_unit_test(params_a62_long_values),
		cmocka_unit_test(cookies_are_found),
		cmocka_unit_test(cookies_that_are_others),
		cmocka_unit_test(cookies_a40_planted_twice),
		cmocka_unit_test(cookies_a62_longer_than_room),
		cmocka_unit_test(response_is_written),
		cmocka_unit_test(response_begins_again),
		cmocka_unit_test(response_a66_no_byte_ends_a_header),
		cmocka_unit_test(response_a62_too_long),
		cmocka_unit_test(the_first_line_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
