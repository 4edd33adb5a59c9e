/* SPDX-License-Identifier: MIT
 *
 * The platform "lync": the conference, its key, and the page's link.
 */
#include "platform_fixture.h"

extern const struct platform_driver platform_lync;

#define HOST "lync.example.org"
#define NAME "john@lync.example.org/854T0R7G"
#define URI  "sip:john@lync.example.org;gruu;opaque=app:conf:focus:id:854T0R7G"

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"domains = {\"a:1\"}", "domains: "},
		{"domains = {\"https://a\"}", "domains: "}, {"site = \"x\"", "site: "},
		{"link = \"sip\"", "link: "}};

	refuses_options(*state, &platform_lync, HOST, cases, COUNT(cases));
}

static void a_conference_is_named_by_path_or_address(void **state)
{
	void *lync = open_driver(*state, &platform_lync, HOST, "");

	arrives_at(&platform_lync, lync, NAME, QUERY(), NAME);
	arrives_at(&platform_lync, lync, "John@LYNC.example.org/854t0r7g", QUERY(), NAME);
	arrives_at(&platform_lync, lync, "", QUERY({"conferenceUri", URI}), NAME);
	is_refused(&platform_lync, lync, NAME, QUERY({"conferenceUri", URI}), "conferenceUri");
	arrives_at(&platform_lync, lync, URI, QUERY(), NAME);
	is_refused(&platform_lync, lync, "", QUERY(), "meeting");
	is_refused(&platform_lync, lync, "john", QUERY(), "meeting");
	is_refused(&platform_lync, lync, "john@evil.example/1", QUERY(), "meeting");
	is_refused(&platform_lync, lync, "john@lync.example.org/1/2", QUERY(), "meeting");
	is_refused(&platform_lync, lync, "john@lync.example.org/1;x", QUERY(), "meeting");
	platform_close(&platform_lync, &lync);
}

/* As invitations and documents have it, and as people copy it. */
static void a_conference_is_read_as_people_paste_it(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{"conf:" URI, NAME},
		{"meet:" URI, NAME},
		{"MEET:" URI, NAME},
		{"meet:" URI "%3Fconf-key=AbC123", NAME},
		{"conf:" URI "?conf-key=AbC123", NAME},
		{"conf:" URI "%3frequired-media=audio%26conversation-id=x.1", NAME},
		{"sip:john@lync.example.org; gruu;opaque=app:conf:focus:id:854T0R7G", NAME},
		{"sip:john@lync.example.org;  gruu; opaque=app:conf:focus:id:854T0R7G ", NAME},
		{" conf: " URI, NAME},
		{"meet:" URI "%3Fconf-key=a+B/c!d'e", NAME},
		{"<meet:" URI "%3Fconf-key=AbC123>", NAME},
		{" \"conf:" URI "\" ", NAME},
		{"conf:SIP:john@lync.example.org;GRUU;Opaque=APP:conf:focus:id:854T0R7G", NAME},
		{"meet:sip:john%40lync.example.org%3Bgruu%3bopaque%3Dapp%3Aconf%3Afocus%3Aid%3A"
		 "854T0R7G%3Fconf-key%3DAbC123",
			NAME},
		{"conf%3Asip%3Ajohn@lync.example.org;gruu;opaque=app:conf:focus:id:854T0R7G", NAME},
		{NAME "/", NAME},
		{"sip:o'brien@lync.example.org;gruu;opaque=app:conf:focus:id:1",
			"o'brien@lync.example.org/1"},
		{"O'Brien@lync.example.org/1", "o'brien@lync.example.org/1"},
	};
	static const char *const refused[] = {"call:" URI, "conf:meet:" URI, "conf:" NAME,
		"meet:" URI "%3Fconf-key=a<b", "conf:" URI "?a=\"b", "jo hn@lync.example.org/1",
		"sip:john@lync.example.org;gruu;opaque=app:conf:focus:id:85 4T0R7G",
		"sip:john@lync.example.org;gruu;opaque=app:conf:focus:id:%3Fconf-key=a",
		"<conf:" URI, "\"" NAME, "<<" NAME ">>", "conf:", "john\"@lync.example.org/1",
		NAME "//", NAME "#x"};
	void *lync = open_driver(*state, &platform_lync, HOST, "");

	for (size_t i = 0; i < COUNT(cases); i++) {
		arrives_at(&platform_lync, lync, "", QUERY({"conferenceUri", cases[i].text}),
			cases[i].name);
		arrives_at(&platform_lync, lync, cases[i].text, QUERY(), cases[i].name);
	}
	for (size_t i = 0; i < COUNT(refused); i++)
		is_refused(&platform_lync, lync, "", QUERY({"conferenceUri", refused[i]}),
			"conferenceUri");
	platform_close(&platform_lync, &lync);
}

static void the_page_has_links_and_key(void **state)
{
	static const struct {
		const char *options, *came, *link, *live;
	} cases[] = {
		{"", NAME, "conf:" URI, "meet:" URI},
		{"link = \"both\"", URI, "conf:" URI, "meet:" URI},
		{"link = \"conf\"", NAME, "conf:" URI, ""},
		{"link = \"meet\"", NAME, "", "meet:" URI},
		{"", "meet:" URI "%3Fconf-key=x", "", "meet:" URI},
		{"link = \"meet\"", "conf:" URI, "conf:" URI, ""},
		{"link = \"conf\"", "meet:" URI, "", "meet:" URI},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *lync = open_driver(*state, &platform_lync, HOST, cases[i].options);
		struct platform_meeting_page page = {
			BUFFER_INIT(1000), BUFFER_INIT(1000), BUFFER_INIT(1000)};
		struct granted granted;
		struct join join;

		assert_null(arrive_with(&platform_lync, lync, cases[i].came, QUERY(), &join));
		granted = grant_for(&platform_lync, lync, &join, &alice, "", "the key");
		assert_int_equal(granted.verdict, PLATFORM_GRANTED);
		platform_lync.page(lync, &join, granted.token.data, &page);
		assert_string_equal(page.link.length > 0 ? page.link.data : "", cases[i].link);
		assert_string_equal(page.live.length > 0 ? page.live.data : "", cases[i].live);
		assert_string_equal(page.key.data, "the key");
		buffer_wipe(&granted.token);
		buffer_release(&page.link);
		buffer_release(&page.live);
		buffer_wipe(&page.key);
		join_release(&join);
		platform_close(&platform_lync, &lync);
	}
}

static void without_a_key_nobody_gets_in(void **state)
{
	void *lync = open_driver(*state, &platform_lync, HOST, "");
	struct buffer token = BUFFER_INIT(100);
	struct error error = {""};
	size_t accepted = SIZE_MAX;
	struct join join;
	struct platform_grant grant = {.join = &join,
		.who = &alice,
		.role = "",
		.token = &token,
		.accepted = &accepted,
		.error = &error};

	assert_null(arrive_with(&platform_lync, lync, NAME, QUERY(), &join));
	assert_int_equal(platform_lync.grant->admit(lync, &grant), PLATFORM_REFUSED);
	assert_non_null(strstr(error.text, "secret set meeting/" HOST "/" NAME));
	assert_int_equal(token.length, 0);
	grant.secrets.ended = NOW;
	assert_int_equal(platform_lync.grant->admit(lync, &grant), PLATFORM_REFUSED);
	assert_non_null(strstr(error.text, "ended at 2026-09-21T"));
	join_release(&join);
	platform_close(&platform_lync, &lync);
}

static void a_key_is_a_text_that_a_page_can_show(void **state)
{
	void *lync = open_driver(*state, &platform_lync, HOST, "");
	struct error error = {""};
	char text[130];

	memset(text, 'k', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_int_equal(platform_lync.secret->validate_secret(lync, text, &error), -1);
	assert_non_null(strstr(error.text, "at most 128 bytes"));
	assert_int_equal(platform_lync.secret->validate_secret(lync, text + 1, &error), 0);
	assert_int_equal(platform_lync.secret->validate_secret(lync, "k\xff", &error), -1);
	platform_close(&platform_lync, &lync);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_conference_is_named_by_path_or_address),
		TEST(a_conference_is_read_as_people_paste_it),
		TEST(the_page_has_links_and_key),
		TEST(without_a_key_nobody_gets_in),
		TEST(a_key_is_a_text_that_a_page_can_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
