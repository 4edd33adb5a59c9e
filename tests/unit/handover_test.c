/* SPDX-License-Identifier: MIT
 *
 * Codes: how a script on a page of another site, or a native program, gets its token without a
 * cookie, and every way in which a code is refused.
 */
#include "request_fixture.h"

#ifdef HAVE_CJOSE

#include "base/site.h"

#include <sodium.h>
#include <stdio.h>

/* ORIGIN is https://external.example.org: the first is of its site, the second is not. */
#define NEAR "https://app.example.org"
#define FAR  "https://litware.com"

#define PEOPLE "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=grant\"} }\n"
#define ALICE  "name=alice&password=x"
#define LIVE(more)                                                                                 \
	"platform \"live.example.org\" { type = \"livekit\" allowed-origins = {\"" NEAR            \
	"\", \"" FAR "\", \"https://contoso.com\"} " more " }\n" PEOPLE
#define REDIRECTS                                                                                  \
	"redirects = {\"" FAR "/join\", \"http://127.0.0.1/back\", \"http://[::1]/back\", "        \
	"\"org.example.app:/back\", \"" NEAR "/more?a=b\"} "
#define OTHER                                                                                      \
	"platform \"other.example.org\" { type = \"livekit\" allowed-origins = {\"" FAR            \
	"\"} app = \"" FAR "/join\" }\n"

/* RFC 7636, appendix B. */
#define VERIFIER  "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define BEGUN	  "&code_challenge=" CHALLENGE "&code_challenge_method=S256"
#define TO_FAR	  "redirect_uri=https%3A%2F%2Flitware.com%2Fjoin"
#define TO_APP	  "redirect_uri=org.example.app%3A%2Fback"

static void load(const char *sections)
{
	site_secret("live.example.org", "key:0123456789abcdef0123456789abcdef");
	site_secret("other.example.org", "key:0123456789abcdef0123456789abcdef");
	site_load("", sections);
}

/* The code of an address, or "". */
static const char *code_of(const struct answer *answer)
{
	const char *code = cut(leads_to(answer), "code=", "&");

	return code != NULL ? code : "";
}

/* What a script with those fields gets; `origin` NULL: a native program, without that header. No
 * cookie goes along. */
static const struct answer *trade_at(const char *platform, const char *origin, const char *room,
	const char *code, const char *verifier, const char *more)
{
	struct browser nobody = {0};
	char target[64], body[6000], header[100];

	snprintf(target, sizeof target, "/token/%s", platform);
	snprintf(body, sizeof body, "{\"room_name\":\"%s\",\"code\":\"%s\"%s%s%s%s}", room, code,
		verifier != NULL ? ",\"code_verifier\":\"" : "", verifier != NULL ? verifier : "",
		verifier != NULL ? "\"" : "", more);
	snprintf(header, sizeof header, "HTTP_ORIGIN=%s", origin != NULL ? origin : "");
	return SEND(&nobody, .method = "POST", .target = target, .site = "cross-site",
		.accept = "*/*", .type = "application/json", .body = body,
		.more = {origin != NULL ? header : NULL});
}

#define TRADE(origin, code, verifier)                                                              \
	trade_at("live.example.org", origin, "room", code, verifier, "")

static void assert_refused(const struct answer *answer, const char *parameter, const char *why)
{
	char field[80];

	snprintf(field, sizeof field, "result=refused code=bad-request parameter=%s", parameter);
	assert_status(answer, 400);
	assert_logged("join", field);
	assert_true(log_says(why));
	assert_null(header(answer, "Set-Cookie"));
}

/* ---- the way ---- */

static void a_page_of_another_site_gets_a_code_and_trades_it(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char code[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join?from=us\""));
	answer = sign_in(&browser, "/livekit/room", ALICE);
	assert_leads(answer, FAR "/join?from=us&room_name=room&code=");
	assert_logged("join", "result=ok user=alice meeting_id=room");
	snprintf(code, sizeof code, "%s", code_of(answer));
	assert_false(log_says(code));

	answer = TRADE(FAR, code, NULL);
	assert_status(answer, 201);
	assert_says(answer, "\"participant_token\":\"ey");
	assert_string_equal(header(answer, "Access-Control-Allow-Origin"), FAR);
	assert_null(header(answer, "Set-Cookie"));
	assert_logged("join", "result=ok user=alice backend=staff meeting_id=room");
	assert_false(log_says(code));

	answer = TRADE(FAR, code, NULL);
	assert_status(answer, 409);
	assert_says(answer, "\"error\":\"already-used\"");
	assert_string_equal(header(answer, "Access-Control-Allow-Origin"), FAR);

	/* A session is enough for the next one, which is another. */
	answer = visit(&browser, "/livekit/room");
	assert_status(answer, 302);
	assert_string_not_equal(code_of(answer), code);
	assert_status(TRADE(FAR, code_of(answer), NULL), 201);
}

static void a_page_of_our_own_site_gets_one_only_where_its_script_began(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	load(LIVE("app = \"" NEAR "/join\" " REDIRECTS));
	answer = sign_in(&browser, "/livekit/room", ALICE);
	assert_string_equal(leads_to(answer), NEAR "/join?room_name=room");
	answer = visit(&browser, "/livekit/room?state=x%26y" BEGUN);
	assert_leads(answer, NEAR "/join?room_name=room&code=");
	assert_leads(answer, "&state=x%26y");
	assert_status(TRADE(NEAR, code_of(answer), VERIFIER), 201);
	answer = visit(&browser,
		"/livekit/room?redirect_uri=https%3A%2F%2Fapp.example.org%2Fmore%3Fa%3Db");
	assert_string_equal(leads_to(answer), NEAR "/more?a=b&room_name=room");
}

static void what_a_script_began_comes_through_the_sign_in(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	load(LIVE("app = \"" NEAR "/join\" " REDIRECTS));
	answer = sign_in(&browser, "/livekit/room?" TO_FAR "&state=abc" BEGUN, ALICE);
	assert_leads(answer, FAR "/join?room_name=room&code=");
	assert_leads(answer, "&state=abc");
	assert_status(TRADE(FAR, code_of(answer), VERIFIER), 201);
}

static void without_app_a_visit_may_still_say_where_it_ends(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	load(LIVE(REDIRECTS));
	answer = sign_in(&browser, "/livekit/room", ALICE);
	assert_leads(answer, "https://live.example.org/custom?");
	answer = visit(&browser, "/livekit/room?" TO_FAR);
	assert_leads(answer, FAR "/join?room_name=room&code=");
}

static void a_native_program_gets_a_token_at_any_port_or_by_its_scheme(void **state)
{
	static const struct {
		const char *asked, *led;
	} cases[] = {
		{"http%3A%2F%2F127.0.0.1%3A51004%2Fback", "http://127.0.0.1:51004/back?room_name="},
		{"http%3A%2F%2F127.0.0.1%2Fback", "http://127.0.0.1/back?room_name="},
		{"http%3A%2F%2F%5B%3A%3A1%5D%3A65535%2Fback", "http://[::1]:65535/back?room_name="},
		{"org.example.app%3A%2Fback", "org.example.app:/back?room_name="},
	};
	struct browser browser = {0};
	char target[300];

	(void)state;
	load(LIVE(REDIRECTS));
	sign_in(&browser, "/livekit/room", ALICE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer;
		char code[4200];

		snprintf(target, sizeof target, "/livekit/room?redirect_uri=%s&state=s" BEGUN,
			cases[i].asked);
		answer = visit(&browser, target);
		assert_leads(answer, cases[i].led);
		snprintf(code, sizeof code, "%s", code_of(answer));
		assert_refused(TRADE(NEAR, code, VERIFIER), "code", "made for another origin");
		assert_refused(TRADE(NULL, code, NULL), "code_verifier", "missing");
		answer = TRADE(NULL, code, VERIFIER);
		assert_status(answer, 201);
		assert_null(header(answer, "Access-Control-Allow-Origin"));
		assert_null(header(answer, "Set-Cookie"));
		assert_status(TRADE(NULL, code, VERIFIER), 409);
	}
}

static void the_login_page_lets_its_form_lead_there(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	load(LIVE(REDIRECTS));
	answer = follow(&browser, visit(&browser, "/livekit/room"));
	assert_non_null(strstr(header(answer, "Content-Security-Policy"),
		" " FAR " http://127.0.0.1:* org.example.app: "));
}

/* ---- refusals at the entry ---- */

static void a_visit_ends_only_where_the_section_says(void **state)
{
	static const struct {
		const char *query, *parameter;
	} cases[] = {
		{"redirect_uri=https%3A%2F%2Fevil.example%2F", "redirect_uri"},
		{"redirect_uri=https%3A%2F%2Flitware.com%2Fjoin%2F", "redirect_uri"},
		{"redirect_uri=https%3A%2F%2Flitware.com%2FJOIN", "redirect_uri"},
		{"redirect_uri=https%3A%2F%2Flitware.com%2Fjoin%3Fa", "redirect_uri"},
		{"redirect_uri=https%3A%2F%2Flitware.com.evil.example%2Fjoin", "redirect_uri"},
		{"redirect_uri=", "redirect_uri"},
		{TO_FAR "&" TO_FAR, "redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.1%3A0%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.1%3A65536%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.1%3A80.evil.example%2Fback" BEGUN,
			"redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.1%3A80%40evil.example%2Fback" BEGUN,
			"redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.1.evil.example%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=http%3A%2F%2F127.0.0.2%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=http%3A%2F%2Flocalhost%3A80%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=https%3A%2F%2F127.0.0.1%2Fback" BEGUN, "redirect_uri"},
		{"redirect_uri=org.example.app%3A%2Fback%2F.." BEGUN, "redirect_uri"},
		{"redirect_uri=javascript%3Aalert(1)" BEGUN, "redirect_uri"},
		{BEGUN, "redirect_uri"}, /* no `app` to end at */
		{TO_APP, "code_challenge"},
		{TO_FAR "&code_challenge=" CHALLENGE, "code_challenge_method"},
		{TO_FAR "&code_challenge=" CHALLENGE "&code_challenge_method=plain",
			"code_challenge_method"},
		{TO_FAR "&code_challenge=abc&code_challenge_method=S256", "code_challenge"},
		{TO_FAR "&code_challenge=" CHALLENGE "x&code_challenge_method=S256",
			"code_challenge"},
		{TO_FAR "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"
			"&code_challenge_method=S256",
			"code_challenge"},
		{TO_FAR BEGUN BEGUN, "code_challenge"},
		{TO_FAR "&state=a&state=b", "state"},
	};
	struct browser browser = {0};

	(void)state;
	load(LIVE(REDIRECTS));
	sign_in(&browser, "/livekit/room", ALICE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[400], field[60];
		const struct answer *answer;

		snprintf(target, sizeof target, "/livekit/room?%s", cases[i].query);
		answer = visit(&browser, target);
		assert_failure(answer, 400, "bad-request", "message");
		snprintf(field, sizeof field, "parameter=%s", cases[i].parameter);
		assert_logged("join", field);
		assert_null(leads_to(answer));
	}
}

static void a_page_that_is_not_listed_any_more_gets_nothing(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	load(LIVE(REDIRECTS));
	page = follow(&browser, visit(&browser, "/livekit/room?" TO_FAR));
	load(LIVE(""));
	assert_failure(submit(&browser, page, NULL, ALICE), 400, "bad-request", "message");
	assert_logged("join", "parameter=redirect_uri");
}

static void other_platforms_keep_their_own_parameters(void **state)
{
	struct browser browser = {0};

	(void)state;
	site_secret("meet.example.org", "0123456789abcdef0123456789abcdef");
	site_load("", "platform \"meet.example.org\" { type = \"jitsi\" app-id = \"x\" }\n" PEOPLE);
	assert_leads(sign_in(&browser,
			     "/jitsi/"
			     "Weekly?state=%7B%22room%22%3A%22Weekly%22%2C%22roomSafe%22%3A%"
			     "22weekly%22%7D",
			     ALICE),
		"https://meet.example.org/");
}

/* ---- refusals of a code ---- */

static void a_code_is_for_one_origin_one_meeting_and_one_platform(void **state)
{
	struct browser browser = {0};
	char code[4200], changed[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join\"") OTHER);
	snprintf(code, sizeof code, "%s",
		code_of(sign_in(&browser, "/livekit/room?platform=live.example.org", ALICE)));
	assert_refused(TRADE(NEAR, code, NULL), "code", "made for another origin");
	assert_refused(TRADE("https://contoso.com", code, NULL), "code", "made for another origin");
	assert_refused(
		TRADE("https://evil.example", code, NULL), "Origin", "not in allowed-origins");
	assert_refused(TRADE("null", code, NULL), "Origin", "not in allowed-origins");
	assert_refused(TRADE(NULL, code, NULL), "Origin", "missing");
	assert_refused(trade_at("live.example.org", FAR, "other", code, NULL, ""), "code",
		"made for another meeting");
	assert_refused(trade_at("other.example.org", FAR, "room", code, NULL, ""), "code",
		"made for another platform");
	assert_refused(TRADE(FAR, "", NULL), "code", "not a code of ours");
	assert_refused(TRADE(FAR, "AAAA", NULL), "code", "not a code of ours");
	snprintf(changed, sizeof changed, "%s", code);
	changed[60] = changed[60] == 'A' ? 'B' : 'A';
	assert_refused(TRADE(FAR, changed, NULL), "code", "not a code of ours");
	assert_refused(TRADE(FAR, cookie(&browser, "__Host-meetauth"), NULL), "code",
		"not a code of ours");
	assert_refused(trade_at("live.example.org", FAR, "room", code, NULL, ",\"client\":7"),
		"client", "not a string");
	assert_refused(trade_at("live.example.org", FAR, "room", code, NULL, ",\"client\":\"a b\""),
		"client", "characters");
	/* None of that has used it up. */
	assert_status(TRADE(FAR, code, NULL), 201);
}

static void a_code_lives_a_minute(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char first[4200], second[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	snprintf(first, sizeof first, "%s", code_of(sign_in(&browser, "/livekit/room", ALICE)));
	snprintf(second, sizeof second, "%s", code_of(visit(&browser, "/livekit/room")));
	later(50);
	assert_status(TRADE(FAR, first, NULL), 201);
	later(10);
	answer = TRADE(FAR, second, NULL);
	assert_status(answer, 400);
	assert_says(answer, "\"error\":\"ticket-expired\"");
	assert_logged("join", "result=refused code=ticket-expired");
}

static void whoever_began_with_a_challenge_has_the_verifier(void **state)
{
	static const char wrong[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX";
	struct browser browser = {0};
	char code[4200], open[4200];

	(void)state;
	load(LIVE(REDIRECTS));
	snprintf(code, sizeof code, "%s",
		code_of(sign_in(&browser, "/livekit/room?" TO_FAR BEGUN, ALICE)));
	snprintf(open, sizeof open, "%s", code_of(visit(&browser, "/livekit/room?" TO_FAR)));
	assert_refused(TRADE(FAR, code, NULL), "code_verifier", "missing");
	assert_refused(TRADE(FAR, code, wrong), "code_verifier", "not that of");
	assert_refused(TRADE(FAR, code, CHALLENGE), "code_verifier", "not that of");
	assert_refused(TRADE(FAR, code, "short"), "code_verifier", "not that of");
	assert_refused(TRADE(FAR, open, VERIFIER), "code_verifier", "without a challenge");
	assert_status(TRADE(FAR, code, VERIFIER), 201);
}

static void a_code_ends_with_its_session(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char code[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	snprintf(code, sizeof code, "%s", code_of(sign_in(&browser, "/livekit/room", ALICE)));
	submit(&browser, visit(&browser, "/logout"), NULL, "");
	answer = TRADE(FAR, code, NULL);
	assert_status(answer, 401);
	assert_says(answer, "\"error\":\"login-failed\"");
}

static void the_policy_is_asked_again(void **state)
{
	struct browser browser = {0};
	char code[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	snprintf(code, sizeof code, "%s", code_of(sign_in(&browser, "/livekit/room", ALICE)));
	load(LIVE("app = \"" FAR "/join\"") "policy { default = \"deny\" rule \"bob\" { users = "
					    "{\"bob\"} allow = true } }\n");
	assert_status(TRADE(FAR, code, NULL), 403);
	assert_logged("join", "result=denied code=denied user=alice");
}

static void nobody_goes_on_when_the_state_does_not_answer(void **state)
{
	struct browser browser = {0};
	char code[4200];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	snprintf(code, sizeof code, "%s", code_of(sign_in(&browser, "/livekit/room", ALICE)));
	state_break("", CLAIMS);
	assert_status(TRADE(FAR, code, NULL), 503);
	state_break("", "");
	assert_status(TRADE(FAR, code, NULL), 201);
}

static void the_code_counts_and_not_the_cookie(void **state)
{
	struct browser alice = {0}, bob = {0};
	const struct answer *answer;
	char body[5000];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	snprintf(body, sizeof body, "{\"room_name\":\"room\",\"code\":\"%s\"}",
		code_of(sign_in(&alice, "/livekit/room", ALICE)));
	sign_in(&bob, "/livekit/room", "name=bob&password=x");
	answer = SEND(&bob, .method = "POST", .target = "/token/live.example.org",
		.site = "cross-site", .type = "application/json", .body = body,
		.more = {"HTTP_ORIGIN=" FAR});
	assert_status(answer, 201);
	assert_logged("join", "result=ok user=alice");
}

/* ---- windows ---- */

/* The `sub` of the token that came. */
static void read_subject(const struct answer *answer, char subject[100])
{
	const char *token = cut(answer->body, "\"participant_token\":\"", "\""), *claims;
	char text[2000];
	size_t length = 0;

	assert_non_null(token);
	claims = cut(token, ".", ".");
	assert_int_equal(
		sodium_base642bin((unsigned char *)text, sizeof text - 1, claims, strlen(claims),
			NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
		0);
	text[length] = '\0';
	snprintf(subject, 100, "%s", cut(text, "\"sub\":\"", "\""));
}

static void two_windows_are_two_clients_and_each_comes_back_as_itself(void **state)
{
	static const char *const clients[] = {"", ",\"client\":null", ",\"client\":\"one\"",
		",\"client\":\"two\"", ",\"client\":\"one\""};
	struct browser browser = {0};
	char subjects[5][100];

	(void)state;
	load(LIVE("app = \"" FAR "/join\""));
	sign_in(&browser, "/livekit/room", ALICE);
	for (size_t i = 0; i < 5; i++) {
		const struct answer *answer = visit(&browser, "/livekit/room");

		answer = trade_at(
			"live.example.org", FAR, "room", code_of(answer), NULL, clients[i]);
		assert_status(answer, 201);
		read_subject(answer, subjects[i]);
	}
	assert_string_equal(subjects[0], subjects[1]);
	assert_string_equal(subjects[2], subjects[4]);
	assert_string_not_equal(subjects[0], subjects[2]);
	assert_string_not_equal(subjects[2], subjects[3]);
}

/* ---- the section ---- */

static void a_section_is_told_what_cannot_work(void **state)
{
	static const struct {
		const char *redirect, *why;
	} cases[] = {
		{"https://evil.example/join", "is on none of the allowed-origins"},
		{"http://litware.com/join", "is http: pages need https"},
		{"http://localhost/back", "is http: pages need https"},
		{"http://127.0.0.1:8080/back", "has a port: leave it out"},
		{"http://127.0.0.1", "has no path"},
		{"http://127.0.0.1.evil.example/", "has no path"},
		{"javascript:/x", "must be https://host/path"},
		{"myapp:/back", "must be https://host/path"},
		{"Org.example.app:/back", "must be https://host/path"},
		{"org.example.app:back", "must be https://host/path"},
		{"org.example.app", "must be https://host/path"},
		{FAR "/join#x", "has a #"},
		{"org.example.app:/a;b", "has a #"},
		{FAR "/a b", "has a #"},
	};
	char sections[800];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *said;

		snprintf(sections, sizeof sections,
			"platform \"live.example.org\" { type = \"livekit\"\n allowed-origins = "
			"{\"" FAR "\"}\n redirects = {\"%s\"} }\n" PEOPLE,
			cases[i].redirect);
		said = site_refusal("", sections);
		if (strstr(said, "redirects: \"") == NULL || strstr(said, cases[i].why) == NULL ||
			strstr(said, "conf:9: ") == NULL)
			fail_msg("%s", said);
	}
}

static void sites_are_told_apart_as_browsers_do(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{"https://external.example.org", "https://app.example.org", true},
		{"https://external.example.org", "https://example.org:8443/x", true},
		{"https://a.b.example.org", "https://EXAMPLE.org", true},
		{"https://external.example.org", "http://app.example.org", false},
		{"https://external.example.org", "https://example.com", false},
		{"https://external.example.org", "https://badexample.org", false},
		{"https://auth.firm.co.uk", "https://app.firm.co.uk", true},
		{"https://firm.co.uk", "https://other.co.uk", false},
		{"https://auth.firm.com.au", "https://auth.other.com.au", false},
		{"https://auth.firm.de", "https://app.firm.de", true},
		{"https://co.uk", "https://co.uk", true},
		{"https://auth", "https://app", false},
		{"https://auth:1", "https://auth:2", true},
		{"https://192.0.2.1", "https://192.0.2.1:8443", true},
		{"https://192.0.2.1", "https://198.51.2.1", false},
		{"https://[2001:db8::1]", "https://[2001:db8::2]", false},
		{"https://[2001:db8::1]:1", "https://[2001:db8::1]/", true},
		{"nothing", "nothing", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (site_is_same(cases[i].a, cases[i].b) != cases[i].same ||
			site_is_same(cases[i].b, cases[i].a) != cases[i].same)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page_of_another_site_gets_a_code_and_trades_it),
		TEST(a_page_of_our_own_site_gets_one_only_where_its_script_began),
		TEST(what_a_script_began_comes_through_the_sign_in),
		TEST(without_app_a_visit_may_still_say_where_it_ends),
		TEST(a_native_program_gets_a_token_at_any_port_or_by_its_scheme),
		TEST(the_login_page_lets_its_form_lead_there),
		TEST(a_visit_ends_only_where_the_section_says),
		TEST(a_page_that_is_not_listed_any_more_gets_nothing),
		TEST(other_platforms_keep_their_own_parameters),
		TEST(a_code_is_for_one_origin_one_meeting_and_one_platform),
		TEST(a_code_lives_a_minute),
		TEST(whoever_began_with_a_challenge_has_the_verifier),
		TEST(a_code_ends_with_its_session),
		TEST(the_policy_is_asked_again),
		TEST(nobody_goes_on_when_the_state_does_not_answer),
		TEST(the_code_counts_and_not_the_cookie),
		TEST(two_windows_are_two_clients_and_each_comes_back_as_itself),
		TEST(a_section_is_told_what_cannot_work),
		cmocka_unit_test(sites_are_told_apart_as_browsers_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77;
}

#endif
