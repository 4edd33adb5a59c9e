/* SPDX-License-Identifier: MIT
 *
 * A join at the platform "webex": tokens that Webex takes back, what an operator has to mend, who a
 * guest is there.
 */
#include "request_fixture.h"

#ifdef HAVE_CJOSE

#include <stdio.h>
#include <stdlib.h>

#define TITLE "example.webex.com"
#define APP   "https://app.example.org"
#define WEBEX                                                                                      \
	"platform \"" TITLE "\" { type = \"webex\" client-id = \"C1\" host-email = "               \
	"\"host@example.org\" api = \"@api@\" allowed-origins = {\"" APP "\"} "                    \
	"timeout = \"30s\" connect-timeout = \"30s\" }\n"
#define ISSUER                                                                                     \
	"platform \"" TITLE "\" { type = \"webex\" mode = \"guest-issuer\" issuer = \"i\" "        \
	"api = \"@api@\" allowed-origins = {\"" APP "\"} "                                         \
	"timeout = \"30s\" connect-timeout = \"30s\" }\n"
#define PEOPLE	   "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=grant\"} }\n"
#define ALICE	   "name=alice&password=x"
#define JSON	   "Content-Type: application/json\r\n"
#define LINK	   "{\"joinLink\":\"https://example.webex.com/j\"}"
#define GUEST	   "{\"accessToken\":\"guest\",\"expiresIn\":64799}"
#define MEETING	   "/webex/123456789"
#define FRESH_PAIR "{\"access_token\":\"fresh\",\"expires_in\":1209599,\"refresh_token\":\"r2\"}"
#define ASK(browser)                                                                               \
	SEND(browser, .method = "POST", .target = "/token/" TITLE, .site = "cross-site",           \
		.type = "application/json", .body = "{\"meetingNumber\":\"123456789\"}",           \
		.more = {"HTTP_ORIGIN=" APP})

/* A pair whose access token has days to live. */
static void set_pair(const char *client_secret)
{
	char pair[300];

	snprintf(pair, sizeof pair,
		"{\"clientSecret\":\"%s\",\"refreshToken\":\"r1\",\"accessToken\":\"stale\","
		"\"obtained\":%lld,\"accessEnds\":%lld}",
		client_secret, (long long)site_now() - 1000, (long long)site_now() + 1000000);
	site_secret(TITLE, pair);
}

static bool asks_with(const char *token, const char *path)
{
	char wanted[64];

	snprintf(wanted, sizeof wanted, "Authorization: Bearer %s\r\n", token);
	return strstr(peer_last(path), wanted) != NULL;
}

/* Webex, once it has given a fresh token. */
static char *renew(const char *request)
{
	assert_non_null(strstr(request, "refresh_token=r"));
	peer_says("/v1/meetings/join", 200, JSON, LINK);
	peer_says("/v1/guests/token", 200, JSON, GUEST);
	return strdup(FRESH_PAIR);
}

/* ... and if that is refused like the one before. */
static char *renew_in_vain(const char *request)
{
	assert_non_null(strstr(request, "grant_type=refresh_token"));
	return strdup(FRESH_PAIR);
}

static void open_site(const char *sections)
{
	set_pair("cs");
	site_load("", sections);
	peer_says("/v1/meetings/join", 401, JSON, "{}");
	peer_says("/v1/guests/token", 401, JSON, "{}");
	site_upkeep();
}

/* ---- tokens ---- */

static void a_token_that_was_taken_back_is_renewed_within_the_join(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_makes("/v1/access_token", JSON, renew);
	assert_leads(sign_in(&browser, MEETING, ALICE), "https://example.webex.com/j");
	assert_logged("join", "result=ok user=alice");
	assert_int_equal(peer_requests("/v1/access_token"), 1);
	assert_int_equal(peer_requests("/v1/meetings/join"), 2);
	assert_true(asks_with("fresh", "/v1/meetings/join"));
	assert_leads(visit(&browser, MEETING), "https://example.webex.com/j");
	assert_status(ASK(&browser), 200);
	assert_int_equal(peer_requests("/v1/access_token"), 1);
}

static void a_script_gets_its_token_by_a_fresh_one_too(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_says("/v1/meetings/join", 200, JSON, LINK);
	sign_in(&browser, MEETING, ALICE);
	peer_makes("/v1/access_token", JSON, renew);
	assert_status(ASK(&browser), 200);
	assert_true(asks_with("fresh", "/v1/guests/token"));
	assert_int_equal(peer_requests("/v1/access_token"), 1);
}

static void many_who_are_refused_together_wait_for_one_renewal(void **state)
{
	enum { MANY = 5 };
	struct browser browser = {0};
	struct answer *answers[MANY];

	(void)state;
	set_pair("cs");
	site_load("", WEBEX PEOPLE);
	peer_says("/v1/meetings/join", 200, JSON, LINK);
	site_upkeep();
	sign_in(&browser, MEETING, ALICE);
	peer_says("/v1/meetings/join", 401, JSON, "{}");
	peer_makes("/v1/access_token", JSON, renew);
	for (size_t i = 0; i < MANY; i++)
		answers[i] = BEGIN(&browser, .target = MEETING);
	for (size_t i = 0; i < MANY; i++)
		assert_leads(end_it(answers[i]), "https://example.webex.com/j");
	assert_int_equal(peer_requests("/v1/access_token"), 1);
}

static void a_pair_that_was_never_used_is_renewed_within_the_join(void **state)
{
	struct browser browser = {0};

	(void)state;
	site_secret(TITLE, "{\"clientSecret\":\"cs\",\"refreshToken\":\"r1\"}");
	site_load("", WEBEX PEOPLE);
	peer_makes("/v1/access_token", JSON, renew);
	site_upkeep();
	assert_leads(sign_in(&browser, MEETING, ALICE), "https://example.webex.com/j");
	assert_int_equal(peer_requests("/v1/access_token"), 1);
}

/* The operator's, and renewed no more within the visit. */
static void a_fresh_token_that_is_refused_is_the_operators_fault(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_makes("/v1/access_token", JSON, renew_in_vain);
	answer = sign_in(&browser, MEETING, ALICE);
	assert_failure(answer, 502, "exchange-bad-answer", "rights.message");
	assert_logged("join", "result=failed code=exchange-bad-answer level=error");
	assert_true(log_says("HTTP 401"));
	assert_int_equal(peer_requests("/v1/access_token"), 1);
	assert_int_equal(peer_requests("/v1/meetings/join"), 2);
}

/* However many come, Webex is asked for a few tokens a minute. */
static void renewals_that_do_not_help_are_limited(void **state)
{
	enum { MANY = 20 };
	struct browser browser = {0};

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_makes("/v1/access_token", JSON, renew_in_vain);
	sign_in(&browser, MEETING, ALICE);
	for (size_t i = 0; i < MANY; i++)
		assert_failure(
			visit(&browser, MEETING), 502, "exchange-bad-answer", "rights.message");
	assert_in_range(peer_requests("/v1/access_token"), 2, MANY / 2);
}

static void a_refresh_token_that_has_ended_is_the_operators_fault(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_says("/v1/access_token", 400, JSON, "{\"error\":\"invalid_grant\"}");
	answer = sign_in(&browser, MEETING, ALICE);
	assert_failure(answer, 502, "exchange-bad-answer", "rights.message");
	assert_true(log_says("event=renewal in the log says why"));
	answer = visit(&browser, "/readyz");
	assert_status(answer, 503);
	assert_says(answer, "platform " TITLE ": does not accept our secret");
	later(61);
	assert_status(visit(&browser, "/readyz"), 200);
}

/* A new secret waits for nothing that went on about the old one. */
static void a_new_secret_counts_at_once(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_says("/v1/access_token", 400, JSON, "{\"error\":\"invalid_grant\"}");
	assert_status(sign_in(&browser, MEETING, ALICE), 502);
	assert_status(visit(&browser, "/readyz"), 503);
	peer_makes("/v1/access_token", JSON, renew);
	site_secret(TITLE, "{\"clientSecret\":\"cs\",\"refreshToken\":\"r9\"}");
	site_reload();
	assert_leads(visit(&browser, MEETING), "https://example.webex.com/j");
	assert_non_null(strstr(peer_last("/v1/access_token"), "refresh_token=r9"));
	assert_status(visit(&browser, "/readyz"), 200);
}

static void so_it_does_right_after_a_renewal(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(WEBEX PEOPLE);
	peer_makes("/v1/access_token", JSON, renew);
	assert_leads(sign_in(&browser, MEETING, ALICE), "https://example.webex.com/j");
	site_secret(TITLE, "{\"clientSecret\":\"cs\",\"refreshToken\":\"r9\"}");
	site_reload();
	wait_for_peer("/v1/access_token", 2);
	assert_non_null(strstr(peer_last("/v1/access_token"), "refresh_token=r9"));
}

/* ---- what the operator has to mend ---- */

static void what_a_visitor_cannot_mend_is_not_a_meeting_that_is_not_open(void **state)
{
	static const struct {
		const char *sections, *path;
		int says, status;
		const char *code, *sentence;
		bool by_script;
	} cases[] = {
		{WEBEX PEOPLE, "/v1/meetings/join", 403, 502, "exchange-bad-answer",
			"rights.message", false},
		{WEBEX PEOPLE, "/v1/meetings/join", 404, 403, "exchange-refused", "meeting.message",
			false},
		{WEBEX PEOPLE, "/v1/meetings/join", 400, 403, "exchange-refused", "meeting.message",
			false},
		{WEBEX PEOPLE, "/v1/guests/token", 403, 502, "exchange-bad-answer",
			"rights.message", true},
		{WEBEX PEOPLE, "/v1/guests/token", 400, 502, "exchange-bad-answer",
			"rights.message", true},
		{ISSUER PEOPLE, "/v1/jwt/login", 401, 502, "exchange-bad-answer", "rights.message",
			false},
		{ISSUER PEOPLE, "/v1/jwt/login", 400, 502, "exchange-bad-answer", "rights.message",
			false},
		{ISSUER PEOPLE, "/v1/jwt/login", 404, 502, "exchange-bad-answer", "rights.message",
			true},
		{ISSUER PEOPLE, "/v1/meetings/join", 404, 403, "exchange-refused",
			"meeting.message", false},
		{ISSUER PEOPLE, "/v1/jwt/login", 500, 502, "exchange-bad-answer", "message", false},
	};
	char wanted[80];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct browser browser = {0};
		const struct answer *answer;

		if (i > 0 && strcmp(cases[i].sections, cases[i - 1].sections) == 0)
			; /* the secret is there */
		else if (strcmp(cases[i].sections, ISSUER PEOPLE) == 0)
			site_secret(TITLE, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
		else
			set_pair("cs");
		site_load("", cases[i].sections);
		peer_says("/v1/jwt/login", 200, JSON, "{\"token\":\"g\",\"expiresIn\":3600}");
		peer_says("/v1/meetings/join", 200, JSON, LINK);
		assert_leads(sign_in(&browser, MEETING, ALICE), "https://example.webex.com/j");
		peer_says(cases[i].path, cases[i].says, JSON, "{}");
		answer = cases[i].by_script ? ASK(&browser) : visit(&browser, MEETING);
		snprintf(wanted, sizeof wanted, "(error.%s.%s)", cases[i].code, cases[i].sentence);
		assert_status(answer, cases[i].status);
		assert_says(answer, wanted);
	}
}

/* Webex limits requests, and says for how long. Nothing of that is the pair's fault. */
static void a_busy_webex_says_when_to_come_back(void **state)
{
	static const struct {
		int status;
		const char *headers, *wait;
	} cases[] = {{429, JSON "Retry-After: 9\r\n", "9"}, {503, JSON "Retry-After: 7\r\n", "7"},
		{429, JSON, "10"}};
	struct browser browser = {0};

	(void)state;
	set_pair("cs");
	site_load("", WEBEX PEOPLE);
	peer_says("/v1/meetings/join", 200, JSON, LINK);
	assert_leads(sign_in(&browser, MEETING, ALICE), "https://example.webex.com/j");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer;

		peer_says("/v1/meetings/join", cases[i].status, cases[i].headers, "{}");
		peer_says("/v1/guests/token", cases[i].status, cases[i].headers, "{}");
		answer = visit(&browser, MEETING);
		assert_failure(answer, 503, "overloaded", "message");
		assert_string_equal(header(answer, "Retry-After"), cases[i].wait);
		answer = ASK(&browser);
		assert_status(answer, 503);
		assert_string_equal(header(answer, "Retry-After"), cases[i].wait);
	}
	assert_int_equal(peer_requests("/v1/access_token"), 0);
}

/* ---- the page of an application ---- */

#define FAR  "https://litware.com"
#define NEAR "https://app.example.org"
#define PAGED                                                                                      \
	"platform \"" TITLE "\" { type = \"webex\" client-id = \"C1\" host-email = "               \
	"\"host@example.org\" api = \"@api@\" allowed-origins = {\"" NEAR "\", \"" FAR "\"} "      \
	"app = \"" NEAR "/spaces\" redirects = {\"" FAR "/spaces\", \"http://127.0.0.1/back\"} "   \
	"rooms = {\"123456789\"} room-lease = \"4h\" timeout = \"30s\" "                           \
	"connect-timeout = \"30s\" }\n" PEOPLE

/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static const struct answer *trade(const char *origin, const char *code, const char *verifier)
{
	struct browser nobody = {0};
	char body[6000], header[100];

	snprintf(body, sizeof body,
		"{\"meetingNumber\":\"board\",\"code\":\"%s\",\"code_verifier\":\"%s\"}", code,
		verifier);
	snprintf(header, sizeof header, "HTTP_ORIGIN=%s", origin);
	return SEND(&nobody, .method = "POST", .target = "/token/" TITLE, .site = "cross-site",
		.type = "application/json", .body = body,
		.more = {origin[0] != '\0' ? header : NULL});
}

/* Nothing is asked of Webex, and no room is taken, before the page's script asks. */
static void a_page_gets_its_visitors_and_asks_for_their_token(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char code[4200];

	(void)state;
	set_pair("cs");
	site_load("session-idle = \"20h\" session-lifetime = \"20h\"", PAGED);
	peer_says("/v1/meetings?", 200, JSON, "{\"items\":[]}");
	peer_says("/v1/guests/token", 200, JSON, GUEST);
	answer = sign_in(&browser, "/webex/board", ALICE);
	assert_string_equal(leads_to(answer), NEAR "/spaces?meetingNumber=board");
	assert_int_equal(peer_requests("/v1/"), 0);
	answer = SEND(&browser, .method = "POST", .target = "/token/" TITLE, .site = "same-site",
		.type = "application/json", .body = "{\"meetingNumber\":\"board\"}",
		.more = {"HTTP_ORIGIN=" NEAR});
	assert_status(answer, 200);
	assert_says(answer, "\"accessToken\":\"guest\"");
	assert_says(answer, "\"meetingNumber\":\"123456789\"");

	answer = visit(&browser,
		"/webex/board?redirect_uri=https%3A%2F%2Flitware.com%2Fspaces&state=s"
		"&code_challenge_method=S256&code_challenge=" CHALLENGE);
	assert_leads(answer, FAR "/spaces?meetingNumber=board&code=");
	snprintf(code, sizeof code, "%s", cut(leads_to(answer), "code=", "&"));
	assert_status(trade(FAR, code, "wrong"), 400);
	assert_status(trade(NEAR, code, VERIFIER), 400);
	answer = trade(FAR, code, VERIFIER);
	assert_status(answer, 200);
	assert_says(answer, "\"accessToken\":\"guest\"");
	assert_string_equal(header(answer, "Access-Control-Allow-Origin"), FAR);
	assert_status(trade(FAR, code, VERIFIER), 409);

	answer = visit(&browser, "/webex/board?redirect_uri=http%3A%2F%2F127.0.0.1%3A50123%2Fback"
				 "&code_challenge_method=S256&code_challenge=" CHALLENGE);
	assert_leads(answer, "http://127.0.0.1:50123/back?meetingNumber=board&code=");
	snprintf(code, sizeof code, "%s", cut(leads_to(answer), "code=", "&"));
	assert_status(trade("", code, VERIFIER), 200);
}

/* ---- who a guest is there ---- */

#define PERSONS                                                                                    \
	WEBEX "platform \"second.webex.com\" { type = \"webex\" client-id = \"C1\" host-email = "  \
	      "\"host@example.org\" api = \"@api@\" allowed-origins = {\"" APP "\"} }\n" PEOPLE    \
	      "backend \"walk-in\" { type = \"guest\" }\n"                                         \
	      "policy { rule \"all\" { allow = true backends = {\"walk-in\", \"staff\"} } }\n"

/* A script of the browser asks for a token; the subject that Webex is told, in `subject`. */
static const char *subject_of(
	struct browser *browser, const char *platform, const char *meeting, char subject[64])
{
	char body[80], target[64];
	const char *at;

	snprintf(body, sizeof body, "{\"meetingNumber\":\"%s\"}", meeting);
	snprintf(target, sizeof target, "/token/%s", platform);
	assert_status(
		SEND(browser, .method = "POST", .target = target, .site = "cross-site",
			.type = "application/json", .body = body, .more = {"HTTP_ORIGIN=" APP}),
		200);
	at = cut(peer_last("/v1/guests/token"), "\"subject\":\"", "\"");
	assert_non_null(at);
	assert_int_equal(strlen(at), 32);
	snprintf(subject, 64, "%s", at);
	return subject;
}

static void open_persons(void)
{
	set_pair("cs");
	site_secret("second.webex.com",
		"{\"clientSecret\":\"cs\",\"refreshToken\":\"r1\",\"accessToken\":\"a\","
		"\"obtained\":1,\"accessEnds\":99999999999}");
	site_load("", PERSONS);
	peer_says("/v1/meetings/join", 200, JSON, LINK);
	peer_says("/v1/guests/token", 200, JSON, GUEST);
}

static void who_has_an_account_is_one_person_at_every_sign_in_and_meeting(void **state)
{
	struct browser first = {0}, second = {0}, other = {0};
	char a[64], b[64];

	(void)state;
	open_persons();
	sign_in(&first, MEETING "?platform=" TITLE, ALICE);
	sign_in(&second, MEETING "?platform=" TITLE, ALICE);
	sign_in(&other, MEETING "?platform=" TITLE, "name=bob&password=x");
	subject_of(&first, TITLE, "123456789", a);
	assert_string_equal(subject_of(&second, TITLE, "123456789", b), a);
	assert_string_equal(subject_of(&first, TITLE, "987654321", b), a);
	assert_string_not_equal(subject_of(&other, TITLE, "123456789", b), a);
	assert_string_not_equal(subject_of(&first, "second.webex.com", "123456789", b), a);
}

static void who_has_no_account_is_one_person_as_long_as_the_session(void **state)
{
	struct browser first = {0}, second = {0};
	char a[64], b[64];

	(void)state;
	open_persons();
	sign_in(&first, MEETING "?platform=" TITLE, "backend=walk-in&name=Zoë");
	assert_logged("join", "result=ok backend=walk-in name=Zoë");
	sign_in(&second, MEETING "?platform=" TITLE, "backend=walk-in&name=Zoë");
	subject_of(&first, TITLE, "123456789", a);
	assert_string_equal(subject_of(&first, TITLE, "123456789", b), a);
	assert_string_not_equal(subject_of(&second, TITLE, "123456789", b), a);
	assert_non_null(strstr(peer_last("/v1/guests/token"), "\"displayName\":\"Zoë\""));
}

/* ---- rooms ---- */

#define ROOMS                                                                                      \
	"platform \"" TITLE "\" { type = \"webex\" client-id = \"C1\" host-email = "               \
	"\"host@example.org\" api = \"@api@\" rooms = {\"123456789\"} room-lease = \"4h\" "        \
	"timeout = \"30s\" connect-timeout = \"30s\" }\n" PEOPLE
#define NOBODY "{\"items\":[]}"
#define PEOPLE_LEFT                                                                                \
	"{\"items\":[{\"id\":\"gone\",\"state\":\"end\"},{\"id\":\"left\",\"state\":\"joined\"}]}"

static void open_room(void)
{
	set_pair("cs");
	site_load("session-idle = \"20h\" session-lifetime = \"20h\"", ROOMS);
	peer_says("/v1/meetings?", 200, JSON, NOBODY);
	peer_says("/v1/meetings/join", 200, JSON, LINK);
}

static char *expel(const char *request)
{
	assert_int_equal(strncmp(request, "PUT ", 4), 0);
	assert_non_null(strstr(request, "{\"expel\":true}"));
	peer_says("/v1/meetingParticipants?", 200, JSON, NOBODY);
	return strdup("{}");
}

static void somebody_is_left(void)
{
	peer_says("/v1/meetings?", 200, JSON, "{\"items\":[{\"id\":\"running\"}]}");
	peer_says("/v1/meetingParticipants?", 200, JSON, PEOPLE_LEFT);
}

static void a_room_is_cleared_before_the_next_meeting_has_it(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_room();
	assert_leads(sign_in(&browser, "/webex/first", ALICE), "https://example.webex.com/j");
	assert_int_equal(peer_requests("/v1/meetings?"), 1);
	assert_non_null(strstr(peer_last("/v1/meetings?"), "meetingNumber=123456789"));
	assert_non_null(strstr(peer_last("/v1/meetings?"), "hostEmail=host%40example.org"));
	somebody_is_left(); /* of this meeting: nobody is sent away */
	assert_status(visit(&browser, "/webex/first"), 302);
	assert_int_equal(peer_requests("/v1/meetings?"), 1);
	later(4 * 3600 + 1);
	peer_makes("/v1/meetingParticipants/left", JSON, expel);
	assert_status(visit(&browser, "/webex/second"), 302);
	assert_non_null(strstr(peer_last("/v1/meetingParticipants?"), "meetingId=running"));
	assert_int_equal(peer_requests("/v1/meetingParticipants/left"), 1);
	assert_int_equal(peer_requests("/v1/meetingParticipants/gone"), 0);
	assert_int_equal(peer_requests("/v1/meetings/join"), 3);
}

/* And the next who comes tries anew, at once. */
static void nobody_gets_into_a_room_that_cannot_be_cleared(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_room();
	somebody_is_left();
	peer_says("/v1/meetingParticipants/left", 403, JSON, "{}");
	answer = sign_in(&browser, "/webex/first", ALICE);
	assert_failure(answer, 502, "exchange-bad-answer", "rights.message");
	assert_true(log_says("/v1/meetingParticipants/"));
	assert_int_equal(peer_requests("/v1/meetings/join"), 0);
	peer_says("/v1/meetingParticipants/left", 200, JSON, "{}"); /* and they stay */
	answer = visit(&browser, "/webex/first");
	assert_failure(answer, 502, "exchange-bad-answer", "message");
	assert_true(log_says("there are still people in the room"));
	assert_int_equal(peer_requests("/v1/meetings/join"), 0);
	peer_makes("/v1/meetingParticipants/left", JSON, expel);
	assert_status(visit(&browser, "/webex/first"), 302);
}

/* Who comes second is not let in before, and not sent away after. */
static void who_comes_meanwhile_waits_until_the_room_is_cleared(void **state)
{
	struct browser browser = {0};
	struct answer *first, *second;

	(void)state;
	open_room();
	sign_in(&browser, "/webex/other", ALICE);
	later(4 * 3600 + 1);
	peer_says("/v1/meetings?", PEER_HANGS, "", "");
	first = BEGIN(&browser, .target = "/webex/first");
	wait_for_peer("/v1/meetings?", 2);
	second = BEGIN(&browser, .target = "/webex/first");
	peer_says("/v1/meetings?", 200, JSON, NOBODY);
	peer_goes_on(200, JSON, NOBODY);
	assert_status(end_it(first), 302);
	assert_status(end_it(second), 302);
	assert_int_equal(peer_requests("/v1/meetings?"), 2);
	assert_int_equal(peer_requests("/v1/meetings/join"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_token_that_was_taken_back_is_renewed_within_the_join),
		TEST(a_script_gets_its_token_by_a_fresh_one_too),
		TEST(many_who_are_refused_together_wait_for_one_renewal),
		TEST(a_pair_that_was_never_used_is_renewed_within_the_join),
		TEST(a_fresh_token_that_is_refused_is_the_operators_fault),
		TEST(renewals_that_do_not_help_are_limited),
		TEST(a_refresh_token_that_has_ended_is_the_operators_fault),
		TEST(a_new_secret_counts_at_once),
		TEST(so_it_does_right_after_a_renewal),
		TEST(what_a_visitor_cannot_mend_is_not_a_meeting_that_is_not_open),
		TEST(a_busy_webex_says_when_to_come_back),
		TEST(a_page_gets_its_visitors_and_asks_for_their_token),
		TEST(who_has_an_account_is_one_person_at_every_sign_in_and_meeting),
		TEST(who_has_no_account_is_one_person_as_long_as_the_session),
		TEST(a_room_is_cleared_before_the_next_meeting_has_it),
		TEST(nobody_gets_into_a_room_that_cannot_be_cleared),
		TEST(who_comes_meanwhile_waits_until_the_room_is_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
