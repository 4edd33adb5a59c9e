/* SPDX-License-Identifier: MIT
 *
 * The platform "bigbluebutton": checksums after the vectors of its documentation, which meeting is
 * meant, and how its answers are read. What is asked of a server is test_bigbluebutton.py's.
 */
#include "platform_fixture.h"

#if defined HAVE_EXPAT && defined HAVE_CRYPTO

#include "platform/bigbluebutton/api.h"
#include "platform/bigbluebutton/checksum.h"
#include "platform/shared/xml.h"

extern const struct platform_driver platform_bigbluebutton;

#define HOST "bbb.example.org"

static void *open_bbb(struct fixture *fixture, const char *options)
{
	return open_driver(fixture, &platform_bigbluebutton, HOST, options);
}

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"site = \"http://" HOST "\"", "site: "},
		{"path = \"bigbluebutton\"", "path: "}, {"path = \"/a/../b\"", "path: "},
		{"path = \"/a/\"", "path: "}, {"path = \"/a?b\"", "path: "},
		{"checksum = \"md5\"", "checksum: expected \"sha256\""},
		{"checksum = \"SHA256\"", "checksum: "},
		{"guest-policy = \"ASK_MODERATOR\"", "needs create = true"},
		{"create = true guest-policy = \"ALWAYS\"", "guest-policy: "},
		{"timeout = \"0\"", "timeout: "},
		{"timeout = \"1s\" connect-timeout = \"2s\"", "connect-timeout: "}};

	refuses_options(*state, &platform_bigbluebutton, HOST, cases, COUNT(cases));
}

static void a_meeting_is_named_once(void **state)
{
	void *bbb = open_bbb(*state, "");
	static const char *const bad[] = {
		"", "a", "a,b", "a b", "a/b", "..", "a&role=MODERATOR", "m\xc3\xa4", "a%2c"};

	arrives_at(&platform_bigbluebutton, bbb, "random-1234567", QUERY(), "random-1234567");
	arrives_at(&platform_bigbluebutton, bbb, "", QUERY({"meetingID", "ab"}), "ab");
	for (size_t i = 0; i < COUNT(bad); i++)
		is_refused(&platform_bigbluebutton, bbb, bad[i], QUERY(), "meetingID");
	is_refused(&platform_bigbluebutton, bbb, "ab", QUERY({"meetingID", "ab"}), "meetingID");
	platform_close(&platform_bigbluebutton, &bbb);
}

/* ---- checksums ---- */

/* "API Reference", section "Usage": create, as it stands there. */
static void the_checksum_of_the_documentation_comes_out(void **state)
{
	static const char query[] = "createname=Test+Meeting&meetingID=abc123&attendeePW=111222"
				    "&moderatorPW=333444";
	char hex[CHECKSUM_HEX_MAX];

	(void)state;
	assert_int_equal(
		checksum_hex("sha1", query, "639259d4-9dd8-4b25-bf01-95f9567eaf4b", hex), 0);
	assert_string_equal(hex, "1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17");
}

/* FIPS 180-4, "abc", cut in two. */
static void every_algorithm_is_the_one_of_its_name(void **state)
{
	static const struct {
		const char *name, *begin;
		size_t length;
	} cases[] = {{"sha1", "a9993e364706816a", 40}, {"sha256", "ba7816bf8f01cfea", 64},
		{"sha384", "cb00753f45a35e8b", 96}, {"sha512", "ddaf35a193617aba", 128}};
	char hex[CHECKSUM_HEX_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(checksum_hex(cases[i].name, "a", "bc", hex), 0);
		assert_int_equal(strlen(hex), cases[i].length);
		assert_int_equal(strncmp(hex, cases[i].begin, 16), 0);
	}
	assert_int_equal(checksum_hex("md5", "a", "bc", hex), -1);
}

/* RFC 4231, test case 2, the first half. */
static void a_keyed_value_is_an_hmac(void **state)
{
	char hex[33];

	(void)state;
	assert_int_equal(checksum_keyed("Jefe", "what do ya want for nothing?", hex), 0);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c7");
}

static void the_query_is_signed_as_it_is_sent(void **state)
{
	struct bbb_server server = {"https://" HOST "/bigbluebutton/api/", "sha1"};
	struct buffer url = BUFFER_INIT(4096);

	(void)state;
	assert_int_equal(
		bbb_sign(&server, "create",
			"name=Test+Meeting&meetingID=abc123&attendeePW=111222&moderatorPW=333444",
			"639259d4-9dd8-4b25-bf01-95f9567eaf4b", &url),
		0);
	assert_string_equal(url.data,
		"https://" HOST "/bigbluebutton/api/create?name=Test+Meeting&meetingID=abc123"
		"&attendeePW=111222&moderatorPW=333444"
		"&checksum=1fcbb0c4fc1f039f73aa6d697d2db9ba7f803f17");
	buffer_release(&url);
}

/* ---- answers ---- */

static int read_two(const char *text, char first[8], char second[8], struct error *error)
{
	struct xml_field fields[] = {{"a", first, 8, false}, {"b", second, 8, false}};

	return xml_read(text, strlen(text), "r", fields, 2, error);
}

static void flat_answers_are_read(void **state)
{
	struct error error = {""};
	char a[8], b[8];

	(void)state;
	assert_int_equal(
		read_two("<r>\n <b>2&lt;3</b>\n <x><a>no</a></x> <a>one</a></r>", a, b, &error), 0);
	assert_string_equal(a, "one");
	assert_string_equal(b, "2<3");
	assert_int_equal(
		read_two("<?xml version=\"1.0\"?><r><a><![CDATA[x]]>y</a></r>", a, b, &error), 0);
	assert_string_equal(a, "xy");
	assert_string_equal(b, "");
	assert_int_equal(read_two("<r><a>12345678</a><b>a<c/>b</b></r>", a, b, &error), 0);
	assert_string_equal(a, ""); /* too long is nothing, not a part */
	assert_string_equal(b, "");
}

static void a88_xml_that_two_parsers_read_differently_is_refused(void **state)
{
	static const char *const bad[] = {"", "x", "<r>", "<r><a>1</a>", "<s><a>1</a></s>",
		"<r><a>1</a><a>2</a></r>", "<r><a>1</a><A>2</A><a>1</a></r>", "<r><a>1</a></r><r/>",
		"{\"a\":1}", "<!DOCTYPE r><r><a>1</a></r>",
		"<!DOCTYPE r [<!ENTITY x \"y\">]><r><a>&x;</a></r>",
		"<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r/>", "<r><a>&x;</a></r>",
		"<r><a>\xff</a></r>", "<r><a>1</b></r>"};
	struct error error = {""};
	char a[8], b[8];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (read_two(bad[i], a, b, &error) != -1)
			fail_msg("taken: %s", bad[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_meeting_is_named_once),
		cmocka_unit_test(the_checksum_of_the_documentation_comes_out),
		cmocka_unit_test(every_algorithm_is_the_one_of_its_name),
		cmocka_unit_test(a_keyed_value_is_an_hmac),
		cmocka_unit_test(the_query_is_signed_as_it_is_sent),
		cmocka_unit_test(flat_answers_are_read),
		cmocka_unit_test(a88_xml_that_two_parsers_read_differently_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no expat or no libcrypto */
}

#endif
