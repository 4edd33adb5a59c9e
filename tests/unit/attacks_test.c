/* SPDX-License-Identifier: MIT
 *
 * Attacks that others published since 2025, tried here; tests/attacks.md says on whom.
 */
#include "request_fixture.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST	     "meeting.example.org"
#define MOCK	     "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define PEOPLE	     "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=deny\"} }\n"
#define SERVICE(url) "backend \"service\" { type = \"http\" url = \"" url "\" timeout = \"40s\" }\n"
#define APP	     "https://litware.com"
#define ENTRY	     "?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-12345678"
#define JSON	     "Content-Type: application/json\r\n"
#define LONG	     "0123456789abcdef0123456789abcdef"

static void open_site(const char *options, const char *sections)
{
	site_secret(HOST, "key");
	site_secret("gal.example.org", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"
				       "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}");
	site_secret("live.example.org", "api:" LONG);
	site_secret("backend/service", LONG);
	site_load(options, sections);
	peer_says("/exchange/", 200, "", "access");
}

/* ---- a second way in ---- */

#ifdef HAVE_CJOSE

#define GALENE                                                                                     \
	"platform \"gal.example.org\" { type = \"galene\" allowed-origins = {\"" APP "\"} }\n"

static int by_script(const char *password)
{
	struct browser browser = {0};
	char body[200];

	snprintf(body, sizeof body,
		"{\"location\":\"https://gal.example.org/group/a/\",\"username\":\"bob\","
		"\"password\":\"%s\"}",
		password);
	return SEND(&browser, .method = "POST", .target = "/token/gal.example.org",
		.site = "cross-site", .type = "application/json", .body = body,
		.more = {"HTTP_ORIGIN=" APP})
		->status;
}

static int by_form(void)
{
	struct browser browser = {0};

	return sign_in(&browser, ENTRY, "name=bob&password=x")->status;
}

static void a80_a_second_way_to_sign_in_has_no_tries_of_its_own(void **state)
{
	(void)state;
	open_site("throttle-account = \"2/1h\"", MOCK GALENE PEOPLE);
	assert_int_equal(by_form(), 401);
	assert_int_equal(by_script("x"), 401);
	assert_int_equal(by_form(), 429);
	assert_int_equal(by_script("y"), 429);
}

/* ---- a code, and somebody who is gone ---- */

#define LIVEKIT                                                                                    \
	"platform \"live.example.org\" { type = \"livekit\" app = \"" APP                          \
	"/meet\" allowed-origins = {\"" APP "\"} }\n"

static const struct answer *trade(const char *code)
{
	static char body[5000];
	struct browser script = {0};

	snprintf(body, sizeof body, "{\"room_name\":\"room\",\"code\":\"%s\"}", code);
	return SEND(&script, .method = "POST", .target = "/token/live.example.org",
		.site = "cross-site", .type = "application/json", .body = body,
		.more = {"HTTP_ORIGIN=" APP});
}

static const char *bring_a_code(void)
{
	struct browser browser = {0};
	const char *code =
		cut(leads_to(sign_in(&browser, "/livekit/room", "name=alice&password=x")),
			"code=", "&");

	assert_non_null(code);
	return code;
}

static void a81_a_code_is_worth_nothing_when_its_owner_may_no_more(void **state)
{
	const char *code;

	(void)state;
	open_site("", LIVEKIT PEOPLE);
	assert_status(trade(bring_a_code()), 201);
	code = bring_a_code();
	site_load("", LIVEKIT PEOPLE "policy { default = \"deny\" }\n");
	assert_status(trade(code), 403);
}

/* ---- what a room's name may not mean ---- */

#define JITSI "platform \"meet.example.org\" { type = \"jitsi\" app-id = \"app\" }\n"

static void a86_no_name_of_a_room_means_every_room(void **state)
{
	static const char *const targets[] = {"/jitsi/*", "/jitsi/%2A", "/jitsi/?room=*",
		"/jitsi/*/room", "/jitsi/room?tenant=*", "/jitsi/?room=room&tenant=%2a",
		"/jitsi/room*", "/jitsi/?state=%7B%22room%22%3A%22*%22%7D",
		"/jitsi/room?state=%7B%22tenant%22%3A%22*%22%7D"};

	(void)state;
	site_secret("meet.example.org", LONG);
	open_site("", JITSI PEOPLE);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct browser browser = {0};

		assert_status(visit(&browser, targets[i]), 400);
	}
}

/* ---- rights that somebody asks for ---- */

static void a92_an_application_cannot_ask_for_rights_or_another_name(void **state)
{
	static const char wish[] =
		"{\"room_name\":\"room\",\"code\":\"%s\",\"participant_identity\":\"root\","
		"\"participant_name\":\"Root\",\"video\":{\"roomAdmin\":true,\"room\":\"other\"},"
		"\"roomAdmin\":true,\"room_config\":{\"metadata\":\"x\"},\"ttl\":\"9999h\"}";
	struct browser browser = {0}, script = {0};
	const struct answer *answer;
	char body[6000], payload[4096], part[4096];
	const char *code;
	size_t length = 0;

	(void)state;
	open_site("", LIVEKIT PEOPLE);
	code = cut(leads_to(sign_in(&browser, "/livekit/room", "name=alice&password=x")),
		"code=", "&");
	assert_non_null(code);
	snprintf(body, sizeof body, wish, code);
	answer = SEND(&script, .method = "POST", .target = "/token/live.example.org",
		.site = "cross-site", .type = "application/json", .body = body,
		.more = {"HTTP_ORIGIN=" APP});
	assert_status(answer, 201);
	snprintf(part, sizeof part, "%s", cut(cut(answer->body, "_token\":\"", "\""), ".", "."));
	assert_int_equal(
		sodium_base642bin((unsigned char *)payload, sizeof payload - 1, part, strlen(part),
			NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
		0);
	payload[length] = '\0';
	assert_non_null(strstr(payload, "\"room\":\"room\""));
	assert_non_null(strstr(payload, "alice"));
	assert_null(strstr(payload, "oot\""));
	assert_null(strstr(payload, "\"other\""));
	assert_null(strstr(payload, "\"roomAdmin\":true"));
	assert_null(strstr(payload, "\"metadata\":\"x\""));
}

#endif

/* ---- parameters in what a platform is told ---- */

#if defined HAVE_EXPAT && defined HAVE_CRYPTO

#define BBB "platform \"bbb.example.org\" { type = \"bigbluebutton\" site = \"@api@\" }\n"

static char *say_smuggler(const char *request)
{
	const char *nonce = cut(request, "\"nonce\":\"", "\"");
	char *text;

	assert_true(asprintf(&text,
			    "{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"grant\",\"subject\":"
			    "\"u&role=MODERATOR\",\"name\":\"x&role=MODERATOR&logoutURL=https:"
			    "//evil.example&errorRedirectUrl=https://evil.example#\"}",
			    nonce) > 0);
	return text;
}

static unsigned count(const char *text, const char *part)
{
	unsigned found = 0;

	for (; (text = strstr(text, part)) != NULL; text += strlen(part))
		found++;
	return found;
}

static void a90_a_name_adds_no_parameter_to_a_signed_address(void **state)
{
	struct browser browser = {0};
	const char *url;

	(void)state;
	site_secret("bbb.example.org", "shared");
	open_site("", BBB SERVICE("@api@/ask"));
	peer_makes("/ask", JSON, say_smuggler);
	peer_says("/bigbluebutton/api/getMeetingInfo", 200, "",
		"<response><returncode>SUCCESS</returncode><meetingID>room</meetingID>"
		"<createTime>1780315200000</createTime></response>");
	url = leads_to(sign_in(&browser,
		"/bbb/room?logoutURL=https://evil.example&role=MODERATOR&guest=false",
		"name=eve&password=x"));
	assert_non_null(url);
	assert_int_equal(count(url, "role="), 1);
	assert_non_null(strstr(url, "role=VIEWER"));
	assert_null(strstr(url, "logoutURL="));
	assert_null(strstr(url, "errorRedirectUrl="));
	assert_null(strstr(url, "#"));
}

#endif

/* ---- names that only begin alike ---- */

static void a91_tokens_that_begin_alike_are_two(void **state)
{
	char entry[600], token[400];

	(void)state;
	open_site("", MOCK PEOPLE);
	memset(token, 'a', sizeof token);
	for (size_t i = 0; i < 4; i++) {
		struct browser browser = {0};
		size_t length = i < 3 ? 190 : 180;

		snprintf(entry, sizeof entry,
			"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=%.*s%s",
			(int)length, token,
			i == 0	 ? "b"
			: i == 1 ? "c"
			: i == 2 ? "b"
				 : "");
		if (i == 2)
			assert_status(visit(&browser, entry), 409);
		else
			assert_leads(
				sign_in(&browser, entry, "name=alice&password=x"), "token=access");
	}
}

/* ---- names that only begin like another ---- */

static char *say_group(const char *request)
{
	const char *nonce = cut(request, "\"nonce\":\"", "\"");
	const char *name = cut(request, "\"name\":\"", "\"");
	char *text;

	assert_true(
		asprintf(&text,
			"{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"grant\",\"subject\":\"u\","
			"\"groups\":[\"%s\"]}",
			nonce, name) > 0);
	return text;
}

static void a82_a_group_is_its_whole_path_and_no_other_s(void **state)
{
	static const struct {
		const char *name;
		bool in;
	} rows[] = {{"staff", true}, {"staffing", false}, {"staff/sub", false}, {"/staff", false},
		{"other/staff", false}, {"staff/", false}, {"sta*", false}, {"*", false},
		{"staff,other", false}};

	(void)state;
	open_site("", MOCK SERVICE("@api@/ask") "policy {\n rule \"s\" { allow = true groups = "
						"{\"staff\"} }\n default = deny\n}\n");
	peer_makes("/ask", JSON, say_group);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct browser browser = {0};
		char entry[200], fields[100];
		const struct answer *answer;

		snprintf(entry, sizeof entry, ENTRY "-%zu", i);
		snprintf(fields, sizeof fields, "name=%s&password=x", rows[i].name);
		answer = sign_in(&browser, entry, fields);
		if ((leads_to(answer) != NULL) != rows[i].in)
			fail_msg("group %s: %d", rows[i].name, answer->status);
	}
}

/* ---- a host that only begins like this machine ---- */

static void a83_a_name_that_begins_like_this_machine_is_another(void **state)
{
	static const char *const urls[] = {"http://localhost.evil.example/ask",
		"http://127.0.0.1.evil.example/ask", "http://127.0.0.1@evil.example/ask",
		"http://localhost@evil.example/ask", "http://localhostile/ask",
		"http://[::1].evil.example/ask", "http://128.0.0.1/ask", "http://[::2]/ask",
		"http://127.1.evil.example/ask", "http://evil.example/localhost"};

	(void)state;
	open_site("", MOCK PEOPLE);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		char sections[600];

		snprintf(sections, sizeof sections,
			MOCK "backend \"service\" { type = \"http\" url = \"%s\" }\n", urls[i]);
		assert_non_null(strstr(site_refusal("", sections), "url"));
	}
}

/* ---- passwords that lie around ---- */

static void a84_no_netrc_is_read(void **state)
{
	struct browser browser = {0};
	char *home = getenv("HOME") != NULL ? strdup(getenv("HOME")) : NULL;
	char folder[200];
	const struct answer *answer;

	(void)state;
	open_site("", MOCK SERVICE("@api@/ask"));
	peer_makes("/ask", JSON, say_group);
	snprintf(folder, sizeof folder, "%s",
		site_file(".netrc", "machine 127.0.0.1 login eve password stolen\n"
				    "default login eve password stolen\n"));
	*strrchr(folder, '/') = '\0';
	setenv("HOME", folder, 1);
	answer = sign_in(&browser, ENTRY, "name=staff&password=x");
	if (home != NULL)
		setenv("HOME", home, 1);
	free(home);
	assert_leads(answer, "token=access");
	assert_null(strstr(peer_last("/ask"), "Authorization: Basic"));
	assert_null(strstr(peer_last("/exchange/"), "Authorization:"));
}

/* ---- languages that do not exist ---- */

static void a96_languages_that_do_not_exist_leave_nothing_behind(void **state)
{
	struct browser browser = {0};
	char name[60], header_line[90], fields[90];
	const struct answer *page;

	(void)state;
	open_site("languages = {\"en\", \"ar\"}", MOCK PEOPLE);
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "%c%c-x%u", 'a' + i % 26, 'a' + i / 2 % 26, i);
		snprintf(header_line, sizeof header_line, "HTTP_ACCEPT_LANGUAGE=%s", name);
		snprintf(fields, sizeof fields, "language=%s", name);
		page = SEND(&browser, .target = "/logout", .more = {header_line});
		assert_status(page, 200);
		page = submit(&browser, page, "/auth/language\"", fields);
		assert_status(page, 400);
		assert_null(set_cookie(page, "meetauth_language"));
		snprintf(header_line, sizeof header_line, "HTTP_COOKIE=meetauth_language=%s", name);
		page = SEND(&browser, .target = "/logout", .more = {header_line});
		assert_true(says(page, "<html lang=\"en\""));
	}
	assert_int_equal(state_count(ALL), 0);
}

/* ---- a POST without what a form has ---- */

static void a97_a_post_without_type_or_body_is_refused(void **state)
{
	static const char *const targets[] = {"/login", "/confirm", "/logout", "/language",
		"/guests", "/me", "/invite/x", "/token/meeting.example.org", "/backchannel/staff",
		"/open", ""};
	static const char *const types[] = {NULL, "", "text/plain", "multipart/form-data",
		"multipart/form-data; boundary=", "application/json", "\t"};

	(void)state;
	open_site("", MOCK PEOPLE);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		for (size_t j = 0; j < 2 * (sizeof types / sizeof *types); j++) {
			struct browser browser = {0};
			const struct answer *answer =
				SEND(&browser, .method = "POST", .target = targets[i],
					.type = types[j / 2], .body = j % 2 == 0 ? NULL : "=&&=");

			if (answer->status < 400 || answer->status >= 500)
				fail_msg("POST %s, %s: %d", targets[i], types[j / 2],
					answer->status);
		}
}

/* ---- another spelling of a platform ---- */

static void a98_another_spelling_of_a_platform_gets_past_no_rule(void **state)
{
	static const char *const spellings[] = {HOST, "MEETING.example.org", "meeting.Example.org",
		"meeting.example.ORG", HOST ".", HOST ":443", "%6deeting.example.org",
		"meeting%2eexample.org", "%4deeting.example.org", HOST "%00", HOST "%20"};

	(void)state;
	open_site("", MOCK PEOPLE "policy {\n rule \"closed\" { allow = false platforms = {\"" HOST
				  "\"} }\n default = allow\n}\n");
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		struct browser browser = {0};
		char entry[200];
		const struct answer *answer;

		snprintf(entry, sizeof entry,
			"?hostname=%s&meetingId=m1&meetingToken=t1&requestToken=rt-12345678-%zu",
			spellings[i], i);
		answer = visit(&browser, entry);
		if (answer->status == 303)
			answer = submit(&browser, follow(&browser, answer), "name=\"password\"",
				"name=alice&password=x");
		if (answer->status != 400 && answer->status != 403 && answer->status != 404)
			fail_msg("%s: %d", spellings[i], answer->status);
	}
	assert_int_equal(peer_requests("/exchange/"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#ifdef HAVE_CJOSE
		cmocka_unit_test_setup_teardown(
			a80_a_second_way_to_sign_in_has_no_tries_of_its_own, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a81_a_code_is_worth_nothing_when_its_owner_may_no_more, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a86_no_name_of_a_room_means_every_room, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a92_an_application_cannot_ask_for_rights_or_another_name, site_up,
			site_down),
#endif
#if defined HAVE_EXPAT && defined HAVE_CRYPTO
		cmocka_unit_test_setup_teardown(
			a90_a_name_adds_no_parameter_to_a_signed_address, site_up, site_down),
#endif
		cmocka_unit_test_setup_teardown(
			a91_tokens_that_begin_alike_are_two, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a82_a_group_is_its_whole_path_and_no_other_s, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a83_a_name_that_begins_like_this_machine_is_another, site_up, site_down),
		cmocka_unit_test_setup_teardown(a84_no_netrc_is_read, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a96_languages_that_do_not_exist_leave_nothing_behind, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a97_a_post_without_type_or_body_is_refused, site_up, site_down),
		cmocka_unit_test_setup_teardown(
			a98_another_spelling_of_a_platform_gets_past_no_rule, site_up, site_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
