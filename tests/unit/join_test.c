/* SPDX-License-Identifier: MIT
 *
 * A join, from the platform's redirect to the way back into the meeting.
 */
#include "join_fixture.h"

#include <stdlib.h>

#define PEOPLE "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=deny\"} }\n"
#define TOKEN  "rt-12345678"

#define SESSION	   "__Host-meetauth"
#define BROWSER	   "__Host-meetauth-join"
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Lax"

/* Alice, whose browser has a session from now on. */
static const struct answer *join(struct browser *browser, const char *token)
{
	char target[200];

	snprintf(target, sizeof target, ENTRY "%s", token);
	return sign_in(browser, target, "name=alice&password=x");
}

/* ---- the whole way ---- */

static void whoever_signs_in_is_led_into_the_meeting(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char wanted[200];

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = arrive(&browser, TOKEN);
	assert_status(answer, 303);
	assert_ptr_equal(strstr(header(answer, "Location"), ORIGIN MOUNT "/login?ticket="),
		header(answer, "Location"));
	assert_null(strstr(header(answer, "Location"), TOKEN));
	assert_non_null(strstr(set_cookie(answer, BROWSER), ATTRIBUTES));
	assert_null(set_cookie(answer, SESSION));
	assert_string_equal(header(answer, "Cache-Control"), "no-store");
	assert_string_equal(header(answer, "Referrer-Policy"), "no-referrer");
	assert_int_equal(log_count("join"), 0); /* it goes on with the form */

	answer = follow(&browser, answer);
	assert_status(answer, 200);
	assert_says(answer, "(login.title)");
	assert_says(answer, HOST);
	assert_silent(answer, TOKEN);

	answer = submit(&browser, answer, NULL, "name=alice&password=x");
	assert_status(answer, 200);
	assert_says(answer, "(onward.title)");
	snprintf(wanted, sizeof wanted, "%s/meeting/t1?token=access", peer_address());
	assert_string_equal(leads_to(answer), wanted);
	assert_non_null(strstr(set_cookie(answer, SESSION), ATTRIBUTES));
	assert_logged("login", "result=ok user=alice backend=staff platform=" HOST
			       " client=192.0.2.1 meeting_id=m1");
	assert_logged("join", "result=ok code=ok platform=" HOST " meeting_id=m1 user=alice "
			      "backend=staff client=192.0.2.1 parameter= detail= room=");
	assert_int_equal(peer_requests("/exchange/key/" TOKEN " "), 1);
	assert_int_equal(state_count(CLAIMS), 1);
}

static void a_session_needs_no_login_page(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	answer = arrive(&browser, "rt-another-1");
	assert_status(answer, 302);
	assert_leads(answer, "/meeting/t1?token=access");
	assert_null(set_cookie(answer, SESSION));
	assert_logged("join", "result=ok user=alice backend=staff");
	assert_int_equal(log_count("login"), 0);
	assert_int_equal(state_count(CLAIMS), 2);
}

/* Those that fetch no pages are redirected at once, by the answer to a form too. */
static void a_program_gets_a_redirect(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = follow(&browser, arrive(&browser, TOKEN));
	answer = SEND(&browser, .method = "POST", .target = "/login", .site = "", .accept = "*/*",
		.type = "application/x-www-form-urlencoded",
		.body = form_body(page, NULL, "name=alice&password=x"));
	assert_status(answer, 302);
	assert_non_null(strstr(header(answer, "Location"), "/meeting/t1?token=access"));
}

static void head_claims_nothing(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	answer = SEND(&browser, .method = "HEAD", .target = ENTRY "rt-another-1");
	assert_status(answer, 200);
	assert_string_equal(answer->body, "");
	assert_int_equal(log_count("join"), 0);
	assert_int_equal(peer_requests("/exchange/"), 1);
	assert_int_equal(state_count(CLAIMS), 1);
}

/* ---- what arrives ---- */

static void each_parameter_stands_once_and_fits(void **state)
{
	static const struct {
		const char *query, *parameter;
	} cases[] = {
		{"?", "meetingId"},
		{"?hostname=" HOST "&meetingToken=t1&requestToken=" TOKEN, "meetingId"},
		{ENTRY TOKEN "&meetingId=m2", "meetingId"},
		{"?hostname=" HOST "&meetingId=&meetingToken=t1&requestToken=" TOKEN, "meetingId"},
		{"?hostname=" HOST "&meetingId=m/1&meetingToken=t1&requestToken=" TOKEN,
			"meetingId"},
		{"?hostname=" HOST "&meetingId=m1&requestToken=" TOKEN, "meetingToken"},
		{"?hostname=" HOST "&meetingId=m1&meetingToken=%2e%2e%2f&requestToken=" TOKEN,
			"meetingToken"},
		{ENTRY, "requestToken"},
		{ENTRY "1234567", "requestToken"},
		{ENTRY TOKEN "%00", "query"},
		{ENTRY TOKEN "%zz", "query"},
		{"?meetingId=m1&meetingToken=t1&requestToken=" TOKEN, "hostname"},
		{ENTRY TOKEN "&hostname=" HOST, "hostname"},
		{"?hostname=a%20b&meetingId=m1&meetingToken=t1&requestToken=" TOKEN, "hostname"},
	};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer = visit(&browser, cases[i].query);
		char fields[120];

		assert_failure(answer, 400, "bad-request", "message");
		assert_says(answer, cases[i].parameter);
		snprintf(fields, sizeof fields, "result=refused code=bad-request parameter=%s",
			cases[i].parameter);
		assert_logged("join", fields);
	}
	assert_int_equal(peer_requests("/exchange/"), 1);
}

static void a_prefetch_uses_nothing_up(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	answer = SEND(
		&browser, .target = ENTRY "rt-another-1", .more = {"HTTP_SEC_PURPOSE=prefetch"});
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=Sec-Purpose");
	assert_int_equal(state_count(CLAIMS), 1);
}

static void another_host_is_no_platform(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = visit(&browser, "?hostname=attacker.example&meetingId=m1&meetingToken=t1&"
				 "requestToken=" TOKEN);
	assert_failure(answer, 403, "unknown-platform", "message");
	assert_silent(answer, "attacker.example");
	assert_logged("join", "result=refused code=unknown-platform hostname=attacker.example "
			      "platform=");
	assert_true(log_says("no platform of this name at this address; known: " HOST));
}

static void what_is_forwarded_stands_once(void **state)
{
	static const char site[] = "platform \"" HOST "\" { type = \"veeting\" api = \"@api@\" "
				   "forward = {\"culture\", \"layout\"} }\n" PEOPLE;
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", site);
	peer_says("/", 200, "Content-Type: application/json\r\n",
		"{\"result\":\"success\",\"meetingAccessToken\":\"access\"}");
	answer = visit(&browser, ENTRY TOKEN "&culture=de&culture=en");
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=culture");
	assert_status(visit(&browser, ENTRY TOKEN "&culture=de&other=1"), 303);
}

static void what_is_too_long_for_a_ticket_is_refused(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char target[8192];
	int length;

	(void)state;
	open_site("",
		"platform \"" HOST "\" { type = \"veeting\" forward = {\"culture\"} }\n" PEOPLE);
	length = snprintf(target, sizeof target, ENTRY TOKEN "&culture=");
	memset(target + length, 'x', sizeof target - 1 - (size_t)length);
	target[sizeof target - 1] = '\0';
	answer = visit(&browser, target);
	assert_failure(answer, 400, "bad-request", "long");
	assert_true(log_says("culture: does not fit into the ticket of a sign-in"));
}

/* ---- the exchange ---- */

static void a_request_token_is_good_once(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	answer = arrive(&browser, TOKEN);
	assert_failure(answer, 409, "already-used", "message");
	assert_non_null(link_of(answer, "(error.link)"));
	assert_null(strstr(link_of(answer, "(error.link)"), TOKEN));
	assert_logged("join", "result=refused code=already-used user=alice");
	assert_int_equal(peer_requests("/exchange/"), 1);
	assert_int_equal(state_count(CLAIMS), 1);
}

/* Nobody types a password for a link that is used up: neither with the link again, nor with the
 * Back button from the meeting to the login page. */
static void a_used_link_is_told_before_the_sign_in(void **state)
{
	struct browser browser = {0}, other = {0};
	const struct answer *answer;
	char target[4000];

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = arrive(&browser, TOKEN);
	snprintf(target, sizeof target, "%s", header(answer, "Location") + strlen(ORIGIN MOUNT));
	assert_status(visit(&browser, target), 200);
	join(&browser, TOKEN);
	answer = visit(&browser, target);
	assert_failure(answer, 409, "already-used", "message");
	assert_non_null(link_of(answer, "(error.link)"));
	assert_failure(arrive(&other, TOKEN), 409, "already-used", "message");
	assert_status(arrive(&other, "rt-another-1"), 303);
	assert_int_equal(peer_requests("/exchange/"), 1);
}

static void of_those_who_come_in_one_turn_one_is_let_in(void **state)
{
	struct browser browser = {0};
	struct answer *first, *second;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	first = BEGIN(&browser, .target = ENTRY "rt-another-1");
	second = BEGIN(&browser, .target = ENTRY "rt-another-1");
	assert_int_equal(site_in_flight(), 2);
	assert_status(end_it(first), 302);
	assert_failure(end_it(second), 409, "already-used", "message");
	assert_int_equal(peer_requests("/exchange/key/rt-another-1"), 1);
}

/* Whether the same link may be opened again is whether a byte of it was sent. */
static void each_end_of_an_exchange_has_its_page(void **state)
{
	static const struct {
		const char *api, *timeout;
		int says;
		int status;
		const char *code, *result, *detail;
		bool again;
	} cases[] = {
		{"@api@", "60s", 403, 403, "exchange-refused", "refused", "HTTP 403", false},
		{"@api@", "60s", 500, 502, "exchange-bad-answer", "failed", "HTTP 500", false},
		{"@api@", "60s", PEER_HANGS_UP, 502, "exchange-bad-answer", "failed", "", false},
		{"@api@", "1s", PEER_HANGS, 504, "exchange-timeout", "failed", "", false},
		{"@closed@", "60s", 0, 502, "exchange-unreachable", "failed", "", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct browser browser = {0};
		const struct answer *answer;
		char sections[400], fields[160], token[40];
		unsigned claims = state_count(CLAIMS);

		snprintf(sections, sizeof sections,
			"platform \"" HOST
			"\" { type = \"mock\" api = \"%s\" timeout = \"%s\" }\n" PEOPLE,
			cases[i].api, cases[i].timeout);
		open_site("", sections);
		peer_says("/exchange/", cases[i].says, "", "no");
		snprintf(token, sizeof token, "rt-of-case-%zu", i);
		answer = join(&browser, token);
		assert_failure(answer, cases[i].status, cases[i].code, "message");
		assert_non_null(link_of(answer, "(error.link)"));
		snprintf(fields, sizeof fields, "result=%s code=%s user=alice", cases[i].result,
			cases[i].code);
		assert_logged("join", fields);
		assert_true(log_says(cases[i].detail));
		assert_int_equal(state_count(CLAIMS), claims + !cases[i].again);
	}
}

static void an_older_secret_is_tried_where_the_platform_refuses(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	site_secret(HOST, "newer");
	site_reload();
	peer_says("/exchange/newer/", 403, "", "");
	answer = join(&browser, TOKEN);
	assert_leads(answer, "?token=access");
	assert_int_equal(peer_requests("/exchange/newer/"), 1);
	assert_int_equal(peer_requests("/exchange/key/"), 1);
	assert_int_equal(state_count(CLAIMS), 1);
	assert_int_equal(state_count(MARKS), 1); /* when the secret was last accepted */

	peer_says("/exchange/key/", 403, "", "");
	answer = arrive(&browser, "rt-another-1");
	assert_failure(answer, 403, "exchange-refused", "message");
	assert_int_equal(peer_requests("/exchange/"), 4);
}

static void an_answer_that_quotes_the_request_shows_nothing_of_it(void **state)
{
	static const char site[] =
		"platform \"" HOST "\" { type = \"veeting\" api = \"@api@\" }\n" PEOPLE;
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret(HOST, "s3cret-key");
	site_load("", site);
	peer_says("/", 200, "Content-Type: application/json\r\n",
		"{\"result\":\"error\",\"errorCode\":\"" TOKEN "\",\"message\":\"s3cret-key\"}");
	answer = join(&browser, TOKEN);
	assert_true(answer->status >= 400);
	assert_int_equal(log_count("join"), 1);
	assert_false(log_says("s3cret-key"));
	assert_false(log_says(TOKEN));
}

static void without_a_secret_nobody_is_sent_on(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", MEETING PEOPLE);
	answer = join(&browser, TOKEN);
	assert_failure(answer, 500, "internal", "message");
	assert_logged("join", "result=failed code=internal level=error");
	assert_true(log_says("no secret for this platform: meetauthctl secret set " HOST));
	assert_int_equal(state_count(CLAIMS), 0);
}

static void joins_of_one_person_have_an_end(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("throttle-joins = \"2/10m\"", MEETING PEOPLE);
	join(&browser, TOKEN);
	assert_status(arrive(&browser, "rt-another-1"), 302);
	answer = arrive(&browser, "rt-another-2");
	assert_failure(answer, 429, "login-throttled", "join.message");
	assert_in_range(strtol(header(answer, "Retry-After"), NULL, 10), 200, 301);
	assert_logged("join", "result=refused code=login-throttled user=alice level=info");
	later(301);
	assert_status(arrive(&browser, "rt-another-2"), 302);
}

static void refused_tokens_of_one_person_have_an_end(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("throttle-refused = \"2/10m\"", MEETING PEOPLE);
	join(&browser, TOKEN);
	peer_says("/exchange/", 403, "", "");
	assert_status(arrive(&browser, "rt-another-1"), 403);
	assert_status(arrive(&browser, "rt-another-2"), 403);
	answer = arrive(&browser, "rt-another-3");
	assert_failure(answer, 429, "login-throttled", "join.message");
	assert_int_equal(peer_requests("/exchange/"), 3);
	assert_int_equal(state_count(CLAIMS), 3);
}

/* RFC 6585, 4: 429 is not the visitor's fault here, and the wait is the platform's. */
static void a_busy_platform_says_when_to_come_back(void **state)
{
	static const struct {
		int status;
		const char *headers, *wait;
	} cases[] = {{429, "Retry-After: 9\r\n", "9"}, {503, "Retry-After: 7\r\n", "7"},
		{429, "", "10"}};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer;
		char token[32];

		snprintf(token, sizeof token, "rt-another-%zu", i);
		peer_says("/exchange/", cases[i].status, cases[i].headers, "");
		answer = arrive(&browser, token);
		assert_failure(answer, 503, "overloaded", "message");
		assert_string_equal(header(answer, "Retry-After"), cases[i].wait);
	}
}

static void a_state_that_takes_no_claim_lets_nobody_in(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	join(&browser, TOKEN);
	state_break("", CLAIMS);
	answer = arrive(&browser, "rt-another-1");
	assert_failure(answer, 503, "internal", "state");
	assert_string_equal(header(answer, "Retry-After"), "10");
	assert_logged("join", "result=failed code=internal level=error");
	assert_int_equal(peer_requests("/exchange/"), 1);

	state_break(COUNTERS, "");
	answer = arrive(&browser, "rt-another-1");
	assert_failure(answer, 503, "internal", "state");
	assert_int_equal(peer_requests("/exchange/"), 1);

	state_break("", "");
	assert_status(arrive(&browser, "rt-another-1"), 302);
}

/* The link is good for who comes back with it. */
static void whoever_is_gone_uses_nothing_up(void **state)
{
	struct browser browser = {0};
	const struct answer *page;
	struct answer *gone;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = follow(&browser, arrive(&browser, TOKEN));
	gone = BEGIN(&browser, .method = "POST", .target = "/login",
		.type = "application/x-www-form-urlencoded",
		.body = form_body(page, NULL, "name=alice&password=x"));
	hang_up(gone);
	while (site_in_flight() > 0)
		site_settle();
	assert_logged("join", "result=refused code=bad-request");
	assert_true(log_says("the visitor closed the connection before the exchange"));
	assert_int_equal(state_count(CLAIMS), 0);
	assert_int_equal(peer_requests("/exchange/"), 0);
	assert_leads(join(&browser, TOKEN), "?token=access");
}

/* ---- the policy ---- */

#define RULES "policy { default = \"deny\" rule \"carols\" { allow = true users = {\"carol\"} } }\n"
#define TWO   "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"carol=grant\"} }\n"

static void whom_the_policy_denies_may_come_as_somebody_else(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING TWO RULES);
	answer = join(&browser, TOKEN);
	assert_failure(answer, 403, "denied", "message");
	assert_says(answer, "(error.account) alice");
	assert_says(answer, "(error.switch)");
	assert_null(link_of(answer, "(error.link)"));
	assert_logged("join", "result=denied code=denied user=alice rule=default");
	assert_int_equal(peer_requests("/exchange/"), 0);
	assert_int_equal(state_count(CLAIMS), 0);

	answer = submit(&browser, answer, "ticket", "");
	assert_status(answer, 303);
	assert_non_null(strstr(set_cookie(answer, SESSION), "; Max-Age=0"));
	assert_non_null(strstr(header(answer, "Location"), "/login?again=1&ticket="));
	assert_logged("logout", "user=alice backend=staff");
	answer = submit(&browser, follow(&browser, answer), NULL, "name=carol&password=x");
	assert_leads(answer, "/meeting/t1?token=access");
	assert_logged("join", "result=ok user=carol rule=carols");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_signs_in_is_led_into_the_meeting),
		TEST(a_session_needs_no_login_page),
		TEST(a_program_gets_a_redirect),
		TEST(head_claims_nothing),
		TEST(each_parameter_stands_once_and_fits),
		TEST(a_prefetch_uses_nothing_up),
		TEST(another_host_is_no_platform),
		TEST(what_is_forwarded_stands_once),
		TEST(what_is_too_long_for_a_ticket_is_refused),
		TEST(a_request_token_is_good_once),
		TEST(a_used_link_is_told_before_the_sign_in),
		TEST(of_those_who_come_in_one_turn_one_is_let_in),
		TEST(each_end_of_an_exchange_has_its_page),
		TEST(an_older_secret_is_tried_where_the_platform_refuses),
		TEST(an_answer_that_quotes_the_request_shows_nothing_of_it),
		TEST(without_a_secret_nobody_is_sent_on),
		TEST(joins_of_one_person_have_an_end),
		TEST(refused_tokens_of_one_person_have_an_end),
		TEST(a_busy_platform_says_when_to_come_back),
		TEST(a_state_that_takes_no_claim_lets_nobody_in),
		TEST(whoever_is_gone_uses_nothing_up),
		TEST(whom_the_policy_denies_may_come_as_somebody_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
