/* SPDX-License-Identifier: MIT
 *
 * The platform "ucwa": what names a conference, what its section may say, and challenges. What it
 * sends is in test_ucwa.py.
 */
#include "platform_fixture.h"

#ifdef HAVE_EXPAT

#include "platform/ucwa/ucwa.h"

extern const struct platform_driver platform_ucwa;

#define HOST "contoso.example"
#define GOOD "allowed-origins = {\"https://app.example.org\"} "
#define URI  "sip:john@contoso.example;gruu;opaque=app:conf:focus:id:G03W98W4"
#define NAME "john@contoso.example/G03W98W4"

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"", "allowed-origins: "},
		{GOOD "domains = {\"a:5061\"}", "domains: "},
		{GOOD "domains = {\"a b\"}", "domains: "},
		{GOOD "hosts = {\"https://x\"}", "hosts: "},
		{GOOD "app = \"https://evil.example/\"", "app: "},
		{GOOD "meeting-hosts = {\"meet.contoso.example\"}", "meeting-hosts: "},
		{GOOD "meeting-hosts = {\"https://meet.contoso.example/x\"}", "meeting-hosts: "},
		{GOOD "autodiscover = \"http://lyncdiscover.contoso.example\"", "autodiscover: "}};

	refuses_options(*state, &platform_ucwa, HOST, cases, COUNT(cases));
}

static void a_conference_has_one_name(void **state)
{
	void *ucwa = open_driver(*state, &platform_ucwa, HOST, GOOD);

	arrives_at(&platform_ucwa, ucwa, "", QUERY({"conferenceUri", URI}), NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"conferenceUri",
			"SIP:JOHN@Contoso.example;gruu;opaque=app:conf:focus:id:g03w98w4"}),
		NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/john/G03W98W4"}), NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/Contoso.Example/John/G03W98W4"}),
		NAME);
	arrives_at(&platform_ucwa, ucwa, "John@contoso.example/g03w98w4", QUERY(), NAME);
	arrives_at(&platform_ucwa, ucwa, URI, QUERY(), NAME);
	/* As documents print it and people paste it. */
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"conferenceUri",
			"sip:john@contoso.example; gruu;opaque=app:conf:focus:id:G03W98W4"}),
		NAME);
	arrives_at(&platform_ucwa, ucwa, "", QUERY({"conferenceUri", "conf:" URI}), NAME);
	arrives_at(&platform_ucwa, ucwa, "", QUERY({"conferenceUri", "meet:" URI "%3Fconf-key=x"}),
		NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/john/G03W98W4?sl=1"}), NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/john/G03W98W4/"}), NAME);
	arrives_at(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/o'brien/G03W98W4"}),
		"o'brien@contoso.example/G03W98W4");
	is_refused(&platform_ucwa, ucwa, NAME, QUERY({"conferenceUri", URI}), "conferenceUri");
	is_refused(&platform_ucwa, ucwa, "john@evil.example/G03W98W4", QUERY(), "conferenceUri");
	is_refused(&platform_ucwa, ucwa, "", QUERY(), "conferenceUri");
	is_refused(&platform_ucwa, ucwa, "", QUERY({"conferenceUri", "sip:john@contoso.example"}),
		"conferenceUri");
	is_refused(&platform_ucwa, ucwa, "",
		QUERY({"conferenceUri", URI},
			{"meetingUrl", "https://meet.contoso.example/john/G03W98W4"}),
		"meetingUrl");
	is_refused(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://evil.example/john/G03W98W4"}), "meetingUrl");
	is_refused(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "http://meet.contoso.example/john/G03W98W4"}), "meetingUrl");
	is_refused(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/evil.example/john/G03W98W4"}),
		"meetingUrl");
	platform_close(&platform_ucwa, &ucwa);
}

static void an_address_belongs_to_the_nearest_domain(void **state)
{
	static const char *const orders[] = {GOOD
		"domains = {\"contoso.example\", \"sub.contoso.example\"}",
		GOOD "domains = {\"sub.contoso.example\", \"contoso.example\"}"};

	for (size_t i = 0; i < COUNT(orders); i++) {
		void *ucwa = open_driver(*state, &platform_ucwa, HOST, orders[i]);

		arrives_at(&platform_ucwa, ucwa, "",
			QUERY({"meetingUrl", "https://meet.sub.contoso.example/john/G03W98W4"}),
			"john@sub.contoso.example/G03W98W4");
		arrives_at(&platform_ucwa, ucwa, "",
			QUERY({"meetingUrl", "https://meet.contoso.example/john/G03W98W4"}), NAME);
		platform_close(&platform_ucwa, &ucwa);
	}
}

/* The page is brought what named the meeting. */
static void a_script_asks_by_what_named_the_meeting(void **state)
{
	void *ucwa =
		open_driver(*state, &platform_ucwa, HOST, GOOD "app = \"https://app.example.org\"");
	const char *value;
	struct join join;

	assert_string_equal(platform_peer(ucwa)->site, "https://app.example.org");
	assert_null(arrive_with(&platform_ucwa, ucwa, NAME, QUERY(), &join));
	assert_string_equal(
		platform_ucwa.script->meeting_parameter(&join, &value), "conferenceUri");
	assert_string_equal(
		value, "sip:john@contoso.example;gruu;opaque=app:conf:focus:id:G03W98W4");
	join_release(&join);
	assert_null(arrive_with(&platform_ucwa, ucwa, "",
		QUERY({"meetingUrl", "https://meet.contoso.example/john/G03W98W4"}), &join));
	assert_string_equal(platform_ucwa.script->meeting_parameter(&join, &value), "meetingUrl");
	assert_string_equal(value, "https://meet.contoso.example/john/G03W98W4");
	join_release(&join);
	platform_close(&platform_ucwa, &ucwa);
}

static void a_conference_is_written_as_it_was_read(void **state)
{
	struct conference conference;
	char text[CONFERENCE_TEXT_MAX];

	(void)state;
	assert_int_equal(conference_parse(URI, &conference), 0);
	conference_write(&conference, text);
	assert_string_equal(text, URI);
	assert_int_equal(conference_set(&conference, "a", "b", ""), -1);
	assert_int_equal(conference_set(&conference, "a", "b:1", "c"), -1);
	assert_int_equal(conference_set(&conference, "a/b", "c", "d"), -1);
	assert_int_equal(conference_set(&conference, "a", "b", "c/d"), -1);
}

static void finds(const char *lines, const char *parameter, const char *expected)
{
	char value[64];

	if (expected == NULL) {
		assert_int_equal(
			ucwa_challenge(lines, "MsRtcOAuth", parameter, value, sizeof value), -1);
		return;
	}
	assert_int_equal(ucwa_challenge(lines, "MsRtcOAuth", parameter, value, sizeof value), 0);
	assert_string_equal(value, expected);
}

static void challenges_are_taken_apart(void **state)
{
	(void)state;
	finds("Bearer a=\"b\", c=\"d\"\nMsRtcOAuth href=\"https://x/y\",grant_type=\"a,b\"\n",
		"grant_type", "a,b");
	finds("MsRtcOAuth href=https://x/y,grant_type=\"a,b\"\n", "href", "https://x/y");
	finds("msrtcoauth  HREF = \"x\"", "href", "x");
	finds("Bearer href=\"no\", MsRtcOAuth href=\"yes\"", "href", "yes");
	finds("MsRtcOAuth a=\"1\", Bearer href=\"no\"", "href", NULL);
	finds("Bearer realm=\"MsRtcOAuth href=no\"", "href", NULL);
	finds("Bearer realm=\"\\\"\", MsRtcOAuth href=\"a\\\"b\"", "href", "a\"b");
	finds("Negotiate\nMsRtcOAuth href=\"x\"", "href", "x");
	finds("MsRtcOAuth href=\"", "href", NULL);
	finds("MsRtcOAuth href=", "href", NULL);
	finds("MsRtcOAuth href", "href", NULL);
	finds("MsRtcOAuth href=\"a\nb\"", "href", "a");
	finds("= , = \"", "href", NULL);
	finds("", "href", NULL);
	finds("MsRtcOAuth "
	      "href=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
		"href", NULL);
}

static void lists_go_by_commas(void **state)
{
	(void)state;
	assert_true(ucwa_list_has("a, b,c", "b"));
	assert_true(ucwa_list_has("c", "c"));
	assert_false(ucwa_list_has("ab,c", "a"));
	assert_false(ucwa_list_has("", "a"));
	assert_false(ucwa_list_has(",,", "a"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_conference_has_one_name),
		TEST(an_address_belongs_to_the_nearest_domain),
		TEST(a_script_asks_by_what_named_the_meeting),
		TEST(a_conference_is_written_as_it_was_read),
		TEST(challenges_are_taken_apart),
		TEST(lists_go_by_commas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no expat */
}

#endif
