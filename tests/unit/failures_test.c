/* SPDX-License-Identifier: MIT
 *
 * Every place that raises a failure: a row each, with what leads there, and what the visitor sees:
 * the status, the code, the sentence, and the way out. The places are counted in the sources, so
 * that a new one has a row, too.
 */
#include "guest_signin.h"

#include "base/buffer.h"
#include "base/file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#if defined HAVE_CJOSE && defined HAVE_CRYPT && defined HAVE_EXPAT && defined HAVE_LIBOATH

#define HOST "meeting.example.org"
#define MOCK(api, timeout)                                                                         \
	"platform \"" HOST "\" { type = \"mock\" api = \"" api "\" timeout = \"" timeout "\" }\n"
#define MEETING MOCK("@api@", "60s")
#define VEETING                                                                                    \
	"platform \"" HOST "\" { type = \"veeting\" api = \"@api@\" forward = {\"culture\"} }\n"
#define LYNC  "platform \"sip.example.org\" { type = \"lync\" }\n"
#define LYNC2 "platform \"two.example.org\" { type = \"lync\" }\n"
#define PEOPLE                                                                                     \
	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"erin=unavailable\"} }\n"
#define SSO    "backend \"sso\" { type = \"remote-user\" groups = \"MEETAUTH_GROUPS\" }\n"
#define NOBODY "policy { default = \"deny\" }\n"
#define SITE   MEETING PEOPLE
#define APP    "https://app.example.org"
#define SCRIPTS(title)                                                                             \
	"platform \"" title "\" { type = \"ucwa\" allowed-origins = {\"" APP "\"} }\n"
#define LIVEKIT                                                                                    \
	"platform \"live.example.org\" { type = \"livekit\" app = \"" APP                          \
	"/meet\" allowed-origins = {\"" APP "\"} }\n"
#define GALENE                                                                                     \
	"platform \"gal.example.org\" { type = \"galene\" allowed-origins = {\"" APP "\"} }\n"
#define WEBEX                                                                                      \
	"platform \"example.webex.com\" { type = \"webex\" mode = \"guest-issuer\" issuer = "      \
	"\"i\" api = \"@api@\" rooms = {\"123456789\"} }\n"
#define PROGRAM                                                                                    \
	"backend \"own\" { type = \"command\" program = \"/bin/sh\" arguments = "                  \
	"{\"@folder@/ask\"} timeout = \"60s\" }\n"
#define FACTOR(more)                                                                               \
	"backend \"files\" { type = \"file\" format = \"htpasswd\" users = "                       \
	"\"@folder@/users\" " more " }\n"
#define IDP                                                                                        \
	"backend \"idp\" { type = \"oidc\" issuer = \"@api@/idp\" client-id = \"me\" "             \
	"algorithms = {\"ES256\"} timeout = \"60s\" connect-timeout = \"60s\" }\n"
#define SERVICE                                                                                    \
	"backend \"service\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "             \
	"connect-timeout = \"40s\" }\n"
#define GUESTS                                                                                     \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" }\n"       \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"
#define DESK  "guest-desk { groups = {\"hosts\"} }\n"
#define HOSTS MEETING SERVICE GUESTS DESK
#define ENTRY "?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken="
#define FIRST ENTRY "rt-12345678"
#define NEXT  ENTRY "rt-87654321"
#define FORM  "application/x-www-form-urlencoded"
#define JSON  "Content-Type: application/json\r\n"
#define ALICE "name=alice&password=secret"
#define LIVE  "key:0123456789abcdef0123456789abcdef"

/* ---- what leads there ---- */

static struct browser browser;
static const char *accept; /* of the request that fails */

/* The request that fails. */
#define ASK(...) SEND(&browser, .accept = accept, ##__VA_ARGS__)
#define SEND_FORM(target_text, body_text)                                                          \
	ASK(.method = "POST", .target = target_text, .type = FORM, .body = body_text)

static void open_site(const char *options, const char *sections)
{
	static const char *const secrets[][2] = {{HOST, "key"}, {"live.example.org", LIVE},
		{"backend/invited", "fedcba9876543210fedcba9876543210"},
		{"backend/service", "0123456789abcdef0123456789abcdef"}, {"backend/idp", "secret"},
		{"example.webex.com", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="},
		{"gal.example.org", "{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":"
				    "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}"}};

	memset(&browser, 0, sizeof browser);
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		site_secret(secrets[i][0], secrets[i][1]);
	site_file("users", "alice:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n");
	site_load(options, sections);
	peer_says("/exchange/", 200, "", "access");
}

static void sign_in_first(const char *options, const char *sections)
{
	open_site(options, sections);
	sign_in(&browser, FIRST, ALICE);
}

static const struct answer *submit_it(
	const struct answer *page, const char *marker, const char *fields)
{
	return SEND_FORM(cut(page->body, "<form method=\"post\" action=\"", "\""),
		form_body(page, marker, fields));
}

static const struct answer *login_page(void)
{
	return follow(&browser, visit(&browser, FIRST));
}

/* -- visit -- */

static const struct answer *a_way_back_that_is_too_long(void)
{
	static char target[40000];

	sign_in_first("", VEETING PEOPLE);
	snprintf(target, sizeof target, NEXT "&culture=");
	for (int i = 0; i < 4400; i++)
		memcpy(target + strlen(target), "%C3%A9", sizeof "%C3%A9");
	peer_says("/", 200, JSON,
		"{\"responseCode\":0,\"data\":{\"meetingId\":\"m1\",\"accessToken\":\"access\"}}");
	return ASK(.target = target);
}

static const struct answer *another_method(void)
{
	open_site("", SITE);
	return ASK(.method = "PUT", .target = "/login");
}

static const struct answer *no_such_address(void)
{
	open_site("", SITE);
	return ASK(.target = "/nothing");
}

static const struct answer *a_link_to_somewhere_else(void)
{
	open_site("", SITE);
	return ASK(.target = "/open?link=https%3A%2F%2Fevil.example");
}

#define ARRIVAL(name, how)                                                                         \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		open_site("", SITE);                                                               \
		return ASK(.target = FIRST, .arrives = how);                                       \
	}
ARRIVAL(it_came_late, ARRIVES_LATE)
ARRIVAL(it_came_broken, ARRIVES_BROKEN)
ARRIVAL(it_is_too_large, ARRIVES_TOO_LARGE)

static const struct answer *a_parameter_that_fits_no_ticket(void)
{
	static char target[9000];
	int length = snprintf(target, sizeof target, FIRST "&culture=");

	memset(target + length, 'x', sizeof target - 1 - (size_t)length);
	target[sizeof target - 1] = '\0';
	open_site("", VEETING PEOPLE);
	return ASK(.target = target);
}

/* -- what arrives from a platform -- */

#define GET(name, sections, target_text)                                                           \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		open_site("", sections);                                                           \
		return ASK(.target = target_text);                                                 \
	}
#define PREFETCH(name, sections, target_text)                                                      \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		open_site("", sections);                                                           \
		return ASK(.target = target_text, .more = {"HTTP_SEC_PURPOSE=prefetch"});          \
	}
GET(a_parameter_is_missing, SITE, "?hostname=" HOST)
GET(a_parameter_does_not_fit, SITE, ENTRY "short")
static const struct answer *a_parameter_is_too_long(void)
{
	char target[1000];

	snprintf(target, sizeof target, ENTRY "%0600d", 0);
	open_site("", SITE);
	return ASK(.target = target);
}

static const struct answer *a_name_is_too_long_for_the_driver(void)
{
	char target[1000];

	snprintf(target, sizeof target, "/webex/%0900d", 0);
	open_site("", WEBEX PEOPLE);
	return ASK(.target = target);
}

GET(the_host_is_no_name, SITE, "?hostname=a%20b&meetingId=m&meetingToken=t&requestToken=12345678")
GET(the_host_is_another, SITE,
	"?hostname=b.example&meetingId=m&meetingToken=t&requestToken=12345678")
GET(a_forward_comes_twice, VEETING PEOPLE, FIRST "&culture=a&culture=b")
PREFETCH(a_prefetch, SITE, FIRST)
GET(a_query_is_malformed, SITE, FIRST "&a=%zz")
GET(the_driver_refuses, LYNC PEOPLE, "/lync/x")
GET(the_platform_comes_twice, LYNC PEOPLE, "/lync/x?platform=a&platform=b")
GET(there_are_several_platforms, LYNC LYNC2 PEOPLE, "/lync/x")
PREFETCH(a_prefetch_of_an_entry, LYNC PEOPLE, "/lync/x")
GET(a_query_of_an_entry_is_malformed, LYNC PEOPLE, "/lync/x?a=%zz")
GET(only_scripts_get_something, SCRIPTS("uc.example.org") PEOPLE, "/ucwa/x")

/* -- a script -- */

#define SCRIPT(name, sections, title, origin, media, text)                                         \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		open_site("", sections);                                                           \
		return SEND(&browser, .method = "POST", .target = "/token/" title,                 \
			.site = "cross-site", .type = media, .body = text,                         \
			.more = {"HTTP_ORIGIN=" origin});                                          \
	}
#define GROUP "\"location\":\"https://gal.example.org/group/a/\""
SCRIPT(a_script_asks_for_another_platform, LIVEKIT PEOPLE, "other", APP, "application/json", "{}")
SCRIPT(a_script_of_another_page, LIVEKIT PEOPLE, "live.example.org", "https://evil.example",
	"application/json", "{}")
SCRIPT(a_script_sends_a_form, LIVEKIT PEOPLE, "live.example.org", APP, FORM, "{}")
SCRIPT(a_script_sends_no_object, LIVEKIT PEOPLE, "live.example.org", APP, "application/json", "[]")
SCRIPT(a_script_sends_no_text, GALENE PEOPLE, "gal.example.org", APP, "application/json",
	"{" GROUP ",\"username\":7,\"password\":\"x\"}")
SCRIPT(a_script_has_no_session, LIVEKIT PEOPLE, "live.example.org", APP, "application/json",
	"{\"room_name\":\"room\"}")

static const struct answer *a_script_meets_a_second_question(void)
{
	site_file("ask", "cat >/dev/null; printf 'meetauth 1\\nchallenge What?\\nend\\n'\n");
	open_site("", GALENE PROGRAM);
	return SEND(&browser, .method = "POST", .target = "/token/gal.example.org",
		.site = "cross-site", .type = "application/json", .more = {"HTTP_ORIGIN=" APP},
		.body = "{" GROUP ",\"username\":\"alice\",\"password\":\"x\"}");
}

/* -- a code -- */

#define FAR "https://litware.com"
#define AWAY                                                                                       \
	"platform \"live.example.org\" { type = \"livekit\" app = \"" FAR                          \
	"/meet\" allowed-origins = {\"" FAR "\"} }\n" PEOPLE

GET(a_visit_is_to_end_elsewhere, AWAY, "/livekit/room?redirect_uri=https%3A%2F%2Fevil.example%2F")

static const struct answer *a_reload_took_the_page(void)
{
	const struct answer *page;

	open_site("", AWAY);
	page = follow(&browser, visit(&browser, "/livekit/room?redirect_uri=https%3A%2F%2Flitware"
						".com%2Fmeet"));
	site_load("", LIVEKIT PEOPLE);
	return submit_it(page, NULL, ALICE);
}

static const struct answer *trade(const char *code)
{
	static char body[5000];
	struct browser script = {0};

	snprintf(body, sizeof body, "{\"room_name\":\"room\",\"code\":\"%s\"}", code);
	return SEND(&script, .method = "POST", .target = "/token/live.example.org",
		.site = "cross-site", .type = "application/json", .body = body,
		.more = {"HTTP_ORIGIN=" FAR});
}

static const char *bring_a_code(void)
{
	const char *code;

	open_site("", AWAY);
	code = cut(leads_to(sign_in(&browser, "/livekit/room", ALICE)), "code=", "&");
	return code != NULL ? code : "";
}

static const struct answer *a_code_is_none(void)
{
	open_site("", AWAY);
	return trade("x");
}

static const struct answer *a_code_is_late(void)
{
	const char *code = bring_a_code();

	later(61);
	return trade(code);
}

static const struct answer *a_script_trades_a_code_twice(void)
{
	const char *code = bring_a_code();

	trade(code);
	return trade(code);
}

static const struct answer *a_code_cannot_be_claimed(void)
{
	const char *code = bring_a_code();

	state_break("", CLAIMS);
	return trade(code);
}

static const struct answer *a_code_outlives_its_session(void)
{
	const char *code = bring_a_code();

	submit(&browser, visit(&browser, "/logout"), NULL, "");
	return trade(code);
}

/* -- tickets and forms -- */

GET(a_ticket_is_missing, SITE, "/login")
GET(a_ticket_is_forged, SITE, "/login?ticket=x")
GET(a_query_of_the_login_page_is_malformed, SITE, "/login?a=%zz")

static const struct answer *a_reload_took_the_platform(void)
{
	const struct answer *page;

	open_site("", SITE);
	page = login_page();
	site_load("", "platform \"other.example.org\" { type = \"mock\" }\n" PEOPLE);
	return submit_it(page, NULL, ALICE);
}

static const struct answer *a_form_of_another_type(void)
{
	open_site("", SITE);
	return ASK(.method = "POST", .target = "/login", .type = "text/plain", .body = "a=b");
}

static const struct answer *a_form_is_malformed(void)
{
	open_site("", SITE);
	return SEND_FORM("/login", "a=%zz");
}

static const struct answer *a_form_of_another_site(void)
{
	open_site("", SITE);
	return ASK(.method = "POST", .target = "/login", .type = FORM, .body = "a=b",
		.site = "cross-site");
}

static const struct answer *a_language_is_not_there(void)
{
	open_site("", SITE);
	return ASK(.method = "POST", .target = "/language", .type = FORM, .body = "language=xx");
}

static const struct answer *a_field_is_missing(void)
{
	open_site("", SITE);
	return submit_it(login_page(), NULL, "name=alice");
}

static const struct answer *a_form_of_no_backend(void)
{
	open_site("", SITE);
	return submit_it(login_page(), NULL, ALICE "&backend=x");
}

static const struct answer *a_button_of_no_provider(void)
{
	static char target[5000];

	open_site("", SITE);
	snprintf(target, sizeof target, "%s&backend=staff", leads_to(visit(&browser, FIRST)));
	return ASK(.target = target);
}

/* -- who it is -- */

static const struct answer *the_web_server_says_too_much(void)
{
	static char groups[20000];

	snprintf(groups, sizeof groups, "MEETAUTH_GROUPS=");
	for (int i = 0; i < 200; i++)
		snprintf(groups + strlen(groups), 80, "%060d,", i);
	open_site("", MEETING SSO);
	return ASK(.target = FIRST, .more = {"MEETAUTH_USER=alice", groups});
}

GET(the_web_server_says_nothing, MEETING SSO, FIRST)

static const struct answer *the_sign_in_of_the_web_server_says_nothing(void)
{
	char target[4000];

	open_site(
		"", SITE "backend \"sso\" { type = \"remote-user\" login = \"/sso?{return}\" }\n");
	snprintf(target, sizeof target, "/login?backend=sso&back=1&%s",
		strstr(leads_to(ASK(.target = FIRST)), "ticket="));
	return ASK(.target = target);
}

static const struct answer *sessions_cannot_be_looked_up(void)
{
	sign_in_first("", SITE);
	state_break(ENDS, "");
	return ASK(.target = NEXT);
}

static const struct answer *a_session_cannot_be_ended(void)
{
	const struct answer *page;

	open_site("", SITE);
	page = login_page();
	submit(&browser, page, NULL, ALICE);
	state_break("", ENDS);
	return submit_it(page, NULL, ALICE);
}

static const struct answer *a_logout_of_another_page(void)
{
	sign_in_first("", SITE);
	return SEND_FORM("/logout", "a=b");
}

static const struct answer *tries_cannot_be_counted(void)
{
	const struct answer *page;

	open_site("", SITE);
	page = login_page();
	state_break("", COUNTERS);
	return submit_it(page, NULL, ALICE);
}

static const struct answer *there_were_too_many_tries(void)
{
	const struct answer *page;

	open_site("throttle-address = \"1/10m\"", SITE);
	page = login_page();
	submit(&browser, page, NULL, "name=bob&password=x");
	return submit_it(page, NULL, "name=bob&password=x");
}

static const struct answer *a_backend_is_out_of_order(void)
{
	open_site("", SITE);
	return submit_it(login_page(), NULL, "name=erin&password=x");
}

/* A service that answers whatever the test wants, with the question's nonce. */
static const char *service_says;

static char *answer_question(const char *request)
{
	char *text;

	assert_true(asprintf(&text, "{\"version\":1,\"nonce\":\"%s\",%s}",
			    cut(request, "\"nonce\":\"", "\""), service_says) > 0);
	return text;
}

static void open_service(const char *options, const char *sections, const char *says_so)
{
	service_says = says_so;
	open_site(options, sections);
	peer_makes("/ask", JSON, answer_question);
}

static const struct answer *too_much_waits_for_a_backend(void)
{
	const struct answer *page, *answer;
	const char *body;

	open_service("throttle-account = \"9999/10m\" throttle-address = \"9999/10m\"",
		MEETING SERVICE, "\"verdict\":\"unknown\"");
	page = login_page();
	body = form_body(page, NULL, ALICE);
	peer_says("/ask", PEER_HANGS, "", "");
	for (int i = 0; i < 400; i++)
		BEGIN(&browser, .method = "POST", .target = "/login", .type = FORM, .body = body);
	answer = SEND_FORM("/login", body);
	peer_says("/ask", 500, "", "");
	peer_goes_on(500, "", "");
	return answer;
}

#define MANY_GROUPS 40
static const struct answer *a_person_fits_no_cookie(void)
{
	static char groups[6000], says_so[7000], sections[8000];

	groups[0] = '\0';
	for (int i = 0; i < MANY_GROUPS; i++)
		snprintf(groups + strlen(groups), 120, "%s\"%0100d\"", i > 0 ? "," : "", i);
	snprintf(says_so, sizeof says_so,
		"\"verdict\":\"grant\",\"subject\":\"alice\",\"groups\":[%s]", groups);
	snprintf(sections, sizeof sections,
		MEETING SERVICE "policy { rule \"r\" { allow = true groups = {%s} } }\n", groups);
	open_service("", sections, says_so);
	return submit_it(login_page(), NULL, ALICE);
}

/* -- second questions -- */

static const struct answer *question(void)
{
	site_file("ask", "while read -r word rest; do [ $word = request ] && request=$rest; done\n"
			 "echo 'meetauth 1'\n[ $request = login ] && echo 'challenge What?' || "
			 "echo 'grant alice'\necho end\n");
	open_site("", MEETING PROGRAM);
	return submit(&browser, login_page(), NULL, ALICE);
}

static const struct answer *a_question_is_answered_twice(void)
{
	const struct answer *page = question();

	submit(&browser, page, NULL, "answer=x");
	return submit_it(page, NULL, "answer=x");
}

static const struct answer *an_answer_cannot_be_claimed(void)
{
	const struct answer *page = question();

	state_break("", CLAIMS);
	return submit_it(page, NULL, "answer=x");
}

static const struct answer *a_reload_took_the_backend(void)
{
	const struct answer *page = question();

	site_load("", SITE);
	return submit_it(page, NULL, "answer=x");
}

static const struct answer *a_factor_is_required(void)
{
	open_site("", MEETING FACTOR("second-factor = \"required\""));
	return submit_it(login_page(), NULL, ALICE);
}

static const struct answer *code_page(void)
{
	later(2000000000 - site_now());
	site_secret("totp/files/alice", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	open_site("", MEETING FACTOR(""));
	return submit(&browser, login_page(), NULL, ALICE);
}

static const struct answer *an_account_is_gone_before_its_code(void)
{
	const struct answer *page = code_page();

	site_file("users", "bob:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n");
	site_reload();
	return submit_it(page, NULL, "answer=279037");
}

/* -- a provider -- */

static char *metadata(const char *request)
{
	const char *at = peer_address();
	char *text;

	(void)request;
	assert_true(asprintf(&text,
			    "{\"issuer\":\"%s/idp\",\"authorization_endpoint\":\"%s/authorize\","
			    "\"token_endpoint\":\"%s/token\",\"jwks_uri\":\"%s/keys\"}",
			    at, at, at, at) > 0);
	return text;
}

static const char *way_back(const char *sections, const char *more)
{
	static char target[8192];
	const struct answer *there;

	open_site("", sections);
	peer_makes("/idp/", JSON, metadata);
	peer_says("/keys", 200, JSON, "{\"keys\":[]}");
	there = visit(&browser, FIRST);
	snprintf(target, sizeof target, "/callback/idp?state=%s%s",
		cut(leads_to(there), "state=", "&"), more);
	return target;
}

static const struct answer *the_provider_says_no(void)
{
	return ASK(.target = way_back(MEETING IDP, "&error=access_denied"));
}

static const struct answer *a_code_comes_twice(void)
{
	return ASK(.target = way_back(MEETING IDP, "&code=a&code=b"));
}

static const struct answer *a_code_of_another_backend(void)
{
	const char *target = way_back(MEETING IDP, "&code=a");

	site_load("", SITE);
	return ASK(.target = target);
}

#define KEYS                                                                                       \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\","           \
	"\"x\":\"bk0x9NdT2IMLtQfjeS49EIsBxEGnLqbvZ3rR7f984NE\","                                   \
	"\"y\":\"yv4mywlb_Sc9zpCteDDPWNlAhn6lITiCXsksi7wsdyg\"}]}"
#define TELL(name, title, text)                                                                    \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		open_site("", MEETING IDP PEOPLE);                                                 \
		peer_makes("/idp/", JSON, metadata);                                               \
		peer_says("/keys", 200, JSON, KEYS);                                               \
		return SEND_FORM("/backchannel/" title, text);                                     \
	}
TELL(a_message_that_is_forged, "idp", "logout_token=forged")
TELL(a_message_without_a_token, "idp", "a=b")
TELL(a_message_for_no_provider, "staff", "logout_token=x")

/* -- the guest desk, and invitations -- */

#define HANNA "\"verdict\":\"grant\",\"subject\":\"hanna\",\"groups\":[\"hosts\"]"
#define EVE   "\"verdict\":\"grant\",\"subject\":\"eve\",\"groups\":[\"others\"]"
#define NEW   "name=Ben&meetings=m1"

static const struct answer *desk(const char *sections, const char *who)
{
	open_service("", sections, who);
	sign_in(&browser, "/guests", ALICE);
	return visit(&browser, "/guests");
}

GET(there_is_no_desk, SITE, "/guests")

static const struct answer *no_host_looks_at_the_desk(void)
{
	desk(HOSTS, EVE);
	return ASK(.target = "/guests");
}

static const struct answer *no_host_changes_something(void)
{
	desk(HOSTS, EVE);
	return SEND_FORM("/guests", "do=put-account");
}

static const struct answer *a_form_of_the_desk_without_a_ticket(void)
{
	desk(HOSTS, HANNA);
	return SEND_FORM("/guests", "do=remove-account&id=0123456789abcdef0123456789abcdef");
}

static const struct answer *a_form_of_the_desk_that_is_none(void)
{
	const struct answer *page = desk(HOSTS, HANNA);

	return submit_it(page, "put-account", "do=x");
}

static const struct answer *a_file_of_the_desk_is_broken(void)
{
	desk(HOSTS, HANNA);
	site_file("accounts", "{");
	return ASK(.target = "/guests");
}

static const struct answer *too_many_are_at_the_desk(void)
{
	desk(HOSTS, HANNA);
	for (int i = 0; i < 400; i++)
		BEGIN(&browser, .target = "/guests");
	return ASK(.target = "/guests");
}

/* Somebody from elsewhere takes the last one's place in the queue. */
static const struct answer *others_had_fewer_at_the_desk(void)
{
	struct browser other;
	struct answer *last = NULL;

	desk(HOSTS, HANNA);
	other = browser;
	other.address = "203.0.113.7";
	for (int i = 0; i < 257; i++)
		last = BEGIN(&browser, .target = "/guests", .accept = accept);
	BEGIN(&other, .target = "/guests");
	return end_it(last);
}

static const char *invitation(const char *sections)
{
	const struct answer *answer =
		submit(&browser, desk(sections, HANNA), "add-invitation", NEW);
	const char *link = cut(answer->body, "id=\"link\">", "<");

	assert_non_null(link);
	site_reload();
	memset(&browser, 0, sizeof browser);
	return link;
}

#define OTHER "platform \"other.example.org\" { type = \"mock\" }\n" SERVICE GUESTS DESK

static const struct answer *an_invitation_to_a_platform_that_is_gone(void)
{
	const char *link = invitation(HOSTS);

	site_load("", OTHER);
	return ASK(.target = link);
}

static const struct answer *an_invitation_that_is_forged(void)
{
	open_site("", HOSTS);
	return ASK(.target = "/invite?token=forged");
}

static const struct answer *an_invitation_that_was_revoked_meanwhile(void)
{
	const struct answer *page = visit(&browser, invitation(HOSTS));

	assert_int_equal(remove(site_file("invitations", "x")), 0);
	site_reload();
	return submit_it(page, NULL, "");
}

static const struct answer *an_invitation_to_what_only_scripts_get(void)
{
	const char *link =
		invitation("platform \"" HOST "\" { type = \"livekit\" }\n" SERVICE GUESTS DESK);

	site_load("", SCRIPTS(HOST) SERVICE GUESTS DESK);
	return ASK(.target = link);
}

static const struct answer *an_invitation_is_taken_to_what_only_scripts_get(void)
{
	const struct answer *page = visit(&browser,
		invitation("platform \"" HOST "\" { type = \"livekit\" }\n" SERVICE GUESTS DESK));

	site_load("", SCRIPTS(HOST) SERVICE GUESTS DESK);
	return submit_it(page, NULL, "");
}

GET(there_are_no_invitations, SITE, "/invite?token=x")
GET(an_invitation_without_a_token, HOSTS, "/invite")

/* -- the policy, the exchange -- */

static const struct answer *the_policy_denies(void)
{
	open_site("", SITE NOBODY);
	return submit_it(login_page(), NULL, ALICE);
}

static const struct answer *an_account_is_for_other_meetings(void)
{
	keep_password(submit(&browser, desk(HOSTS, HANNA), "put-account", "name=ann&meetings=m2"));
	site_reload();
	memset(&browser, 0, sizeof browser);
	service_says = "\"verdict\":\"unknown\"";
	return submit_it(login_page(), NULL, signin_of("ann"));
}

#define EXCHANGE(name, sections, how, more)                                                        \
	static const struct answer *name(void)                                                     \
	{                                                                                          \
		sign_in_first("", SITE);                                                           \
		site_load("", sections);                                                           \
		peer_says("/exchange/", how, more, "no");                                          \
		return ASK(.target = NEXT);                                                        \
	}
EXCHANGE(the_platform_refuses, SITE, 403, "")
EXCHANGE(the_platform_says_come_back, SITE, 503, "Retry-After: 7\r\n")
EXCHANGE(the_platform_answers_nonsense, SITE, 500, "")
EXCHANGE(the_platform_hangs_up, SITE, PEER_HANGS_UP, "")
EXCHANGE(the_platform_hangs, MOCK("@api@", "1s") PEOPLE, PEER_HANGS, "")
EXCHANGE(the_platform_is_not_there, MOCK("@closed@", "60s") PEOPLE, 200, "")

static const struct answer *the_platform_was_out_of_order(void)
{
	sign_in_first("", SITE);
	site_load("", MOCK("@closed@", "60s") PEOPLE);
	for (int i = 0; i < 20; i++) {
		char target[200];

		snprintf(target, sizeof target, ENTRY "number-%02d", i);
		visit(&browser, target);
	}
	return ASK(.target = NEXT);
}

static const struct answer *no_time_is_left_for_an_older_secret(void)
{
	struct answer *slow;

	site_secret(HOST, "older");
	sign_in_first("", SITE);
	peer_says("/exchange/", PEER_HANGS, "", "");
	slow = BEGIN(&browser, .target = NEXT, .accept = accept);
	wait_for_peer("/exchange/", 2);
	wait_out(61);
	peer_goes_on(403, "", "");
	return end_it(slow);
}

static const struct answer *a_token_comes_twice(void)
{
	sign_in_first("", SITE);
	return ASK(.target = FIRST);
}

static const struct answer *a_used_token_comes_without_a_session(void)
{
	sign_in_first("", SITE);
	forget_cookie(&browser, "__Host-meetauth");
	return ASK(.target = FIRST);
}

static const struct answer *a_token_cannot_be_claimed(void)
{
	sign_in_first("", SITE);
	state_break("", CLAIMS);
	return ASK(.target = NEXT);
}

static const struct answer *refusals_cannot_be_counted(void)
{
	sign_in_first("", SITE);
	state_break(COUNTERS, "");
	return ASK(.target = NEXT);
}

static const struct answer *there_were_too_many_joins(void)
{
	sign_in_first("throttle-joins = \"1/10m\"", SITE);
	return ASK(.target = NEXT);
}

static const struct answer *there_is_no_secret(void)
{
	memset(&browser, 0, sizeof browser);
	site_load("", SITE);
	return submit_it(login_page(), NULL, ALICE);
}

static const struct answer *the_visitor_is_gone(void)
{
	const struct answer *page;
	struct answer *gone;

	open_site("", SITE);
	page = login_page();
	gone = BEGIN(&browser, .method = "POST", .target = "/login", .type = FORM,
		.body = form_body(page, NULL, ALICE));
	hang_up(gone);
	while (site_in_flight() > 0)
		site_settle();
	return NULL;
}

/* -- grants, rooms -- */

static const struct answer *a_meeting_is_not_open(void)
{
	open_site("", LYNC PEOPLE);
	sign_in(&browser, "/lync/carol@sip.example.org/A1", ALICE);
	return ASK(.target = "/lync/carol@sip.example.org/A1");
}

static const struct answer *a_platform_with_turns_is_left_alone(void)
{
	open_site("", "platform \"b.example.org\" { type = \"bigbluebutton\" site = \"@closed@\" "
		      "}\n" PEOPLE);
	site_secret("b.example.org", "secret");
	site_reload();
	sign_in(&browser, "/bbb/room", ALICE);
	for (int i = 0; i < 20; i++)
		visit(&browser, "/bbb/room");
	return ASK(.target = "/bbb/room");
}

static void open_rooms(void)
{
	open_site("", WEBEX PEOPLE);
	peer_says("/v1/jwt/login", 200, JSON, "{\"token\":\"guest\",\"expiresIn\":3600}");
	peer_says("/v1/meetings/join", 200, JSON, "{\"joinLink\":\"https://example.webex.com/j\"}");
	sign_in(&browser, "/webex/first", ALICE);
}

static const struct answer *no_room_is_free(void)
{
	open_rooms();
	return ASK(.target = "/webex/second");
}

static const struct answer *no_room_can_be_leased(void)
{
	open_rooms();
	state_break("", LEASES);
	return ASK(.target = "/webex/first");
}

/* ---- the table ---- */

enum way {
	NOTHING = 0, /* their own meetings */
	LINK,
	AGAIN,
	FRONT_PAGE,
	DESK_LINK,
	SWITCH,
	SWITCH_OR_LEAVE,
	SCRIPT_ONLY,
	GONE
};

/* A place is the file and the failure, or who records it for the file. Those that several have in
 * common are so many rows. */
static const struct row {
	const char *place;
	const struct answer *(*cause)(void);
	int status;
	const char *code, *sentence;
	enum way way;
	const char *log; /* what the operator reads */
} table[] = {
	{"visit/visit.c NOT_FOUND", no_such_address, 404, "not-found", "message", NOTHING,
		"no such path"},
	{"visit/visit.c METHOD_NOT_ALLOWED", another_method, 405, "method-not-allowed", "message",
		NOTHING, "this path takes GET"},
	{"visit/visit.c OVERLOADED", it_came_late, 503, "overloaded", "message", AGAIN,
		"it waited too long"},
	{"visit/visit.c BAD_REQUEST", it_came_broken, 400, "bad-request", "other", NOTHING, ""},
	{"visit/visit.c TOO_LARGE", it_is_too_large, 413, "too-large", "message", NOTHING, ""},
	{"visit/ticket.c refuse", a_parameter_that_fits_no_ticket, 400, "bad-request", "long",
		FRONT_PAGE, "does not fit into the ticket"},
	{"visit/ticket.c ALREADY_USED", a_question_is_answered_twice, 409, "already-used",
		"message", LINK, "this sign-in is already finished"},
	{"visit/ticket.c STATE_UNAVAILABLE", an_answer_cannot_be_claimed, 503, "internal", "state",
		LINK, "the state does not"},

	{"join/arrive.c refuse", a_parameter_is_missing, 400, "bad-request", "message", NOTHING,
		"meetingId: missing"},
	{"join/arrive.c refuse", a_parameter_does_not_fit, 400, "bad-request", "message", NOTHING,
		"requestToken"},
	{"join/arrive.c refuse", a_parameter_is_too_long, 400, "bad-request", "long", NOTHING,
		"requestToken"},
	{"join/arrive.c refuse", the_host_is_no_name, 400, "bad-request", "message", NOTHING,
		"hostname"},
	{"join/arrive.c UNKNOWN_PLATFORM", the_host_is_another, 403, "unknown-platform", "message",
		NOTHING, "no platform of this name at this address; known: " HOST},
	{"join/arrive.c refuse", a_forward_comes_twice, 400, "bad-request", "message", FRONT_PAGE,
		"culture"},
	{"join/arrive.c refuse", a_prefetch, 400, "bad-request", "message", NOTHING, "prefetch"},
	{"join/arrive.c refuse", a_query_is_malformed, 400, "bad-request", "message", NOTHING,
		"query: malformed"},
	{"join/arrive.c refuse", the_driver_refuses, 400, "bad-request", "message", FRONT_PAGE,
		"meeting"},
	{"join/arrive.c refuse", a_name_is_too_long_for_the_driver, 400, "bad-request", "long",
		FRONT_PAGE, "meeting"},
	{"join/arrive.c refuse", the_platform_comes_twice, 400, "bad-request", "message", NOTHING,
		"platform"},
	{"join/arrive.c refuse", there_are_several_platforms, 400, "bad-request", "message",
		NOTHING, "several platforms have"},
	{"join/arrive.c refuse", a_prefetch_of_an_entry, 400, "bad-request", "message", NOTHING,
		"prefetch"},
	{"join/arrive.c refuse", a_query_of_an_entry_is_malformed, 400, "bad-request", "message",
		NOTHING, "query: malformed"},
	{"join/open.c NO_LINK", a_link_to_somewhere_else, 400, "bad-request", "link.message",
		NOTHING, "the pasted link is to no meeting"},
	{"join/arrive.c NOT_FOUND", only_scripts_get_something, 404, "not-found", "message",
		NOTHING, "script"},

	{"join/script.c NOT_FOUND", a_script_asks_for_another_platform, 404, "not-found", "message",
		SCRIPT_ONLY, ""},
	{"join/script.c refuse", a_script_of_another_page, 400, "bad-request", "message",
		SCRIPT_ONLY, "allowed-origins"},
	{"join/script.c refuse", a_script_sends_a_form, 400, "bad-request", "message", SCRIPT_ONLY,
		"Content-Type"},
	{"join/script.c refuse", a_script_sends_no_object, 400, "bad-request", "message",
		SCRIPT_ONLY, "body: not a JSON object"},
	{"join/script.c refuse", a_script_sends_no_text, 400, "bad-request", "message", SCRIPT_ONLY,
		"password"},
	{"join/handover.c refuse", a_visit_is_to_end_elsewhere, 400, "bad-request", "message",
		FRONT_PAGE, "redirect_uri: not exactly one of"},
	{"join/handover.c refuse", a_reload_took_the_page, 400, "bad-request", "message",
		FRONT_PAGE, "redirect_uri: not exactly one of"},
	{"signin/code.c refuse", a_code_is_none, 400, "bad-request", "message", SCRIPT_ONLY,
		"code: not a code of ours"},
	{"signin/code.c TICKET_EXPIRED", a_code_is_late, 400, "ticket-expired", "message",
		SCRIPT_ONLY, "older than 60 s"},
	{"signin/code.c ALREADY_USED", a_script_trades_a_code_twice, 409, "already-used", "message",
		SCRIPT_ONLY, "came before"},
	{"signin/code.c STATE_UNAVAILABLE", a_code_cannot_be_claimed, 503, "internal", "state",
		SCRIPT_ONLY, "the state does not answer"},
	{"signin/code.c LOGIN_FAILED", a_code_outlives_its_session, 401, "login-failed", "script",
		SCRIPT_ONLY, "has ended"},
	{"signin/authenticate.c LOGIN_FAILED", a_script_has_no_session, 401, "login-failed",
		"script", SCRIPT_ONLY, "no session"},
	{"signin/challenge.c LOGIN_FAILED", a_script_meets_a_second_question, 401, "login-failed",
		"message", SCRIPT_ONLY, "a script cannot show"},

	{"signin/arrive.c refuse", a_ticket_is_missing, 400, "bad-request", "message", NOTHING,
		"ticket"},
	{"signin/arrive.c TICKET_EXPIRED", a_ticket_is_forged, 400, "ticket-expired", "message",
		NOTHING, "not a ticket of ours"},
	{"signin/arrive.c refuse", a_query_of_the_login_page_is_malformed, 400, "bad-request",
		"message", NOTHING, "query: malformed"},
	{"signin/arrive.c UNKNOWN_PLATFORM", a_reload_took_the_platform, 403, "unknown-platform",
		"message", NOTHING, "a reload has taken"},
	{"signin/arrive.c refuse", a_form_of_another_type, 400, "bad-request", "message", NOTHING,
		"Content-Type"},
	{"signin/arrive.c refuse", a_form_is_malformed, 400, "bad-request", "message", NOTHING,
		"form: malformed"},
	{"signin/arrive.c refuse", a_form_of_another_site, 400, "bad-request", "message", NOTHING,
		"Origin"},
	{"view/language.c refuse", a_language_is_not_there, 400, "bad-request", "message", NOTHING,
		"language: not one of"},
	{"signin/form.c refuse", a_field_is_missing, 400, "bad-request", "message", FRONT_PAGE,
		"password: missing"},
	{"signin/form.c refuse", a_form_of_no_backend, 400, "bad-request", "message", FRONT_PAGE,
		"backend"},
	{"signin/form.c TICKET_EXPIRED", a_reload_took_the_backend, 400, "ticket-expired",
		"message", LINK, "a reload has taken backend own"},
	{"signin/authenticate.c BAD_REQUEST", a_button_of_no_provider, 400, "bad-request",
		"message", FRONT_PAGE, "backend"},
	{"signin/authenticate.c LOGIN_FAILED BACKEND_UNAVAILABLE", the_web_server_says_too_much,
		401, "login-failed", "other", LINK, "is invalid"},
	{"signin/authenticate.c LOGIN_FAILED", the_web_server_says_nothing, 401, "login-failed",
		"other", LINK, "no other way to sign in is configured"},
	{"signin/authenticate.c LOGIN_FAILED", the_sign_in_of_the_web_server_says_nothing, 401,
		"login-failed", "other", LINK, "names no user after the sign-in"},
	{"signin/authenticate.c STATE_UNAVAILABLE", sessions_cannot_be_looked_up, 503, "internal",
		"state", AGAIN, "the state does not answer"},
	{"signin/session.c STATE_UNAVAILABLE", a_session_cannot_be_ended, 503, "internal", "state",
		LINK, "could not be ended"},
	{"signin/logout.c TICKET_EXPIRED", a_logout_of_another_page, 400, "ticket-expired",
		"message", NOTHING, ""},
	{"signin/throttle.c STATE_UNAVAILABLE", tries_cannot_be_counted, 503, "internal", "state",
		LINK, "the state does not answer"},
	{"signin/throttle.c LOGIN_THROTTLED", there_were_too_many_tries, 429, "login-throttled",
		"message", LINK, "too many tries"},
	{"signin/call.c BACKEND_UNAVAILABLE", a_backend_is_out_of_order, 503, "backend-unavailable",
		"message", LINK, "the mock is out of order"},
	{"signin/call.c OVERLOADED", too_much_waits_for_a_backend, 503, "overloaded", "message",
		LINK, "the backend's queue is full"},
	{"signin/login.c LOGIN_FAILED", a_person_fits_no_cookie, 401, "login-failed", "message",
		LINK, "session cookie"},
	{"signin/challenge.c LOGIN_FAILED", a_factor_is_required, 401, "login-failed", "message",
		LINK, "a second factor is required"},
	{"signin/challenge.c TICKET_EXPIRED", an_account_is_gone_before_its_code, 400,
		"ticket-expired", "message", LINK, "been disabled, removed or changed"},
	{"signin/redirect.c LOGIN_FAILED", the_provider_says_no, 401, "login-failed", "other", LINK,
		"result=failed"},
	{"signin/redirect.c BAD_REQUEST", a_code_comes_twice, 400, "bad-request", "message",
		FRONT_PAGE, "twice"},
	{"signin/redirect.c TICKET_EXPIRED", a_code_of_another_backend, 400, "ticket-expired",
		"message", LINK, "not this one, or no longer configured"},
	{"signin/backchannel.c BAD_REQUEST", a_message_that_is_forged, 400, "bad-request",
		"message", NOTHING, "logout token"},
	{"signin/backchannel.c BAD_REQUEST", a_message_without_a_token, 400, "bad-request",
		"message", NOTHING, "logout_token"},
	{"signin/backchannel.c NOT_FOUND", a_message_for_no_provider, 404, "not-found", "message",
		NOTHING, ""},

	{"signin/invitation.c UNKNOWN_PLATFORM", an_invitation_to_a_platform_that_is_gone, 403,
		"unknown-platform", "message", NOTHING, ""},
	{"signin/invitation.c NOT_FOUND", an_invitation_to_what_only_scripts_get, 404, "not-found",
		"message", NOTHING, "script"},
	{"signin/invitation.c INVITATION_OVER", an_invitation_that_is_forged, 400, "ticket-expired",
		"other", NOTHING, "result=failed"},
	{"signin/invitation.c NOT_FOUND", there_are_no_invitations, 404, "not-found", "message",
		NOTHING, ""},
	{"signin/invitation.c refuse", an_invitation_without_a_token, 400, "bad-request", "message",
		NOTHING, "token"},
	{"signin/invitation.c INVITATION_OVER", an_invitation_that_was_revoked_meanwhile, 400,
		"ticket-expired", "other", FRONT_PAGE, "revoked or has expired"},
	{"signin/invitation.c NOT_FOUND", an_invitation_is_taken_to_what_only_scripts_get, 404,
		"not-found", "message", NOTHING, "script"},

	{"desk/desk.c NOT_FOUND", there_is_no_desk, 404, "not-found", "message", NOTHING, ""},
	{"desk/desk.c DENIED", no_host_looks_at_the_desk, 403, "denied", "desk.message", SWITCH,
		"groups of guest-desk"},
	{"desk/desk.c DENIED", no_host_changes_something, 403, "denied", "desk.message", SWITCH,
		"groups of guest-desk"},
	{"desk/desk.c TICKET_EXPIRED", a_form_of_the_desk_without_a_ticket, 400, "ticket-expired",
		"desk.message", DESK_LINK, ""},
	{"desk/desk.c by a variable", a_form_of_the_desk_that_is_none, 400, "bad-request", "other",
		NOTHING, ""},
	{"desk/desk.c INTERNAL", a_file_of_the_desk_is_broken, 500, "internal", "message",
		DESK_LINK, "accounts"},
	{"desk/desk.c OVERLOADED", too_many_are_at_the_desk, 503, "overloaded", "message", AGAIN,
		"too many jobs are waiting for the files"},
	{"desk/desk.c OVERLOADED", others_had_fewer_at_the_desk, 503, "overloaded", "message",
		AGAIN, "overloaded"},

	{"join/authorize.c DENIED", the_policy_denies, 403, "denied", "message", SWITCH_OR_LEAVE,
		"result=denied"},
	{"join/authorize.c DENIED", an_account_is_for_other_meetings, 403, "denied", "message",
		SWITCH_OR_LEAVE, "meetings of the account"},
	{"join/exchange.c EXCHANGE_REFUSED", the_platform_refuses, 403, "exchange-refused",
		"message", LINK, "HTTP 403"},
	{"join/exchange.c OVERLOADED", the_platform_says_come_back, 503, "overloaded", "message",
		LINK, "retry in 7 s"},
	{"join/exchange.c EXCHANGE_BAD_ANSWER", the_platform_answers_nonsense, 502,
		"exchange-bad-answer", "message", LINK, "HTTP 500"},
	{"join/exchange.c EXCHANGE_BAD_ANSWER", the_platform_hangs_up, 502, "exchange-bad-answer",
		"message", LINK, "failed"},
	{"join/exchange.c EXCHANGE_TIMEOUT", the_platform_hangs, 504, "exchange-timeout", "message",
		LINK, "failed"},
	{"join/exchange.c EXCHANGE_TIMEOUT", no_time_is_left_for_an_older_secret, 504,
		"exchange-timeout", "message", LINK, "no time left"},
	{"join/exchange.c EXCHANGE_UNREACHABLE", the_platform_is_not_there, 502,
		"exchange-unreachable", "message", LINK, "failed"},
	{"join/exchange.c OVERLOADED", the_platform_was_out_of_order, 503, "overloaded", "message",
		AGAIN, "overloaded"},
	{"join/exchange.c ALREADY_USED", a_token_comes_twice, 409, "already-used", "message", LINK,
		"the link was opened twice"},
	{"signin/used_link.c ALREADY_USED", a_used_token_comes_without_a_session, 409,
		"already-used", "message", LINK, "the link was opened twice"},
	{"join/exchange.c STATE_UNAVAILABLE", a_token_cannot_be_claimed, 503, "internal", "state",
		AGAIN, "the state refused the claim"},
	{"join/exchange.c INTERNAL", there_is_no_secret, 500, "internal", "message", LINK,
		"meetauthctl secret set " HOST},
	{"join/exchange.c BAD_REQUEST", the_visitor_is_gone, 400, "bad-request", "other", GONE,
		"the visitor closed the connection"},
	{"signin/join_rate.c STATE_UNAVAILABLE", refusals_cannot_be_counted, 503, "internal",
		"state", AGAIN, "the state does not answer"},
	{"signin/join_rate.c JOIN_THROTTLED", there_were_too_many_joins, 429, "login-throttled",
		"join.message", AGAIN, "too many joins"},
	{"join/return.c refuse", a_way_back_that_is_too_long, 400, "bad-request", "long",
		FRONT_PAGE, "the redirect URL would be too long"},
	{"join/grant.c by a variable", a_meeting_is_not_open, 403, "exchange-refused",
		"meeting.message", LINK, "no key for this meeting is in the store"},
	{"join/grant.c OVERLOADED", a_platform_with_turns_is_left_alone, 503, "overloaded",
		"message", AGAIN, "failed repeatedly and is not asked for a while"},
	{"join/room.c NO_ROOM", no_room_is_free, 503, "overloaded", "room.message", AGAIN,
		"no free room"},
	{"join/room.c STATE_UNAVAILABLE", no_room_can_be_leased, 503, "internal", "state", AGAIN,
		"the lease of a room"},
};

/* Places that other tests go to: with a signed token of a provider, which provider_test.c has. */
static const char *const elsewhere[] = {
	"visit/ticket.c ALREADY_USED", /* redis_test.c: a claim whose answer was lost; as the next
					  two */
	"signin/code.c ALREADY_USED",
	"join/exchange.c ALREADY_USED",
	"signin/login.c LOGIN_FAILED",		  /* signin_test.c: a program's wrong password */
	"signin/backchannel.c BAD_REQUEST",	  /* it came before */
	"signin/backchannel.c STATE_UNAVAILABLE", /* the sessions could not be ended */
	"desk/start.c INTERNAL",		  /* me_test.c, as the next three */
	"desk/start.c STATE_UNAVAILABLE", /* the_end_of_a_meeting_gives_its_room_to_the_next */
	"desk/start.c TICKET_EXPIRED",
	"desk/start.c refuse",
	"desk/start.c overloaded", /* desk_test.c: the same queue */
	"desk/start.c overloaded",
};

/* Places that no request alone leads to. */
static const struct {
	const char *place;
	unsigned count;
} without_cause[] = {
	/* where memory runs out */
	{"visit/visit.c INTERNAL", 1},
	{"visit/ticket.c INTERNAL", 1},
	{"join/arrive.c INTERNAL", 5},
	{"join/exchange.c INTERNAL", 2},
	{"join/grant.c INTERNAL", 1},
	{"join/return.c INTERNAL", 1},
	{"join/room.c INTERNAL", 2},
	{"join/handover.c INTERNAL", 2},
	{"join/script.c INTERNAL", 1},
	{"signin/authenticate.c INTERNAL", 2},
	{"signin/backchannel.c INTERNAL", 1},
	{"signin/challenge.c INTERNAL", 3},
	{"signin/form.c INTERNAL", 2},
	{"signin/invitation.c INTERNAL", 3},
	{"signin/login.c INTERNAL", 2},
	{"signin/logout.c INTERNAL", 1},
	{"signin/redirect.c INTERNAL", 2},
	{"signin/renew.c INTERNAL", 1},
	{"desk/desk.c INTERNAL", 3},
	{"desk/me.c INTERNAL", 2},
	{"desk/start.c INTERNAL", 1},
	/* where a reload between password and code brings rules that name other groups */
	{"signin/login.c TICKET_EXPIRED", 1},
	/* where the queue of a backend fills up between a question and its mail */
	{"signin/challenge.c OVERLOADED", 1},
};

enum { ROWS = sizeof table / sizeof *table };

/* Each page has the icon of what the visitor can do. */
static void assert_one_icon(const struct row *row, const struct answer *answer)
{
	static const char icon[] = "<svg class=\"icon\"";
	const char *first = strstr(answer->body, icon);

	if (first == NULL || strstr(first + 1, icon) != NULL)
		fail_msg("%s: the page has %s icon", row->place, first == NULL ? "no" : "a second");
}

static void assert_way(const struct row *row, const struct answer *answer)
{
	static const struct {
		const char *marker;
		enum way ways[2];
	} links[] = {{"(error.link)", {LINK, LINK}}, {"(error.again)", {AGAIN, AGAIN}},
		{"(error.site)", {FRONT_PAGE, SWITCH_OR_LEAVE}},
		{"(error.desk)", {DESK_LINK, DESK_LINK}}, {"(error.me)", {NOTHING, SWITCH}}};
	char found[200] = "";

	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		bool wanted = row->way == links[i].ways[0] || row->way == links[i].ways[1];

		if ((link_of(answer, links[i].marker) != NULL) != wanted)
			snprintf(found + strlen(found), sizeof found - strlen(found), " %s%s",
				wanted ? "no " : "", links[i].marker);
	}
	if (found[0] != '\0')
		fail_msg("%s: the page has%s", row->place, found);
	assert_int_equal(
		says(answer, "(error.switch)"), row->way == SWITCH || row->way == SWITCH_OR_LEAVE);
	assert_one_icon(row, answer);
	if (row->way == LINK) /* it leads out of here, without the token that did not do */
		assert_null(strstr(link_of(answer, "(error.link)"), "rt-"));
}

static void assert_json(const struct row *row, const struct answer *answer)
{
	char wanted[200];

	assert_status(answer, row->status);
	assert_string_equal(header(answer, "Content-Type"), "application/json");
	snprintf(wanted, sizeof wanted, "{\"error\":\"%s\",\"message\":\"(error.%s.%s)", row->code,
		row->code, row->sentence);
	assert_says(answer, wanted);
}

static void go_to(const struct row *row)
{
	const struct answer *answer = row->cause();

	if (row->way == GONE)
		assert_null(answer);
	else if (row->way == SCRIPT_ONLY || accept != NULL)
		assert_json(row, answer);
	else
		assert_failure(answer, row->status, row->code, row->sentence);
	if (row->way < SCRIPT_ONLY && accept == NULL)
		assert_way(row, answer);
	if (!log_says(row->log))
		fail_msg("\"%s\" is not in the log", row->log);
}

static void the_page_says_what_and_where_to(void **state)
{
	accept = NULL;
	go_to(*state);
}

static void programs_are_told_the_same(void **state)
{
	accept = "application/json";
	go_to(*state);
}

/* ---- the places ---- */

static struct place {
	char name[120];
	unsigned count;
} places[300];
static size_t place_count;

static void count_place(const char *name)
{
	for (size_t i = 0; i < place_count; i++)
		if (strcmp(places[i].name, name) == 0) {
			places[i].count++;
			return;
		}
	assert_true(place_count < sizeof places / sizeof *places);
	snprintf(places[place_count].name, sizeof places->name, "%s", name);
	places[place_count++].count = 1;
}

/* The failures that are named in a call, up to the end of the statement. */
static void name_failures(const char *call, char *name, size_t size)
{
	size_t length = strcspn(call, ";");
	bool any = false;

	for (const char *at = call; (at = strstr(at, "FAILURE_")) != NULL && at < call + length;) {
		at += strlen("FAILURE_");
		snprintf(name + strlen(name), size - strlen(name), " %.*s",
			(int)strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), at);
		any = true;
	}
	if (!any)
		snprintf(name + strlen(name), size - strlen(name), " by a variable");
}

static int read_source(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	static const struct {
		const char *call, *as;
	} calls[] = {{"visit_fail(", NULL}, {"visit_refuse(", " refuse"},
		{"visit_refuse_long(", " refuse"}, {"visit_overloaded(", " overloaded"}};
	struct buffer text = BUFFER_INIT(1 << 20);
	const char *file = strstr(path, "/src/");

	(void)st;
	(void)at;
	if (kind != FTW_F || file == NULL || strcmp(path + strlen(path) - 2, ".c") != 0)
		return 0;
	file += strlen("/src/");
	if (strcmp(file, "visit/fail.c") == 0)
		return 0;
	assert_int_equal(file_read(path, FILE_PUBLIC, &text, NULL), 0);
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		for (const char *found = text.data;
			found != NULL && (found = strstr(found, calls[i].call)) != NULL; found++) {
			char name[120];

			snprintf(name, sizeof name, "%s%s", file,
				calls[i].as != NULL ? calls[i].as : "");
			if (calls[i].as == NULL)
				name_failures(found, name, sizeof name);
			count_place(name);
		}
	buffer_release(&text);
	return 0;
}

static unsigned rows_of(const char *place)
{
	unsigned count = 0;

	for (size_t i = 0; i < ROWS; i++)
		count += strcmp(table[i].place, place) == 0;
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		count += strcmp(elsewhere[i], place) == 0;
	for (size_t i = 0; i < sizeof without_cause / sizeof *without_cause; i++)
		if (strcmp(without_cause[i].place, place) == 0)
			count += without_cause[i].count;
	return count;
}

static void each_place_has_its_row(void **state)
{
	const char *srcdir = getenv("srcdir");
	char folder[4200];
	unsigned found = 0, known = ROWS + sizeof elsewhere / sizeof *elsewhere, wrong = 0;

	(void)state;
	snprintf(folder, sizeof folder, "%s/src", srcdir != NULL ? srcdir : ".");
	assert_int_equal(nftw(folder, read_source, 8, FTW_PHYS), 0);
	for (size_t i = 0; i < place_count; i++) {
		unsigned rows = rows_of(places[i].name);

		found += places[i].count;
		wrong += rows != places[i].count;
		if (rows != places[i].count)
			print_error("%s: %u in the source, %u in the table\n", places[i].name,
				places[i].count, rows);
	}
	for (size_t i = 0; i < sizeof without_cause / sizeof *without_cause; i++)
		known += without_cause[i].count;
	if (wrong > 0 || known != found)
		fail_msg("%u rows for %u places that raise a failure: each has a row of its own",
			known, found);
}

int main(void)
{
	const struct CMUnitTest each[] = {
		cmocka_unit_test_setup_teardown(
			the_page_says_what_and_where_to, site_up, site_down),
		cmocka_unit_test_setup_teardown(programs_are_told_the_same, site_up, site_down),
		cmocka_unit_test(each_place_has_its_row),
	};
	static struct CMUnitTest tests[2 * ROWS + 1];
	static char names[2 * ROWS][160];

	for (size_t i = 0; i < 2 * ROWS; i++) {
		snprintf(names[i], sizeof names[i], "%s %zu%s", table[i / 2].place, i / 2,
			i % 2 != 0 ? " as JSON" : "");
		tests[i] = each[i % 2];
		tests[i].name = names[i];
		tests[i].initial_state = (void *)(uintptr_t)&table[i / 2];
	}
	tests[2 * ROWS] = each[2];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped */
}

#endif
