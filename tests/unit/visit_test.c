/* SPDX-License-Identifier: MIT
 *
 * A visit whatever it asks for: addresses and methods, requests that did not arrive whole, too many
 * at once, and what operators ask.
 */
#include "join_fixture.h"

#include "http/response.h"
#include "telemetry/sections.h"

#include <stdio.h>
#include <stdlib.h>

#define PEOPLE "backend \"staff\" { type = \"mock\" users = {\"alice=grant\"} }\n"
#define FIRST  ENTRY "rt-12345678"

/* ---- addresses and methods ---- */

static void an_address_that_is_none_says_so(void **state)
{
	static const char *const targets[] = {
		"/nothing", "/login/", "/callback/", "/backchannel/", "/token/", "/jitsi/room"};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		const struct answer *answer = visit(&browser, targets[i]);

		assert_failure(answer, 404, "not-found", "message");
		assert_null(link_of(answer, "(error.link)"));
		assert_logged("failure", "code=not-found level=info client=192.0.2.1");
	}
}

static void each_address_takes_its_methods(void **state)
{
	static const struct {
		const char *method, *target, *allow;
	} cases[] = {
		{"POST", "", "GET, HEAD"},
		{"PUT", "/login", "GET, HEAD, POST"},
		{"OPTIONS", "/login", "GET, HEAD, POST"},
		{"GET", "/backchannel/x", "POST"},
		{"DELETE", "/logout", "GET, HEAD, POST"},
		{"POST", "/healthz", "GET, HEAD"},
		{"GET", "/token/" HOST, "POST, OPTIONS"},
	};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer =
			SEND(&browser, .method = cases[i].method, .target = cases[i].target);

		assert_failure(answer, 405, "method-not-allowed", "message");
		assert_string_equal(header(answer, "Allow"), cases[i].allow);
	}
}

static void a_failure_is_json_where_that_is_preferred(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = SEND(&browser, .target = "/nothing", .accept = "application/json");
	assert_status(answer, 404);
	assert_string_equal(header(answer, "Content-Type"), "application/json");
	assert_string_equal(header(answer, "Cache-Control"), "no-store");
	assert_says(answer, "{\"error\":\"not-found\",\"message\":\"(error.not-found.message)\","
			    "\"requestId\":\"request-");
	answer = SEND(&browser, .method = "PUT", .target = "/login", .accept = "application/json");
	assert_string_equal(header(answer, "Allow"), "GET, HEAD, POST");
	answer = SEND(&browser, .method = "HEAD", .target = "/nothing");
	assert_status(answer, 404);
	assert_string_equal(answer->body, "");
}

static void a_page_has_the_name_of_the_house(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("brand-name = \"Example & Sons\" brand-logo = \"/l.svg\"", MEETING PEOPLE);
	answer = visit(&browser, "/nothing");
	assert_says(answer, "Example &amp; Sons");
	assert_says(answer, "<img src=\"/l.svg\" alt=\"Example &amp; Sons\">");
	assert_silent(answer, "<style>");
	assert_null(strstr(header(answer, "Content-Security-Policy"), "sha256"));
}

/* The hash is that of Python's hashlib for the text of the element. */
static void a_page_has_the_colour_and_the_links_of_the_house(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("brand-accent = \"#7a1fa2\" brand-help = \"https://help.example.org/?a=1&b=2\" "
		  "brand-privacy = \"/privacy\"",
		MEETING PEOPLE);
	answer = visit(&browser, "/nothing");
	assert_says(answer, "<style>:root{--accent:#7a1fa2;--accent-hover:#");
	assert_non_null(strstr(header(answer, "Content-Security-Policy"),
		"style-src 'self' 'sha256-X9Ith7AOsPlcpvEfSrZ0i/RF6tAW/pEOveghzIRc82Y='; img-src"));
	assert_string_equal(link_of(answer, "(foot.help)"), "https://help.example.org/?a=1&b=2");
	assert_string_equal(link_of(answer, "(foot.privacy)"), "/privacy");
}

/* ---- how requests arrive ---- */

static void what_did_not_arrive_whole_is_refused(void **state)
{
	static const struct {
		enum arrives arrives;
		int status;
		const char *code, *sentence;
	} cases[] = {
		{ARRIVES_BROKEN, 400, "bad-request", "other"},
		{ARRIVES_TOO_LARGE, 413, "too-large", "message"},
		{FINDS_NO_ROOM, 503, "overloaded", "message"},
		{ARRIVES_LATE, 503, "overloaded", "message"},
	};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer =
			SEND(&browser, .target = FIRST, .arrives = cases[i].arrives);

		assert_failure(answer, cases[i].status, cases[i].code, cases[i].sentence);
		if (cases[i].status == 503)
			assert_string_equal(header(answer, "Retry-After"), "1");
		assert_int_equal(log_count("join"), cases[i].arrives == ARRIVES_LATE);
	}
	/* What spares no work is done all the same. */
	assert_status(SEND(&browser, .target = "/healthz", .arrives = ARRIVES_LATE), 200);
}

static void two_cookies_of_one_name_break_a_request(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = SEND(&browser, .target = FIRST, .more = {"HTTP_COOKIE=a=b", "HTTP_COOKIE=c=d"});
	assert_failure(answer, 400, "bad-request", "other");
	assert_int_equal(log_count("failure"), 1);
}

static void joins_wait_for_no_more_than_there_may_be(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	struct answer *slow;

	(void)state;
	open_site("max-in-flight = 1", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	peer_says("/exchange/", PEER_HANGS, "", "");
	slow = BEGIN(&browser, .target = ENTRY "rt-number-2");
	answer = visit(&browser, ENTRY "rt-number-3");
	assert_failure(answer, 503, "overloaded", "message");
	assert_string_equal(header(answer, "Retry-After"), "1");
	assert_logged("join", "result=failed code=overloaded level=warning");
	assert_true(log_says("1 requests are in flight already (max-in-flight)"));
	assert_status(visit(&browser, "/healthz"), 200); /* that is no join */
	wait_for_peer("/exchange/", 2);
	peer_goes_on(200, "", "access");
	assert_status(end_it(slow), 302);
	peer_says("/exchange/", 200, "", "access");
	assert_status(visit(&browser, ENTRY "rt-number-3"), 302);
}

/* An answer that cannot be sent is none of ours. */
static void an_answer_that_does_not_fit_is_our_fault(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char body[9000];

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	memset(body, '\x01', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	peer_says("/exchange/", 200, "", body);
	answer = visit(&browser, ENTRY "rt-number-2");
	assert_true(answer->status >= 500);
	assert_null(header(answer, "Location"));
	assert_logged("join", "result=failed");
}

/* ---- operators ---- */

static void a_process_is_alive(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = visit(&browser, "/healthz");
	assert_status(answer, 200);
	assert_string_equal(answer->body, "ok\n");
	assert_string_equal(header(answer, "Content-Type"), "text/plain; charset=utf-8");
	assert_status(SEND(&browser, .method = "HEAD", .target = "/readyz"), 200);
}

static void a_process_is_ready_or_says_why_not(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", MEETING PEOPLE);
	answer = visit(&browser, "/readyz");
	assert_status(answer, 503);
	assert_string_equal(answer->body, "platform " HOST ": no secret in the store\n");
	site_secret(HOST, "key");
	site_reload();
	answer = visit(&browser, "/readyz");
	assert_status(answer, 200);
	assert_string_equal(answer->body, "ok\n");
	state_break("c", "");
	answer = visit(&browser, "/readyz");
	assert_status(answer, 503);
	assert_string_equal(answer->body, "state memory:: does not answer\n");
	state_break("", "");
	site_drain();
	answer = visit(&browser, "/readyz");
	assert_status(answer, 503);
	assert_string_equal(answer->body, "draining: this process is about to end\n");
}

/* The number behind a metric. */
static long metric(const struct answer *answer, const char *name)
{
	const char *value = cut(answer->body, name, "\n");

	if (value == NULL)
		fail_msg("no %s in %s", name, answer->body);
	return strtol(value, NULL, 10);
}

static void figures_count_what_happens(void **state)
{
	struct browser browser = {0};
	const struct answer *before, *after;

	(void)state;
	open_site("", MEETING PEOPLE);
	before = visit(&browser, "/metrics");
	assert_string_equal(
		header(before, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
	sign_in(&browser, FIRST, "name=alice&password=x");
	visit(&browser, FIRST);
	visit(&browser, "/nothing");
	after = visit(&browser, "/metrics");
	assert_int_equal(metric(after, "\nmeetauth_joins_total{result=\"ok\"} ") -
				 metric(before, "\nmeetauth_joins_total{result=\"ok\"} "),
		1);
	assert_int_equal(metric(after, "\nmeetauth_joins_total{result=\"refused\"} ") -
				 metric(before, "\nmeetauth_joins_total{result=\"refused\"} "),
		1);
	assert_true(metric(after, "\nmeetauth_state_entries ") > 0);
	state_break("c", "");
	assert_status(visit(&browser, "/metrics"), 200);
}

/* They are longer than any page. */
static void figures_of_many_platforms_are_whole(void **state)
{
	enum { PLATFORMS = 300 };
	static const enum metric all[] = {METRIC_EXCHANGE_GRANTED, METRIC_EXCHANGE_REFUSED,
		METRIC_EXCHANGE_TIMEOUT, METRIC_EXCHANGE_UNREACHABLE};
	struct browser browser = {0};
	const struct answer *answer;
	struct buffer sections = BUFFER_INIT(1 << 20);

	(void)state;
	buffer_text(&sections, MEETING PEOPLE);
	for (int i = 0; i < PLATFORMS; i++)
		buffer_printf(&sections,
			"platform \"p%03d.example.org\" { type = \"mock\" api = \"@api@\" }\n", i);
	open_site("", sections.data);
	for (int i = 0; i < PLATFORMS; i++) {
		char title[32];

		snprintf(title, sizeof title, "p%03d.example.org", i);
		for (size_t j = 0; j < sizeof all / sizeof *all; j++)
			sections_count(sections_key("platform", title), all[j]);
	}
	answer = visit(&browser, "/metrics");
	assert_status(answer, 200);
	assert_true(strlen(answer->body) > RESPONSE_BODY_MAX);
	assert_says(answer, "p299.example.org");
	buffer_release(&sections);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_that_is_none_says_so),
		TEST(each_address_takes_its_methods),
		TEST(a_failure_is_json_where_that_is_preferred),
		TEST(a_page_has_the_name_of_the_house),
		TEST(a_page_has_the_colour_and_the_links_of_the_house),
		TEST(what_did_not_arrive_whole_is_refused),
		TEST(two_cookies_of_one_name_break_a_request),
		TEST(joins_wait_for_no_more_than_there_may_be),
		TEST(an_answer_that_does_not_fit_is_our_fault),
		TEST(a_process_is_alive),
		TEST(a_process_is_ready_or_says_why_not),
		TEST(figures_count_what_happens),
		TEST(figures_of_many_platforms_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
