/* SPDX-License-Identifier: MIT
 *
 * The page of whoever is signed in: their meetings, as the records and the policy have them.
 */
#include "request_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define HOST	"meeting.example.org"
#define PLACE	"rooms.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define ROOMS                                                                                      \
	"platform \"" PLACE "\" { type = \"jitsi\" app-id = \"own\" "                              \
	"}\n"
#define SERVICE                                                                                    \
	"backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "                 \
	"connect-timeout = \"40s\" label = \"Example Org\" }\n"
#define GUESTS                                                                                     \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" "          \
	"label = \"Guest account\" }\n"                                                            \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"
#define DESK "guest-desk { groups = {\"hosts\"} }\n"
#define RULES(more)                                                                                \
	"policy { default = \"deny\" " more                                                        \
	" rule \"guests\" { allow = true backends = {\"guests\", \"invited\"} } }\n"
#define SITE	MEETING ROOMS SERVICE GUESTS DESK RULES("")
#define ENTRY	"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-"
#define PAGE	ORIGIN MOUNT "/me"
#define TO_ROOM ORIGIN MOUNT "/jitsi/"

/* Everybody is who they say: hanna and henk are hosts, eve is none. */
static char *answer_question(const char *request)
{
	const char *name = strstr(request, "\"renew\"") != NULL
				   ? cut(request, "\"subject\":\"", "\"")
				   : cut(request, "\"name\":\"", "\"");
	bool is_host = strcmp(name, "hanna") == 0 || strcmp(name, "henk") == 0;
	char *text;

	assert_true(asprintf(&text,
			    "{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"%s\",\"subject\":\"%s\","
			    "\"groups\":[\"%s\"]}",
			    cut(request, "\"nonce\":\"", "\""),
			    is_host || strcmp(name, "eve") == 0 ? "grant" : "unknown", name,
			    is_host ? "hosts" : "others") > 0);
	return text;
}

static void open_site(const char *sections)
{
	site_secret(HOST, "key");
	site_secret(PLACE, "0123456789abcdef0123456789abcdef");
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	site_secret("backend/invited", "fedcba9876543210fedcba9876543210");
	site_load("", sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
}

static void sign_in_host(struct browser *browser, const char *name)
{
	char fields[60];

	snprintf(fields, sizeof fields, "name=%s&password=x", name);
	assert_status(sign_in(browser, "/guests", fields), 303);
}

static const struct answer *change(struct browser *host, const char *action, const char *fields)
{
	char marker[60];

	snprintf(marker, sizeof marker, "value=\"%s\"", action);
	return submit(host, visit(host, "/guests"), marker, fields);
}

static void put_account(struct browser *host, const char *name, const char *meetings)
{
	char fields[400];

	snprintf(fields, sizeof fields,
		"name=%s&display=%s+A.&email=&meetings=%s&password=0123456789&expires=", name, name,
		meetings);
	assert_status(change(host, "put-account", fields), 303);
	site_reload();
}

static const struct answer *open_page(struct browser *guest, const char *name)
{
	char fields[60];
	const struct answer *answer;

	snprintf(fields, sizeof fields, "name=%s&password=0123456789", name);
	answer = sign_in(guest, "/me", fields);
	assert_status(answer, 303);
	assert_string_equal(header(answer, "Location"), PAGE);
	return follow(guest, answer);
}

static void who_is_not_signed_in_does_so_and_comes_back(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	page = follow(&guest, visit(&guest, "/me"));
	assert_says(page, "(login.heading.me)");
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	page = open_page(&guest, "ann");
	assert_status(page, 200);
	assert_says(page, "<bdi>ann A.</bdi>");
	assert_says(page, "<bdi>Guest account</bdi>");
	assert_says(page, "(me.utc) ");
	assert_says(page, "(logout.title)");
	assert_silent(page, "(me.desk)");
	assert_non_null(header(page, "Content-Security-Policy"));
	assert_string_equal(header(page, "Cache-Control"), "no-store");
	assert_status(SEND(&guest, .method = "HEAD", .target = "/me"), 200);
}

static void a_join_button_leads_into_the_normal_flow(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1%2C" PLACE "%2Fblue");
	page = open_page(&guest, "ann");
	assert_says(page, "(me.host) hanna");
	assert_non_null(strstr(link_of(page, "(me.join): m1"), "/meeting/m1"));
	assert_string_equal(link_of(page, "(me.join): blue"), TO_ROOM "blue?platform=" PLACE);
	assert_leads(visit(&guest, TO_ROOM "blue?platform=" PLACE), "https://" PLACE "/blue?jwt=");
	assert_logged("join", "result=ok backend=guests rule=guests");
	assert_leads(visit(&guest, ENTRY "number-1"), "?token=access");
}

static void nobody_sees_the_meetings_of_others(void **state)
{
	struct browser host = {0}, ann = {0}, bea = {0}, eve = {0};

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	put_account(&host, "bea", HOST "%2Fm2");
	assert_silent(open_page(&ann, "ann"), "m2");
	assert_silent(open_page(&bea, "bea"), "m1");
	sign_in(&eve, "/me", "name=eve&password=x");
	assert_says(visit(&eve, "/me"), "(me.none)");
	assert_silent(visit(&eve, "/me"), "(me.desk)");
}

static void what_is_taken_away_is_gone_at_once_and_what_is_given_is_there(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;
	char target[100];

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	assert_says(open_page(&guest, "ann"), "(me.join): m1");
	page = visit(&host, "/guests");
	snprintf(target, sizeof target, "/guests?edit=%s",
		cut(strstr(page->body, "value=\"remove-account\""), "name=\"id\" value=\"", "\""));
	page = visit(&host, target);
	submit(&host, page, "put-account",
		"name=ann&display=&email=&meetings=" HOST "%2Fm2&password=&expires=");
	site_reload();
	/* Another display name is another account. */
	assert_status(visit(&guest, "/me"), 303);
	page = open_page(&guest, "ann");
	assert_says(page, "(me.join): m2");
	assert_silent(page, "(me.join): m1");
	page = visit(&host, target);
	submit(&host, page, "put-account",
		"name=ann&display=&email=&meetings=" HOST "%2Fm3&password=&expires=");
	site_reload();
	page = visit(&guest, "/me");
	assert_status(page, 200);
	assert_says(page, "(me.join): m3");
	assert_silent(page, "(me.join): m2");
	assert_status(visit(&guest, ENTRY "number-1"), 303);
	assert_leads(visit(&guest, ENTRY "number-2"), "/login?ticket=");
}

static void a_revoked_guest_sees_nothing(void **state)
{
	struct browser host = {0}, ann = {0}, ben = {0};
	const struct answer *page;
	const char *link;
	char fields[100];

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm1");
	open_page(&ann, "ann");
	page = change(&host, "add-invitation",
		"name=Ben&email=&meetings=" HOST "%2Fm1&meeting_token=t9&expires=");
	link = cut(page->body, "id=\"link\">", "<");
	site_reload();
	submit(&ben, visit(&ben, link), NULL, "");
	page = visit(&ben, "/me");
	assert_says(page, "<bdi>Ben</bdi>");
	assert_says(page, "(me.host) hanna");
	assert_says(page, "(me.until) ");
	assert_non_null(link_of(page, "(me.join): m1"));

	page = visit(&host, "/guests");
	snprintf(fields, sizeof fields, "id=%s",
		cut(strstr(page->body, "value=\"remove-account\""), "name=\"id\" value=\"", "\""));
	submit(&host, page, "value=\"remove-account\"", fields);
	snprintf(fields, sizeof fields, "id=%s",
		cut(strstr(page->body, "value=\"revoke-invitation\""), "name=\"id\" value=\"",
			"\""));
	submit(&host, page, "value=\"revoke-invitation\"", fields);
	site_reload();
	assert_leads(visit(&ann, "/me"), "/login?ticket=");
	assert_leads(visit(&ben, "/me"), "/login?ticket=");
}

static void an_account_may_be_without_a_meeting_and_is_good_for_none(void **state)
{
	struct browser host = {0}, guest = {0};

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", "");
	assert_says(open_page(&guest, "ann"), "(me.none)");
	assert_leads(visit(&guest, ENTRY "number-1"), "/login?ticket=");
	assert_leads(visit(&guest, "/jitsi/blue?platform=" PLACE), "/login?ticket=");
}

static void the_policy_says_what_is_open_and_when(void **state)
{
	struct browser host = {0}, guest = {0}, eve = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK
		"policy { default = \"deny\" "
		"rule \"closed\" { allow = false meetings = {\"m2\"} } "
		"rule \"later\" { allow = true backends = {\"guests\"} meetings = {\"m3\"} "
		"not-before = \"2090-01-01T08:00Z\" not-after = \"2090-01-01T09:00Z\" } "
		"rule \"over\" { allow = true backends = {\"guests\"} meetings = {\"m4\"} "
		"not-after = \"2020-01-01T08:00Z\" } "
		"rule \"open\" { allow = true backends = {\"guests\"} meetings = {\"m1\", \"m2\"} "
		"} "
		"rule \"eve\" { allow = true users = {\"own/eve\"} meetings = {\"board\", \"x*\"} "
		"platforms = {\"" PLACE "\"} } }\n");
	sign_in_host(&host, "hanna");
	put_account(&host, "ann", HOST "%2Fm3%2C" HOST "%2Fm1%2C" HOST "%2Fm2%2C" HOST "%2Fm4");
	page = open_page(&guest, "ann");
	assert_non_null(link_of(page, "(me.join): m1"));
	assert_silent(page, "m2");
	assert_silent(page, "m4");
	assert_says(page, "(me.opens) 2090-01-01 08:00");
	assert_null(link_of(page, "(me.join): m3"));
	/* People see what rules name for them. */
	sign_in(&eve, "/me", "name=eve&password=x");
	page = visit(&eve, "/me");
	assert_non_null(link_of(page, "(me.join): board"));
	assert_silent(page, "x*");
	assert_silent(page, HOST);
}

static void hosts_see_where_they_have_invited_to(void **state)
{
	struct browser hanna = {0}, henk = {0};
	const struct answer *page;

	(void)state;
	open_site(MEETING ROOMS SERVICE GUESTS DESK RULES(
		"rule \"hosts\" { allow = true groups = {\"hosts\"} }"));
	sign_in_host(&hanna, "hanna");
	sign_in_host(&henk, "henk");
	put_account(&hanna, "ann", HOST "%2Fm1");
	put_account(&hanna, "bea", HOST "%2Fm1%2C" PLACE "%2Fblue");
	change(&henk, "add-invitation", "name=Ben&email=&meetings=" HOST "%2Fm9&meeting_token=");
	site_reload();
	page = visit(&hanna, "/me");
	assert_says(page, "(me.desk)");
	assert_non_null(link_of(page, "(me.join): m1"));
	assert_non_null(link_of(page, "(me.join): blue"));
	assert_silent(page, "m9");
	page = visit(&henk, "/me");
	assert_non_null(link_of(page, "(me.join): m9"));
	assert_silent(page, "m1");
}

static void names_and_meetings_stay_text(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host, "hanna");
	assert_status(change(&host, "put-account",
			      "name=ann&display=%3Cscript%3E&email=&meetings=" HOST
			      "%2Fm1&password=0123456789&expires="),
		303);
	site_reload();
	page = open_page(&guest, "ann");
	assert_says(page, "&lt;script&gt;");
	assert_silent(page, "<script>");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_not_signed_in_does_so_and_comes_back),
		TEST(a_join_button_leads_into_the_normal_flow),
		TEST(nobody_sees_the_meetings_of_others),
		TEST(what_is_taken_away_is_gone_at_once_and_what_is_given_is_there),
		TEST(a_revoked_guest_sees_nothing),
		TEST(an_account_may_be_without_a_meeting_and_is_good_for_none),
		TEST(the_policy_says_what_is_open_and_when),
		TEST(hosts_see_where_they_have_invited_to),
		TEST(names_and_meetings_stay_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
