/* SPDX-License-Identifier: MIT
 *
 * The platform "veeting": what it asks, what it takes for an answer, where it sends people.
 */
#include "veeting_fixture.h"

#include <curl/curl.h>

/* ---- asking ---- */

static void the_secret_stands_in_one_segment(void **state)
{
	static const struct {
		const char *secret, *segment;
	} cases[] = {{"MySecret", "MySecret"}, {"a/b?c#d", "a%2Fb%3Fc%23d"}, {"../..", "..%2F.."},
		{"p%C3 \xc3\xa4", "p%25C3%20%C3%A4"}, {"a\r\nHost: evil", "a%0D%0AHost%3A%20evil"},
		{"~._-", "~._-"}, {".a", ".a"}};
	void *instance = open_with(*state, "");
	struct join join = plain_join();

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer target = BUFFER_INIT(4096);
		char expected[256];

		veeting->exchange->request_target(instance, &join, cases[i].secret, &target);
		snprintf(expected, sizeof expected,
			"/api/v6/meeting-room/auth/%s/access-token/5f521a93c20ff6721fbb6a6c/"
			"dedf1722-661f",
			cases[i].segment);
		assert_false(target.failed);
		assert_string_equal(target.data, expected);
		buffer_wipe(&target);
	}
	join_release(&join);
	platform_close(veeting, &instance);
}

static void nothing_is_asked_with_a_segment_that_folds(void **state)
{
	static const char *const bad[] = {"", ".", "..", "....."};
	void *instance = open_with(*state, "");

	for (size_t i = 0; i < COUNT(bad); i++)
		for (int which = 0; which < 3; which++) {
			struct buffer target = BUFFER_INIT(4096);
			struct join join = plain_join();
			char **field = which == 1 ? &join.meeting_id : &join.request_token;

			if (which > 0) {
				free(*field);
				*field = strdup(bad[i]);
			}
			veeting->exchange->request_target(
				instance, &join, which > 0 ? "secret" : bad[i], &target);
			assert_true(target.failed);
			buffer_wipe(&target);
			join_release(&join);
		}
	platform_close(veeting, &instance);
}

/* ---- answers ---- */

#define ID	     "\"meetingId\": \"5f521a93c20ff6721fbb6a6c\""
#define GOOD	     "{\"responseCode\": 0, \"data\": {" ID ", \"accessToken\": \"8143-te~k.en!\"}}"
#define WITH(data)   "{\"responseCode\": 0, \"data\": " data "}"
#define CODE(code)   "{\"responseCode\": " code ", \"data\": {" ID ", \"accessToken\": \"token\"}}"
#define TOKEN(token) WITH("{" ID ", \"accessToken\": " token "}")

static enum platform_verdict read_bytes(
	void *instance, long status, const char *body, size_t length, struct buffer *token)
{
	struct platform_answer answer = {status, body, length};
	struct join join = plain_join();
	struct error error = {""};
	enum platform_verdict verdict;

	buffer_clear(token);
	verdict = veeting->exchange->read_answer(instance, &join, &answer, token, &error);

	join_release(&join);
	assert_int_equal(verdict == PLATFORM_GRANTED, error.text[0] == '\0');
	assert_null(strstr(error.text, "token\"")); /* nothing of the answer */
	assert_null(strstr(error.text, "8143"));
	assert_null(strstr(error.text, "6a6c"));
	if (verdict != PLATFORM_GRANTED)
		assert_int_equal(token->length, 0);
	return verdict;
}

static enum platform_verdict read_text(
	void *instance, long status, const char *body, struct buffer *token)
{
	return read_bytes(instance, status, body, strlen(body), token);
}

static void the_answer_that_was_agreed_grants(void **state)
{
	static const char *const good[] = {GOOD, CODE("\"0\""), CODE("0.0"), CODE("0e0"),
		"{\"data\":{\"accessToken\":\"t\",\"more\":[1]," ID
		"},\"responseCode\":0,\"x\":null}",
		" \r\n\t" GOOD " \n", TOKEN("\"\\u0041\"")};
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX);
	void *instance = open_with(*state, "");

	for (size_t i = 0; i < COUNT(good); i++)
		assert_int_equal(read_text(instance, 200, good[i], &token), PLATFORM_GRANTED);
	assert_string_equal(token.data, "A");
	assert_int_equal(read_text(instance, 200, GOOD, &token), PLATFORM_GRANTED);
	assert_string_equal(token.data, "8143-te~k.en!");
	assert_int_equal(read_text(instance, 200, CODE("1"), &token), PLATFORM_REFUSED);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

static void a_no_is_told_from_nonsense(void **state)
{
	static const struct {
		const char *body;
		enum platform_verdict verdict;
	} cases[] = {{CODE("1"), PLATFORM_REFUSED}, {CODE("-99"), PLATFORM_REFUSED},
		{CODE("\"-4\""), PLATFORM_REFUSED}, {CODE("\"403\""), PLATFORM_REFUSED},
		{"{\"responseCode\": -2}", PLATFORM_REFUSED}, {CODE("-4.0"), PLATFORM_REFUSED},
		{CODE("\"00\""), PLATFORM_BAD_ANSWER}, {CODE("\"-0\""), PLATFORM_BAD_ANSWER},
		{CODE("\"\""), PLATFORM_BAD_ANSWER}, {CODE("\"-\""), PLATFORM_BAD_ANSWER},
		{CODE("\"0x0\""), PLATFORM_BAD_ANSWER}, {CODE("\" 0\""), PLATFORM_BAD_ANSWER},
		{CODE("\"0 \""), PLATFORM_BAD_ANSWER}, {CODE("\"no\""), PLATFORM_BAD_ANSWER},
		{CODE("\"+1\""), PLATFORM_BAD_ANSWER}, {CODE("0.5"), PLATFORM_BAD_ANSWER},
		{CODE("1e300"), PLATFORM_BAD_ANSWER}, {CODE("1e999"), PLATFORM_BAD_ANSWER},
		{CODE("99999999999999999999"), PLATFORM_BAD_ANSWER},
		{CODE("null"), PLATFORM_BAD_ANSWER}, {CODE("false"), PLATFORM_BAD_ANSWER},
		{CODE("true"), PLATFORM_BAD_ANSWER}, {CODE("[0]"), PLATFORM_BAD_ANSWER},
		{CODE("{}"), PLATFORM_BAD_ANSWER}};
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX);
	void *instance = open_with(*state, "");

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(read_text(instance, 200, cases[i].body, &token), cases[i].verdict);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

static void anything_else_is_a_bad_answer(void **state)
{
	static const char *const bad[] = {"", " ", "null", "0", "\"0\"", "[]", "[" GOOD "]", "{}",
		"<html>token\"</html>", GOOD GOOD, GOOD "x", "{\"responseCode\": 0",
		"{'responseCode': 0}", "\xef\xbb\xbf" GOOD, "{\"responseCode\": 0}", WITH("null"),
		WITH("[]"), WITH("\"x\""), WITH("[{" ID ", \"accessToken\": \"t\"}]"), WITH("{}"),
		WITH("{" ID "}"), WITH("{\"accessToken\": \"token\"}"),
		WITH("{\"meetingId\": \"other\", \"accessToken\": \"token\"}"),
		WITH("{\"meetingId\": \"5f521a93c20ff6721fbb6a6C\", \"accessToken\": \"token\"}"),
		WITH("{\"meetingId\": \"5f521a93c20ff6721fbb6a6c\\u0000\", \"accessToken\": "
		     "\"t\"}"),
		WITH("{\"meetingId\": 5, \"accessToken\": \"token\"}"),
		WITH("{\"meetingId\": null, \"accessToken\": \"token\"}"),
		/* duplicate names, in either object */
		"{\"responseCode\": 1, \"responseCode\": 0, \"data\": {" ID
		", \"accessToken\": \"t\"}}",
		WITH("{" ID ", \"accessToken\": \"a\", \"accessToken\": \"b\"}"),
		WITH("{" ID ", " ID ", \"accessToken\": \"token\"}"),
		/* tokens */
		TOKEN("\"\""), TOKEN("null"), TOKEN("7"), TOKEN("true"), TOKEN("[\"t\"]"),
		TOKEN("{}"), TOKEN("\"a b\""), TOKEN("\"a\\r\\nSet-Cookie: b\""),
		TOKEN("\"a\\tb\""), TOKEN("\"\\u007f\""), TOKEN("\"token\\u0000\""),
		TOKEN("\"\\u0000\""), TOKEN("\"\xc3\xa4\""), TOKEN("\"\\u00e4\""),
		TOKEN("\"\xff\""), TOKEN("\"\\ud800\"")};
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX);
	void *instance = open_with(*state, "");

	for (size_t i = 0; i < COUNT(bad); i++)
		if (read_text(instance, 200, bad[i], &token) != PLATFORM_BAD_ANSWER)
			fail_msg("%s", bad[i]);
	assert_int_equal(read_bytes(instance, 200, GOOD "\0x", sizeof GOOD + 1, &token),
		PLATFORM_BAD_ANSWER);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

static void only_200_is_read(void **state)
{
	static const long bad[] = {0, 100, 199, 201, 204, 206, 301, 302, 303, 307, 308, 400, 404,
		405, 407, 409, 418, 429, 500, 502, 503, 504, 599};
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX);
	void *instance = open_with(*state, "");

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(read_text(instance, bad[i], GOOD, &token), PLATFORM_BAD_ANSWER);
	assert_int_equal(read_text(instance, 401, GOOD, &token), PLATFORM_REFUSED);
	assert_int_equal(read_text(instance, 403, "", &token), PLATFORM_REFUSED);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

static void tokens_have_a_length(void **state)
{
	struct buffer token = BUFFER_INIT(10000), body = BUFFER_INIT(10000);
	void *instance = open_with(*state, "");
	char run[PLATFORM_TOKEN_MAX + 2];

	memset(run, 'x', sizeof run);
	buffer_printf(&body, TOKEN("\"%.*s\""), PLATFORM_TOKEN_MAX, run);
	assert_int_equal(read_text(instance, 200, body.data, &token), PLATFORM_GRANTED);
	assert_int_equal(token.length, PLATFORM_TOKEN_MAX);
	buffer_clear(&body);
	buffer_printf(&body, TOKEN("\"%.*s\""), PLATFORM_TOKEN_MAX + 1, run);
	assert_int_equal(read_text(instance, 200, body.data, &token), PLATFORM_BAD_ANSWER);
	buffer_release(&body);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

static void deep_answers_are_refused(void **state)
{
	struct buffer token = BUFFER_INIT(PLATFORM_TOKEN_MAX), body = BUFFER_INIT(100000);
	void *instance = open_with(*state, "");

	for (int i = 0; i < 60000; i++)
		buffer_text(&body, "[");
	assert_int_equal(read_text(instance, 200, body.data, &token), PLATFORM_BAD_ANSWER);
	buffer_release(&body);
	buffer_wipe(&token);
	platform_close(veeting, &instance);
}

/* ---- the way back ---- */

static void lands_at(
	void *instance, const struct join *join, const struct identity *who, const char *expected)
{
	struct buffer url = BUFFER_INIT(16384);

	platform_redirect_url(veeting, instance, join, "t0k3n", who, &url);
	assert_false(url.failed);
	assert_string_equal(url.data, expected);
	buffer_release(&url);
}

static void the_way_back_is_that_of_the_specification(void **state)
{
	void *instance = open_with(*state, "forward = {\"culture\"}");
	struct identity who = {
		.name = (char *)"Anna K\xc3\xb6", .email = (char *)"a+b@example.org"};
	struct join join = plain_join();

	join_add_forward(&join, "culture", "de-CH");
	join_add_forward(&join, "meetingAccessToken", "from an older configuration");
	lands_at(instance, &join, &who,
		"https://" HOST "/join/8320-2640-2482-3499?meetingAccessToken=t0k3n"
		"&participantName=Anna%20K%C3%B6&participantEmail=a%2Bb%40example.org&culture=de-"
		"CH");
	who.name = NULL;
	lands_at(instance, &join, &who,
		"https://" HOST "/join/8320-2640-2482-3499?meetingAccessToken=t0k3n"
		"&participantEmail=a%2Bb%40example.org&culture=de-CH");
	lands_at(instance, &join, NULL,
		"https://" HOST "/join/8320-2640-2482-3499?meetingAccessToken=t0k3n&culture=de-CH");
	join_release(&join);
	platform_close(veeting, &instance);
}

static void without_prefill_nothing_of_the_person_goes_along(void **state)
{
	void *instance = open_with(*state, "prefill = false");
	struct identity who = {.name = (char *)"Anna", .email = (char *)"anna@example.org"};
	struct join join = plain_join();

	lands_at(instance, &join, &who,
		"https://" HOST "/join/8320-2640-2482-3499?meetingAccessToken=t0k3n");
	join_release(&join);
	platform_close(veeting, &instance);
}

static void the_path_is_the_configured_one(void **state)
{
	static const struct {
		const char *option, *path;
	} cases[] = {{"/{meetingToken}/join", "/8320-2640-2482-3499/join"},
		{"/{meetingToken}", "/8320-2640-2482-3499"},
		{"/r/{meetingId}/{meetingToken}/",
			"/r/5f521a93c20ff6721fbb6a6c/8320-2640-2482-3499/"},
		{"/a{meetingToken}{meetingId}~z",
			"/a8320-2640-2482-34995f521a93c20ff6721fbb6a6c~z"}};
	struct join join = plain_join();

	for (size_t i = 0; i < COUNT(cases); i++) {
		char option[128], expected[256];
		void *instance;

		snprintf(option, sizeof option, "site = \"https://x:8443\" join-path = \"%s\"",
			cases[i].option);
		snprintf(expected, sizeof expected, "https://x:8443%s?meetingAccessToken=t0k3n",
			cases[i].path);
		instance = open_with(*state, option);
		lands_at(instance, &join, NULL, expected);
		platform_close(veeting, &instance);
	}
	join_release(&join);
}

static void assert_part(CURLU *url, CURLUPart part, const char *expected)
{
	char *text = NULL;
	CURLUcode rc = curl_url_get(url, part, &text, 0);

	if (expected != NULL) {
		assert_int_equal(rc, CURLUE_OK);
		assert_string_equal(text, expected);
	} else {
		assert_int_not_equal(rc, CURLUE_OK);
	}
	curl_free(text);
}

/* Whatever is in it, the browser goes to the configured site and nowhere else, and a header stays
 * one line. */
static void check_landing(void *instance, const char *hostile)
{
	struct identity who = {.name = (char *)hostile, .email = (char *)hostile};
	struct join join = plain_join();
	struct buffer url = BUFFER_INIT(65536);
	CURLU *parsed = curl_url();

	free(join.meeting_token);
	join.meeting_token = strdup(hostile);
	join_add_forward(&join, "culture", hostile);
	platform_redirect_url(veeting, instance, &join, hostile, &who, &url);
	assert_false(url.failed);
	for (size_t i = 0; i < url.length; i++)
		assert_true(url.data[i] > 0x20 && url.data[i] < 0x7f &&
			    strchr("\"<>\\^`{|}", url.data[i]) == NULL);
	assert_int_equal(curl_url_set(parsed, CURLUPART_URL, url.data, 0), CURLUE_OK);
	assert_part(parsed, CURLUPART_SCHEME, "https");
	assert_part(parsed, CURLUPART_HOST, "rooms.example.org");
	assert_part(parsed, CURLUPART_PORT, "8443");
	assert_part(parsed, CURLUPART_USER, NULL);
	assert_part(parsed, CURLUPART_FRAGMENT, NULL);
	curl_url_cleanup(parsed);
	buffer_release(&url);
	join_release(&join);
}

/* Decodes the value of a parameter of the landing address. */
static void check_value(void *instance, const char *value)
{
	struct identity who = {.name = (char *)value};
	struct join join = plain_join();
	struct buffer url = BUFFER_INIT(65536);
	char *found, *decoded;
	int length = 0;

	platform_redirect_url(veeting, instance, &join, "token", &who, &url);
	found = strstr(url.data, "&participantName=");
	assert_non_null(found);
	assert_null(strpbrk(found + 1, "&#+"));
	decoded = curl_easy_unescape(NULL, found + strlen("&participantName="), 0, &length);
	assert_string_equal(decoded, value);
	curl_free(decoded);
	buffer_release(&url);
	join_release(&join);
}

static void nothing_in_a_join_leads_elsewhere(void **state)
{
	static const char *const hostile[] = {"/\\evil.example", "//evil.example/",
		"\\\\evil.example", "%5c%5cevil.example", "/../..", "@evil.example",
		":1@evil.example", "https://evil.example/", "http:evil.example",
		"javascript:alert(1)", "?next=//evil.example", "#fragment", "a#b?c&d=e",
		"&participantName=Eve", "a;b", "\r\nLocation: https://evil.example", "\n\n<script>",
		"\t x ", "%0d%0aSet-Cookie:a=b", "%", "%00", "%zz", "\x01\x1f\x7f", "\xff\xfe",
		"\xc3\xa4\xe2\x82\xac", "\xe3\x80\x82.evil", "\"><img src=x>", "'; DROP", "a b+c",
		"[::1]", "{meetingToken}", "{}", ""};
	void *instance = open_with(
		*state, "site = \"https://rooms.example.org:8443\" forward = {\"culture\"}");
	char every[256];

	for (size_t i = 0; i < COUNT(hostile); i++) {
		check_landing(instance, hostile[i]);
		check_value(instance, hostile[i]);
	}
	for (int c = 1; c < 256; c++)
		every[c - 1] = (char)c;
	every[255] = '\0';
	check_landing(instance, every);
	check_value(instance, every);
	platform_close(veeting, &instance);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_secret_stands_in_one_segment),
		TEST(nothing_is_asked_with_a_segment_that_folds),
		TEST(the_answer_that_was_agreed_grants),
		TEST(a_no_is_told_from_nonsense),
		TEST(anything_else_is_a_bad_answer),
		TEST(only_200_is_read),
		TEST(tokens_have_a_length),
		TEST(deep_answers_are_refused),
		TEST(the_way_back_is_that_of_the_specification),
		TEST(without_prefill_nothing_of_the_person_goes_along),
		TEST(the_path_is_the_configured_one),
		TEST(nothing_in_a_join_leads_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
