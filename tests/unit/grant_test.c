/* SPDX-License-Identifier: MIT
 *
 * A join at platforms that sign, that are asked in several turns, that have a pool of rooms, whose
 * pages ask for tokens by script, or that have no page at all.
 */
#include "request_fixture.h"

#include "pool/worker.h"

#ifdef HAVE_CJOSE
#include <cjose/cjose.h>
#endif
#include <stdio.h>

#define PEOPLE                                                                                     \
	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=grant\", "            \
	"\"eve=deny\"} }\n"
#define ALICE	"name=alice&password=x"
#define BOB	"name=bob&password=x"
#define SESSION "__Host-meetauth"
#define BROWSER "__Host-meetauth-join"

/* ---- a page with the key (lync) ---- */

#define LYNC	"platform \"sip.example.org\" { type = \"lync\" }\n"
#define MEETING "/lync/carol@sip.example.org/ABC123"

static void a_meeting_with_a_key_has_a_page(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("meeting/sip.example.org/carol@sip.example.org/ABC123", "k3y");
	site_load("", LYNC PEOPLE);
	answer = sign_in(&browser, MEETING, ALICE);
	assert_status(answer, 200);
	assert_says(answer, "(meeting.title)");
	assert_says(answer, "k3y");
	assert_non_null(strstr(link_of(answer, "(meeting.open)"),
		"conf:sip:carol@sip.example.org;gruu;opaque=app:conf:focus:id:ABC123"));
	assert_logged("join", "result=ok user=alice platform=sip.example.org "
			      "meeting_id=carol@sip.example.org/ABC123");
	assert_false(log_says("k3y"));
}

static void a_meeting_without_a_key_is_not_open(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", LYNC PEOPLE);
	answer = sign_in(&browser, MEETING, ALICE);
	assert_failure(answer, 403, "exchange-refused", "meeting.message");
	assert_non_null(
		strstr(link_of(answer, "(error.link)"), MOUNT "/lync/carol%40sip.example.org/"));
	assert_logged("join", "result=refused code=exchange-refused");
	assert_true(log_says(
		"no key for this meeting is in the store: meetauthctl secret set meeting/"));
}

static void the_driver_says_what_is_wrong_with_a_visit(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", LYNC PEOPLE);
	answer = visit(&browser, "/lync/carol@elsewhere.example/ABC123");
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=meeting platform=sip.example.org");
	answer = SEND(&browser, .target = MEETING, .more = {"HTTP_SEC_PURPOSE=prefetch"});
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=Sec-Purpose");
	answer = visit(&browser, MEETING "?a=%zz");
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=query");
	answer = visit(&browser, MEETING "?platform=a&platform=b");
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=platform");
	assert_status(SEND(&browser, .method = "HEAD", .target = MEETING), 200);
}

static void where_there_are_several_the_address_names_one(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", LYNC "platform \"other.example.org\" { type = \"lync\" }\n" PEOPLE);
	answer = visit(&browser, MEETING);
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=platform platform=");
	answer = visit(&browser, MEETING "?platform=third.example.org");
	assert_failure(answer, 403, "unknown-platform", "message");
	assert_logged("join", "hostname=third.example.org");
	assert_status(visit(&browser, MEETING "?platform=SIP.example.org"), 303);
}

#if defined HAVE_EXPAT && defined HAVE_CRYPTO

/* ---- asked in turns, on workers (bigbluebutton) ---- */

#define BBB(api, timeout)                                                                          \
	"platform \"bbb.example.org\" { type = \"bigbluebutton\" site = \"" api                    \
	"\" timeout = \"" timeout "\" connect-timeout = \"" timeout "\" }\n" PEOPLE
#define RUNNING                                                                                    \
	"<response><returncode>SUCCESS</returncode><meetingID>room</meetingID>"                    \
	"<createTime>1780315200000</createTime></response>"
#define FAILED(key)                                                                                \
	"<response><returncode>FAILED</returncode><messageKey>" key "</messageKey></response>"

static void a_platform_that_is_asked_signs_the_way_back(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("bbb.example.org", "older");
	site_secret("bbb.example.org", "newer");
	site_load("", BBB("@api@", "60s"));
	peer_says("/bigbluebutton/api/getMeetingInfo", 200, "", RUNNING);
	answer = sign_in(&browser, "/bbb/room", ALICE);
	assert_leads(answer, "/bigbluebutton/api/join?fullName=alice");
	assert_leads(answer, "&checksum=");
	assert_logged("join", "result=ok user=alice meeting_id=room");
	assert_int_equal(peer_requests("/bigbluebutton/api/getMeetingInfo"), 1);
	assert_int_equal(state_count(CLAIMS), 0);
	assert_int_equal(state_count(MARKS), 1);
}

static void each_end_of_a_grant_has_its_page(void **state)
{
	static const struct {
		const char *site;
		int says;
		const char *body;
		int status;
		const char *code, *sentence, *detail;
	} cases[] = {
		{BBB("@api@", "60s"), 200, FAILED("notFound"), 403, "exchange-refused",
			"meeting.message", "notFound"},
		{BBB("@api@", "60s"), 200, FAILED("checksumError"), 502, "exchange-bad-answer",
			"rights.message", "checksumError"},
		{BBB("@api@", "60s"), 500, "", 502, "exchange-bad-answer", "message", "HTTP 500"},
		{BBB("@api@", "1s"), PEER_HANGS, "", 504, "exchange-timeout", "message", ""},
		{BBB("@closed@", "60s"), 200, "", 502, "exchange-unreachable", "message", ""},
	};

	(void)state;
	site_secret("bbb.example.org", "secret");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct browser browser = {0};
		const struct answer *answer;
		char fields[80];

		site_load("", cases[i].site);
		peer_says("/", cases[i].says, "", cases[i].body);
		answer = sign_in(&browser, "/bbb/room", ALICE);
		assert_failure(answer, cases[i].status, cases[i].code, cases[i].sentence);
		if (strcmp(cases[i].sentence, "rights.message") == 0)
			assert_null(link_of(answer, "(error.link)"));
		else
			assert_string_equal(link_of(answer, "(error.link)"),
				ORIGIN MOUNT "/bbb/room?platform=bbb.example.org");
		snprintf(fields, sizeof fields, "code=%s user=alice", cases[i].code);
		assert_logged("join", fields);
		assert_true(log_says(cases[i].detail));
	}
}

static void a_platform_that_fails_is_left_alone_for_a_while(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("bbb.example.org", "secret");
	site_load("", BBB("@closed@", "60s"));
	assert_status(sign_in(&browser, "/bbb/room", ALICE), 502);
	for (int i = 1; i < 20; i++)
		assert_status(visit(&browser, "/bbb/room"), 502);
	answer = visit(&browser, "/bbb/room");
	assert_failure(answer, 503, "overloaded", "message");
	assert_non_null(header(answer, "Retry-After"));
	assert_logged("join", "result=failed code=overloaded level=warning");
	assert_true(log_says("the platform failed repeatedly and is not asked for a while"));
	wait_out(60);
	assert_status(visit(&browser, "/bbb/room"), 502);
}

/* Who has waited for a worker for half of the time is told so at once. */
static void too_many_at_once_are_told_so(void **state)
{
	enum { MANY = 40 };
	struct browser browser = {0};
	struct answer *answers[MANY];
	const struct answer *answer;
	unsigned busy = 0;

	(void)state;
	site_secret("bbb.example.org", "secret");
	site_load("", BBB("@api@", "60s"));
	peer_says("/", 200, "", RUNNING);
	sign_in(&browser, "/bbb/room", ALICE);
	peer_says("/", PEER_HANGS, "", "");
	for (size_t i = 0; i < MANY; i++)
		answers[i] = BEGIN(&browser, .target = "/bbb/room");
	wait_for_peer("/", 2);
	wait_out(31);
	peer_says("/", 200, "", RUNNING);
	peer_goes_on(200, "", RUNNING);
	for (size_t i = 0; i < MANY; i++) {
		answer = end_it(answers[i]);
		busy += answer->status == 503;
		if (answer->status == 503)
			assert_failure(answer, 503, "overloaded", "message");
		else
			assert_status(answer, 302);
	}
	assert_in_range(busy, 1, MANY - 1);
}

#endif

#ifdef HAVE_CJOSE

/* ---- a signed token (jitsi, livekit, galene) ---- */

#define JITSI "platform \"meet.example.org\" { type = \"jitsi\" app-id = \"app\" }\n"

static void a_platform_that_signs_asks_nobody(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("meet.example.org", "0123456789abcdef0123456789abcdef");
	site_load("", JITSI PEOPLE);
	answer = visit(&browser, "/jitsi/Standup");
	answer = follow(&browser, answer);
	assert_says(answer,
		"<dd><bdi>standup</bdi></dd>"); /* certain before the platform has answered */
	answer = submit(&browser, answer, NULL, ALICE);
	assert_leads(answer, "https://meet.example.org/");
	assert_leads(answer, "jwt=ey");
	assert_logged("join", "result=ok user=alice platform=meet.example.org meeting_id=standup");
	assert_int_equal(peer_requests("/"), 0);
	answer = visit(&browser, "/jitsi/Standup");
	assert_status(answer, 302);
	assert_null(set_cookie(answer, SESSION));
}

/* A signature by RSA holds up the loop for a millisecond or several. */
static void a_slow_signature_is_made_on_a_worker(void **state)
{
	struct browser browser = {0};
	uint64_t turn = worker_signing.turn;
	cjose_jwk_t *key = cjose_jwk_create_RSA_random(2048, NULL, 0, NULL);
	const struct answer *answer;
	char *text;

	(void)state;
	assert_non_null(key);
	assert_true(cjose_jwk_set_kid(key, "k1", 2, NULL));
	text = cjose_jwk_to_json(key, true, NULL);
	site_secret("meet.example.org", text);
	site_load("", "platform \"meet.example.org\" { type = \"jitsi\" app-id = \"app\" "
		      "algorithm = \"RS256\" }\n" PEOPLE);
	answer = sign_in(&browser, "/jitsi/Standup", ALICE);
	assert_leads(answer, "https://meet.example.org/");
	assert_leads(answer, "jwt=ey");
	assert_true(worker_signing.turn > turn);
	free(text);
	cjose_jwk_release(key);
}

static void a_key_that_signs_nothing_is_our_fault(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("live.example.org", "no key and secret");
	site_load("", "platform \"live.example.org\" { type = \"livekit\" }\n" PEOPLE);
	answer = sign_in(&browser, "/livekit/room", ALICE);
	assert_failure(answer, 500, "internal", "message");
	assert_logged("join", "result=failed code=internal level=error");
	assert_true(log_says("the secret is not KEY:SECRET"));
	assert_false(log_says("no key and secret"));
}

/* Who is known by the web server has no session: their browser tells them apart. */
static void whom_the_web_server_knows_needs_no_session(void **state)
{
	static const char site[] = "platform \"live.example.org\" { type = \"livekit\" }\n"
				   "backend \"sso\" { type = \"remote-user\" }\n";
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("live.example.org", "key:0123456789abcdef0123456789abcdef");
	site_load("", site);
	answer = SEND(&browser, .target = "/livekit/room", .more = {"MEETAUTH_USER=alice"});
	assert_status(answer, 302);
	assert_non_null(set_cookie(answer, BROWSER));
	assert_null(set_cookie(answer, SESSION));
	assert_logged("join", "result=ok user=alice backend=sso");
	answer = visit(&browser, "/livekit/room");
	assert_failure(answer, 401, "login-failed", "other");
	assert_logged("join", "result=denied code=login-failed user=");
}

/* ---- a page of an application, whose script asks ---- */

#define APP "https://app.example.org"
#define LIVEKIT                                                                                    \
	"platform \"live.example.org\" { type = \"livekit\" app = \"" APP "/meet\" "               \
	"allowed-origins = {\"" APP "\"} }\n"
#define ASK(browser, body_text, ...)                                                               \
	SEND(browser, .method = "POST", .target = "/token/live.example.org", .site = "cross-site", \
		.accept = "*/*", .type = "application/json", .body = body_text,                    \
		.more = {"HTTP_ORIGIN=" APP}, ##__VA_ARGS__)

static void a_browser_is_handed_over_to_the_page_that_asks(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("live.example.org", "key:0123456789abcdef0123456789abcdef");
	site_load("", LIVEKIT PEOPLE);
	answer = sign_in(&browser, "/livekit/room", ALICE);
	assert_string_equal(leads_to(answer), APP "/meet?room_name=room");
	assert_logged("join", "result=ok user=alice meeting_id=room");

	answer = ASK(&browser, "{\"room_name\":\"room\"}");
	assert_status(answer, 201);
	assert_says(answer, "\"participant_token\":\"ey");
	assert_string_equal(header(answer, "Access-Control-Allow-Origin"), APP);
	assert_string_equal(header(answer, "Access-Control-Allow-Credentials"), "true");
	assert_string_equal(header(answer, "Vary"), "Origin");
	assert_null(header(answer, "Set-Cookie"));
	assert_logged("join", "result=ok user=alice meeting_id=room");
}

static void a_script_without_a_session_gets_no_page(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_secret("live.example.org", "key:0123456789abcdef0123456789abcdef");
	site_load("", LIVEKIT PEOPLE);
	answer = ASK(&browser, "{\"room_name\":\"room\"}");
	assert_status(answer, 401);
	assert_string_equal(header(answer, "Content-Type"), "application/json");
	assert_says(answer, "\"error\":\"login-failed\"");
	assert_says(answer, "\"message\":\"(error.login-failed.script)\"");
	assert_string_equal(header(answer, "Access-Control-Allow-Origin"), APP);
	assert_null(header(answer, "Set-Cookie"));
	assert_logged("join", "result=denied code=login-failed");
	assert_true(log_says("no session"));
}

static void only_allowed_pages_may_ask_and_only_by_json(void **state)
{
	static const struct {
		const char *origin, *target, *type, *body;
		int status;
		const char *parameter;
	} cases[] = {
		{"", "live.example.org", "application/json", "{}", 400, "Origin"},
		{"https://evil.example", "live.example.org", "application/json", "{}", 400,
			"Origin"},
		{APP, "live.example.org", "text/plain", "{}", 400, "Content-Type"},
		{APP, "live.example.org", "application/jsonx", "{}", 400, "Content-Type"},
		{APP, "live.example.org", "application/json", "[]", 400, "body"},
		{APP, "live.example.org", "application/json; charset=utf-8", "{\"a\":1,\"a\":2}",
			400, "body"},
		{APP, "live.example.org", "application/json", "{}", 400, "room_name"},
		{APP, "live.example.org", "application/json", "{\"room_name\":7}", 400,
			"room_name"},
		{APP, "live.example.org", "application/json", "{\"room_name\":\"a\\nb\"}", 400,
			"room_name"},
		{APP, "other.example.org", "application/json", "{}", 404, ""},
	};
	struct browser browser = {0};

	(void)state;
	site_secret("live.example.org", "key:0123456789abcdef0123456789abcdef");
	site_load("", LIVEKIT PEOPLE);
	sign_in(&browser, "/livekit/room", ALICE);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[60], origin[60], field[60];
		const struct answer *answer;

		snprintf(target, sizeof target, "/token/%s", cases[i].target);
		snprintf(origin, sizeof origin, "HTTP_ORIGIN=%s", cases[i].origin);
		answer = SEND(&browser, .method = "POST", .target = target, .site = "cross-site",
			.type = cases[i].type, .body = cases[i].body, .more = {origin});
		assert_status(answer, cases[i].status);
		assert_string_equal(header(answer, "Content-Type"), "application/json");
		snprintf(field, sizeof field, "parameter=%s", cases[i].parameter);
		assert_logged("join", field);
	}
}

static void a_browser_asks_first_what_a_script_may_send(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	site_load("", LIVEKIT PEOPLE);
	answer = SEND(&browser, .method = "OPTIONS", .target = "/token/live.example.org",
		.more = {"HTTP_ORIGIN=" APP});
	assert_status(answer, 204);
	assert_string_equal(header(answer, "Access-Control-Allow-Methods"), "POST");
	assert_string_equal(header(answer, "Access-Control-Allow-Headers"), "Content-Type");
	assert_string_equal(header(answer, "Access-Control-Max-Age"), "600");
	answer = SEND(&browser, .method = "OPTIONS", .target = "/token/live.example.org",
		.more = {"HTTP_ORIGIN=https://evil.example"});
	assert_status(answer, 400);
	assert_null(header(answer, "Access-Control-Allow-Origin"));
	answer = visit(&browser, "/token/live.example.org");
	assert_failure(answer, 405, "method-not-allowed", "message");
	assert_string_equal(header(answer, "Allow"), "POST, OPTIONS");
}

/* The platform's own page asks for name and password, and Galene tells them to us. */
static void a_script_may_bring_a_name_and_a_password(void **state)
{
	static const char site[] = "platform \"galene.example.org\" { type = \"galene\" "
				   "allowed-origins = {\"" APP "\"} }\n" PEOPLE;
	static const struct {
		const char *who;
		int status;
		const char *fields;
	} cases[] = {
		{",\"username\":\"alice\",\"password\":\"x\"", 200, "result=ok user=alice"},
		{",\"username\":\"eve\",\"password\":\"x\"", 401, NULL},
		{",\"username\":7,\"password\":\"x\"", 400, "parameter=password"},
		{",\"username\":\"alice\",\"password\":\"a\\nb\"", 400, "parameter=password"},
		{",\"username\":\"alice\"", 401, "result=denied code=login-failed"},
	};
	struct browser browser = {0};

	(void)state;
	site_secret("galene.example.org", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"
					  "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}");
	site_load("", site);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer;
		char body[200];

		snprintf(body, sizeof body,
			"{\"location\":\"https://galene.example.org/group/a/\"%s}", cases[i].who);
		answer = SEND(&browser, .method = "POST", .target = "/token/galene.example.org",
			.site = "cross-site", .type = "application/json", .body = body,
			.more = {"HTTP_ORIGIN=" APP});
		assert_status(answer, cases[i].status);
		assert_null(header(answer, "Set-Cookie"));
		assert_null(header(answer, "Access-Control-Allow-Credentials"));
		if (answer->status == 200)
			assert_string_equal(header(answer, "Content-Type"), "application/jwt");
		if (cases[i].fields != NULL)
			assert_logged("join", cases[i].fields);
		else
			assert_logged("login", "result=failed backend=staff");
	}
}

/* ---- a pool of rooms (webex) ---- */

#define WEBEX(rooms)                                                                               \
	"platform \"example.webex.com\" { type = \"webex\" mode = \"guest-issuer\" issuer = "      \
	"\"i\" api = \"@api@\" rooms = {" rooms "} room-lease = \"4h\" "                           \
	"timeout = \"30s\" connect-timeout = \"30s\" }\n" PEOPLE
#define ONE "\"123456789\""
#define TWO ONE ", \"987654321\""

static void open_site_with_rooms(const char *sections)
{
	site_secret("example.webex.com", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	site_load("session-idle = \"20h\" session-lifetime = \"20h\"", sections);
	peer_says("/v1/jwt/login", 200, "Content-Type: application/json\r\n",
		"{\"token\":\"guest\",\"expiresIn\":3600}");
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
}

static void open_rooms(void)
{
	open_site_with_rooms(WEBEX(ONE));
}

static void meetings_share_rooms_one_at_a_time(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_rooms();
	answer = sign_in(&browser, "/webex/first", ALICE);
	assert_string_equal(leads_to(answer), "https://example.webex.com/j");
	assert_logged("join", "result=ok meeting_id=first room=123456789");
	assert_non_null(strstr(peer_last("/v1/meetings/join"), "123456789"));
	answer = visit(&browser, "/webex/second");
	assert_failure(answer, 503, "overloaded", "room.message");
	assert_string_equal(header(answer, "Retry-After"), "60");
	assert_says(answer, "(error.overloaded.room.title)");
	assert_silent(answer, "123456789");
	assert_logged("join", "result=failed code=overloaded meeting_id=second room=");
	assert_true(log_says("no free room: all 1 are leased"));
	assert_int_equal(peer_requests("/v1/meetings/join"), 1);
	/* Each join makes the lease run on: past its first end it is still the first one's. */
	later(3 * 3600);
	assert_status(visit(&browser, "/webex/first"), 302);
	later(2 * 3600);
	assert_status(visit(&browser, "/webex/second"), 503);
	/* And it ends by itself. */
	later(2 * 3600 + 1);
	assert_status(visit(&browser, "/webex/second"), 302);
	assert_logged("join", "result=ok meeting_id=second room=123456789");
	assert_status(visit(&browser, "/webex/first"), 503);
}

static void a_meeting_keeps_its_room_and_no_other_gets_it(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site_with_rooms(WEBEX(TWO));
	sign_in(&browser, "/webex/first", ALICE);
	assert_logged("join", "result=ok room=123456789");
	for (int i = 0; i < 3; i++) {
		visit(&browser, "/webex/second");
		assert_logged("join", "result=ok meeting_id=second room=987654321");
		visit(&browser, "/webex/first");
		assert_logged("join", "result=ok meeting_id=first room=123456789");
	}
	assert_status(visit(&browser, "/webex/third"), 503);
	assert_status(visit(&browser, "/webex/FIRST"), 503); /* another name is another meeting */
}

static void who_is_denied_takes_no_room(void **state)
{
	struct browser alice = {0}, bob = {0};

	(void)state;
	open_site_with_rooms(WEBEX(ONE) "policy { default = \"deny\" rule \"a\" { allow = true "
					"users = {\"alice\"} } }\n");
	assert_status(sign_in(&bob, "/webex/nobody", BOB), 403);
	assert_status(SEND(&alice, .method = "HEAD", .target = "/webex/nobody"), 200);
	assert_int_equal(state_count(LEASES), 0);
	sign_in(&alice, "/webex/first", ALICE);
	assert_logged("join", "result=ok meeting_id=first room=123456789");
	assert_status(visit(&alice, "/webex/nobody"), 503);
}

static void nobody_is_let_in_leaves_the_room_soon(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_rooms();
	peer_says("/v1/meetings/join", 404, "", "");
	answer = sign_in(&browser, "/webex/first", ALICE);
	assert_failure(answer, 403, "exchange-refused", "meeting.message");
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	assert_status(visit(&browser, "/webex/second"), 503);
	later(120);
	assert_status(visit(&browser, "/webex/second"), 302);
	assert_logged("join", "result=ok meeting_id=second room=123456789");
	assert_status(visit(&browser, "/webex/first"), 503);
	peer_says("/v1/meetings/join", 503, "", ""); /* who got in keeps theirs */
	assert_true(visit(&browser, "/webex/second")->status >= 500);
	later(120);
	assert_status(visit(&browser, "/webex/first"), 503);
	assert_true(log_says("no free room"));
}

static void a_room_that_others_have_meanwhile_is_theirs(void **state)
{
	struct browser browser = {0};
	struct answer *slow;

	(void)state;
	open_rooms();
	sign_in(&browser, "/webex/first", ALICE);
	later(4 * 3600 + 1);
	peer_says("/v1/meetings/join", PEER_HANGS, "", "");
	slow = BEGIN(&browser, .target = "/webex/first");
	wait_for_peer("/v1/meetings/join", 2);
	later(120);
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	assert_leads(visit(&browser, "/webex/second"), "/j");
	peer_goes_on(200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	assert_failure(end_it(slow), 503, "overloaded", "room.message");
	assert_true(log_says("another meeting has taken the room"));
}

static void without_a_lease_nobody_gets_a_room(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	struct answer *slow;

	(void)state;
	open_rooms();
	sign_in(&browser, "/webex/first", ALICE);
	state_break("", LEASES);
	answer = visit(&browser, "/webex/first");
	assert_failure(answer, 503, "internal", "state");
	assert_true(log_says("the state refused the lease of a room"));
	state_break("", "");
	peer_says("/v1/meetings/join", PEER_HANGS, "", "");
	slow = BEGIN(&browser, .target = "/webex/first");
	wait_for_peer("/v1/meetings/join", 2);
	state_break("", LEASES);
	peer_goes_on(200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	assert_failure(end_it(slow), 503, "internal", "state");
}

#endif

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_meeting_with_a_key_has_a_page),
		TEST(a_meeting_without_a_key_is_not_open),
		TEST(the_driver_says_what_is_wrong_with_a_visit),
		TEST(where_there_are_several_the_address_names_one),
#if defined HAVE_EXPAT && defined HAVE_CRYPTO
		TEST(a_platform_that_is_asked_signs_the_way_back),
		TEST(each_end_of_a_grant_has_its_page),
		TEST(a_platform_that_fails_is_left_alone_for_a_while),
		TEST(too_many_at_once_are_told_so),
#endif
#ifdef HAVE_CJOSE
		TEST(a_platform_that_signs_asks_nobody),
		TEST(a_slow_signature_is_made_on_a_worker),
		TEST(a_key_that_signs_nothing_is_our_fault),
		TEST(whom_the_web_server_knows_needs_no_session),
		TEST(a_browser_is_handed_over_to_the_page_that_asks),
		TEST(a_script_without_a_session_gets_no_page),
		TEST(only_allowed_pages_may_ask_and_only_by_json),
		TEST(a_browser_asks_first_what_a_script_may_send),
		TEST(a_script_may_bring_a_name_and_a_password),
		TEST(meetings_share_rooms_one_at_a_time),
		TEST(a_meeting_keeps_its_room_and_no_other_gets_it),
		TEST(who_is_denied_takes_no_room),
		TEST(nobody_is_let_in_leaves_the_room_soon),
		TEST(a_room_that_others_have_meanwhile_is_theirs),
		TEST(without_a_lease_nobody_gets_a_room),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
