/* SPDX-License-Identifier: MIT
 *
 * The platform "skype": what names a meeting and what its section may say; and the links that
 * platforms' answers have. What it sends is in test_skype.py.
 */
#include "platform_fixture.h"

#include "platform/shared/links.h"

extern const struct platform_driver platform_skype;

#define HOST "skype.example.org"
#define GOOD                                                                                       \
	"tenant = \"contoso.example\" client-id = \"c\" endpoint = \"sip:a@contoso.example\" "     \
	"allowed-origins = {\"https://app.example.org\"} "
#define SPELLED(port) "https://meet.lync.com" port "/contoso/testuser/1SD8D0WZ"
#define MEETING	      SPELLED("")

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"client-id = \"c\"", "tenant: "},
		{"tenant = \"t\"", "client-id: is missing"},
		{"tenant = \"t\" client-id = \"d9e7ea2b-\u2026\" endpoint = \"sip:a@b\" "
		 "allowed-origins = {\"https://app.example.org\"}",
			"client-id: \"d9e7ea2b-\u2026\" has a space or a character"},
		{"tenant = \"../x\"", "tenant: "},
		{"tenant = \"t\" client-id = \"c\"", "endpoint: "},
		{"tenant = \"t\" client-id = \"c\" endpoint = \"a@b\" "
		 "allowed-origins = {\"https://app.example.org\"}",
			"endpoint: \"a@b\" must be"},
		{GOOD "discover = \"http://lync.com/x\"", "discover: "},
		{GOOD "discover = \"https://evil.example/x\"", "discover: "},
		{GOOD "discover = \"https://lync.com/x#y\"", "has a fragment"},
		{GOOD "discover = \"https://evil.example?lync.com/\"", "discover: "},
		{GOOD "hosts = {\"*.lync.com\"}", "hosts: "},
		{GOOD "meeting-hosts = {\"https://meet.lync.com\"}", "meeting-hosts: "},
		{GOOD "meeting-hosts = {\"meet.lync.com:443\"}", "leave it out"},
		{GOOD "app = \"https://evil.example/\"", "app: is on none of"},
		{GOOD "app = \"https://app.example.org.evil.example/\"", "app: is on none of"},
		{GOOD "app = \"https://app.example.org@evil.example/\"", "app: "},
		{GOOD "app = \"http://app.example.org/\"", "app: "},
		{GOOD "app = \"https://app.example.org/#x\"", "app: "},
		{GOOD "app = \"javascript:alert(1)\"", "app: "},
		{GOOD "authority = \"login.microsoftonline.com\"", "authority: "},
		{GOOD "authority = \"https://login.example/\"", "must be https://host"},
		{GOOD "authority = \"https://login.example/path\"", "must be https://"},
		{"tenant = \"t\" client-id = \"c\" endpoint = \"sip:a@b\"", "allowed-origins: "}};

	refuses_options(*state, &platform_skype, HOST, cases, COUNT(cases));
}

static void a_meeting_is_its_address(void **state)
{
	void *skype = open_driver(*state, &platform_skype, HOST, GOOD);

	arrives_at(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING}), MEETING);
	arrives_at(&platform_skype, skype, "",
		QUERY({"meetingUrl", "https://Meet.Lync.com/Contoso/TestUser/1sd8d0wz"}), MEETING);
	is_refused(
		&platform_skype, skype, "", QUERY({"meetingUrl", SPELLED(":443")}), "meetingUrl");
	is_refused(
		&platform_skype, skype, "", QUERY({"meetingUrl", SPELLED(":0443")}), "meetingUrl");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", SPELLED(".")}), "meetingUrl");
	is_refused(&platform_skype, skype, "",
		QUERY({"meetingUrl", "https://a.meet.lync.com/contoso/testuser/1SD8D0WZ"}),
		"meetingUrl");
	is_refused(&platform_skype, skype, "x", QUERY({"meetingUrl", MEETING}), "path");
	is_refused(&platform_skype, skype, "", QUERY(), "meetingUrl");
	is_refused(&platform_skype, skype, "",
		QUERY({"meetingUrl", MEETING}, {"meetingUrl", MEETING}), "meetingUrl");
	/* As people paste them. */
	arrives_at(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "?sl=1"}), MEETING);
	arrives_at(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "/"}), MEETING);
	arrives_at(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "/?SL=1"}), MEETING);
	arrives_at(&platform_skype, skype, "",
		QUERY({"meetingUrl", "https://meet.lync.com/contoso/O'Brien/1sd8"}),
		"https://meet.lync.com/contoso/o'brien/1SD8");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "#a"}), "meetingUrl");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "//"}), "meetingUrl");
	is_refused(
		&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "?a=\"b"}), "meetingUrl");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING "?a b"}), "meetingUrl");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", "https://evil.example/a/b/c"}),
		"meetingUrl");
	platform_close(&platform_skype, &skype);
}

static void a_port_is_the_one_of_the_configuration(void **state)
{
	void *skype = open_driver(
		*state, &platform_skype, HOST, GOOD "meeting-hosts = {\"meet.lync.com:8443\"}");

	arrives_at(&platform_skype, skype, "", QUERY({"meetingUrl", SPELLED(":8443")}),
		SPELLED(":8443"));
	is_refused(
		&platform_skype, skype, "", QUERY({"meetingUrl", SPELLED(":08443")}), "meetingUrl");
	is_refused(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING}), "meetingUrl");
	platform_close(&platform_skype, &skype);
}

/* The page is brought the address as it came. */
static void a_script_asks_by_the_address_that_came(void **state)
{
	void *skype = open_driver(*state, &platform_skype, HOST,
		GOOD "app = \"https://app.example.org/join?a=b\" "
		     "discover = \"https://lync.com/discover?Region=northamerica\"");
	const char *value;
	struct join join;

	assert_string_equal(platform_peer(skype)->site, "https://app.example.org");
	assert_string_equal(platform_peer(skype)->api, "https://lync.com");
	assert_null(arrive_with(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING}), &join));
	assert_string_equal(platform_skype.script->meeting_parameter(&join, &value), "meetingUrl");
	assert_string_equal(value, MEETING);
	join_release(&join);
	assert_null(arrive_with(&platform_skype, skype, "",
		QUERY({"meetingUrl", "https://meet.lync.com/Contoso/TestUser/1sd8d0wz"}), &join));
	assert_string_equal(join.meeting_id, MEETING);
	platform_skype.script->meeting_parameter(&join, &value);
	assert_string_equal(value, "https://meet.lync.com/Contoso/TestUser/1sd8d0wz");
	join_release(&join);
	platform_close(&platform_skype, &skype);
}

/* Without a page there is nobody to give a token to. */
static void only_scripts_get_something(void **state)
{
	void *skype = open_driver(*state, &platform_skype, HOST, GOOD);
	struct join join;
	struct granted granted;

	assert_null(arrive_with(&platform_skype, skype, "", QUERY({"meetingUrl", MEETING}), &join));
	granted = grant_for(&platform_skype, skype, &join, &alice, "", "a secret");
	assert_int_equal(granted.verdict, PLATFORM_UNABLE);
	assert_true(platform_skype.script->scripts_only);
	assert_null(platform_peer(skype)->app_url);
	buffer_wipe(&granted.token);
	join_release(&join);
	platform_close(&platform_skype, &skype);
}

/* ---- links ---- */

static const char *const entries[] = {"lync.com", "example.net:8443", "127.0.0.1:8080"};
static const struct links hosts = {{entries, COUNT(entries)}, "hosts"};

static void hosts_of_the_list_and_below_are_allowed(void **state)
{
	static const char *const good[] = {"https://lync.com", "https://lync.com/",
		"https://a.b.lync.com/x?y=z", "https://LYNC.com:443/x",
		"https://example.net:8443/x", "https://a.example.net:8443/x",
		"http://127.0.0.1:8080/x", "https://lync.com/a?b=https://evil.example/"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!links_allow(&hosts, good[i]))
			fail_msg("refused: %s", good[i]);
}

static void everything_else_is_not(void **state)
{
	static const char *const bad[] = {"", "/", "lync.com", "//lync.com/", "http://lync.com/",
		"https://evillync.com/", "https://lync.com.evil.example/", "https://lync.com./",
		"https://lync.com@evil.example/", "https://evil.example/lync.com",
		"https://evil.example?lync.com/", "https://evil.example#lync.com/",
		"https://lync.com/#a", "https://lync.com\\@evil.example/", "https://lync.com:8443/",
		"https://example.net/", "https://example.net:443/", "http://127.0.0.1/",
		"http://127.0.0.1:8081/", "http://127.0.0.2:8080/", "http://[::1]:8080/",
		"https://2130706433:8080/", "javascript:alert(1)", "data:text/html,x",
		"file:///etc/passwd", "https://lync.com/a b", "https://lync.com/\r\nX: y",
		"https://lync.com/<x>", "https://user:pass@lync.com/", "https://lync.com:0/",
		"https://lync.com:99999/", "https://lync.com%2eevil.example/", "https://.lync.com/",
		"https://xn--lync.com.example/", "https:///lync.com/", "https:/lync.com/"};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (links_allow(&hosts, bad[i]))
			fail_msg("allowed: %s", bad[i]);
}

static void a_path_belongs_to_the_host_that_said_it(void **state)
{
	static const char *const bad[] = {"//evil.example/x", "/\\evil.example/x", "x", "../x", "",
		"?x", "https://evil.example/"};
	struct buffer url = BUFFER_INIT(LINK_MAX);

	(void)state;
	assert_int_equal(links_follow(&hosts, "a link", "https://a.lync.com/x/y?z",
				 "/v1/a?b=sip:c@d", &url, NULL),
		0);
	assert_string_equal(url.data, "https://a.lync.com/v1/a?b=sip:c@d");
	buffer_clear(&url);
	assert_int_equal(links_follow(&hosts, "a link", "https://a.lync.com?x",
				 "https://lync.com/z", &url, NULL),
		0);
	assert_string_equal(url.data, "https://lync.com/z");
	buffer_clear(&url);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(
			links_follow(&hosts, "a link", "https://lync.com/x", bad[i], &url, NULL),
			-1);
	assert_int_equal(
		links_follow(&hosts, "a link", "https://lync.com/x", NULL, &url, NULL), -1);
	assert_int_equal(
		links_follow(&hosts, "a link", "https://evil.example/x", "/x", &url, NULL), -1);
	assert_int_equal(url.length, 0);
	buffer_release(&url);
}

/* The log names the host, and nothing else of the link. */
static void a_link_that_leads_elsewhere_is_named_by_its_host(void **state)
{
	static const struct {
		const char *link, *words;
	} cases[] = {{NULL, "the link x is missing, or not a string"},
		{"https://evil.example/secret?secret",
			"leads to evil.example, which is not https or not in hosts"},
		{"https://secret@evil.example:1/secret", "leads to evil.example:1, "},
		{"//a\"b\n\xff/secret", "leads to a?b??, "},
		{"javascript:secret", "is not an https URL"}, {"secret", "is not an https URL"}};
	struct buffer url = BUFFER_INIT(LINK_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		assert_int_equal(links_follow(&hosts, "the link x", "https://lync.com/",
					 cases[i].link, &url, &error),
			-1);
		if (strstr(error.text, cases[i].words) == NULL ||
			strstr(error.text, "secret") != NULL)
			fail_msg("%s", error.text);
	}
	buffer_release(&url);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_meeting_is_its_address),
		TEST(a_port_is_the_one_of_the_configuration),
		TEST(a_script_asks_by_the_address_that_came),
		TEST(only_scripts_get_something),
		TEST(hosts_of_the_list_and_below_are_allowed),
		TEST(everything_else_is_not),
		TEST(a_path_belongs_to_the_host_that_said_it),
		TEST(a_link_that_leads_elsewhere_is_named_by_its_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
