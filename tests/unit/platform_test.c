/* SPDX-License-Identifier: MIT
 *
 * The registry of platforms, the mock, and the options of "veeting"; what that one does is
 * veeting_test.c's.
 */
#define MEETAUTH_MOCK
#include "platform/mock.c"
#include "platform/registry.c"

#include "veeting_fixture.h"

/* ---- opening ---- */

static void the_title_is_the_default_of_both_addresses(void **state)
{
	void *instance = open_with(*state, "");
	const struct platform_peer *peer = platform_peer(instance);

	assert_string_equal(peer->api, "https://" HOST);
	assert_string_equal(peer->site, "https://" HOST);
	assert_string_equal(peer->ca_file, "");
	assert_int_equal(peer->connect_timeout_ms, 2000);
	assert_int_equal(peer->timeout_ms, 10000);
	assert_true(peer->prefill);
	assert_int_equal(peer->forward.count, 0);
	platform_close(veeting, &instance);
	instance = open_titled(*state, HOST ":8443", "");
	assert_string_equal(platform_peer(instance)->site, "https://" HOST ":8443");
	platform_close(veeting, &instance);
}

static void what_is_written_counts(void **state)
{
	void *instance = open_with(*state,
		"api = \"http://127.0.0.1:8080\" site = \"https://rooms.example.org\" prefill = "
		"false "
		"forward = {\"culture\", \"x_.-9\"} connect-timeout = \"500ms\" timeout = \"3s\" "
		"ca-file = \"/etc/ca.pem\"");
	const struct platform_peer *peer = platform_peer(instance);

	assert_string_equal(peer->api, "http://127.0.0.1:8080");
	assert_string_equal(peer->site, "https://rooms.example.org");
	assert_string_equal(peer->ca_file, "/etc/ca.pem");
	assert_int_equal(peer->connect_timeout_ms, 500);
	assert_int_equal(peer->timeout_ms, 3000);
	assert_false(peer->prefill);
	assert_int_equal(peer->forward.count, 2);
	assert_string_equal(peer->forward.items[1], "x_.-9");
	platform_close(veeting, &instance);
}

static void a_short_deadline_shortens_the_default_of_connecting(void **state)
{
	void *instance = open_with(*state, "timeout = \"1s\"");

	assert_int_equal(platform_peer(instance)->connect_timeout_ms, 1000);
	platform_close(veeting, &instance);
}

static void bad_options_are_named_with_their_place(void **state)
{
	static const struct {
		const char *options_text, *words;
	} cases[] = {{"api = \"https://" HOST "/\"", "api: "},
		{"api = \"https://" HOST "/v6\"", "api: "}, {"api = \"http://" HOST "\"", "api: "},
		{"api = \"ftp://" HOST "\"", "api: "}, {"api = \"\"", "api: "},
		{"api = \"" HOST "\"", "api: "}, {"site = \"https://u@" HOST "\"", "site: "},
		{"site = \"https://" HOST "?a\"", "site: "}, {"site = \"//" HOST "\"", "site: "},
		{"join-path = \"\"", "join-path: must begin with /"},
		{"join-path = \"join/{meetingToken}\"", "join-path: must begin with /"},
		{"join-path = \"/join\"", "{meetingToken} exactly once"},
		{"join-path = \"/{meetingId}\"", "{meetingToken} exactly once"},
		{"join-path = \"/{meetingToken}/{meetingToken}\"", "{meetingToken} exactly once"},
		{"join-path = \"/{meetingToken}/{meetingId}/{meetingId}\"", "at most once"},
		{"join-path = \"/{meetingToken}/{meetingId}/{meetingToken}\"", "exactly once"},
		{"join-path = \"/{meeting}/{meetingToken}\"", "may hold"},
		{"join-path = \"/{meetingToken\"", "may hold"},
		{"join-path = \"/{MeetingToken}\"", "may hold"},
		{"join-path = \"/{meetingToken}?a=b\"", "may hold"},
		{"join-path = \"/{meetingToken}#a\"", "may hold"},
		{"join-path = \"/%2e%2e/{meetingToken}\"", "may hold"},
		{"join-path = \"/a b/{meetingToken}\"", "may hold"},
		{"join-path = \"/a;b/{meetingToken}\"", "may hold"},
		{"join-path = \"/a\\\\b/{meetingToken}\"", "may hold"},
		{"join-path = \"//evil.example/{meetingToken}\"", "dots-only"},
		{"join-path = \"/a//{meetingToken}\"", "dots-only"},
		{"join-path = \"/./{meetingToken}\"", "dots-only"},
		{"join-path = \"/../{meetingToken}\"", "dots-only"},
		{"join-path = \"/{meetingToken}/..\"", "dots-only"},
		{"forward = {\"requestToken\"}", "\"requestToken\" has a meaning"},
		{"forward = {\"HOSTNAME\"}", "has a meaning"},
		{"forward = {\"meetingId\"}", "meaning"},
		{"forward = {\"meetingToken\"}", "meaning"},
		{"forward = {\"participantName\"}", "meaning"},
		{"forward = {\"meetingAccessToken\"}", "meaning"},
		{"forward = {\"participantEmail\"}", "meaning"},
		{"forward = {\"a\", \"b\", \"a\"}", "\"a\" is in the list twice"},
		{"forward = {\"a&b\"}", "forward: expected 1 to 64 letters, digits or _.-"},
		{"forward = {\"a=b\"}", "forward: expected 1 to 64 letters, digits or _.-"},
		{"forward = {\"\"}", "forward: "},
		{"forward = "
		 "{\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\",\"l\",\"m\","
		 "\"n\",\"o\",\"p\",\"q\"}",
			"expected 0 to 16 entries"},
		{"timeout = \"0\"", "timeout: expected a duration"},
		{"connect-timeout = \"0s\"", "connect-timeout: expected a duration"},
		{"connect-timeout = \"11s\"", "must not be longer than timeout"},
		{"connect-timeout = \"2s\" timeout = \"1s\"", "must not be longer than timeout"}};
	struct fixture *fixture = *state;
	char place[256];

	snprintf(place, sizeof place, "%s:4: platform \"" HOST "\": ", fixture->conf);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		void *instance = NULL;

		assert_int_equal(
			try_open(fixture, HOST, cases[i].options_text, &instance, &error), -1);
		if (strstr(error.text, cases[i].words) == NULL ||
			strncmp(error.text, place, strlen(place)) != 0)
			fail_msg("\"%s…%s\" expected: %s", place, cases[i].words, error.text);
	}
}

/* ---- registry and mock ---- */

static void the_registry_finds_by_type(void **state)
{
	size_t built_in = 0, missing = 0, at;

	(void)state;
	assert_ptr_equal(platform_find("veeting"), veeting);
	assert_null(platform_find("Veeting"));
	assert_ptr_equal(platform_at(0), veeting);
	assert_ptr_equal(platform_find("mock"), &platform_mock);
	while (platform_at(built_in) != NULL) {
		assert_ptr_equal(platform_find(platform_at(built_in)->type), platform_at(built_in));
		for (at = 0;
			strcmp(platform_section_types()[at].type, platform_at(built_in)->type) != 0;
			at++)
			assert_non_null(platform_section_types()[at + 1].type);
		built_in++;
	}
	for (; platform_missing_at(missing) != NULL; missing++) {
		assert_null(platform_find(platform_missing_at(missing)));
		for (at = 0; strcmp(platform_section_types()[at].type,
				     platform_missing_at(missing)) != 0;
			at++)
			assert_non_null(platform_section_types()[at + 1].type);
		assert_null(platform_section_types()[at].options);
	}
	assert_int_equal(built_in + missing, ROWS);
}

/* What the rest of the program relies on without asking. */
static void every_driver_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; platform_at(i) != NULL; i++) {
		const struct platform_driver *driver = platform_at(i);

		assert_true(driver->summary[0] != '\0');
		assert_non_null(driver->options);
		assert_true(driver->instance_size >= sizeof(struct platform_peer));
		assert_int_equal(driver->exchange == NULL, driver->grant != NULL);
		assert_true(
			driver->exchange == NULL || (driver->exchange->request_target != NULL &&
							    driver->exchange->read_answer != NULL));
		assert_true(driver->grant == NULL || driver->grant->admit != NULL);
		assert_true(driver->exchange == NULL || driver->redirect_url != NULL);
		assert_true(driver->redirect_url == NULL || driver->page == NULL);
		assert_true(driver->entry == NULL ||
			    (driver->entry->name != NULL && driver->entry->arrive != NULL));
		assert_true(driver->script == NULL || driver->entry != NULL);
		assert_true(driver->secret == NULL || (driver->secret->renewal_due != NULL) ==
							      (driver->secret->renew != NULL));
	}
}

static void the_mock_plays_a_platform(void **state)
{
	struct fixture *fixture = *state;
	struct buffer target = BUFFER_INIT(1000), token = BUFFER_INIT(1000);
	struct platform_answer answer = {200, "t", 1};
	struct join join = plain_join();
	struct error error = {""};
	void *mock = NULL;

	configure(fixture, (struct config_types){platform_section_types(), auth_section_types()},
		"platform \"a.example\" { type = \"mock\" api = \"http://127.0.0.1:1\" }\n"
		"backend \"staff\" { type = \"file\" users = \"/u\" }\n");
	assert_int_equal(
		platform_open(&platform_mock, fixture->settings->platforms[0], &mock, &error), 0);
	if (mock == NULL) /* for the compiler */
		return;
	assert_string_equal(platform_peer(mock)->api, "http://127.0.0.1:1");
	platform_mock.exchange->request_target(mock, &join, "a/b", &target);
	assert_string_equal(target.data, "/exchange/a%2Fb/dedf1722-661f");
	assert_int_equal(platform_mock.exchange->read_answer(mock, &join, &answer, &token, &error),
		PLATFORM_GRANTED);
	assert_string_equal(token.data, "t");
	answer.status = 403;
	assert_int_equal(platform_mock.exchange->read_answer(mock, &join, &answer, &token, &error),
		PLATFORM_REFUSED);
	answer.status = 302;
	assert_int_equal(platform_mock.exchange->read_answer(mock, &join, &answer, &token, &error),
		PLATFORM_BAD_ANSWER);
	buffer_clear(&target);
	platform_redirect_url(&platform_mock, mock, &join, "t&", NULL, &target);
	assert_string_equal(
		target.data, "http://127.0.0.1:1/meeting/8320-2640-2482-3499?token=t%26");
	buffer_release(&target);
	buffer_release(&token);
	join_release(&join);
	platform_close(&platform_mock, &mock);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_title_is_the_default_of_both_addresses),
		TEST(what_is_written_counts),
		TEST(a_short_deadline_shortens_the_default_of_connecting),
		TEST(bad_options_are_named_with_their_place),
		TEST(the_registry_finds_by_type),
		TEST(every_driver_is_whole),
		TEST(the_mock_plays_a_platform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
