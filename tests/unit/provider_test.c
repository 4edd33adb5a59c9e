/* SPDX-License-Identifier: MIT
 *
 * Signing in at a provider, over the backend "oidc" and a provider that signs what the test says:
 * the way there, the way back, and what the provider tells later.
 */
#include "request_fixture.h"

#ifdef HAVE_CJOSE

#include "base/clock.h"
#include "guests/invites.h"
#include "outbound/jose.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST	"meeting.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define PROVIDER(title)                                                                            \
	"backend \"" title "\" { type = \"oidc\" issuer = \"@api@/" title "\" client-id = \"me\" " \
	"algorithms = {\"ES256\"} label = \"Example Login\" timeout = \"60s\" "                    \
	"connect-timeout = \"60s\" }\n"
#define FORMS	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\"} }\n"
#define ENTRY	"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-"
#define FIRST	ENTRY "12345678"
#define SESSION "__Host-meetauth"
#define BROWSER "__Host-meetauth-join"
#define JSON	"Content-Type: application/json\r\n"
#define KEY                                                                                        \
	"\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k1\",\"alg\":\"ES256\","                       \
	"\"x\":\"bk0x9NdT2IMLtQfjeS49EIsBxEGnLqbvZ3rR7f984NE\","                                   \
	"\"y\":\"yv4mywlb_Sc9zpCteDDPWNlAhn6lITiCXsksi7wsdyg\""
#define PRIVATE "{" KEY ",\"d\":\"7E6AP_VaxBbdZHgomH2iA2McsP-9urZDbfNqvL3yk78\"}"

static const char *nonce = "", *session_there = "", *subject = "alice";

static char *sign(json_t *claims)
{
	struct error error = {""};
	struct jose_signer *signer =
		jose_signer_new("ES256", PRIVATE, strlen(PRIVATE), NULL, &error);
	char *token = signer != NULL ? jose_sign(signer, claims, &error) : NULL;

	if (token == NULL)
		fail_msg("%s", error.text);
	jose_signer_free(&signer);
	json_decref(claims);
	return token;
}

static char *metadata(const char *request)
{
	const char *at = peer_address();
	char *text;

	(void)request;
	assert_true(asprintf(&text,
			    "{\"issuer\":\"%s/idp\",\"authorization_endpoint\":\"%s/authorize\","
			    "\"token_endpoint\":\"%s/token\",\"jwks_uri\":\"%s/keys\","
			    "\"end_session_endpoint\":\"%s/end\"}",
			    at, at, at, at, at) > 0);
	return text;
}

static char *tokens(const char *request)
{
	char issuer[100], *token, *text;
	json_t *claims;

	(void)request;
	snprintf(issuer, sizeof issuer, "%s/idp", peer_address());
	claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", issuer, "aud", "me", "sub",
		subject, "nonce", nonce, "iat", (json_int_t)site_now(), "exp",
		(json_int_t)site_now() + 300);
	if (session_there[0] != '\0')
		json_object_set_new(claims, "sid", json_string(session_there));
	token = sign(claims);
	assert_true(
		asprintf(&text,
			"{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"id_token\":\"%s\"}",
			token) > 0);
	free(token);
	return text;
}

static void open_site(const char *options, const char *sections)
{
	session_there = "";
	subject = "alice";
	site_secret(HOST, "key");
	site_secret("backend/idp", "client-secret");
	site_load(options, sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/idp/.well-known/openid-configuration", JSON, metadata);
	peer_says("/keys", 200, JSON, "{\"keys\":[{" KEY ",\"use\":\"sig\"}]}");
	peer_makes("/token", JSON, tokens);
}

/* Where the provider sends the browser back to. */
static const char *way_back(const struct answer *there, const char *more)
{
	static char target[8192];

	assert_status(there, 302);
	assert_leads(there, "/authorize?");
	nonce = cut(leads_to(there), "nonce=", "&");
	snprintf(target, sizeof target, "/callback/idp?state=%s%s",
		cut(leads_to(there), "state=", "&"), more);
	return target;
}

static const struct answer *sign_in_there(struct browser *browser, const char *entry)
{
	return visit(browser, way_back(visit(browser, entry), "&code=c0de"));
}

/* ---- there and back ---- */

static void with_one_provider_there_is_no_login_page(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	const char *target;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	answer = visit(&browser, FIRST);
	assert_status(answer, 302);
	assert_leads(answer, "client_id=me");
	assert_leads(answer, "code_challenge=");
	assert_non_null(set_cookie(answer, BROWSER));
	assert_int_equal(log_count("join"), 0);
	target = way_back(answer, "&code=c0de");
	assert_status(SEND(&browser, .method = "HEAD", .target = target), 200);
	assert_int_equal(peer_requests("/token"), 0);
	answer = visit(&browser, target);
	assert_status(answer, 302);
	assert_leads(answer, "/meeting/t1?token=access");
	assert_non_null(set_cookie(answer, SESSION));
	assert_logged("join", "result=ok user=alice backend=idp");
	assert_non_null(strstr(peer_last("/token"), "code=c0de"));
	assert_false(log_says("c0de"));
}

static void the_way_back_is_good_once(void **state)
{
	struct browser browser = {0};
	const char *target;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	target = way_back(visit(&browser, FIRST), "&code=c0de");
	visit(&browser, target);
	assert_failure(visit(&browser, target), 409, "already-used", "message");
	assert_true(log_says("this sign-in is already finished"));
	assert_int_equal(peer_requests("/token"), 1);
}

static void a87_the_way_back_is_of_one_browser_and_one_backend(void **state)
{
	struct browser browser = {0}, other = {0};
	const char *target;
	char elsewhere[8192];

	(void)state;
	open_site("", MEETING PROVIDER("idp") PROVIDER("two") FORMS);
	visit(&other, FIRST);
	target = way_back(
		visit(&browser, link_of(follow(&browser, visit(&browser, FIRST)), "backend=idp")),
		"&code=c0de");
	assert_failure(visit(&other, target), 400, "ticket-expired", "message");
	snprintf(elsewhere, sizeof elsewhere, "/callback/two%s", strchr(target, '?'));
	assert_failure(visit(&browser, elsewhere), 400, "ticket-expired", "message");
	assert_true(log_says("the sign-in began at backend idp: not this one"));
	assert_int_equal(peer_requests("/token"), 0);
	site_load("", MEETING FORMS);
	assert_failure(visit(&browser, target), 400, "ticket-expired", "message");
}

static void a_button_leads_to_its_provider(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site("", MEETING PROVIDER("idp") FORMS);
	page = follow(&browser, visit(&browser, FIRST));
	assert_says(page, "Example Login");
	answer = visit(&browser, link_of(page, "backend=idp"));
	answer = visit(&browser, way_back(answer, "&code=c0de"));
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok user=alice backend=idp");
}

/* Who is signed in there already saw no page at all. */
static void a_join_after_a_silent_sign_in_is_confirmed(void **state)
{
	struct browser browser = {0}, other = {0};
	const struct answer *page;

	(void)state;
	open_site("confirm = true", MEETING PROVIDER("idp"));
	page = sign_in_there(&browser, FIRST);
	assert_status(page, 200);
	assert_says(page, "(confirm.heading) idp"); /* it sends no name */
	page = submit(&browser, page, "name=\"confirm\"", "");
	assert_leads(page, "?token=access");
	site_load("confirm = true", MEETING PROVIDER("idp") FORMS);
	page = follow(&other, visit(&other, ENTRY "another-1"));
	page = sign_in_there(&other, link_of(page, "backend=idp"));
	assert_leads(page, "?token=access");
}

/* The page of the invitation has named the meeting, and the guest has pressed its button. */
static void an_invited_guest_is_not_asked_again(void **state)
{
	static const char secret[] = "fedcba9876543210fedcba9876543210";
	struct invite invite = {.id = "",
		.platform = HOST,
		.meeting = "m1",
		.meeting_token = "t1",
		.name = "Ben",
		.email = "",
		.by = "idp/alice",
		.host = "Alice",
		.title = "",
		.created = clock_wall(),
		.expires = clock_wall() + 3600};
	const char *path = site_file("invitations", "{\"format\": \"meetauth invitations 1\", "
						    "\"entries\": []}");
	char id[RECORDS_ID_SIZE], token[INVITES_TOKEN_SIZE], target[500];
	struct browser browser = {0};
	struct error error = {""};

	(void)state;
	if (invites_add(path, &invite, id, &error) != 0)
		fail_msg("%s", error.text);
	invite.id = id;
	invites_token(&invite, secret, token);
	site_secret("backend/invited", secret);
	open_site("confirm = true",
		MEETING PROVIDER(
			"idp") "backend \"invited\" { type = \"invite\" invitations = "
			       "\"@folder@/invitations\" }\n"
			       "policy { default = \"deny\" rule \"guests\" { allow = true "
			       "backends = {\"invited\"} } }\n");
	snprintf(target, sizeof target, "/invite?token=%s", token);
	submit(&browser, visit(&browser, target), "name=\"ticket\"", "");
	assert_leads(visit(&browser, FIRST), "?token=access");
}

static void who_says_no_there_is_told_so(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	answer = visit(&browser, way_back(visit(&browser, FIRST), "&error=access_denied"));
	assert_failure(answer, 401, "login-failed", "other");
	assert_logged("login", "result=failed backend=idp user=");
	assert_int_equal(peer_requests("/token"), 0);
	assert_int_equal(log_count("join"), 0);
	answer = visit(&browser, way_back(visit(&browser, FIRST), "&error=a%00b"));
	assert_failure(answer, 401, "login-failed", "other");
	answer = visit(&browser, way_back(visit(&browser, FIRST), "&code=a&code=b"));
	assert_failure(answer, 400, "bad-request", "message");
	assert_logged("join", "parameter=code");
}

static void a_provider_that_is_out_of_order_is_no_fault_of_theirs(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	const char *target;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	peer_says("/idp/", 500, "", "");
	answer = visit(&browser, FIRST);
	assert_failure(answer, 503, "backend-unavailable", "message");
	assert_logged("login", "result=unavailable backend=idp level=error");
	later(3600);
	wait_out(3600);
	peer_makes("/idp/.well-known/openid-configuration", JSON, metadata);
	target = way_back(visit(&browser, FIRST), "&code=c0de");
	peer_says("/token", 500, "", "");
	answer = visit(&browser, target);
	assert_failure(answer, 503, "backend-unavailable", "message");
	assert_logged("join", "result=failed code=backend-unavailable");
	assert_null(set_cookie(answer, SESSION));
}

static void codes_from_an_address_have_an_end(void **state)
{
	struct browser browser = {0};
	const struct answer *answer = NULL;

	(void)state;
	open_site("throttle-address = \"2/10m\"", MEETING PROVIDER("idp"));
	peer_says("/token", 400, JSON, "{\"error\":\"invalid_grant\"}");
	for (int i = 0; i < 3; i++)
		answer = visit(&browser, way_back(visit(&browser, FIRST), "&code=made-up"));
	assert_failure(answer, 429, "login-throttled", "message");
	assert_int_equal(peer_requests("/token"), 2);
}

static void without_a_state_no_code_is_taken(void **state)
{
	struct browser browser = {0};
	const char *target;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	target = way_back(visit(&browser, FIRST), "&code=c0de");
	state_break("", CLAIMS);
	assert_failure(visit(&browser, target), 503, "internal", "state");
	assert_int_equal(peer_requests("/token"), 0);
}

/* ---- signing out ---- */

static void signing_out_leads_to_the_provider(void **state)
{
	struct browser browser = {0};
	const struct answer *page, *answer;
	char wanted[200];

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	sign_in_there(&browser, FIRST);
	page = visit(&browser, "/logout");
	assert_non_null(strstr(header(page, "Content-Security-Policy"), peer_address()));
	answer = submit(&browser, page, NULL, "");
	snprintf(wanted, sizeof wanted, "%s/end?", peer_address());
	assert_leads(answer, wanted);
	assert_non_null(strstr(set_cookie(answer, SESSION), "; Max-Age=0"));
	assert_logged("logout", "user=alice backend=idp");
}

/* ---- what the provider tells ---- */

static const char *logout_token(const char *id, const char *of, const char *there)
{
	static char body[4096];
	char issuer[100], *token;
	json_t *claims;

	snprintf(issuer, sizeof issuer, "%s/idp", peer_address());
	claims = json_pack("{s:s, s:s, s:s, s:I, s:I, s:{s:{}}}", "iss", issuer, "aud", "me", "jti",
		id, "iat", (json_int_t)site_now(), "exp", (json_int_t)site_now() + 120, "events",
		"http://schemas.openid.net/event/backchannel-logout");
	if (of != NULL)
		json_object_set_new(claims, "sub", json_string(of));
	if (there != NULL)
		json_object_set_new(claims, "sid", json_string(there));
	token = sign(claims);
	snprintf(body, sizeof body, "logout_token=%s", token);
	free(token);
	return body;
}

static const struct answer *tell(const char *body)
{
	struct browser provider = {.address = "203.0.113.1"};

	return SEND(&provider, .method = "POST", .target = "/backchannel/idp", .site = "",
		.accept = "", .type = "application/x-www-form-urlencoded", .body = body);
}

static void a_provider_ends_the_sessions_of_a_person(void **state)
{
	struct browser alice = {0}, carol = {0};
	const char *body;

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	sign_in_there(&alice, FIRST);
	subject = "carol";
	sign_in_there(&carol, ENTRY "87654321");
	assert_logged("join", "user=carol");
	later(5);
	body = logout_token("one", "alice", NULL);
	assert_status(tell(body), 200);
	assert_logged("logout", "user=alice backend=idp client=203.0.113.1");
	assert_true(log_says("told by the provider"));
	assert_leads(visit(&alice, ENTRY "a-2nd-one"), "/authorize?");
	assert_leads(visit(&carol, ENTRY "a-3rd-one"), "?token=access");
	assert_failure(tell(body), 400, "bad-request", "message"); /* one message counts once */
	assert_true(log_says("logout token: was used before"));
}

static void a_provider_ends_one_session_of_its_own(void **state)
{
	struct browser here = {0}, there = {0};

	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	session_there = "s1";
	sign_in_there(&here, FIRST);
	session_there = "s2";
	sign_in_there(&there, ENTRY "87654321");
	later(5);
	assert_status(tell(logout_token("one", "alice", "s1")), 200);
	assert_leads(visit(&here, ENTRY "a-2nd-one"), "/authorize?");
	assert_leads(visit(&there, ENTRY "a-3rd-one"), "?token=access");
	assert_status(tell(logout_token("two", NULL, "s2")), 200);
	assert_leads(visit(&there, ENTRY "a-4th-one"), "/authorize?");
}

static void what_is_no_message_of_the_providers_ends_nothing(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	const char *body;

	(void)state;
	open_site("", MEETING PROVIDER("idp") FORMS);
	sign_in_there(&browser, link_of(follow(&browser, visit(&browser, FIRST)), "backend=idp"));
	assert_failure(tell("logout_token=forged"), 400, "bad-request", "message");
	assert_logged("failure", "parameter=logout_token");
	assert_failure(tell("a=b"), 400, "bad-request", "message");
	answer = SEND(&browser, .method = "POST", .target = "/backchannel/staff",
		.type = "application/x-www-form-urlencoded", .body = "logout_token=x");
	assert_failure(answer, 404, "not-found", "message");
	answer = SEND(&browser, .method = "POST", .target = "/backchannel/idp",
		.type = "text/plain", .body = "logout_token=x");
	assert_failure(answer, 400, "bad-request", "message");
	assert_status(visit(&browser, ENTRY "a-2nd-one"), 302);

	later(5);
	body = logout_token("one", "alice", NULL);
	state_break("", MARKS);
	assert_failure(tell(body), 503, "internal", "state");
	assert_true(log_says("the sessions could not be ended"));
	state_break("", "");
	assert_status(tell(body), 200); /* the provider tries again */
}

static void a_provider_without_keys_ends_nothing_for_now(void **state)
{
	(void)state;
	open_site("", MEETING PROVIDER("idp"));
	peer_says("/idp/", 500, "", "");
	assert_failure(
		tell(logout_token("one", "alice", NULL)), 503, "backend-unavailable", "message");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_one_provider_there_is_no_login_page),
		TEST(the_way_back_is_good_once),
		TEST(a87_the_way_back_is_of_one_browser_and_one_backend),
		TEST(a_button_leads_to_its_provider),
		TEST(a_join_after_a_silent_sign_in_is_confirmed),
		TEST(an_invited_guest_is_not_asked_again),
		TEST(who_says_no_there_is_told_so),
		TEST(a_provider_that_is_out_of_order_is_no_fault_of_theirs),
		TEST(codes_from_an_address_have_an_end),
		TEST(without_a_state_no_code_is_taken),
		TEST(signing_out_leads_to_the_provider),
		TEST(a_provider_ends_the_sessions_of_a_person),
		TEST(a_provider_ends_one_session_of_its_own),
		TEST(what_is_no_message_of_the_providers_ends_nothing),
		TEST(a_provider_without_keys_ends_nothing_for_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped */
}

#endif
