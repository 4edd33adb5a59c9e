/* SPDX-License-Identifier: MIT
 *
 * The platform "webex": what names a meeting, what its section may say, and the pair of tokens.
 * What it sends is in test_webex.py.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

#include "platform/webex/webex.h"

extern const struct platform_driver platform_webex;

#define HOST  "example.webex.com"
#define APP   "client-id = \"C1\" host-email = \"host@example.org\" "
#define ALL   APP "meetings-by = {\"number\", \"id\", \"link\"}"
#define ID    "98d8c2212c9d62b162b9565932735e59"
#define LINK  "https://example.webex.com/example/j.php?MTID=md41817da6a55b0925530cb88b3577b1e"
#define PAGES "allowed-origins = {\"https://app.example.org\"} "
#define PAIR  "{\"clientSecret\": \"cs\", \"refreshToken\": \"rt\""

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {
		{"", "client-id: is required in mode service-app"},
		{"client-id = \"C1…\"", "has a space or a character that is not ASCII"},
		{"client-id = \"C1 \"", "has a space"},
		{"client-id = \"C1\"", "host-email: is required in mode service-app"},
		{"client-id = \"C1\" host-email = \"nobody\"", "is not an e-mail address"},
		{"client-id = \"C1\" host-email = \"h…@a.b\"", "has a space"},
		{"mode = \"bot\"", "mode: "},
		{"mode = \"guest-issuer\"", "issuer: is required in mode guest-issuer"},
		{"mode = \"guest-issuer\" issuer = \"Y2lz…\"", "has a space"},
		{APP "meetings-by = {}", "meetings-by: "},
		{APP "meetings-by = {\"name\"}", "found \"name\""},
		{APP "lifetime = \"90s\"", "lifetime: "}, {APP "lifetime = \"61m\"", "lifetime: "},
		{APP "lifetime = \"0s\"", "lifetime: "}, {APP "join-hosts = {}", "join-hosts: "},
		{APP "join-hosts = {\"https://webex.com\"}", "join-hosts: "},
		{APP "join-hosts = {\"*.webex.com\"}", "join-hosts: "},
		{APP "email-domain = \"a b\"", "email-domain: "},
		{APP "api = \"http://webexapis.com\"", "api: "},
		{APP "api = \"https://webexapis.com/v1\"", "api: "},
		{APP "site = \"https://example.webex.com/x\"", "site: "},
		{APP "allowed-origins = {\"*\"}", "allowed-origins: "},
		{APP PAGES "app = \"https://other.example.org/join\"",
			"app: is on none of the allowed-origins"},
		{APP PAGES "redirects = {\"https://other.example.org/join\"}",
			"redirects: \"https://other.example.org/join\" is on none"},
		{APP "redirects = {\"app:/back\"}", "redirects: "},
		{APP "redirects = {\"http://127.0.0.1:80/back\"}", "has a port"}};

	refuses_options(*state, &platform_webex, HOST, cases, COUNT(cases));
}

static void a_meeting_has_three_names(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST, ALL);

	arrives_at(&platform_webex, webex, "123456789", QUERY(), "123456789");
	arrives_at(&platform_webex, webex, ID, QUERY(), ID);
	arrives_at(&platform_webex, webex, ID "_20260131T090000Z", QUERY(), ID "_20260131T090000Z");
	arrives_at(&platform_webex, webex, "", QUERY({"webLink", LINK}), LINK);
	arrives_at(&platform_webex, webex, "",
		QUERY({"webLink", "HTTPS://Example.Webex.com/meet/alice"}),
		"https://example.webex.com/meet/alice");
	/* Rules go by one spelling of a link. */
	arrives_at(&platform_webex, webex, "",
		QUERY({"webLink", "https://example.webex.com/Meet/Alice/"}),
		"https://example.webex.com/meet/alice");
	is_refused(&platform_webex, webex, "123456789", QUERY({"meetingId", ID}), "meetingId");
	is_refused(&platform_webex, webex, "", QUERY(), "meetingNumber");
	is_refused(&platform_webex, webex, "", QUERY({"meetingId", ID}, {"meetingId", ID}),
		"meetingId");
	assert_string_equal(webex_field_of("123456789"), "meetingNumber");
	assert_string_equal(webex_field_of(ID), "meetingId");
	assert_string_equal(webex_field_of(LINK), "webLink");
	platform_close(&platform_webex, &webex);
}

/* With the page of an application, links of Webex's own site name meetings as before, and the
 * application gets them in the parameter by which they came. */
static void an_applications_page_gets_the_name_that_came(void **state)
{
	static const struct {
		const char *path, *link, *parameter, *value;
	} cases[] = {{"123456789", NULL, "meetingNumber", "123456789"}, {ID, NULL, "meetingId", ID},
		{"", "https://example.webex.com/Meet/Alice", "webLink",
			"https://example.webex.com/Meet/Alice"}};
	void *webex = open_driver(*state, &platform_webex, HOST,
		ALL PAGES "app = \"https://app.example.org/join\" "
			  "redirects = {\"org.example.app:/back\", \"http://127.0.0.1/back\"}");
	const struct platform_peer *peer = platform_peer(webex);

	assert_string_equal(peer->site, "https://app.example.org");
	assert_int_equal(peer->redirects.count, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *value = NULL;
		struct join join;

		if (cases[i].link != NULL)
			assert_null(arrive_with(&platform_webex, webex, "",
				QUERY({"webLink", cases[i].link}), &join));
		else
			assert_null(
				arrive_with(&platform_webex, webex, cases[i].path, QUERY(), &join));
		assert_string_equal(platform_webex.script->meeting_parameter(&join, &value),
			cases[i].parameter);
		assert_string_equal(value, cases[i].value);
		join_release(&join);
	}
	platform_close(&platform_webex, &webex);
}

/* Visitors' own names count as numbers, whatever the room is. */
static void with_rooms_the_page_gets_the_visitors_own_name(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST,
		APP PAGES "rooms = {\"" LINK "\"} app = \"https://app.example.org/join\"");
	const char *value = NULL;
	struct join join;

	assert_null(arrive_with(&platform_webex, webex, "board-2026", QUERY(), &join));
	assert_string_equal(
		platform_webex.script->meeting_parameter(&join, &value), "meetingNumber");
	assert_string_equal(value, "board-2026");
	arrives_at(
		&platform_webex, webex, "", QUERY({"meetingNumber", "board-2026"}), "board-2026");
	join_release(&join);
	platform_close(&platform_webex, &webex);
}

static void names_that_do_not_count_are_refused(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST, APP);

	arrives_at(&platform_webex, webex, "123456789", QUERY(), "123456789");
	is_refused(&platform_webex, webex, ID, QUERY(), "meetingNumber");
	is_refused(&platform_webex, webex, "", QUERY({"webLink", LINK}), "webLink");
	platform_close(&platform_webex, &webex);
}

static void links_of_others_are_refused(void **state)
{
	static const char *const links[] = {"", "https://evil.example/meet/a",
		"https://example.webex.com", "https://example.webex.com/",
		"https://example.webex.com.evil.example/meet/a",
		"https://example.webex.com@evil.example/meet/a",
		"https://example.webex.com\\@evil.example/a", "http://example.webex.com/meet/a",
		"https://example.webex.com/../a", "https://example.webex.com/a/../b",
		"https://example.webex.com//a", "https://example.webex.com/a?b=c",
		"https://example.webex.com/a/j.php?MTID=", LINK "&x=y", LINK "#x",
		"https://example.webex.com/a%2fb", "https://example.webex.com:8443/meet/a"};
	void *webex = open_driver(*state, &platform_webex, HOST, ALL);

	for (size_t i = 0; i < COUNT(links); i++)
		is_refused(&platform_webex, webex, "", QUERY({"webLink", links[i]}), "webLink");
	platform_close(&platform_webex, &webex);
}

static void a_pair_is_due_before_it_ends(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST, APP);

	assert_int_equal(platform_webex.secret->renewal_due(webex, PAIR "}"), 0);
	assert_int_equal(platform_webex.secret->renewal_due(webex,
				 PAIR ", \"accessToken\": \"at\", \"obtained\": "
				      "1000, \"accessEnds\": 5000}"),
		4000);
	assert_int_equal(platform_webex.secret->renewal_due(webex,
				 PAIR ", \"accessToken\": \"at\", \"obtained\": "
				      "5000, \"accessEnds\": 1000}"),
		0);
	/* By a clock that was ahead: when it ends nobody knows. */
	assert_int_equal(platform_webex.secret->renewal_due(webex,
				 PAIR ", \"accessToken\": \"at\", \"obtained\": "
				      "99999990000, \"accessEnds\": 99999999999}"),
		0);
	assert_true(platform_webex.secret->renewal_due(webex, "no pair") == INT64_MAX);
	assert_true(platform_webex.secret->renewal_due(webex, "{\"clientSecret\": \"cs\"}") ==
		    INT64_MAX);
	platform_close(&platform_webex, &webex);
	webex = open_driver(
		*state, &platform_webex, HOST, "mode = \"guest-issuer\" issuer = \"i\"");
	assert_true(platform_webex.secret->renewal_due(webex, PAIR "}") == INT64_MAX);
	platform_close(&platform_webex, &webex);
}

static void a_secret_without_a_good_token_is_no_right_to_ask(void **state)
{
	static const char *const secrets[] = {"no pair", PAIR "}",
		PAIR ", \"accessToken\": \"at\", \"obtained\": 1, \"accessEnds\": 2}",
		PAIR ", \"accessToken\": 5, \"obtained\": 1, \"accessEnds\": 4000000000}"};
	void *webex = open_driver(*state, &platform_webex, HOST, APP);
	struct join join;

	assert_null(arrive_with(&platform_webex, webex, "123456789", QUERY(), &join));
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct granted granted =
			grant_for(&platform_webex, webex, &join, &alice, "", secrets[i]);

		assert_int_equal(granted.verdict, i == 0 ? PLATFORM_UNABLE : PLATFORM_UNAUTHORIZED);
		assert_int_equal(granted.token.length, 0);
		buffer_wipe(&granted.token);
	}
	join_release(&join);
	platform_close(&platform_webex, &webex);
}

static void check_says_when_a_pair_ends(void **state)
{
	static const struct {
		const char *secret, *words;
	} cases[] = {
		{"no pair", "clientSecret"},
		{PAIR "}", "no access token yet"},
		{PAIR ", \"accessToken\": \"at\", \"obtained\": 1, \"accessEnds\": 2}",
			"has expired"},
		{PAIR ", \"accessToken\": \"at\", \"accessEnds\": 99999999999, \"refreshEnds\": 5}",
			"within a week"},
		{PAIR ", \"accessToken\": \"at\", \"obtained\": 99999990000, \"accessEnds\": "
		      "99999999999}",
			"the clock is or was wrong"},
	};
	void *webex = open_driver(*state, &platform_webex, HOST, APP);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct platform_secrets secrets = {&cases[i].secret, 1};
		struct error error = {""};

		assert_int_equal(platform_webex.check_connection(webex, &secrets, &error), -1);
		assert_non_null(strstr(error.text, cases[i].words));
	}
	platform_close(&platform_webex, &webex);
}

/* As at a join, where such a secret lets nobody in. */
static void check_reads_a_guest_issuers_secret(void **state)
{
	static const char *const bad[] = {"!! no base64 !!", "", "c2hvcnQ=", "a=b"};
	const char *good = "YW4gaXNzdWVyJ3Mgc2hhcmVkIHNlY3JldCwgMzIgYnl0ZXM=";
	void *webex = open_driver(
		*state, &platform_webex, HOST, "mode = \"guest-issuer\" issuer = \"i\"");
	struct platform_secrets secrets = {&good, 1};
	struct error error = {""};

	assert_int_equal(platform_webex.check_connection(webex, &secrets, &error), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		secrets.values = &bad[i];
		error.text[0] = '\0';
		assert_int_equal(platform_webex.check_connection(webex, &secrets, &error), -1);
		assert_string_not_equal(error.text, "");
	}
	platform_close(&platform_webex, &webex);
}

static void pages_may_lead_to_the_hosts_of_links(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST,
		APP "join-hosts = {\"webex.com\", "
		    "\"example.net:8443\"}");

	assert_string_equal(platform_peer(webex)->redirect_sources,
		"webex.com *.webex.com example.net:8443 *.example.net:8443");
	assert_string_equal(platform_peer(webex)->site, "https://" HOST);
	platform_close(&platform_webex, &webex);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_meeting_has_three_names),
		TEST(an_applications_page_gets_the_name_that_came),
		TEST(with_rooms_the_page_gets_the_visitors_own_name),
		TEST(names_that_do_not_count_are_refused),
		TEST(links_of_others_are_refused),
		TEST(a_pair_is_due_before_it_ends),
		TEST(a_secret_without_a_good_token_is_no_right_to_ask),
		TEST(check_says_when_a_pair_ends),
		TEST(check_reads_a_guest_issuers_secret),
		TEST(pages_may_lead_to_the_hosts_of_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
