/* SPDX-License-Identifier: MIT
 *
 * Each page in its states, compared with tests/golden/STATE.html, in which a sentence is its key.
 * What differs from run to run (tickets, ids, times, ports, the version) is replaced. `make golden`
 * writes the files anew; read the difference before you commit it.
 *
 * With GOLDEN_WRITE=FOLDER, files are written there instead of being compared, and with
 * GOLDEN_LANGUAGE=CODE in that language: tests/browser/test_pages.py looks at them.
 */
#include "request_fixture.h"

#include "base/buffer.h"
#include "base/file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define HOST "meeting.example.org"
#define MOCK(api, timeout)                                                                         \
	"platform \"" HOST "\" { type = \"mock\" api = \"" api "\" timeout = \"" timeout "\" }\n"
#define MEETING MOCK("@api@", "60s")
#define LYNC	"platform \"sip.example.org\" { type = \"lync\" }\n"
#define PEOPLE                                                                                     \
	"backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"erin=unavailable\"} }\n"
#define VISITORS                                                                                   \
	"backend \"visitors\" { type = \"guest\" label = \"As a guest\" }\n"                       \
	"backend \"mail\" { type = \"email\" server = \"smtp://mail.example.org\" from = "         \
	"\"meet@example.org\" label = \"By e-mail\" }\n"                                           \
	"backend \"keys\" { type = \"meeting-key\" keys = \"@folder@/keys\" label = "              \
	"\"With a key\" }\n"                                                                       \
	"backend \"sso\" { type = \"remote-user\" login = \"/sso/login?target={return}\" label = " \
	"\"Single\" }\n"                                                                           \
	"policy { rule \"all\" { allow = true backends = {\"visitors\", \"mail\", \"keys\", "      \
	"\"sso\", \"staff\"} } }\n"
#define SERVICE                                                                                    \
	"backend \"service\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "             \
	"connect-timeout = \"40s\" }\n"
#define GUESTS                                                                                     \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" }\n"       \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"
#define PROGRAM                                                                                    \
	"backend \"own\" { type = \"command\" program = \"/bin/sh\" arguments = "                  \
	"{\"@folder@/ask\"} timeout = \"60s\" }\n"
#define DESK  "guest-desk { groups = {\"hosts\"} }\n"
#define HOSTS MEETING SERVICE GUESTS DESK
#define ENTRY "?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken="
#define FIRST ENTRY "rt-12345678"
#define ALICE "name=alice&password=secret"
#define WRONG "name=alice%20%26%20bob&password=wrong"
#define ACCOUNT                                                                                    \
	"name=ann&display=Ann+A.&email=ann%40example.org&meetings=m1&password=0123456789&expires="
#define INVITE                                                                                     \
	"name=Ben&email=ben%40example.org&meetings=m1&meeting_token=&title=Weekly+review&expires="

static struct browser browser;

/* ---- what leads there ---- */

/* Hanna is a host, eve is none; nobody else is known. */
static char *answer_question(const char *request)
{
	const char *name = strstr(request, "\"renew\"") != NULL
				   ? cut(request, "\"subject\":\"", "\"")
				   : cut(request, "\"name\":\"", "\"");
	bool is_host = strcmp(name, "hanna") == 0;
	char *text;

	assert_true(asprintf(&text,
			    "{\"version\":1,\"nonce\":\"%s\",\"verdict\":\"%s\",\"subject\":\"%s\","
			    "\"groups\":[\"%s\"]}",
			    cut(request, "\"nonce\":\"", "\""),
			    is_host || strcmp(name, "eve") == 0 ? "grant" : "unknown", name,
			    is_host ? "hosts" : "others") > 0);
	return text;
}

static void open_site(const char *options, const char *sections)
{
	const char *language = getenv("GOLDEN_LANGUAGE");
	char all[400];

	site_secret("meeting/sip.example.org/carol@sip.example.org/A1", "k3y");
	site_secret(HOST, "key");
	site_secret("backend/service", "0123456789abcdef0123456789abcdef");
	site_secret("backend/invited", "fedcba9876543210fedcba9876543210");
	if (language != NULL)
		site_language(language);
	snprintf(all, sizeof all, "languages = {\"%s\", \"%s\"}\nbrand-name = \"Example Org\"\n%s",
		language != NULL ? language : "en",
		language != NULL && strcmp(language, "ar") == 0 ? "en" : "ar", options);
	site_load(all, sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
}

static const struct answer *login_of(const char *sections)
{
	open_site("", sections);
	return follow(&browser, visit(&browser, FIRST));
}

static const struct answer *sign_in_at(const char *options, const char *sections)
{
	open_site(options, sections);
	return sign_in(&browser, FIRST, ALICE);
}

static const struct answer *desk_with(const char *action, const char *fields)
{
	char marker[60];

	if (browser.jar[0].name[0] == '\0') {
		open_site("", HOSTS);
		sign_in(&browser, "/guests", "name=hanna&password=x");
	}
	snprintf(marker, sizeof marker, "value=\"%s\"", action);
	return submit(&browser, visit(&browser, "/guests"), marker, fields);
}

#define PAGE(name) static const struct answer *name(void)

PAGE(login)
{
	return login_of(MEETING PEOPLE);
}

PAGE(login_ways)
{
	return login_of(MEETING PEOPLE VISITORS);
}

PAGE(login_guest)
{
	return login_of(
		MEETING "backend \"visitors\" { type = \"guest\" label = \"As a guest\" }\n"
			"policy { rule \"all\" { allow = true backends = {\"visitors\"} } }\n");
}

PAGE(login_wrong)
{
	return submit(&browser, login(), NULL, WRONG);
}

PAGE(login_guest_wrong)
{
	return submit(&browser, login_ways(), "value=\"visitors\"", "name=Eve%E2%80%AE");
}

PAGE(login_desk)
{
	open_site("", HOSTS);
	return follow(&browser, visit(&browser, "/guests"));
}

PAGE(login_me)
{
	open_site("", HOSTS);
	return follow(&browser, visit(&browser, "/me"));
}

PAGE(challenge)
{
	site_file("ask",
		"while read -r word rest; do case $word in request) request=$rest ;; "
		"answer) answer=$rest ;; esac; done\n"
		"echo 'meetauth 1'\n"
		"case $request$answer in login) echo 'challenge Which colour?'; echo 'state s';;\n"
		"*) echo deny;; esac\necho end\n");
	return submit(&browser, login_of(MEETING PROGRAM), NULL, ALICE);
}

PAGE(challenge_wrong)
{
	return submit(&browser, challenge(), "name=\"answer\"", "answer=mauve");
}

PAGE(confirm)
{
	sign_in_at("confirm = true", MEETING PEOPLE);
	later(120); /* whoever signed in just now is not asked */
	return visit(&browser, ENTRY "rt-87654321");
}

PAGE(onward)
{
	return sign_in_at("", MEETING PEOPLE);
}

PAGE(meeting)
{
	open_site("", LYNC PEOPLE);
	sign_in(&browser, "/lync/carol@sip.example.org/A1", ALICE);
	return visit(&browser, "/lync/carol@sip.example.org/A1");
}

PAGE(logout)
{
	sign_in_at("", MEETING PEOPLE);
	return visit(&browser, "/logout");
}

PAGE(signed_out)
{
	return submit(&browser, logout(), "/logout\"", "");
}

PAGE(me)
{
	open_site("", HOSTS);
	sign_in(&browser, "/me", "name=hanna&password=x");
	return visit(&browser, "/me");
}

/* -- the guest desk -- */

PAGE(desk)
{
	open_site("", HOSTS);
	sign_in(&browser, "/guests", "name=hanna&password=x");
	return visit(&browser, "/guests");
}

PAGE(desk_list)
{
	desk_with("put-account", ACCOUNT);
	desk_with("add-invitation", INVITE);
	return visit(&browser, "/guests");
}

PAGE(desk_password)
{
	return desk_with("put-account", ACCOUNT);
}

PAGE(desk_wrong)
{
	return desk_with("put-account", "name=&display=&email=x&meetings=&password=x&expires=x");
}

PAGE(desk_sure)
{
	static const char marker[] = "value=\"remove-account\"";
	const struct answer *page = desk_list();
	char fields[80];

	snprintf(fields, sizeof fields, "id=%s",
		cut(strstr(page->body, marker), "name=\"id\" value=\"", "\""));
	return submit(&browser, page, marker, fields);
}

#ifdef HAVE_QRENCODE
PAGE(desk_link)
{
	return desk_with("add-invitation", INVITE);
}
#endif

PAGE(invite)
{
	const struct answer *answer = desk_with("add-invitation", INVITE);
	const char *link = cut(answer->body, "id=\"link\">", "<");

	assert_non_null(link);
	site_reload();
	memset(&browser, 0, sizeof browser);
	return visit(&browser, link);
}

/* -- failures: one of each way out; failures_test has all of them -- */

PAGE(error_denied)
{
	return sign_in_at("", MEETING PEOPLE "policy { default = \"deny\" }\n");
}

PAGE(error_desk_denied)
{
	open_site("", HOSTS);
	sign_in(&browser, "/guests", "name=eve&password=x");
	return visit(&browser, "/guests");
}

PAGE(error_used)
{
	onward();
	return visit(&browser, FIRST);
}

PAGE(error_late)
{
	const struct answer *page = login();

	later(3600);
	return submit(&browser, page, NULL, ALICE);
}

PAGE(error_cookies)
{
	const struct answer *page = login();

	memset(&browser, 0, sizeof browser);
	return submit(&browser, page, NULL, ALICE);
}

PAGE(error_parameter)
{
	open_site("", MEETING PEOPLE);
	return visit(&browser, "?hostname=" HOST "&meetingId=m1");
}

PAGE(error_not_found)
{
	open_site("", MEETING PEOPLE);
	return visit(&browser, "/nothing");
}

PAGE(error_refused)
{
	open_site("", MEETING PEOPLE);
	peer_says("/exchange/", 403, "", "");
	return sign_in(&browser, FIRST, ALICE);
}

PAGE(error_unreachable)
{
	return sign_in_at("", MOCK("@closed@", "60s") PEOPLE);
}

PAGE(error_backend)
{
	return submit(&browser, login(), NULL, "name=erin&password=x");
}

PAGE(error_throttled)
{
	open_site("throttle-account = \"1/95m\"", MEETING PEOPLE);
	sign_in(&browser, FIRST, "name=bob&password=x");
	return sign_in(&browser, FIRST, "name=bob&password=x");
}

PAGE(error_overloaded)
{
	open_site("", MEETING PEOPLE);
	return SEND(&browser, .target = FIRST, .arrives = ARRIVES_LATE);
}

/* ---- comparison ---- */

struct state {
	const char *name;
	const struct answer *(*page)(void);
	int status;
};

static const struct state states[] = {
	{"login", login, 200},
	{"login-ways", login_ways, 200},
	{"login-guest", login_guest, 200},
	{"login-wrong", login_wrong, 401},
	{"login-guest-wrong", login_guest_wrong, 401},
	{"login-desk", login_desk, 200},
	{"login-me", login_me, 200},
	{"challenge", challenge, 200},
	{"challenge-wrong", challenge_wrong, 401},
	{"confirm", confirm, 200},
	{"onward", onward, 200},
	{"meeting", meeting, 200},
	{"logout", logout, 200},
	{"signed-out", signed_out, 200},
	{"me", me, 200},
	{"desk", desk, 200},
	{"desk-list", desk_list, 200},
	{"desk-password", desk_password, 200},
	{"desk-wrong", desk_wrong, 400},
	{"desk-sure", desk_sure, 200},
#ifdef HAVE_QRENCODE
	{"desk-link", desk_link, 200},
#endif
	{"invite", invite, 200},
	{"error-denied", error_denied, 403},
	{"error-desk-denied", error_desk_denied, 403},
	{"error-used", error_used, 409},
	{"error-late", error_late, 400},
	{"error-cookies", error_cookies, 400},
	{"error-parameter", error_parameter, 400},
	{"error-not-found", error_not_found, 404},
	{"error-refused", error_refused, 403},
	{"error-unreachable", error_unreachable, 502},
	{"error-backend", error_backend, 503},
	{"error-throttled", error_throttled, 429},
	{"error-overloaded", error_overloaded, 503},
};

/* The length of what differs from run to run at the start of a text; 0: nothing does. */
static size_t varying(const char *text)
{
	static const char of_tokens[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t length = strspn(text, of_tokens);

	if (length >= 32) /* a ticket, an id; our own words are shorter */
		return length;
	if (length >= 10 && isdigit((unsigned char)text[0]) && text[4] == '-' && text[7] == '-')
		return 10 + strspn(text + 10, "T :0123456789"); /* a time */
	return 0;
}

static void scrub(const char *html, struct buffer *text)
{
	static const char *const starts[] = {"127.0.0.1:", "/style.css?", "<path d=\"M4 4h7v1h-7z",
		"request-", "id=\"password\">"};
	char before = ' ';

	while (*html != '\0') {
		size_t length = isalnum((unsigned char)before) ? 0 : varying(html);

		if (length > 0)
			buffer_text(text, "…");
		for (size_t i = 0; length == 0 && i < sizeof starts / sizeof *starts; i++)
			if (strncmp(html, starts[i], strlen(starts[i])) == 0) {
				buffer_text(text, starts[i]);
				buffer_text(text, "…");
				length = strlen(starts[i]) +
					 strcspn(html + strlen(starts[i]), "\"/<");
			}
		before = *html;
		if (length == 0)
			buffer_append(text, html++, 1);
		html += length;
	}
}

static void compare(const char *name, const struct buffer *text)
{
	const char *top = getenv("srcdir");
	struct buffer wanted = BUFFER_INIT(256 * 1024);
	struct error error = {0};
	char path[4200];
	size_t at = 0, line = 1;

	snprintf(path, sizeof path, "%s/tests/golden/%s.html", top != NULL ? top : ".", name);
	if (file_read_text(path, FILE_PUBLIC, &wanted, &error) != 0)
		fail_msg("%s: run \"make golden\"", error.text);
	for (; text->data[at] == wanted.data[at] && text->data[at] != '\0'; at++)
		line += text->data[at] == '\n';
	if (text->data[at] != wanted.data[at])
		fail_msg("%s:%zu: expected \"%.60s\", found \"%.60s\". If the page is to be like "
			 "this, run \"make golden\" and read the difference.",
			path, line, wanted.data + at, text->data + at);
	buffer_release(&wanted);
}

static void a_page_is_as_before(void **state)
{
	const struct state *one = *state;
	const char *folder = getenv("GOLDEN_WRITE");
	struct buffer text = BUFFER_INIT(256 * 1024);
	struct error error = {0};
	const struct answer *answer;
	char path[4200];

	memset(&browser, 0, sizeof browser);
	answer = one->page();
	assert_status(answer, one->status);
	scrub(answer->body, &text);
	if (folder != NULL) {
		snprintf(path, sizeof path, "%s/%s.html", folder, one->name);
		if (file_replace(path, text.data, text.length, 0644, &error) != 0)
			fail_msg("%s", error.text);
	} else {
		compare(one->name, &text);
	}
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest each[] = {
		cmocka_unit_test_setup_teardown(a_page_is_as_before, site_up, site_down),
	};
	struct CMUnitTest tests[sizeof states / sizeof *states];

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		tests[i] = each[0];
		tests[i].name = states[i].name;
		tests[i].initial_state = (void *)(uintptr_t)&states[i];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
