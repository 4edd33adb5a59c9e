/* SPDX-License-Identifier: MIT
 *
 * Signing in: forms and the backends behind them, tickets, the throttle, sessions and their ends.
 */
#include "join_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define PEOPLE                                                                                     \
	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"carol=grant\", "          \
	"\"bob=deny\", \"dan=unfit\", \"erin=unavailable\"} }\n"
#define GUESTS	"backend \"guests\" { type = \"guest\" label = \"As a guest\" }\n"
#define FIRST	ENTRY "rt-12345678"
#define SESSION "__Host-meetauth"
#define BROWSER "__Host-meetauth-join"
#define FORM	"application/x-www-form-urlencoded"

static const struct answer *login_page(struct browser *browser, const char *entry)
{
	const struct answer *answer = visit(browser, entry);

	assert_status(answer, 303);
	answer = follow(browser, answer);
	assert_status(answer, 200);
	return answer;
}

/* An entry with a request token of its own. */
static const char *entry(unsigned number)
{
	static char text[200];

	snprintf(text, sizeof text, ENTRY "rt-number-%04u", number);
	return text;
}

/* ---- the form ---- */

static void the_page_has_the_brand_and_labels_of_its_language(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("languages = {\"en\", \"ar\"} brand-name = \"A\" brand-logo = \"/l.svg\" "
		  "brand-logo-dark = \"/d.svg\" brand-icon = \"/i.png\"",
		MEETING "backend \"guests\" { type = \"guest\" label = \"As a guest\" "
			"label-ar = \"In Arabic\" label-de = \"Nobody\" }\n");
	page = follow(&browser, visit(&browser, FIRST));
	assert_says(page, "<h1>As a guest</h1>");
	assert_says(page, "<link rel=\"icon\" href=\"/i.png\">");
	assert_says(page, "<source srcset=\"/d.svg\" media=\"(prefers-color-scheme: dark)\">");
	assert_says(page, "<img src=\"/l.svg\" alt=\"A\">");
	page = SEND(&browser, .target = FIRST, .more = {"HTTP_ACCEPT_LANGUAGE=ar"});
	page = SEND(&browser, .target = leads_to(page) + strlen(ORIGIN),
		.more = {"HTTP_ACCEPT_LANGUAGE=ar"});
	assert_says(page, "<h1>In Arabic</h1>");
	open_site("", MEETING GUESTS);
	page = follow(&browser, visit(&browser, FIRST));
	assert_says(page, "<link rel=\"icon\" href=\"" MOUNT "/static/icon.svg\">");
	assert_silent(page, "<source");
}

static void a_wrong_password_brings_the_form_again(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = sign_in(&browser, FIRST, "name=bob&password=wr0ng");
	assert_status(answer, 401);
	assert_says(answer, "(login.failed)");
	assert_says(answer, "value=\"bob\"");
	assert_silent(answer, "wr0ng");
	assert_null(set_cookie(answer, SESSION));
	assert_logged("login", "result=failed user= backend=staff platform=" HOST " meeting_id=m1");
	assert_int_equal(log_count("join"), 0); /* it is not over */
	assert_false(log_says("wr0ng"));
	assert_int_equal(state_count(CLAIMS), 0);

	answer = submit(&browser, answer, NULL, "name=alice&password=x");
	assert_leads(answer, "?token=access");
}

static void an_unknown_name_looks_like_a_wrong_password(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = sign_in(&browser, FIRST, "name=nobody&password=x");
	assert_status(answer, 401);
	assert_says(answer, "(login.failed)");
	assert_logged("login", "result=failed user= backend=staff");
	assert_true(log_says("no backend knows that name"));
	assert_false(log_says("nobody "));
}

static void programs_are_told_by_json(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	answer = SEND(&browser, .method = "POST", .target = "/login", .type = FORM,
		.accept = "application/json", .body = form_body(page, NULL, "name=bob&password=x"));
	assert_status(answer, 401);
	assert_string_equal(header(answer, "Content-Type"), "application/json");
	assert_says(
		answer, "\"error\":\"login-failed\",\"message\":\"(error.login-failed.message)\"");
	assert_says(answer, "\"requestId\":\"request-");
}

static void what_cannot_be_right_is_asked_of_nobody(void **state)
{
	static const char *const fields[] = {
		"name=&password=x", "name=alice&password=", "name=%20%20&password=x"};
	struct browser browser = {0};
	char name[400] = "name=", password[1200] = "name=alice&password=";

	(void)state;
	open_site("", MEETING PEOPLE);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		assert_status(sign_in(&browser, FIRST, fields[i]), 401);
		assert_true(log_says("a field is empty or too long, and nobody was asked"));
	}
	memset(name + strlen(name), 'a', 257);
	snprintf(name + strlen("name=") + 257, 20, "&password=x");
	assert_status(sign_in(&browser, FIRST, name), 401);
	assert_true(log_says("nobody was asked"));
	memset(password + strlen(password), 'a', 1025);
	assert_status(sign_in(&browser, FIRST, password), 401);
	assert_true(log_says("nobody was asked"));
	assert_int_equal(state_count(COUNTERS), 0);
}

static void a_form_that_is_not_ours_is_refused(void **state)
{
	static const struct {
		const char *site, *origin, *type, *fields, *parameter;
	} cases[] = {
		{"cross-site", "", FORM, "name=alice&password=x", "Origin"},
		{"", "https://evil.example", FORM, "name=alice&password=x", "Origin"},
		{"same-origin", "", "text/plain", "name=alice&password=x", "Content-Type"},
		{"same-origin", "", FORM "x", "name=alice&password=x", "Content-Type"},
		{"same-origin", "", FORM, "name=%zz", "form"},
		{"same-origin", "", FORM, "name=alice", "password"},
		{"same-origin", "", FORM, "name=alice&name=bob&password=x", "name"},
		{"same-origin", "", FORM, "name=alice&password=x&ticket=again", "ticket"},
		{"same-origin", "", FORM, "name=alice&password=x&backend=other", "backend"},
		{"same-origin", "", FORM, "name=alice&password=x&backend=staff", "backend"},
		{"same-origin", "", FORM, "name=alice&password=x&backend=a&backend=b", "backend"},
	};
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char origin[80], field[80];
		const struct answer *answer;

		snprintf(origin, sizeof origin, "HTTP_ORIGIN=%s", cases[i].origin);
		answer = SEND(&browser, .method = "POST", .target = "/login", .site = cases[i].site,
			.type = cases[i].type, .more = {origin},
			.body = form_body(page, NULL, cases[i].fields));
		assert_failure(answer, 400, "bad-request", "message");
		snprintf(field, sizeof field, "result=refused parameter=%s", cases[i].parameter);
		assert_logged("join", field);
		assert_null(set_cookie(answer, SESSION));
	}
	/* Older browsers say where a form comes from by Origin alone, or by nothing. */
	assert_status(SEND(&browser, .method = "POST", .target = "/login", .site = "", .type = FORM,
			      .more = {"HTTP_ORIGIN=" ORIGIN},
			      .body = form_body(page, NULL, "name=alice&password=x")),
		302);
}

static void a_login_page_needs_its_ticket(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	assert_failure(visit(&browser, "/login"), 400, "bad-request", "message");
	assert_failure(visit(&browser, "/login?a=%zz"), 400, "bad-request", "message");
	assert_failure(visit(&browser, "/login?ticket=forged"), 400, "ticket-expired", "message");
	assert_logged("failure", "code=ticket-expired");
	assert_true(log_says("not a ticket of ours"));
}

static void a_button_names_a_provider(void **state)
{
	struct browser browser = {0};
	const struct answer *answer = NULL;
	char target[5000];

	(void)state;
	open_site("", MEETING PEOPLE);
	answer = visit(&browser, FIRST);
	snprintf(target, sizeof target, "%s&backend=staff", leads_to(answer));
	assert_failure(visit(&browser, target), 400, "bad-request", "message");
	assert_logged("failure", "parameter=backend");
	snprintf(target, sizeof target, "%s&again=1&again=1", leads_to(answer));
	assert_failure(visit(&browser, target), 400, "bad-request", "message");
	assert_status(SEND(&browser, .method = "HEAD", .target = leads_to(answer)), 200);
}

static const char *place_of(const struct answer *page, const char *text)
{
	const char *place = strstr(page->body, text);

	assert_non_null(place);
	return place;
}

static void the_first_way_is_open_and_the_others_are_folded(void **state)
{
	struct browser browser = {0}, other = {0};
	const struct answer *page;

	(void)state;
	open_site("", MEETING PEOPLE GUESTS);
	page = login_page(&browser, FIRST);
	assert_says(page, "<h1>(login.heading)</h1>");
	assert_true(
		place_of(page, "id=\"password-0\"") < place_of(page, "<details class=\"way\">"));
	assert_true(place_of(page, "<summary>As a guest") < place_of(page, "id=\"name-1\""));
	assert_says(page, "autocomplete=\"name\" autocapitalize=\"words\"");
	/* What was wrong is open, and its field says why. */
	page = submit(&browser, page, "guests", "name=%E2%80%8B");
	assert_says(page, "<details class=\"way\" open>");
	assert_says(page, "<p id=\"wrong-1\">(login.guest.wrong)</p>");
	assert_says(page, "aria-describedby=\"wrong-1\" autofocus>");
	assert_silent(page, "wrong-0");
	page = submit(&browser, page, NULL, "name=bob&password=");
	assert_says(page, "<p id=\"wrong-0\">(login.failed)</p>");
	assert_says(page, "<details class=\"way\">");
	site_load("", MEETING GUESTS PEOPLE);
	page = login_page(&other, FIRST);
	assert_true(place_of(page, "<h2>As a guest</h2>") < place_of(page, "id=\"password-1\""));
	assert_says(page, "<summary>(login.passwords)</summary>");
	site_load("", MEETING GUESTS);
	memset(&other, 0, sizeof other);
	page = login_page(&other, FIRST);
	assert_says(page, "<h1>As a guest</h1>");
	assert_silent(page, "<details");
	assert_silent(page, "(login.purpose)");
}

/* ---- tickets ---- */

static void the_page_says_how_long_it_can_be_used(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site("ticket-lifetime = \"150s\"", MEETING PEOPLE);
	assert_says(login_page(&browser, FIRST), "(login.limit) 2<");
	site_load("ticket-lifetime = \"59s\"", MEETING PEOPLE);
	assert_silent(login_page(&browser, FIRST), "(login.limit)");
}

static void a_ticket_is_good_for_a_while_in_one_browser(void **state)
{
	struct browser browser = {0}, other = {0}, bare = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("ticket-lifetime = \"10m\"", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	login_page(&other, FIRST);
	answer = submit(&other, page, NULL, "name=alice&password=x");
	assert_failure(answer, 400, "ticket-expired", "message");
	assert_null(link_of(answer, "(error.link)"));
	assert_non_null(link_of(answer, "(error.site)"));
	assert_true(log_says("made for another browser or session"));
	assert_logged("join", "result=refused code=ticket-expired user=");
	answer = submit(&bare, page, NULL, "name=alice&password=x");
	assert_status(answer, 400);
	assert_says(answer, "(error.ticket-expired.cookies.title)");
	assert_says(answer, "(error.ticket-expired.cookies.message)");
	assert_null(link_of(answer, "(error.link)"));
	assert_true(log_says("no cookie: the browser did not send the ticket cookie"));
	later(601 + 60);
	answer = submit(&browser, page, NULL, "name=alice&password=x");
	assert_failure(answer, 400, "ticket-expired", "message");
	assert_non_null(strstr(link_of(answer, "(error.link)"), "/t1"));
	assert_true(log_says("expired: older than 600 s"));
	assert_logged("join", "platform=" HOST " meeting_id=m1");
	assert_null(set_cookie(answer, SESSION));
}

static void a_reload_may_take_the_platform_of_a_ticket(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	site_load(
		"", "platform \"other.example.org\" { type = \"mock\" api = \"@api@\" }\n" PEOPLE);
	assert_failure(submit(&browser, page, NULL, "name=alice&password=x"), 403,
		"unknown-platform", "message");
	assert_true(log_says("a reload has taken " HOST " out of the configuration"));
}

/* ---- backends in a row ---- */

#define BACKEND(title, users) "backend \"" title "\" { type = \"mock\" users = {" users "} }\n"

static void backends_are_asked_in_the_order_of_the_file(void **state)
{
	static const struct {
		const char *first, *second;
		int status;
		const char *backend;
	} cases[] = {
		{"\"alice=unknown\"", "\"alice=grant\"", 302, "second"},
		{"\"alice=grant\"", "\"alice=deny\"", 302, "first"},
		{"\"alice=deny\"", "\"alice=grant\"", 401, "first"},
		{"\"alice=unavailable\"", "\"alice=grant\"", 302, "second"},
		{"\"alice=unavailable\"", "\"alice=deny\"", 401, "second"},
		{"\"alice=unavailable\"", "\"alice=unknown\"", 503, "first"},
		{"\"alice=unknown\"", "\"alice=unavailable\"", 503, "second"},
		{"\"alice=unfit\"", "\"alice=grant\"", 503, "first"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char sections[600], fields[60];
		struct browser browser = {0};
		const struct answer *page, *answer;

		snprintf(sections, sizeof sections,
			MEETING BACKEND("first", "%s") BACKEND("second", "%s"), cases[i].first,
			cases[i].second);
		open_site("", sections);
		page = login_page(&browser, entry((unsigned)i));
		answer = SEND(&browser, .method = "POST", .target = "/login", .site = "",
			.type = FORM, .body = form_body(page, NULL, "name=alice&password=x"));
		assert_status(answer, cases[i].status);
		snprintf(fields, sizeof fields, "backend=%s", cases[i].backend);
		assert_logged("login", fields);
		if (cases[i].status != 503)
			continue;
		assert_failure(answer, 503, "backend-unavailable", "message");
		assert_non_null(header(answer, "Retry-After"));
		assert_logged("login", "result=unavailable level=error");
		assert_logged("join", "result=failed code=backend-unavailable");
	}
}

/* ---- too many tries ---- */

static void tries_of_an_account_have_an_end(void **state)
{
	struct browser browser = {0}, other = {0};
	const struct answer *answer;

	(void)state;
	open_site("throttle-account = \"3/10m\"", MEETING PEOPLE);
	sign_in(&other, FIRST, "name=bob&password=x");
	sign_in(&browser, FIRST, "name=bob&password=x");
	sign_in(&browser, FIRST, "name=BOB&password=x");
	answer = sign_in(&browser, FIRST, "name=bob&password=x");
	assert_failure(answer, 429, "login-throttled", "message");
	assert_says(answer, "(error.wait.minutes)");
	assert_in_range(strtol(header(answer, "Retry-After"), NULL, 10), 1, 201);
	assert_logged("login", "result=throttled user=");
	assert_int_equal(log_count("join"), 0);
	assert_leads(sign_in(&other, entry(1), "name=carol&password=x"), "?token=access");
	later(201);
	assert_status(sign_in(&browser, FIRST, "name=bob&password=x"), 401);
}

/* Whoever has signed in here before is not shut out by those who guess elsewhere. */
static void a_browser_that_is_known_has_tries_of_its_own(void **state)
{
	struct browser known = {0}, other = {.address = "198.51.100.7"};

	(void)state;
	open_site("throttle-account = \"2/10m\"", MEETING PEOPLE);
	sign_in(&known, entry(1), "name=alice&password=x");
	forget_cookie(&known, SESSION);
	site_load("throttle-account = \"2/10m\"", MEETING BACKEND("staff", "\"alice=deny\""));
	for (int i = 0; i < 4; i++)
		sign_in(&other, FIRST, "name=alice&password=x");
	assert_status(sign_in(&other, FIRST, "name=alice&password=x"), 429);
	assert_status(sign_in(&known, FIRST, "name=alice&password=x"), 401);
	assert_status(sign_in(&known, FIRST, "name=alice&password=x"), 401);
	assert_status(sign_in(&known, FIRST, "name=alice&password=x"), 429);
}

static void tries_from_an_address_have_an_end(void **state)
{
	struct browser one = {0}, two = {.address = "203.0.113.9"};
	const struct answer *answer;

	(void)state;
	open_site("throttle-address = \"2/10m\"", MEETING PEOPLE);
	assert_status(sign_in(&one, FIRST, "name=a&password=x"), 401);
	assert_status(sign_in(&one, FIRST, "name=b&password=x"), 401);
	answer = sign_in(&one, FIRST, "name=c&password=x");
	assert_failure(answer, 429, "login-throttled", "message");
	assert_true(log_says("too many tries from this address"));
	assert_status(sign_in(&two, FIRST, "name=c&password=x"), 401);
}

/* Whoever guesses uses up the tries of an address, and nobody else's: there is no account "". */
static void a_form_without_a_name_counts_by_the_address_alone(void **state)
{
	struct browser guesser = {0}, other = {.address = "203.0.113.9"};
	unsigned number = 0;

	(void)state;
	open_site("throttle-account = \"2/10m\" throttle-address = \"4/10m\"",
		MEETING "backend \"token\" { type = \"mock-token\" users = {\"t0ken=grant\"} }\n");
	for (int i = 0; i < 4; i++)
		assert_status(sign_in(&guesser, entry(number++), "password=wrong"), 401);
	assert_failure(sign_in(&guesser, entry(number++), "password=wrong"), 429, "login-throttled",
		"message");
	assert_true(log_says("too many tries from this address"));
	assert_leads(sign_in(&other, entry(number++), "password=t0ken"), "?token=access");
}

static void tries_from_a_network_have_an_end(void **state)
{
	static const struct {
		const char *form; /* of addresses of one network */
		unsigned tries;
	} cases[] = {{"2001:db8:1:%x00::1", 40}, {"198.51.100.%u", 200}};

	(void)state;
	open_site("throttle-address = \"4/10m\" throttle-account = \"1000/10m\"", MEETING PEOPLE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned throttled = 0;

		for (unsigned j = 1; j <= cases[i].tries; j++) {
			char address[60];
			struct browser browser = {.address = address};

			if (i == 0)
				snprintf(address, sizeof address, "2001:db8:1:%x00::1", j);
			else
				snprintf(address, sizeof address, "198.51.100.%u", j);
			throttled += sign_in(&browser, FIRST, "name=bob&password=x")->status == 429;
		}
		assert_true(throttled > 0);
		assert_true(log_says("too many tries from the networks around this address"));
	}
}

static void the_wait_is_said_in_words(void **state)
{
	static const struct {
		const char *limit, *sentence;
	} waits[] = {{"1/60s", "(error.wait.seconds)"}, {"1/80m", "(error.wait.minutes)"},
		{"1/3h", "(error.wait.hours)"}};
	struct browser late = {0};
	char options[80];

	open_site("", MEETING PEOPLE);
	assert_says(
		SEND(&late, .target = FIRST, .arrives = ARRIVES_LATE), "(error.wait.seconds) 1<");

	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		struct browser browser = {0};

		snprintf(options, sizeof options, "throttle-account = \"%s\"", waits[i].limit);
		site_down(state);
		site_up(state);
		open_site(options, MEETING PEOPLE);
		sign_in(&browser, FIRST, "name=bob&password=x");
		assert_says(sign_in(&browser, FIRST, "name=bob&password=x"), waits[i].sentence);
	}
}

static void a_throttle_that_cannot_count_lets_nobody_try(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	state_break("", COUNTERS);
	answer = submit(&browser, page, NULL, "name=alice&password=x");
	assert_failure(answer, 503, "internal", "state");
	assert_null(set_cookie(answer, SESSION));
	assert_true(log_says("the state does not answer"));
}

/* ---- a service that says more (http) ---- */

#define SERVICE(more)                                                                              \
	"backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "                 \
	"connect-timeout = \"40s\" " more " }\n"
#define RULE(group)                                                                                \
	"policy { default = \"deny\" rule \"" group "\" { allow = true groups = {\"" group         \
	"\"} } }\n"
#define JSON "Content-Type: application/json\r\n"

static const char *service_says; /* verdict and the rest */

static char *answer_question(const char *request)
{
	char *text;

	assert_true(asprintf(&text, "{\"version\":1,\"nonce\":\"%s\",%s}",
			    cut(request, "\"nonce\":\"", "\""), service_says) > 0);
	return text;
}

static void open_service(const char *options, const char *sections)
{
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	open_site(options, sections);
	peer_makes("/ask", JSON, answer_question);
}

static void a_denied_account_is_named_in_the_log(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_service("throttle-account = \"2/10m\"", MEETING SERVICE(""));
	service_says = "\"verdict\":\"deny\",\"subject\":\"alice\"";
	assert_status(sign_in(&browser, FIRST, "name=alice&password=x"), 401);
	assert_logged("login", "result=failed user=alice backend=own");
	assert_status(sign_in(&browser, FIRST, "name=alice&password=x"), 401);
	assert_status(sign_in(&browser, FIRST, "name=alice&password=x"), 429);
	assert_logged("login", "result=throttled user=alice backend=own");
}

/* Two names of one account have the tries of one. */
static void an_account_has_its_tries_whatever_it_is_called(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_service("throttle-account = \"2/10m\"", MEETING SERVICE(""));
	service_says = "\"verdict\":\"deny\",\"subject\":\"alice\"";
	assert_status(sign_in(&browser, FIRST, "name=a1&password=x"), 401);
	assert_status(sign_in(&browser, FIRST, "name=a2&password=x"), 401);
	assert_status(sign_in(&browser, FIRST, "name=a3&password=x"), 429);
	assert_logged("login", "result=throttled user=alice backend=own");
}

static void groups_decide_and_are_read_again(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_service("", MEETING SERVICE("group-refresh = \"10m\"") RULE("it"));
	service_says = "\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[\"it\",\"x\"]";
	sign_in(&browser, FIRST, "name=alice&password=x");
	assert_logged("join", "result=ok user=alice backend=own rule=it");
	service_says = "\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[\"hr\"]";
	assert_status(visit(&browser, entry(1)), 302);
	assert_int_equal(peer_requests("/ask"), 1);

	later(601);
	answer = visit(&browser, entry(2));
	assert_failure(answer, 403, "denied", "message");
	assert_non_null(set_cookie(answer, SESSION));
	assert_int_equal(peer_requests("/ask"), 2);
	assert_non_null(strstr(peer_last("/ask"), "\"request\":\"renew\",\"subject\":\"alice\""));

	later(601);
	service_says = "\"verdict\":\"what\"";
	assert_failure(visit(&browser, entry(3)), 503, "backend-unavailable", "message");

	service_says = "\"verdict\":\"deny\"";
	answer = visit(&browser, entry(4));
	assert_status(answer, 303);
	assert_non_null(strstr(set_cookie(answer, SESSION), "; Max-Age=0"));
	assert_logged("login", "result=gone user=alice backend=own");
	assert_int_equal(state_count(ENDS), 1);
}

static void a_session_whose_groups_are_read_often_is_not_idle(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_service(
		"session-idle = \"10m\"", MEETING SERVICE("group-refresh = \"40s\"") RULE("it"));
	service_says = "\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[\"it\"]";
	sign_in(&browser, FIRST, "name=alice&password=x");
	for (unsigned i = 1; i <= 14; i++) { /* closer than a tenth of the idle time */
		later(50);
		assert_status(visit(&browser, entry(i)), 302);
	}
	assert_int_equal(peer_requests("/ask"), 15);
}

static void groups_that_no_rule_names_stay_out_of_a_full_cookie(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char says[8192], many[6000] = "";

	(void)state;
	open_service("", MEETING SERVICE("group-refresh = \"10m\"") RULE("it"));
	for (int i = 0; i < 40; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), ",\"%0100d\"", i);
	snprintf(says, sizeof says,
		"\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[\"it\"%s]", many);
	service_says = says;
	sign_in(&browser, FIRST, "name=alice&password=x");
	assert_logged("join", "result=ok user=alice rule=it");
	assert_true(strlen(cookie(&browser, SESSION)) < 4096);

	/* Rules that came since may name one that was left out: it is read again, or signed in
	 * anew. */
	site_load("", MEETING SERVICE("group-refresh = \"10m\"") RULE("hr"));
	service_says = "\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[\"hr\"]";
	answer = visit(&browser, entry(1));
	assert_status(answer, 302);
	assert_logged("join", "result=ok rule=hr");
	assert_int_equal(peer_requests("/ask"), 2);
}

static void who_does_not_fit_into_a_cookie_is_told_so(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char says[8192], rules[8192] = "", many[6000] = "";

	(void)state;
	for (int i = 0; i < 40; i++)
		snprintf(many + strlen(many), sizeof many - strlen(many), "%s\"%0100d\"",
			i > 0 ? "," : "", i);
	snprintf(rules, sizeof rules,
		MEETING SERVICE("") "policy { rule \"it\" { allow = true groups = {%s} } }\n",
		many);
	open_service("", rules);
	snprintf(says, sizeof says, "\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[%s]",
		many);
	service_says = says;
	answer = sign_in(&browser, FIRST, "name=alice&password=x");
	assert_status(answer, 401);
	assert_null(set_cookie(answer, SESSION));
	assert_logged("login", "result=failed user=alice backend=own");
	assert_true(log_says("do not fit into a session cookie"));
}

static void a_backend_that_fails_for_many_is_left_alone(void **state)
{
	struct browser browser = {0};
	const struct answer *answer = NULL;
	unsigned asked;

	(void)state;
	open_service("", MEETING SERVICE(""));
	peer_says("/ask", 500, "", "");
	for (unsigned i = 0; i < 20 && log_count("backend") == 0; i++) {
		char fields[60];

		snprintf(fields, sizeof fields, "name=user%u&password=x", i);
		answer = sign_in(&browser, FIRST, fields);
		assert_failure(answer, 503, "backend-unavailable", "message");
		site_settle();
	}
	assert_logged("backend", "result=left-alone backend=own level=warning");
	asked = peer_requests("/ask");
	answer = sign_in(&browser, FIRST, "name=alice&password=x");
	assert_failure(answer, 503, "backend-unavailable", "message");
	assert_true(log_says("own failed repeatedly and is not asked for a while"));
	assert_int_equal(peer_requests("/ask"), asked);

	wait_out(60);
	peer_makes("/ask", JSON, answer_question);
	service_says = "\"verdict\":\"grant\",\"subject\":\"alice\"";
	assert_leads(sign_in(&browser, FIRST, "name=alice&password=x"), "?token=access");
}

static void a_full_queue_is_overload(void **state)
{
	enum { MANY = 400 };
	static struct answer *answers[MANY];
	struct browser browser = {0};
	const struct answer *page;
	const char *body;
	unsigned busy = 0;

	(void)state;
	open_service("throttle-account = \"9999/10m\" throttle-address = \"9999/10m\"",
		MEETING SERVICE(""));
	page = login_page(&browser, FIRST);
	peer_says("/ask", PEER_HANGS, "", "");
	body = form_body(page, NULL, "name=alice&password=x");
	for (size_t i = 0; i < MANY; i++)
		answers[i] = BEGIN(
			&browser, .method = "POST", .target = "/login", .type = FORM, .body = body);
	assert_failure(end_it(answers[MANY - 1]), 503, "overloaded", "message");
	assert_string_equal(header(answers[MANY - 1], "Retry-After"), "5");
	service_says = "\"verdict\":\"unknown\"";
	peer_makes("/ask", JSON, answer_question);
	peer_goes_on(500, "", "");
	for (size_t i = 0; i < MANY; i++)
		busy += end_it(answers[i])->status == 503;
	assert_in_range(busy, MANY - 300, MANY - 1);
}

/* ---- sessions ---- */

static void a_session_ends_when_it_is_idle_and_when_it_is_old(void **state)
{
	struct browser browser = {0};
	unsigned number = 0;

	(void)state;
	open_site("session-idle = \"1h\" session-lifetime = \"3h\"", MEETING PEOPLE);
	sign_in(&browser, entry(number++), "name=alice&password=x");
	for (int i = 0; i < 3; i++) { /* used, it goes on */
		const struct answer *answer;

		later(50 * 60);
		answer = visit(&browser, entry(number++));
		assert_status(answer, 302);
		assert_non_null(set_cookie(answer, SESSION));
	}
	later(40 * 60); /* more than three hours after its beginning */
	assert_status(visit(&browser, entry(number++)), 303);
	sign_in(&browser, entry(number++), "name=alice&password=x");
	later(61 * 60);
	assert_status(visit(&browser, entry(number++)), 303);
}

/* Leaves the meeting's site, as whoever has the form of signing out does. */
static void sign_out(struct browser *browser, const struct answer *form)
{
	assert_says(submit(browser, form, NULL, ""), "(signed-out.title)");
}

#define LIFETIMES(session, idle, ticket)                                                           \
	"session-lifetime = \"" session "\" session-idle = \"" idle                                \
	"\" ticket-lifetime = \"" ticket "\""

static void p12_later_lifetimes_bring_nothing_back(void **state)
{
	struct browser left = {0}, gone = {0}, pending = {0}, copy, other;
	const struct answer *page;
	unsigned number = 0;

	(void)state;
	open_site(LIFETIMES("60s", "60s", "60s"), MEETING PEOPLE);
	page = login_page(&pending, entry(number++));
	sign_in(&left, entry(number++), "name=alice&password=x");
	sign_in(&gone, entry(number++), "name=carol&password=x");
	copy = left;
	sign_out(&left, visit(&left, "/logout"));
	assert_status(visit(&copy, entry(number++)), 303);
	site_load(LIFETIMES("12h", "12h", "1h"), MEETING PEOPLE);
	assert_status(visit(&copy, entry(number++)), 303);
	later(60 + 61);
	for (int i = 0; i < 20; i++) { /* by which the state drops what has expired */
		other = (struct browser){0};
		assert_leads(
			sign_in(&other, entry(number++), "name=alice&password=x"), "?token=access");
	}
	assert_status(visit(&copy, entry(number++)), 303);
	assert_status(visit(&gone, entry(number++)), 303);
	assert_failure(submit(&pending, page, NULL, "name=alice&password=x"), 400, "ticket-expired",
		"message");
}

/* A copy of a session that was replaced, signed out of or sent to the login page while the option
 * was short. */
static void p12_what_a_shorter_lifetime_ended_stays_so(void **state)
{
	static const char *const shorter[] = {
		LIFETIMES("1s", "1s", "1h"), LIFETIMES("12h", "1s", "1h")};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct browser replaced = {0}, left = {0}, seen = {0}, copies[3];
		const struct answer *page, *form;
		unsigned number = (unsigned)i * 100;

		open_site(LIFETIMES("12h", "12h", "1h"), MEETING PEOPLE);
		page = login_page(&replaced, entry(number++));
		sign_in(&replaced, entry(number++), "name=alice&password=x");
		sign_in(&left, entry(number++), "name=alice&password=x");
		sign_in(&seen, entry(number++), "name=alice&password=x");
		copies[0] = replaced;
		copies[1] = left;
		copies[2] = seen;
		form = visit(&left, "/logout");
		site_load(shorter[i], MEETING PEOPLE);
		later(2);
		assert_leads(
			submit(&replaced, page, NULL, "name=carol&password=x"), "?token=access");
		sign_out(&left, form);
		assert_status(visit(&seen, entry(number++)), 303);
		site_load(LIFETIMES("12h", "12h", "1h"), MEETING PEOPLE);
		for (size_t j = 0; j < 3; j++)
			assert_status(visit(&copies[j], entry(number++)), 303);
	}
}

static void a_session_ends_with_its_account(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	site_load("", MEETING BACKEND("staff", "\"alice=deny\""));
	answer = visit(&browser, entry(1));
	assert_status(answer, 303);
	assert_logged("login", "result=gone user=alice backend=staff");
	assert_int_equal(state_count(ENDS), 1);
	/* It does not come back with the account. */
	site_load("", MEETING PEOPLE);
	assert_status(visit(&browser, entry(2)), 303);
	site_load("", MEETING BACKEND("others", "\"alice=grant\""));
	assert_status(visit(&browser, entry(3)), 303);
}

static void a_forged_session_is_none(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	for (size_t i = 0; i < sizeof browser.jar / sizeof *browser.jar; i++)
		if (strcmp(browser.jar[i].name, SESSION) == 0)
			browser.jar[i].value[20] ^= 1;
	assert_status(visit(&browser, entry(1)), 303);
	assert_int_equal(state_count(ENDS), 0);
}

static void a_state_that_does_not_answer_takes_no_session(void **state)
{
	static const char *const kinds[] = {ENDS, MARKS};
	struct browser browser = {0};

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	for (size_t i = 0; i < 2; i++) {
		state_break(kinds[i], "");
		assert_failure(visit(&browser, entry(1)), 503, "internal", "state");
		assert_true(log_says("the state does not answer"));
	}
	state_break("", "");
	assert_status(visit(&browser, entry(1)), 302);
}

static void who_signs_in_anew_ends_the_session_before(void **state)
{
	struct browser browser = {0}, copy;
	const struct answer *answer;

	(void)state;
	open_site(
		"", MEETING PEOPLE "policy { rule \"c\" { allow = true users = {\"carol\"} } }\n");
	answer = sign_in(&browser, FIRST, "name=alice&password=x");
	assert_failure(answer, 403, "denied", "message");
	copy = browser;
	answer = visit(&browser, entry(1));
	forget_cookie(&copy, BROWSER);
	answer = follow(&browser, submit(&browser, answer, "ticket", ""));
	assert_says(answer, "(login.title)");
	assert_status(visit(&copy, entry(2)), 303); /* a copy of the cookie is worth nothing */
}

static void two_sign_ins_in_one_browser_leave_one_session(void **state)
{
	struct browser browser = {0}, old;
	const struct answer *page;

	(void)state;
	open_site("", MEETING PEOPLE);
	page = login_page(&browser, FIRST);
	submit(&browser, page, NULL, "name=alice&password=x");
	old = browser;
	submit(&browser, page, NULL, "name=carol&password=x");
	assert_logged("logout", "user=alice backend=staff");
	assert_true(log_says("another sign-in in the same browser"));
	assert_int_equal(state_count(ENDS), 1);
	assert_status(visit(&old, entry(1)), 303);
	assert_status(visit(&browser, entry(2)), 302);
	assert_logged("join", "user=carol");

	state_break("", ENDS); /* what cannot end cannot be replaced */
	assert_failure(
		submit(&browser, page, NULL, "name=alice&password=x"), 503, "internal", "state");
	assert_true(log_says("the session could not be ended"));
}

/* ---- signing out ---- */

static void signing_out_ends_the_session_everywhere(void **state)
{
	struct browser browser = {0}, copy;
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	copy = browser;
	page = visit(&browser, "/logout");
	assert_status(page, 200);
	assert_says(page, "(logout.account) alice");
	answer = submit(&browser, page, NULL, "");
	assert_status(answer, 200);
	assert_says(answer, "(signed-out.title)");
	assert_non_null(strstr(set_cookie(answer, SESSION), "; Max-Age=0"));
	assert_logged("logout", "user=alice backend=staff client=192.0.2.1 detail=");
	assert_int_equal(state_count(ENDS), 1);
	assert_status(visit(&copy, entry(1)), 303);
	answer = visit(&browser, "/logout");
	assert_says(answer, "(signed-out.title)");
}

static void the_form_of_signing_out_is_for_whom_it_was_shown(void **state)
{
	struct browser browser = {0}, other = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=alice&password=x");
	sign_in(&other, entry(1), "name=carol&password=x");
	page = visit(&browser, "/logout");
	answer = submit(&other, page, NULL, "");
	assert_failure(answer, 400, "ticket-expired", "message");
	assert_int_equal(log_count("logout"), 0);
	answer = SEND(&browser, .method = "POST", .target = "/logout", .type = FORM, .body = "a=b");
	assert_failure(answer, 400, "ticket-expired", "message");
	assert_int_equal(state_count(ENDS), 0);

	state_break("", ENDS);
	other = browser;
	answer = submit(&other, page, NULL, "");
	assert_failure(answer, 503, "internal", "state");
	assert_true(log_says("the session could not be ended"));
	state_break(MARKS, "");
	other = browser;
	answer = submit(&other, page, NULL, "");
	assert_failure(answer, 503, "internal", "state");
	state_break("", "");
	assert_says(submit(&browser, page, NULL, ""), "(signed-out.title)");
	assert_says(submit(&browser, page, NULL, ""), "(signed-out.title)");
}

/* ---- whom the web server knows ---- */

static void the_web_server_may_say_who_it_is(void **state)
{
	static const char site[] =
		MEETING "backend \"sso\" { type = \"remote-user\" groups = \"MEETAUTH_GROUPS\" }\n";
	struct browser browser = {0};
	const struct answer *answer;
	char groups[20000] = "MEETAUTH_GROUPS=";

	(void)state;
	open_site("", site);
	answer = SEND(&browser, .target = FIRST, .more = {"MEETAUTH_USER=alice"});
	assert_status(answer, 302);
	assert_logged("join", "result=ok user=alice backend=sso");
	assert_null(set_cookie(answer, SESSION));
	for (int i = 0; i < 200; i++)
		snprintf(groups + strlen(groups), 80, "%060d,", i);
	answer = SEND(&browser, .target = entry(1), .more = {"MEETAUTH_USER=alice", groups});
	assert_failure(answer, 401, "login-failed", "other");
	assert_logged("login", "result=failed backend=sso user=");
	assert_logged("join", "result=denied code=login-failed user=");
	answer = visit(&browser, entry(2));
	assert_failure(answer, 401, "login-failed", "other");
	assert_true(log_says("no other way to sign in is configured"));
}

/* The address to come back to in the address of a sign-in, decoded; the path begins at the mount.
 */
static const char *return_of(const struct answer *answer)
{
	static char back[8192];
	const char *from = strstr(leads_to(answer), "target=");
	size_t length = 0;

	assert_non_null(from);
	for (from += strlen("target="); *from != '\0' && *from != '&' && length + 1 < sizeof back;
		from++) {
		unsigned character = (unsigned char)*from;

		if (*from == '%' && sscanf(from + 1, "%2x", &character) == 1)
			from += 2;
		back[length++] = (char)character;
	}
	back[length] = '\0';
	assert_int_equal(strncmp(back, ORIGIN "/auth/", strlen(ORIGIN "/auth/")), 0);
	return back + strlen(ORIGIN);
}

/* Shibboleth and its like: a button, a way there without a token of the join, and a way back. */
static void whom_the_web_server_does_not_know_is_sent_to_its_sign_in(void **state)
{
	static const char site[] =
		MEETING PEOPLE "backend \"sso\" { type = \"remote-user\" label = \"University\" "
			       "login = \"/Shibboleth.sso/Login?target={return}\" }\n";
	struct browser browser = {0}, other = {0};
	const struct answer *page, *answer;
	const char *back;

	(void)state;
	open_site("", site);
	page = login_page(&browser, FIRST);
	assert_non_null(link_of(page, "University"));
	answer = visit(&browser, link_of(page, "University"));
	assert_leads(answer, ORIGIN "/Shibboleth.sso/Login?target=https%3A%2F%2Fexternal");
	assert_null(strstr(leads_to(answer), "12345678"));
	back = return_of(answer);
	answer = visit(&browser, back);
	assert_status(answer, 401);
	assert_true(log_says("names no user after the sign-in"));
	assert_status(SEND(&other, .target = back, .more = {"MEETAUTH_USER=alice"}), 400);
	answer = SEND(&browser, .target = back, .more = {"MEETAUTH_USER=alice"});
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok user=alice backend=sso");
	assert_null(set_cookie(answer, SESSION));
}

/* Nobody has to press the only button. */
static void the_only_way_to_sign_in_is_the_web_servers(void **state)
{
	struct browser browser = {0};
	const struct answer *answer, *page;

	(void)state;
	open_site("", MEETING "backend \"sso\" { type = \"remote-user\" "
			      "login = \"https://sso.example.org/?target={return}&x=1\" }\n");
	answer = visit(&browser, FIRST);
	assert_leads(answer, "https://sso.example.org/?target=https%3A%2F%2Fexternal");
	answer = SEND(&browser, .target = return_of(answer), .more = {"MEETAUTH_USER=bob"});
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok user=bob backend=sso");
	/* The web server names the user at the login page only: no endless redirects. */
	answer = visit(&browser, "/me");
	assert_leads(answer, ORIGIN "/auth/login?ticket=");
	page = follow(&browser, answer);
	answer = visit(&browser, link_of(page, "sso"));
	answer = SEND(&browser, .target = return_of(answer), .more = {"MEETAUTH_USER=bob"});
	assert_leads(answer, ORIGIN "/auth/me");
	assert_leads(visit(&browser, "/me"), ORIGIN "/auth/login?ticket=");
}

/* ---- forms of their own ---- */

static void a_guest_is_in_for_one_meeting(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("",
		MEETING GUESTS "policy { rule \"g\" { allow = true backends = {\"guests\"} } }\n");
	page = login_page(&browser, FIRST);
	assert_says(page, "As a guest");
	assert_says(page, "(login.guest.name)");
	assert_silent(page, "(login.password)");
	answer = submit(&browser, page, "guests", "name=%20");
	assert_status(answer, 401);
	assert_says(answer, "(login.guest.wrong)");
	answer = submit(&browser, answer, "guests", "name=Ann");
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok backend=guests");
	assert_status(visit(&browser, entry(1)), 302);
	answer = visit(&browser,
		"?hostname=" HOST "&meetingId=m2&meetingToken=t2&requestToken=rt-87654321");
	assert_status(answer, 303); /* not for another one */
	visit(&browser, "/logout");
	submit(&browser, visit(&browser, "/logout"), NULL, "");
	assert_int_equal(state_count(KNOWN), 1);
	assert_int_equal(state_count(ENDS), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_page_has_the_brand_and_labels_of_its_language),
		TEST(a_wrong_password_brings_the_form_again),
		TEST(an_unknown_name_looks_like_a_wrong_password),
		TEST(programs_are_told_by_json),
		TEST(what_cannot_be_right_is_asked_of_nobody),
		TEST(a_form_that_is_not_ours_is_refused),
		TEST(a_login_page_needs_its_ticket),
		TEST(a_button_names_a_provider),
		TEST(the_first_way_is_open_and_the_others_are_folded),
		TEST(the_page_says_how_long_it_can_be_used),
		TEST(a_ticket_is_good_for_a_while_in_one_browser),
		TEST(a_reload_may_take_the_platform_of_a_ticket),
		TEST(backends_are_asked_in_the_order_of_the_file),
		TEST(tries_of_an_account_have_an_end),
		TEST(a_browser_that_is_known_has_tries_of_its_own),
		TEST(tries_from_an_address_have_an_end),
		TEST(a_form_without_a_name_counts_by_the_address_alone),
		TEST(tries_from_a_network_have_an_end),
		TEST(the_wait_is_said_in_words),
		TEST(a_throttle_that_cannot_count_lets_nobody_try),
		TEST(a_denied_account_is_named_in_the_log),
		TEST(an_account_has_its_tries_whatever_it_is_called),
		TEST(groups_decide_and_are_read_again),
		TEST(a_session_whose_groups_are_read_often_is_not_idle),
		TEST(groups_that_no_rule_names_stay_out_of_a_full_cookie),
		TEST(who_does_not_fit_into_a_cookie_is_told_so),
		TEST(a_backend_that_fails_for_many_is_left_alone),
		TEST(a_full_queue_is_overload),
		TEST(a_session_ends_when_it_is_idle_and_when_it_is_old),
		TEST(p12_later_lifetimes_bring_nothing_back),
		TEST(p12_what_a_shorter_lifetime_ended_stays_so),
		TEST(a_session_ends_with_its_account),
		TEST(a_forged_session_is_none),
		TEST(a_state_that_does_not_answer_takes_no_session),
		TEST(who_signs_in_anew_ends_the_session_before),
		TEST(two_sign_ins_in_one_browser_leave_one_session),
		TEST(signing_out_ends_the_session_everywhere),
		TEST(the_form_of_signing_out_is_for_whom_it_was_shown),
		TEST(the_web_server_may_say_who_it_is),
		TEST(whom_the_web_server_does_not_know_is_sent_to_its_sign_in),
		TEST(the_only_way_to_sign_in_is_the_web_servers),
		TEST(a_guest_is_in_for_one_meeting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
