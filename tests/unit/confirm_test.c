/* SPDX-License-Identifier: MIT
 *
 * What pages say of a meeting before the join: its title, its number, and, with `confirm`, as whom.
 */
#include "join_fixture.h"

#define PEOPLE "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"carol=grant\"} }\n"
#define SERVER "backend \"server\" { type = \"remote-user\" }\n"
#define RULES                                                                                      \
	"policy { default = \"allow\"\n"                                                           \
	" rule \"other\" { allow = true meetings = {\"m2*\"} title = \"Another\" }\n"              \
	" rule \"weekly\" { allow = true meetings = {\"m1\"} groups = {\"x\"} "                    \
	"title = \"Weekly <with> \\\"Example\\\"\" }\n"                                            \
	" rule \"later\" { allow = true meetings = {\"m*\"} title = \"Any\" } }\n"

static const struct answer *sign_in_as(struct browser *browser, const char *name, const char *token)
{
	char target[200], fields[64];

	snprintf(target, sizeof target, ENTRY "%s", token);
	snprintf(fields, sizeof fields, "name=%s&password=x", name);
	return sign_in(browser, target, fields);
}

/* ---- the title ---- */

static void the_login_page_names_the_meeting(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("", MEETING PEOPLE RULES);
	page = follow(&browser, arrive(&browser, "rt-12345678"));
	assert_says(page, "Weekly &lt;with&gt; &quot;Example&quot;");
	assert_silent(page, "Another");
	assert_silent(page, ">t1<"); /* the visitor's claim */
	page = follow(&browser, visit(&browser, "?hostname=" HOST "&meetingId=m22&meetingToken=t1&"
						"requestToken=rt-12345679"));
	assert_says(page, "Another");
	page = follow(&browser, visit(&browser, "?hostname=" HOST "&meetingId=m3&meetingToken=t1&"
						"requestToken=rt-12345670"));
	assert_says(page, "Any");
}

static void a_title_is_of_meetings_and_not_long(void **state)
{
	char rules[1024];

	(void)state;
	site_secret(HOST, "key");
	assert_non_null(strstr(site_refusal("", MEETING PEOPLE
				       "policy { rule \"r\" { allow = true title = \"T\" } }"),
		"a title belongs to meetings"));
	snprintf(rules, sizeof rules,
		MEETING PEOPLE
		"policy { rule \"r\" { allow = true meetings = {\"m1\"} title = \"%0201d\" } }",
		0);
	assert_non_null(strstr(site_refusal("", rules), "longer than 200 bytes"));
}

/* ---- confirm ---- */

static void a_join_without_a_page_asks_first_and_goes_on_once(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;
	const char *form;

	(void)state;
	open_site("confirm = true", MEETING PEOPLE RULES);
	answer = sign_in_as(&browser, "alice", "rt-12345678"); /* the login page was one */
	assert_says(answer, "(onward.title)");
	answer = arrive(&browser, "rt-another-1"); /* a moment later */
	assert_status(answer, 302);
	assert_int_equal(peer_requests("/exchange/key/"), 2);

	later(120);
	page = arrive(&browser, "rt-another-2");
	assert_status(page, 200);
	assert_says(page, "(confirm.heading) alice");
	assert_says(page, "Weekly &lt;with&gt;");
	assert_string_equal(header(page, "Cache-Control"), "no-store");
	assert_int_equal(peer_requests("/exchange/key/"), 2);
	assert_int_equal(state_count(CLAIMS), 2);
	assert_int_equal(log_count("join"), 0);

	form = form_body(page, "name=\"confirm\"", "");
	answer = submit(&browser, page, "name=\"confirm\"", "");
	assert_leads(answer, "/meeting/t1?token=access");
	assert_logged("join", "result=ok user=alice meeting_id=m1");
	assert_int_equal(peer_requests("/exchange/key/rt-another-2 "), 1);
	answer = SEND(&browser, .method = "POST", .target = "/confirm",
		.type = "application/x-www-form-urlencoded", .body = form);
	assert_failure(answer, 409, "already-used", "message");
	assert_int_equal(peer_requests("/exchange/key/"), 3);
}

static void what_is_too_long_for_a_ticket_is_refused_here_too(void **state)
{
	struct browser browser = {0};
	char target[9000];

	(void)state;
	open_site("confirm = true",
		"platform \"" HOST "\" { type = \"veeting\" api = \"@api@\" timeout = \"60s\" "
		"forward = {\"culture\"} }\n" PEOPLE);
	sign_in_as(&browser, "alice", "rt-12345678");
	later(120);
	snprintf(target, sizeof target, ENTRY "rt-another-1&culture=%07000d", 0);
	assert_status(visit(&browser, target), 400);
	assert_true(log_says("culture: does not fit into the ticket of a sign-in"));
	assert_int_equal(state_count(CLAIMS), 1); /* of the sign-in */
}

static void a_button_is_of_one_person_and_one_join(void **state)
{
	struct browser browser = {0};
	const struct answer *first, *second, *page;
	char body[8192];

	(void)state;
	open_site("confirm = true", MEETING PEOPLE);
	sign_in_as(&browser, "alice", "rt-12345678");
	later(120);
	first = arrive(&browser, "rt-another-1");
	second = arrive(&browser, "rt-another-2");
	/* The ticket of one, and the token of the other. */
	snprintf(body, sizeof body, "ticket=%s&confirm=%s",
		cut(form_body(first, "name=\"confirm\"", ""), "ticket=", "&"),
		cut(form_body(second, "name=\"confirm\"", ""), "confirm=", "&"));
	page = SEND(&browser, .method = "POST", .target = "/confirm",
		.type = "application/x-www-form-urlencoded", .body = body);
	assert_status(page, 200);
	assert_says(page, "(confirm.heading) alice");
	assert_int_equal(peer_requests("/exchange/key/"), 1);

	forget_cookie(&browser, "__Host-meetauth");
	sign_in_as(&browser, "carol", "rt-another-4");
	page = submit(&browser, first, "name=\"confirm\"", "");
	assert_says(page, "(confirm.heading) carol");
	page = submit(&browser, page, "name=\"confirm\"", "");
	assert_leads(page, "/meeting/t1?token=access");
	assert_logged("join", "result=ok user=carol");
}

static void without_a_session_the_button_leads_to_the_login_page(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("confirm = true", MEETING PEOPLE);
	sign_in_as(&browser, "alice", "rt-12345678");
	later(120);
	page = arrive(&browser, "rt-another-1");
	forget_cookie(&browser, "__Host-meetauth");
	page = submit(&browser, page, "name=\"confirm\"", "");
	assert_status(page, 303);
	page = follow(&browser, page);
	page = submit(&browser, page, NULL, "name=alice&password=x");
	assert_leads(page, "/meeting/t1?token=access");
	assert_status(visit(&browser, "/confirm"), 405);
}

static void whom_the_web_server_names_is_asked_each_time(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("confirm = true", MEETING SERVER);
	page = SEND(&browser, .target = ENTRY "rt-12345678", .more = {"MEETAUTH_USER=dora"});
	assert_says(page, "(confirm.heading) dora");
	page = SEND(&browser, .method = "POST", .target = "/confirm",
		.type = "application/x-www-form-urlencoded",
		.body = form_body(page, "name=\"confirm\"", ""), .more = {"MEETAUTH_USER=dora"});
	assert_leads(page, "/meeting/t1?token=access");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_login_page_names_the_meeting),
		TEST(a_title_is_of_meetings_and_not_long),
		TEST(a_join_without_a_page_asks_first_and_goes_on_once),
		TEST(what_is_too_long_for_a_ticket_is_refused_here_too),
		TEST(a_button_is_of_one_person_and_one_join),
		TEST(without_a_session_the_button_leads_to_the_login_page),
		TEST(whom_the_web_server_names_is_asked_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
