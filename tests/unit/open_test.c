/* SPDX-License-Identifier: MIT
 *
 * Links that people paste: visitors at MOUNT/open, hosts at the guest desk.
 */
#include "request_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define HOST	"meeting.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define SERVICE                                                                                    \
	"backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "                 \
	"connect-timeout = \"40s\" }\n"
#define GUESTS                                                                                     \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"       \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" "          \
	"groups = {\"hosts\"} }\n"                                                                 \
	"guest-desk { groups = {\"hosts\"} }\n"                                                    \
	"policy { default = \"allow\" }\n"
#define SKYPE                                                                                      \
	"platform \"skype.example.org\" { type = \"skype\" tenant = \"contoso.example\" "          \
	"client-id = \"c\" endpoint = \"sip:a@contoso.example\" "                                  \
	"allowed-origins = {\"https://app.example.org\"} "                                         \
	"app = \"https://app.example.org/join\" }\n"

static char *answer_question(const char *request)
{
	char *text;

	assert_true(asprintf(&text,
			    "{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"grant\","
			    "\"subject\":\"hanna\",\"groups\":[\"hosts\"]}",
			    cut(request, "\"nonce\":\"", "\"")) > 0);
	return text;
}

static void open_site(const char *sections)
{
	site_secret(HOST, "key");
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	site_secret("backend/invited", "fedcba9876543210fedcba9876543210");
	site_load("", sections);
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
}

/* Pastes a text, percent-encoded as browsers do. */
static const struct answer *paste(const char *text)
{
	struct browser browser = {0};
	char target[4096] = "/open?link=";
	size_t length = strlen(target);

	for (; *text != '\0' && length < sizeof target - 4; text++)
		length += (size_t)snprintf(
			target + length, sizeof target - length, "%%%02X", (unsigned char)*text);
	return visit(&browser, target);
}

static void leads(const char *text, const char *address)
{
	const struct answer *answer = paste(text);

	assert_status(answer, 200);
	assert_says(answer, "(onward.text)");
	assert_non_null(leads_to(answer));
	assert_string_equal(leads_to(answer), address);
}

static void leads_nowhere(const char *text)
{
	const struct answer *answer = paste(text);

	assert_failure(answer, 400, "bad-request", "link.message");
	assert_says(answer, "(open.link)");
	assert_null(leads_to(answer));
}

static const char *peer_page(const char *path)
{
	static char text[2][300];
	static unsigned turn;

	turn = (turn + 1) % 2;
	snprintf(text[turn], sizeof text[turn], "%s%s", peer_address(), path);
	return text[turn];
}

static void a_link_leads_to_its_meeting(void **state)
{
	char text[400];

	(void)state;
	open_site(MEETING SERVICE GUESTS);
	leads(peer_page("/meeting/t1"), peer_page("/meeting/t1"));
	leads(peer_page("/meeting/t1?token=stolen#x"), peer_page("/meeting/t1"));
	snprintf(text, sizeof text, "Join us: <%s>. See you!", peer_page("/meeting/t1"));
	leads(text, peer_page("/meeting/t1"));
	leads(ORIGIN MOUNT "/invite?token=abc", ORIGIN MOUNT "/invite?token=abc");
	leads("HTTPS://External.Example.org" MOUNT "/invite?token=abc",
		ORIGIN MOUNT "/invite?token=abc");
	leads(ORIGIN MOUNT "?hostname=" HOST
			   "&meetingId=m1&meetingToken=t1&requestToken=rt-number-1",
		ORIGIN MOUNT "?hostname=" HOST
			     "&meetingId=m1&meetingToken=t1&requestToken=rt-number-1");
	leads(ORIGIN MOUNT "/me", ORIGIN MOUNT "/me");
}

static void no_other_link_leads_anywhere(void **state)
{
	static const char *const links[] = {"", "m1", "https://", "https://evil.example/meeting/t1",
		"https://external.example.org.evil.example" MOUNT "/invite?token=abc",
		"https://external.example.org@evil.example" MOUNT "/invite?token=abc",
		ORIGIN MOUNT "x/invite", ORIGIN "/other", ORIGIN MOUNT, ORIGIN MOUNT "/",
		ORIGIN MOUNT "/open?link=" ORIGIN MOUNT "/me", ORIGIN MOUNT "/logout",
		ORIGIN MOUNT "/../invite", ORIGIN MOUNT "/me/..", ORIGIN MOUNT "/%2e%2e/me",
		ORIGIN MOUNT "/callback/own?code=x", ORIGIN MOUNT "?hostname=evil.example",
		"javascript:alert(1)", "//evil.example/meeting/t1", "https://\xe2\x80\xae/x"};
	struct browser browser = {0};

	(void)state;
	open_site(MEETING SERVICE GUESTS);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		leads_nowhere(links[i]);
	leads_nowhere(peer_page("/meeting/"));
	leads_nowhere(peer_page("/meeting/a%2Fb"));
	leads_nowhere(peer_page("/meeting/a%00b"));
	leads_nowhere(peer_page("/meeting/t1/more"));
	leads_nowhere(peer_page(".evil.example/meeting/t1"));
	assert_failure(visit(&browser, "/open"), 400, "bad-request", "link.message");
	assert_failure(visit(&browser, "/open?link=a&link=b"), 400, "bad-request", "link.message");
	assert_failure(visit(&browser, "/open?link=%zz"), 400, "bad-request", "link.message");
	assert_failure(SEND(&browser, .method = "POST", .target = "/open"), 405,
		"method-not-allowed", "message");
}

static void a94_no_pasted_link_leads_out_of_the_service_by_dots(void **state)
{
	static const char *const links[] = {"/jitsi/../../other", "/jitsi/a/%2e%2e/../../logout",
		"/jitsi/..%2f..%2fother", "/jitsi/./a", "/jitsi/../logout?x=/me"};
	char text[200];

	(void)state;
#ifndef HAVE_CJOSE
	skip();
#endif
	site_secret("jitsi.example.org", "a secret of Jitsi's, 32 bytes or more");
	open_site("platform \"jitsi.example.org\" { type = \"jitsi\" app-id = \"meetauth\" "
		  "}\n" SERVICE GUESTS);
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(text, sizeof text, ORIGIN MOUNT "%s", links[i]);
		leads_nowhere(text);
	}
	leads(ORIGIN MOUNT "/jitsi/team/..room", ORIGIN MOUNT "/jitsi/team/..room");
}

static void platforms_know_their_own_links(void **state)
{
#ifndef HAVE_CJOSE
	(void)state;
	skip();
#else
	(void)state;
	site_secret("jitsi.example.org", "a secret of Jitsi's, 32 bytes or more");
	site_secret("livekit.example.org", "key:0123456789abcdef0123456789abcdef");
	site_secret("skype.example.org", "s");
	site_secret("galene.example.org", "{\"kty\":\"oct\",\"alg\":\"HS256\","
					  "\"k\":\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}");
	open_site("platform \"jitsi.example.org\" { type = \"jitsi\" app-id = \"meetauth\" }\n"
		  "platform \"livekit.example.org\" { type = \"livekit\" }\n"
		  "platform \"galene.example.org\" { type = \"galene\" }\n" SKYPE SERVICE GUESTS);
	leads("https://jitsi.example.org/My%20Room#config.x=1",
		ORIGIN MOUNT "/jitsi/my%2520room?platform=jitsi.example.org");
	leads("https://jitsi.example.org/Team/Room/",
		ORIGIN MOUNT "/jitsi/team/room?platform=jitsi.example.org");
	leads("https://livekit.example.org/rooms/standup",
		ORIGIN MOUNT "/livekit/standup?platform=livekit.example.org");
	leads("https://galene.example.org/group/a/b/",
		ORIGIN MOUNT "/galene/a/b?platform=galene.example.org");
	leads("https://Meet.Lync.com/contoso/ann/AB12",
		ORIGIN MOUNT "/skype?meetingUrl=https%3A%2F%2Fmeet.lync.com%2Fcontoso%2Fann%2FAB12"
			     "&platform=skype.example.org");
	leads_nowhere("https://jitsi.example.org/");
	leads_nowhere("https://livekit.example.org/standup");
	leads_nowhere("https://galene.example.org/recordings/a/");
	leads_nowhere("https://meet.lync.example/contoso/ann/AB12");
#endif
}

/* ---- the desk ---- */

static const struct answer *invite(struct browser *host, const char *meeting)
{
	char fields[400];

	snprintf(fields, sizeof fields, "name=Ben&email=&meeting_token=&expires=&meetings=%s",
		meeting);
	return submit(host, visit(host, "/guests"), "value=\"add-invitation\"", fields);
}

static void hosts_paste_links_as_well(void **state)
{
	struct browser host = {0};

	(void)state;
	open_site(MEETING SERVICE GUESTS);
	sign_in(&host, "/guests", "name=hanna&password=x");
	assert_says(invite(&host, peer_page("/meeting/8320-1")), "/invite?token=");
	assert_says(visit(&host, "/guests"), HOST "/8320-1");
	/* A link to the entry has the id and the number in the platform's address. */
	assert_says(
		invite(&host, ORIGIN MOUNT "%3Fhostname=" HOST "%26meetingId=m7%26meetingToken=t7"),
		"/invite?token=");
	assert_says(visit(&host, "/guests"), HOST "/m7");
	assert_status(submit(&host, visit(&host, "/guests"), "value=\"put-account\"",
			      "name=ann&display=&email=&expires=&meetings="
			      "m1%2C+" ORIGIN MOUNT "%3Fhostname=" HOST "%26meetingId=m8"),
		200);
	assert_says(visit(&host, "/guests"), HOST "/m1, " HOST "/m8");
	assert_says(invite(&host, "https://evil.example/meeting/t1"), "(desk.fault.meeting)");
	assert_says(invite(&host, "https%3A%2F%2Fexternal.example.org%2Fauth%2Fme"),
		"(desk.fault.meeting)");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_link_leads_to_its_meeting),
		TEST(no_other_link_leads_anywhere),
		TEST(a94_no_pasted_link_leads_out_of_the_service_by_dots),
		TEST(platforms_know_their_own_links),
		TEST(hosts_paste_links_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
