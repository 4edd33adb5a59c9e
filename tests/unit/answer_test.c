/* SPDX-License-Identifier: MIT
 *
 * Platforms' JSON answers: every way to write a whole number counts, and nothing else does.
 */
#include "section_fixture.h"

#include "platform/shared/answer.h"

/* The member "n" of {"n": TEXT}, at least -1000 and at most 1000; INT64_MIN where it is refused. */
static int64_t number_of(const char *text, enum answer_digits digits)
{
	struct error error = {""};
	char object[80];
	int64_t value = INT64_MIN;
	json_t *root;

	snprintf(object, sizeof object, "{\"n\": %s}", text);
	root = answer_object(object, strlen(object), &error);
	if (root == NULL)
		fail_msg("%s: %s", text, error.text);
	answer_number(root, "n", digits, -1000, 1000, &value);
	json_decref(root);
	return value;
}

static void a_whole_number_may_be_written_in_several_ways(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} cases[] = {{"0", 0}, {"300", 300}, {"-99", -99}, {"300.0", 300}, {"3e2", 300},
		{"-9.9e1", -99}, {"0.0", 0}, {"-0.0", 0}, {"1000", 1000}, {"-1000", -1000}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(number_of(cases[i].text, ANSWER_NUMBER_ONLY), cases[i].value);
		assert_int_equal(number_of(cases[i].text, ANSWER_NUMBER_OR_DIGITS), cases[i].value);
	}
}

static void digits_in_a_string_count_only_where_they_may(void **state)
{
	(void)state;
	assert_int_equal(number_of("\"300\"", ANSWER_NUMBER_OR_DIGITS), 300);
	assert_int_equal(number_of("\"0\"", ANSWER_NUMBER_OR_DIGITS), 0);
	assert_int_equal(number_of("\"-4\"", ANSWER_NUMBER_OR_DIGITS), -4);
	assert_int_equal(number_of("\"300\"", ANSWER_NUMBER_ONLY), INT64_MIN);
	assert_int_equal(number_of("\"0\"", ANSWER_NUMBER_ONLY), INT64_MIN);
}

static void everything_else_is_no_number(void **state)
{
	static const char *const texts[] = {"0.5", "299.9999", "1001", "-1001", "1000.5", "1e300",
		"-1e300", "9007199254740993.0", "9223372036854775807", "null", "true", "[300]",
		"{}", "\"\"", "\"-\"", "\"+3\"", "\" 3\"", "\"3 \"", "\"3.0\"", "\"3e2\"",
		"\"0x3\"", "\"007\"", "\"-0\"", "\"--3\"", "\"99999999999999999999\""};
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		if (number_of(texts[i], ANSWER_NUMBER_OR_DIGITS) != INT64_MIN)
			fail_msg("accepted: %s", texts[i]);
	assert_int_equal(answer_number(NULL, "n", ANSWER_NUMBER_OR_DIGITS, 0, 9, &value), -1);
	assert_int_equal(value, 7);
}

static void an_answer_is_an_object_and_no_error_quotes_it(void **state)
{
	static const char *const bad[] = {"", "secret", "[\"secret\"]", "{\"secret\": }",
		"{\"secret\": 1, \"secret\": 2}", "{\"a\": \"secret\\u0000\"}", "{} secret"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error error = {""};

		assert_null(answer_object(bad[i], strlen(bad[i]), &error));
		assert_true(error.text[0] != '\0');
		assert_null(strstr(error.text, "secret"));
	}
}

/* The verdict and the tree have to be those of jansson alone. */
static void expect_as_jansson(const char *bytes, size_t length)
{
	struct error error = {""};
	json_t *answer = answer_object(bytes, length, &error);
	json_t *expected = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(expected)) {
		json_decref(expected);
		expected = NULL;
	}
	if ((answer != NULL) != (expected != NULL) ||
		(answer != NULL && !json_equal(answer, expected)))
		fail_msg("other than jansson: %.*s", (int)length, bytes);
	json_decref(answer);
	json_decref(expected);
}

static const char plain[] =
	"{\"responseCode\":0, \"responseMessage\" : \"\",\r\n\t\"data\":{\"id\":"
	"\"5f~ 1\",\"id2\":123456789012345,\"\":{\"c\":{}}}} ";

static void answers_are_read_as_jansson_reads_them(void **state)
{
	static const char *const texts[] = {"{}", "{} ", " {}", "{}x", "{}{}", "{\"a\":1,}", "{,}",
		"{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "{\"a\"}",
		"{\"a\":}", "{\"a\":01}", "{\"a\":00}", "{\"a\":0}", "{\"a\":-0}", "{\"a\":1.0}",
		"{\"a\":1e2}", "{\"a\":0x1}", "{\"a\":9223372036854775808}",
		"{\"a\":9223372036854775807}", "{\"a\":true}", "{\"a\":[1,null]}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\\u0041\"}", "{\"a\":\"\xc3\xa9\"}",
		"{\"a\":\"\xc3\"}", "{\"\xc3\xa9\":1}", "{\"a\":\"\x7f\"}", "{\"a\":\"\n\"}",
		"\xef\xbb\xbf{}", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}", "{\"a\":1", "{"};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		expect_as_jansson(texts[i], strlen(texts[i]));
	expect_as_jansson("{}", 3);
}

/* One byte replaced by another, and one left out, at each place. */
static void a_damaged_answer_is_read_as_jansson_reads_it(void **state)
{
	char text[sizeof plain];
	size_t length = strlen(plain);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		memcpy(text, plain, length);
		for (int byte = 0; byte < 256; byte++) {
			text[i] = (char)byte;
			expect_as_jansson(text, length);
		}
		memcpy(text + i, plain + i + 1, length - i - 1);
		expect_as_jansson(text, length - 1);
		expect_as_jansson(plain, i);
	}
}

static void a_text_is_visible_and_has_a_length(void **state)
{
	json_t *root = json_pack(
		"{s:s, s:s, s:s, s:i}", "good", "abc", "blank", "a c", "empty", "", "number", 3);

	(void)state;
	assert_string_equal(answer_text(root, "good", 3), "abc");
	assert_null(answer_text(root, "good", 2));
	assert_null(answer_text(root, "blank", 9));
	assert_null(answer_text(root, "empty", 9));
	assert_null(answer_text(root, "number", 9));
	assert_null(answer_text(root, "missing", 9));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_number_may_be_written_in_several_ways),
		cmocka_unit_test(digits_in_a_string_count_only_where_they_may),
		cmocka_unit_test(everything_else_is_no_number),
		cmocka_unit_test(an_answer_is_an_object_and_no_error_quotes_it),
		cmocka_unit_test(answers_are_read_as_jansson_reads_them),
		cmocka_unit_test(a_damaged_answer_is_read_as_jansson_reads_it),
		cmocka_unit_test(a_text_is_visible_and_has_a_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
