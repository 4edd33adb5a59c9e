/* SPDX-License-Identifier: MIT
 *
 * The guest desk, and what guests do with what is made there: accounts and invitations.
 */
#include "guest_signin.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>

#define HOST	"meeting.example.org"
#define MEETING "platform \"" HOST "\" { type = \"mock\" api = \"@api@\" timeout = \"60s\" }\n"
#define SERVICE                                                                                    \
	"backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "                 \
	"connect-timeout = \"40s\" }\n"
#define GUESTS                                                                                     \
	"backend \"guests\" { type = \"guest-account\" accounts = \"@folder@/accounts\" "          \
	"groups = {\"hosts\"} }\n"                                                                 \
	"backend \"invited\" { type = \"invite\" invitations = \"@folder@/invitations\" }\n"
#define DESK "guest-desk { groups = {\"hosts\"} }\n"
#define RULES                                                                                      \
	"policy { default = \"deny\" "                                                             \
	"rule \"guests\" { allow = true backends = {\"guests\", \"invited\"} } }\n"
#define SITE	MEETING SERVICE GUESTS DESK RULES
#define SESSION "__Host-meetauth"
#define FORM	"application/x-www-form-urlencoded"
#define ENTRY	"?hostname=" HOST "&meetingId=m1&meetingToken=t1&requestToken=rt-"
#define ACCOUNT "name=Ann&display=Ann+A.&email=ann%40example.org&meetings=m1&expires="
#define INVITE	"name=Ben&email=&meetings=m1&meeting_token=&expires="

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
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	site_secret("backend/invited", "fedcba9876543210fedcba9876543210");
	site_load("languages = {\"en\", \"ar\"}", sections);
	peer_says("/exchange/", 200, "", "access");
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
}

static void sign_in_host(struct browser *browser)
{
	const struct answer *answer = sign_in(browser, "/guests", "name=hanna&password=x");

	assert_status(answer, 303);
	assert_string_equal(header(answer, "Location"), ORIGIN MOUNT "/guests");
}

/* A form of a fresh page. */
static const struct answer *change(struct browser *host, const char *action, const char *fields)
{
	char marker[60];

	snprintf(marker, sizeof marker, "value=\"%s\"", action);
	return keep_password(submit(host, visit(host, "/guests"), marker, fields));
}

/* The id of the only row of a list. */
static const char *only_id(const struct answer *page, const char *action)
{
	char start[60];

	snprintf(start, sizeof start, "value=\"%s\"", action);
	return cut(strstr(page->body, start), "name=\"id\" value=\"", "\"");
}

/* ---- who may ---- */

static void hosts_sign_in_and_come_back(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(SITE);
	answer = visit(&browser, "/guests");
	assert_status(answer, 303);
	answer = follow(&browser, answer);
	assert_says(answer, "(login.heading.desk)");
	assert_silent(answer, "(login.purpose)");
	answer = submit(&browser, answer, NULL, "name=hanna&password=x");
	assert_logged("login", "result=ok user=hanna backend=own platform= meeting_id=");
	assert_int_equal(log_count("join"), 0);
	answer = follow(&browser, answer);
	assert_status(answer, 200);
	assert_says(answer, "(desk.account) hanna");
	assert_non_null(header(answer, "Content-Security-Policy"));
	assert_status(SEND(&browser, .method = "HEAD", .target = "/guests"), 200);
}

static void who_is_no_host_is_told_so(void **state)
{
	struct browser browser = {0}, host = {0};
	const struct answer *answer, *page;

	(void)state;
	open_site(SITE);
	sign_in(&browser, "/guests", "name=eve&password=x");
	answer = visit(&browser, "/guests");
	assert_failure(answer, 403, "denied", "desk.message");
	assert_says(answer, "(error.denied.desk.title)");
	assert_says(answer, "(error.switch)");
	assert_logged("failure", "code=denied user=eve backend=own");
	sign_in_host(&host);
	page = visit(&host, "/guests");
	answer = submit(&browser, page, "put-account", ACCOUNT);
	assert_failure(answer, 403, "denied", "desk.message");
	assert_int_equal(log_count("desk"), 0);
	/* Somebody else signs in, and comes to the desk. */
	answer = submit(&browser, visit(&browser, "/guests"), "ticket", "");
	answer = submit(&browser, follow(&browser, answer), NULL, "name=hanna&password=x");
	assert_says(follow(&browser, answer), "(desk.account) hanna");
}

static void there_may_be_no_desk(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(MEETING SERVICE);
	assert_failure(visit(&browser, "/guests"), 404, "not-found", "message");
	assert_failure(visit(&browser, "/invite?token=x"), 404, "not-found", "message");
}

/* ---- accounts ---- */

static void an_account_lets_into_its_meetings(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	answer = change(&host, "put-account", ACCOUNT "&password=typed-by-the-host");
	assert_status(answer, 200);
	assert_says(answer, "(desk.password.title) ann");
	assert_logged("desk", "action=put-account result=ok guest=ann change=made user=hanna "
			      "backend=own meetings=m1 expires= new_password=");
	assert_int_equal(strlen(password_of("ann")), strlen("abcd-efgh-jkmn"));
	assert_says(answer, HOST "/m1");
	assert_says(answer, "<bdi>hanna</bdi>");
	answer = visit(&host, "/guests");
	assert_says(answer, HOST "/m1");
	assert_silent(answer, password_of("ann"));
	assert_silent(answer, "(desk.password.title)");
	assert_false(log_says(password_of("ann")));
	assert_status(
		sign_in(&guest, ENTRY "number-0", "name=ann&password=typed-by-the-host"), 401);
	site_reload();

	answer = sign_in(&guest, ENTRY "number-1", signin_of("ann"));
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok backend=guests rule=guests");
	assert_int_equal(state_count(MARKS), 2); /* of the secret, and when Ann joined */
	answer = visit(
		&guest, "?hostname=" HOST "&meetingId=m2&meetingToken=t1&requestToken=rt-number-2");
	assert_status(answer, 303);
}

/* Whatever group they are in. They are told so, and can go on. */
static void guests_are_told_that_they_cannot_use_the_desk(void **state)
{
	struct browser host = {0}, guest = {0}, other = {0};
	const struct answer *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "put-account", ACCOUNT);
	site_reload();
	answer = sign_in(&guest, "/guests", signin_of("ann"));
	assert_string_equal(header(answer, "Location"), ORIGIN MOUNT "/guests");
	answer = follow(&guest, answer);
	assert_failure(answer, 403, "denied", "guest.message");
	assert_says(answer, "(error.denied.desk.title)");
	assert_string_equal(link_of(answer, "(error.me)"), ORIGIN MOUNT "/me");
	assert_logged("failure", "code=denied backend=guests");
	/* So is who came for a meeting, and the way on leads to the desk. */
	sign_in(&other, ENTRY "number-1", signin_of("ann"));
	answer = visit(&other, "/guests");
	assert_failure(answer, 403, "denied", "guest.message");
	answer = submit(&other, answer, "ticket", "");
	answer = submit(&other, follow(&other, answer), NULL, "name=hanna&password=x");
	assert_says(follow(&other, answer), "(desk.account) hanna");
	answer = submit(&guest, visit(&host, "/guests"), "put-account", ACCOUNT);
	assert_failure(answer, 403, "denied", "guest.message");
}

static void an_account_is_changed_as_it_was_seen(void **state)
{
	struct browser host = {0}, other = {0};
	const struct answer *page, *mine, *theirs, *answer;
	char target[100], fields[200];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	sign_in_host(&other);
	change(&host, "put-account", ACCOUNT);
	page = visit(&host, "/guests");
	snprintf(target, sizeof target, "/guests?edit=%s", only_id(page, "remove-account"));
	mine = visit(&host, target);
	theirs = visit(&other, target);
	assert_says(mine, "value=\"ann\"");
	answer = submit(
		&host, mine, "put-account", "name=anna&display=&email=&meetings=m1&expires=");
	assert_status(answer, 303);
	assert_logged("desk", "action=put-account result=ok guest=anna former=ann change=changed "
			      "new_password=");
	answer = submit(
		&other, theirs, "put-account", "name=bea&display=&email=&meetings=m1&expires=");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.changed)");
	assert_says(answer, "value=\"bea\"");
	assert_logged("desk", "result=failed guest=anna detail=desk.fault.changed");

	answer = change(&host, "put-account", "name=Anna&display=&email=&meetings=m1&expires=");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.taken)");

	snprintf(fields, sizeof fields, "sure=1&id=%s", only_id(page, "remove-account"));
	page = visit(&host, "/guests");
	answer = submit(&host, page, "value=\"remove-account\"", fields);
	assert_status(answer, 303);
	assert_logged("desk", "action=remove-account result=ok guest=anna meetings= expires=");
	answer = submit(&host, page, "value=\"remove-account\"", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.gone)");
	/* The form of an account that is gone makes a new one. */
	answer = submit(&other, visit(&other, target), "put-account", "name=x");
	assert_status(answer, 200);
	assert_logged("desk", "guest=x change=made");
}

static void a_new_password_replaces_the_old_one_and_is_shown_once(void **state)
{
	struct browser host = {0}, guest = {0}, other = {0};
	const struct answer *page, *answer;
	char target[100], old[100];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "put-account", ACCOUNT);
	snprintf(old, sizeof old, "%s", signin_of("ann"));
	snprintf(target, sizeof target, "/guests?q=an&edit=%s",
		only_id(visit(&host, "/guests"), "remove-account"));
	page = visit(&host, target);
	assert_string_equal(link_of(page, "(desk.cancel)"), ORIGIN MOUNT "/guests?q=an#accounts");
	assert_says(page, "(desk.password.change)");
	answer = submit(&host, page, "put-account", ACCOUNT "&new_password=1");
	assert_status(answer, 200);
	assert_logged("desk", "action=put-account result=ok guest=ann change=changed "
			      "new_password=yes");
	keep_password(answer);
	answer = submit(&host, page, "put-account", ACCOUNT "&new_password=1");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.again)");
	assert_silent(answer, "id=\"password\"");
	site_reload();
	assert_status(sign_in(&guest, ENTRY "number-1", old), 401);
	assert_leads(sign_in(&other, ENTRY "number-2", signin_of("ann")), "?token=access");
}

/* What was refused counts as not sent. */
static void a_refused_form_may_be_sent_again(void **state)
{
	struct browser host = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "put-account", ACCOUNT);
	page = visit(&host, "/guests");
	for (unsigned i = 0; i < 2; i++) {
		answer = submit(&host, page, "put-account", ACCOUNT);
		assert_status(answer, 400);
		assert_says(answer, "(desk.fault.taken)");
	}
}

static void each_fault_has_its_sentence(void **state)
{
	static const struct {
		const char *action, *fields, *fault;
	} cases[] = {
		{"put-account", "name=&meetings=m1", "name"},
		{"put-account", "name=a&email=no&meetings=m1", "email"},
		{"put-account", "name=a%E2%80%AE&meetings=m1", "name"},
		{"put-account", "name=a&display=%D8%9C&meetings=m1", "display"},
		{"add-invitation", "name=Eve+%E2%80%AEtsoH&meetings=m1", "display"},
		{"put-account", "name=a&meetings=m1&expires=soon", "expires"},
		{"put-account", "name=a&meetings=m1&expires=2020-01-01T00:00", "past"},
		{"put-account", "name=a&meetings=nowhere/m1", "meetings"},
		{"add-invitation", "name=Ben&meetings=", "meeting"},
		{"add-invitation", "name=Ben&meetings=m1,m2", "meeting"},
		{"add-invitation", "name=Ben&meetings=m1&email=no", "email"},
		{"add-invitation", "name=Ben&meetings=m1&expires=2020-01-01T00:00", "past"},
		{"add-invitation", "name=&meetings=m1", "display"},
		{"add-invitation", "name=Ben&meetings=m1&title=a%E2%80%AEb", "meeting-title"},
		{"invite-several", "lines=Ben%2C+b%40x.example&meetings=m1&title=%D8%9C",
			"meeting-title"},
		{"add-invitation", "name=Ben&meetings=m1&meeting_token=%3C", "invitation"},
	};
	struct browser host = {0};

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct answer *answer = change(&host, cases[i].action, cases[i].fields);
		char text[60];

		snprintf(text, sizeof text, "(desk.fault.%s)", cases[i].fault);
		assert_status(answer, 400);
		assert_says(answer, text);
		snprintf(text, sizeof text, "result=failed detail=desk.fault.%s", cases[i].fault);
		assert_logged("desk", text);
	}
	assert_int_equal(state_count(CLAIMS), 0);
}

static void what_is_no_form_of_the_desk_changes_nothing(void **state)
{
	static const char *const fields[] = {"do=what&id=", "do=put-account&do=put-account",
		"do=remove-account&id=x", "do=add-invitation&id=0123456789abcdef0123456789abcdef",
		"do=put-account&id=0123456789abcdef0123456789abcdef&seen=x",
		"do=put-account&name=a&name=b"};
	struct browser host = {0}, other = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	sign_in_host(&other);
	page = visit(&host, "/guests");
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		char body[2000];

		snprintf(body, sizeof body, "ticket=%s&%s",
			cut(form_body(page, NULL, ""), "ticket=", "&"), fields[i]);
		answer = SEND(
			&host, .method = "POST", .target = "/guests", .type = FORM, .body = body);
		assert_failure(answer, 400, "bad-request", "other");
		assert_int_equal(log_count("desk"), 0);
	}
	answer = submit(&other, page, "put-account", ACCOUNT);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.late)");
	answer = SEND(&host, .method = "POST", .target = "/guests", .type = FORM, .body = "do=x");
	assert_failure(answer, 400, "ticket-expired", "desk.message");
	answer = SEND(&host, .method = "POST", .target = "/guests", .type = FORM,
		.site = "cross-site", .body = form_body(page, "put-account", ACCOUNT));
	assert_failure(answer, 400, "bad-request", "other");
	later(3601 + 60);
	sign_in_host(&host);
	answer = submit(&host, page, "put-account", ACCOUNT);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.late)");
	assert_says(answer, "value=\"Ann A.\"");
	assert_failure(submit(&host, page, "put-account", ACCOUNT "&do=what"), 400,
		"ticket-expired", "desk.message");
	assert_status(submit(&host, answer, "put-account", ACCOUNT), 200);
}

/* ---- nothing typed is lost ---- */

static void who_was_signed_out_meanwhile_sends_the_form_again(void **state)
{
	struct browser host = {0};
	const struct answer *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	answer = visit(&host, "/guests");
	forget_cookie(&host, SESSION);
	answer = submit(&host, answer, "put-account", ACCOUNT);
	assert_status(answer, 401);
	assert_says(answer, "(desk.away.title)");
	assert_says(answer, "name=\"display\" value=\"Ann A.\"");
	sign_in_host(&host);
	answer = submit(&host, answer, "(desk.away.title)", "");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.late)");
	answer = submit(&host, answer, "put-account", ACCOUNT);
	assert_status(answer, 200);
	assert_says(answer, "ann@example.org");
}

/* ---- the question, and the way back ---- */

static void removals_are_asked_about_and_undone(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *answer, *removed;
	char fields[60];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "put-account", ACCOUNT);
	answer = visit(&host, "/guests?q=ann&sort=name");
	snprintf(fields, sizeof fields, "id=%s", only_id(answer, "remove-account"));
	answer = submit(&host, answer, "value=\"remove-account\"", fields);
	assert_status(answer, 200);
	assert_says(answer, "(desk.sure.remove)");
	assert_silent(answer, "ann@example.org");
	assert_int_equal(log_count("desk"), 0);
	answer = submit(&host, answer, "value=\"remove-account\"", fields);
	assert_status(answer, 303);
	assert_non_null(strstr(header(answer, "Location"), "/guests?q=ann&sort=name&done=removed"));
	assert_non_null(strstr(header(answer, "Location"), "#accounts"));
	removed = follow(&host, answer);
	assert_says(removed, "role=\"status\"");
	assert_says(removed, "(desk.done.removed)");
	site_reload();
	answer = sign_in(&guest, ENTRY "number-1", signin_of("ann"));
	assert_status(answer, 401);
	answer = submit(&host, removed, "restore-account", fields);
	assert_status(answer, 303);
	assert_logged("desk", "action=restore-account result=ok guest=ann");
	assert_says(follow(&host, answer), "(desk.done.restored)");
	answer = submit(&host, removed, "restore-account", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.restore)");
	site_reload();
	assert_leads(sign_in(&guest, ENTRY "number-1", signin_of("ann")), "?token=access");
	/* What an address says was done is shown only if it is so. */
	assert_silent(visit(&host, "/guests?done=removed&whom=x"), "role=\"status\"");
}

/* A list that is out of date asks about a guest who is gone, or about one of the other list. */
static void nobody_is_asked_about_who_is_not_there(void **state)
{
	struct browser host = {0};
	const struct answer *answer;
	char fields[60];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "put-account", ACCOUNT);
	change(&host, "add-invitation", INVITE);
	answer = visit(&host, "/guests");
	snprintf(fields, sizeof fields, "id=%s", only_id(answer, "revoke-invitation"));
	answer = submit(&host, visit(&host, "/guests"), "value=\"remove-account\"", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.gone)");
	assert_silent(answer, "(desk.sure.remove)");
	assert_says(answer, "ann@example.org");
	snprintf(fields, sizeof fields, "id=%032d", 0);
	answer = submit(&host, visit(&host, "/guests"), "value=\"revoke-invitation\"", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.gone)");
	assert_silent(answer, "(desk.sure.revoke)");
}

/* A name that was given again meanwhile stays with its new owner. */
static void a_name_that_is_taken_is_not_given_back(void **state)
{
	struct browser host = {0};
	const struct answer *answer;
	char fields[60];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	for (unsigned i = 0; i < 2; i++) {
		change(&host, "put-account", ACCOUNT);
		answer = visit(&host, "/guests");
		snprintf(fields, sizeof fields, "sure=1&id=%s", only_id(answer, "remove-account"));
		answer = submit(&host, answer, "value=\"remove-account\"", fields);
		assert_status(answer, 303);
	}
	answer = follow(&host, answer);
	change(&host, "put-account", ACCOUNT);
	answer = submit(&host, answer, "restore-account", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.taken)");
}

/* The link to the mail program has the address, and nothing that was typed adds a header. */
static void a_host_writes_to_the_guest(void **state)
{
	struct browser host = {0};
	const struct answer *answer;
	const char *letter;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	answer = change(&host, "add-invitation",
		"name=Ben%26bcc%3Devil%40example.org&email=ben%2Bx%40example.org&meetings=m1");
	letter = link_of(answer, "(desk.letter)");
	assert_non_null(letter);
	assert_int_equal(strncmp(letter, "mailto:ben%2Bx%40example.org?subject=", 37), 0);
	assert_non_null(strstr(letter, "Ben%26bcc%3Devil%40example.org"));
	assert_non_null(strstr(letter, "invite%3Ftoken%3D"));
	assert_null(strstr(letter, "&bcc"));
#ifdef HAVE_QRENCODE
	assert_says(answer, "<svg class=\"qr\" role=\"img\" aria-label=\"(desk.link.code)\"");
	assert_says(answer, "<path d=\"M4 4h7v1h-7z");
#else
	assert_silent(answer, "<svg");
#endif
	/* The link is not shown again, so no switch of languages leads away from it. */
	assert_silent(answer, "/language\"");
	assert_says(visit(&host, "/guests"), "/language\"");
	/* The form for the next guest has the meeting, and no name. */
	assert_says(answer, "name=\"meetings\" type=\"text\" value=\"m1\"");
	assert_silent(answer, "id=\"new-name\" name=\"name\" type=\"text\" value=\"Ben");
	assert_null(link_of(visit(&host, "/guests"), "(desk.letter)"));
}

/* The title that the host gives the meeting is on every page of the guest before it, beside the
 * number. */
static void a_guest_sees_the_title_of_the_invitation(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *answer;
	const char *letter, *link;

	(void)state;
	open_site(SITE);
	site_load("confirm = true", SITE);
	sign_in_host(&host);
	answer = change(&host, "add-invitation",
		"name=Ben&email=ben%40example.org&meetings=m1&meeting_token=number-1&title=Week+%"
		"3C7%3E");
	letter = link_of(answer, "(desk.letter)");
	assert_non_null(strstr(letter, "?subject=%28desk.letter.subject.title%29"));
	assert_non_null(strstr(letter, "%0D%0A%0D%0AWeek%20%3C7%3E%20%28number-1%29%0D%0Ahttps"));
	assert_says(answer, "name=\"title\" type=\"text\" value=\"Week &lt;7&gt;\"");
	assert_says(answer, "<bdi>Week &lt;7&gt;</bdi> (<bdi>" HOST "/m1</bdi>)");
	assert_null(link_of(answer, "(desk.calendar)"));
	assert_says(visit(&host, "/guests?q=week"), "<bdi>Ben</bdi>");
	link = cut(answer->body, "id=\"link\">", "<");
	site_reload();
	answer = visit(&guest, link);
	assert_says(answer, "<bdi>Week &lt;7&gt;</bdi> (<bdi>number-1</bdi>)");
	submit(&guest, answer, NULL, "");
	later(120);
	assert_says(visit(&guest, ENTRY "number-1"), "<bdi>Week &lt;7&gt;</bdi>");
	assert_says(visit(&guest, "/me"), "<bdi>Week &lt;7&gt;</bdi> (<bdi>m1</bdi>)");
	assert_silent(
		follow(&guest,
			visit(&guest, "?hostname=" HOST
				      "&meetingId=m2&meetingToken=t&requestToken=rt-12345678")),
		"Week");
}

/* It begins when the rules let the guest in, and ends as the host says. */
static void a_host_gets_a_calendar_file_for_the_guest(void **state)
{
	struct browser host = {0};
	const char *file;

	(void)state;
	open_site(MEETING SERVICE GUESTS DESK
		"policy { rule \"later\" { allow = true backends = {\"invited\"} "
		"not-before = \"2089-12-31T17:00Z\" } default = \"deny\" }\n");
	sign_in_host(&host);
	file = link_of(change(&host, "add-invitation",
			       "name=Ben&meetings=m1&title=A%2C+B&expires=2089-12-31T18:00"),
		"(desk.calendar)");
	assert_non_null(file);
	assert_int_equal(
		strncmp(file, "data:text/calendar;charset=utf-8,BEGIN%3AVCALENDAR%0D%0A", 56), 0);
	assert_non_null(strstr(file, "%0D%0ADTSTART%3A20891231T170000Z%0D%0A"));
	assert_non_null(strstr(file, "%0D%0ADTEND%3A20891231T180000Z%0D%0A"));
	assert_non_null(strstr(file, "%0D%0ASUMMARY%3AA%5C%2C%20B%0D%0A"));
	assert_non_null(strstr(file, "%0D%0AURL%3Ahttps%3A%2F%2F"));
	file = link_of(
		change(&host, "add-invitation", "name=Ben&meetings=m1&expires=2089-12-31T17:00"),
		"(desk.calendar)");
	assert_null(file);
}

/* Beside pasting a link: meetings of one's own, the newest first, each once. */
static void a_host_picks_a_recent_meeting(void **state)
{
	struct browser host = {0}, other = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	page = visit(&host, "/guests");
	assert_says(page, "<datalist id=\"recent\"></datalist>");
	assert_says(page, "id=\"new-meeting\" dir=\"ltr\" name=\"meetings\" type=\"text\" "
			  "value=\"\" list=\"recent\"");
	change(&host, "put-account", "name=ann&meetings=m3,m2,m4");
	change(&host, "add-invitation", "name=Ben&meetings=m1");
	change(&host, "add-invitation", "name=Bob&meetings=m2");
	assert_says(change(&host, "add-invitation", "name=Bea&meetings=m2"),
		"<datalist id=\"recent\"><option value=\"" HOST "/m2\"><option value=\"" HOST
		"/m1\"><option value=\"" HOST "/m4\"><option value=\"" HOST "/m3\"></datalist>");
	sign_in(&other, "/guests", "name=henk&password=x");
	assert_says(visit(&other, "/guests"), "<datalist id=\"recent\"></datalist>");
}

static void a_revocation_is_taken_back(void **state)
{
	struct browser host = {0};
	const struct answer *answer;
	char fields[60];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	change(&host, "add-invitation", INVITE);
	answer = visit(&host, "/guests");
	snprintf(fields, sizeof fields, "sure=1&id=%s", only_id(answer, "revoke-invitation"));
	answer = follow(&host, submit(&host, answer, "value=\"revoke-invitation\"", fields));
	assert_says(answer, "(desk.done.revoked)");
	assert_silent(answer, "value=\"Revoke");
	answer = submit(&host, answer, "restore-invitation", fields);
	assert_logged("desk", "action=restore-invitation result=ok guest=Ben");
	assert_says(follow(&host, answer), "(desk.done.valid)");
}

/* ---- many guests ---- */

static void add_guests(struct browser *host, unsigned count)
{
	const struct answer *page = visit(host, "/guests");
	char fields[200];

	for (unsigned i = 0; i < count; i++) {
		snprintf(fields, sizeof fields, "name=Guest+%03u&meetings=m1&email=%s", i,
			i == 7 ? "zo%C3%AB%40example.org" : "");
		if (i == 7)
			snprintf(fields, sizeof fields, "name=Zo%%C3%%AB&meetings=m1");
		assert_status(submit(host, page, "add-invitation", fields), 200);
	}
}

static void lists_are_searched_sorted_and_turned(void **state)
{
	struct browser host = {0};
	const struct answer *answer;
	const char *link;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	add_guests(&host, 120);
	answer = visit(&host, "/guests");
	assert_says(answer, "(desk.count) 1 50 120");
	assert_says(answer, "Guest 119");
	assert_silent(answer, "Guest 069");
	assert_silent(answer, "(desk.newer)");
	link = link_of(answer, "(desk.older)");
	assert_string_equal(link, ORIGIN MOUNT "/guests?invitations=50#invitations");
	answer = visit(&host, "/guests?invitations=50");
	assert_says(answer, "(desk.count) 51 100 120");
	assert_string_equal(link_of(answer, "(desk.newer)"), ORIGIN MOUNT "/guests#invitations");
	assert_string_equal(link_of(answer, "(desk.older)"),
		ORIGIN MOUNT "/guests?invitations=100#invitations");
	/* Beyond the end is the last page. */
	assert_says(visit(&host, "/guests?invitations=5000"), "(desk.count) 101 120 120");
	assert_says(visit(&host, "/guests?sort=name"), "Guest 000");
#ifdef HAVE_UNISTRING /* otherwise accents count */
	answer = visit(&host, "/guests?q=ZOE");
	assert_says(answer, "(desk.count) 1 1 1");
	assert_says(answer, "Zo\xc3\xab");
#endif
	answer = visit(&host, "/guests?q=guest+01&sort=name&state=active");
	assert_says(answer, "(desk.count) 1 10 10");
	assert_says(answer, "value=\"guest 01\"");
	assert_says(answer, "value=\"q=guest%2001&amp;state=active&amp;sort=name\"");
	answer = visit(&host, "/guests?q=nobody&state=ended&sort=what");
	assert_says(answer, "(desk.find.none)");
	assert_silent(answer, "(desk.count)");
}

static void a_file_that_is_broken_is_our_fault(void **state)
{
	struct browser host = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	page = visit(&host, "/guests");
	site_file("accounts", "{");
	answer = visit(&host, "/guests");
	assert_failure(answer, 500, "internal", "message");
	assert_logged("failure", "code=internal user=hanna level=error");
	answer = submit(&host, page, "put-account", ACCOUNT);
	assert_failure(answer, 500, "internal", "message");
	assert_logged("desk", "action=put-account result=failed");
	/* Each file for itself. */
	answer = submit(&host, page, "add-invitation", INVITE);
	assert_status(answer, 200);
	assert_says(answer, "(desk.link.title) Ben");
	site_file("invitations", "{");
	answer = submit(&host, page, "add-invitation", "name=Bob&meetings=m1");
	assert_failure(answer, 500, "internal", "message");
	assert_int_equal(state_count(CLAIMS), 1); /* it may be sent again */
}

/* ---- invitations ---- */

static const char *invite(struct browser *host)
{
	const struct answer *answer = change(host, "add-invitation", INVITE);

	assert_status(answer, 200);
	return cut(answer->body, "id=\"link\">", "<");
}

static void an_invitation_lets_into_one_meeting(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page, *answer;
	const char *link;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	link = invite(&host);
	assert_logged("desk", "action=add-invitation result=ok guest=Ben user=hanna meetings=m1");
	assert_false(log_says(cut(link, "token=", "")));
	assert_true(strlen(link) > strlen(ORIGIN MOUNT "/invite?token="));
	site_reload();

	assert_status(SEND(&guest, .method = "HEAD", .target = link), 200);
	page = visit(&guest, link);
	assert_status(page, 200);
	assert_says(page, "(invite.title)");
	assert_says(page, "Ben");
	assert_null(set_cookie(page, SESSION));
	answer = submit(&guest, page, NULL, "");
	assert_leads(answer, "/meeting/m1");
	assert_non_null(set_cookie(answer, SESSION));
	assert_logged("login", "result=ok backend=invited platform=" HOST " meeting_id=m1");
	assert_leads(visit(&guest, ENTRY "number-1"), "?token=access");
	assert_logged("join", "result=ok backend=invited");

	page = visit(&host, "/guests");
	assert_says(page, "Ben");
	answer = submit(&host, page, "value=\"revoke-invitation\"",
		cut(strstr(page->body, "value=\"revoke-invitation\""), "name=\"", "\""));
	assert_failure(answer, 400, "bad-request", "other"); /* an id is needed */
}

static void a_revoked_invitation_is_no_longer_good(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *shown, *page, *answer;
	const char *link;
	char fields[60];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	link = invite(&host);
	site_reload();
	shown = visit(&guest, link);
	page = visit(&host, "/guests");
	snprintf(fields, sizeof fields, "sure=1&id=%s", only_id(page, "revoke-invitation"));
	answer = submit(&host, page, "value=\"revoke-invitation\"", fields);
	assert_status(answer, 303);
	assert_logged("desk", "action=revoke-invitation result=ok guest=Ben");
	site_reload();
	answer = visit(&guest, link);
	assert_failure(answer, 400, "ticket-expired", "other");
	assert_null(link_of(answer, "(error.link)"));
	assert_logged("login", "result=failed backend=invited");
	answer = submit(&guest, shown, NULL, "");
	assert_failure(answer, 400, "ticket-expired", "other");
	assert_null(link_of(answer, "(error.link)"));
	assert_null(set_cookie(answer, SESSION));
	assert_true(log_says("the invitation has been revoked or has expired"));

	answer = submit(&host, page, "value=\"revoke-invitation\"",
		"sure=1&id=0123456789abcdef0123456789abcdef");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.gone)");
}

static void the_form_of_an_invitation_counts_once(void **state)
{
	struct browser host = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	page = visit(&host, "/guests");
	assert_status(submit(&host, page, "add-invitation", INVITE), 200);
	answer = submit(&host, page, "add-invitation", INVITE);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.again)");
	assert_silent(answer, "/invite?token=");
	state_break("", CLAIMS);
	answer = submit(&host, page, "add-invitation", "name=Other&meetings=m1");
	assert_failure(answer, 503, "internal", "state");
	assert_true(log_says("the state refused the claim of a form"));
}

static void links_need_a_secret(void **state)
{
	struct browser host = {0};
	const struct answer *answer;

	(void)state;
	site_secret("backend/own", "0123456789abcdef0123456789abcdef");
	site_load("", SITE);
	peer_makes("/ask", "Content-Type: application/json\r\n", answer_question);
	sign_in_host(&host);
	answer = change(&host, "add-invitation", INVITE);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.secret)");
}

static void a_link_that_is_none_is_refused(void **state)
{
	static const char *const targets[] = {
		"/invite", "/invite?token=", "/invite?token=a&token=b", "/invite?token=%zz"};
	struct browser host = {0}, guest = {0};
	const struct answer *page, *answer;
	const char *link;

	(void)state;
	open_site(SITE);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		assert_failure(visit(&guest, targets[i]), 400, "bad-request", "message");
		assert_logged("failure", "parameter=token");
	}
	answer = visit(&guest, "/invite?token=forged");
	assert_failure(answer, 400, "ticket-expired", "other");
	sign_in_host(&host);
	link = invite(&host);
	site_reload();
	page = visit(&guest, link);
	site_load("",
		"platform \"other.example.org\" { type = \"mock\" }\n" SERVICE GUESTS DESK RULES);
	assert_failure(visit(&guest, link), 403, "unknown-platform", "message");
	assert_failure(submit(&guest, page, NULL, ""), 403, "unknown-platform", "message");
}

/* ---- one meeting for several guests ---- */

static void make_accounts(struct browser *host)
{
	static const char *const names[] = {"ann", "bea", "old"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char fields[200];

		snprintf(fields, sizeof fields, "name=%s&display=&email=&meetings=m0&expires=%s",
			names[i], i == 2 ? "2090-01-01T00:00" : "");
		assert_status(change(host, "put-account", fields), 200);
	}
}

static void several_guests_get_one_meeting_and_each_line_says_what_became_of_it(void **state)
{
	struct browser host = {0}, guest = {0};
	const struct answer *page, *answer;
	const char *id, *link;
	char fields[600];

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	make_accounts(&host);
	page = visit(&host, "/guests");
	id = cut(strstr(page->body, "name=\"guest\""), "value=\"", "\"");
	snprintf(fields, sizeof fields,
		"meetings=space-7&title=Sprint&expires=&guest=%s&lines=Ann%%0D%%0Anobody%%0D%%0A%%"
		"0D%%0A"
		"Zo%%C3%%AB+Guest+%%3Czoe%%40example.org%%3E%%0D%%0Aann%%0D%%0ABen%%2C+no%%0D%%0A"
		"%%3Ca%%40example.org%%3E",
		id);
	answer = submit(&host, page, "invite-several", fields);
	assert_status(answer, 200);
	assert_says(answer, "(desk.several.some)");
	assert_silent(answer, "(desk.several.all)");
	assert_says(answer, "(desk.several.added)");
	assert_says(answer, "<bdi>old</bdi>"); /* that was ticked: the newest */
	assert_says(answer, "<bdi>Ann</bdi>");
	assert_says(answer, "(desk.several.unknown)");
	assert_says(answer, "(desk.several.invited)");
	assert_says(answer, "<bdi>Zo\xc3\xab Guest &lt;zoe@example.org&gt;</bdi>");
	assert_says(answer, "(desk.several.already)"); /* ann, once more */
	assert_says(answer, "(desk.several.bad-email)");
	assert_says(answer, "(desk.several.bad-name)");
	assert_int_equal(log_count("desk"), 7);
	assert_true(log_says("result=ok guest=ann"));
	assert_true(log_says("detail=desk.several.unknown"));
	assert_false(log_says("nobody")); /* what is typed may be a password */
	link = cut(answer->body, "<code dir=\"ltr\">http", "<");
	assert_non_null(link);
	answer = submit(&host, page, "invite-several", fields);
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.again)");
	site_reload();

	snprintf(fields, sizeof fields, "http%s", link);
	answer = visit(&guest, fields);
	assert_says(answer, "Zo\xc3\xab Guest");
	assert_says(answer, "<bdi>Sprint</bdi> (<bdi>space-7</bdi>)");
	sign_in(&guest, "/me", signin_of("ann"));
	answer = visit(&guest, "/me");
	assert_says(answer, "(me.join): space-7");
	assert_says(answer, "(me.join): m0");
	assert_says(answer, "(me.host) hanna");
}

static void nothing_half_done_is_silent(void **state)
{
	struct browser host = {0};
	const struct answer *page, *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	make_accounts(&host);
	page = visit(&host, "/guests");
	site_file("accounts", "{");
	answer = submit(&host, page, "invite-several",
		"meetings=m5&lines=ann%0AZoe+%3Czoe%40example.org%3E");
	assert_status(answer, 200);
	assert_says(answer, "(desk.several.broken)");
	assert_says(answer, "(desk.several.invited)");
	assert_says(answer, "(desk.several.some)");
	site_file("invitations", "{");
	answer = submit(&host, page, "invite-several",
		"meetings=m6&lines=ann%0AZoe+%3Czoe%40example.org%3E");
	assert_failure(answer, 500, "internal", "message");
}

static void a_form_for_several_guests_is_checked_as_a_whole_first(void **state)
{
	static const struct {
		const char *fields, *fault;
	} cases[] = {
		{"meetings=&lines=ann", "meeting"},
		{"meetings=m1%2Cm2&lines=ann", "meeting"},
		{"meetings=m1&lines=+%0A+", "nobody"},
		{"meetings=m1&lines=ann&expires=2020-01-01T00%3A00", "past"},
	};
	struct browser host = {0};
	struct buffer many = BUFFER_INIT(4096);
	const struct answer *answer;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[60];

		answer = change(&host, "invite-several", cases[i].fields);
		snprintf(text, sizeof text, "(desk.fault.%s)", cases[i].fault);
		assert_status(answer, 400);
		assert_says(answer, text);
	}
	assert_says(answer, ">ann</textarea>"); /* nothing typed is lost */
	buffer_text(&many, "meetings=m1&lines=");
	for (unsigned i = 0; i < 101; i++)
		buffer_text(&many, "a%0A");
	answer = change(&host, "invite-several", many.data);
	assert_says(answer, "(desk.fault.several)");
	buffer_release(&many);
}

/* ---- long lists, many hosts ---- */

static void long_lists_have_more_than_one_page(void **state)
{
	enum { MANY = 60 };
	struct browser host = {0};
	const struct answer *page;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	page = visit(&host, "/guests");
	for (unsigned i = 0; i < MANY; i++) {
		char fields[60];

		snprintf(fields, sizeof fields, "name=Guest-%03u&meetings=m1", i);
		assert_status(submit(&host, page, "add-invitation", fields), 200);
	}
	page = visit(&host, "/guests");
	assert_says(page, "Guest-059");
	assert_silent(page, "Guest-000");
	while (!says(page, "Guest-000")) {
		char target[100];

		const char *query = strchr(link_of(page, "(desk.older)"), '?');

		snprintf(target, sizeof target, "/guests%.*s", (int)strcspn(query, "#"), query);
		page = visit(&host, target);
		assert_silent(page, "Guest-059");
	}
}

static void hosts_are_asked_for_their_groups_each_time(void **state)
{
	struct browser host = {0};

	(void)state;
	open_site(MEETING "backend \"own\" { type = \"http\" url = \"@api@/ask\" timeout = \"40s\" "
			  "connect-timeout = \"40s\" group-refresh = \"1h\" }\n" GUESTS DESK RULES);
	sign_in_host(&host);
	assert_status(visit(&host, "/guests"), 200);
	assert_status(visit(&host, "/guests"), 200);
	assert_int_equal(peer_requests("/ask"), 3);
	peer_says("/ask", 500, "", "");
	assert_failure(visit(&host, "/guests"), 503, "backend-unavailable", "message");
}

#ifdef HAVE_CJOSE

#define WEBEX "example.webex.com"
#define POOL                                                                                       \
	"platform \"" WEBEX "\" { type = \"webex\" mode = \"guest-issuer\" issuer = \"i\" "        \
	"api = \"@api@\" rooms = {\"123456789\", \"987654321\"} room-lease = \"4h\" "              \
	"timeout = \"30s\" connect-timeout = \"30s\" }\n"

#endif

static void a_host_ends_the_meeting_in_a_room(void **state)
{
#ifdef HAVE_CJOSE
	struct browser host = {0}, eve = {0};
	const struct answer *page, *answer;

	(void)state;
	site_secret(WEBEX, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
	open_site(MEETING POOL SERVICE GUESTS DESK
		"policy { default = \"allow\" rule \"board\" { allow = false "
		"meetings = {\"board\"} } }\n");
	peer_says("/v1/jwt/login", 200, "Content-Type: application/json\r\n",
		"{\"token\":\"guest\",\"expiresIn\":3600}");
	peer_says("/v1/meetings/join", 200, "Content-Type: application/json\r\n",
		"{\"joinLink\":\"https://example.webex.com/j\"}");
	sign_in_host(&host);
	assert_silent(visit(&host, "/guests"), "(desk.rooms)");
	assert_status(visit(&host, "/webex/first"), 302);
	page = visit(&host, "/guests");
	assert_says(page, "<bdi>123456789</bdi> <small><bdi>" WEBEX "</bdi></small>");
	assert_silent(page, "987654321");
	/* Only who is invited somewhere makes its name known. */
	assert_silent(page, "(desk.room.end): first");
	change(&host, "add-invitation", "name=Ben&meetings=" WEBEX "%2Ffirst");
	page = visit(&host, "/guests");
	assert_says(page, "(desk.room.end): first");
	assert_says(page, "value=\"" WEBEX "/first\"");
	assert_status(visit(&host, "/webex/other"), 302); /* the other room */
	sign_in(&eve, "/webex/first", "name=eve&password=x");
	answer = submit(&eve, page, "value=\"end-room\"", "sure=1&room=" WEBEX "%2Ffirst");
	assert_status(answer, 403);
	answer = submit(&host, page, "value=\"end-room\"", "sure=1&room=" WEBEX "%2Ffirst");
	assert_status(answer, 303);
	assert_logged("desk", "action=end-room result=ok meetings=" WEBEX "/first user=hanna");
	/* Its links are good for some minutes: it rests, and nobody can end that once more. */
	page = visit(&host, "/guests");
	assert_says(page, "(desk.ended)");
	assert_status(visit(&host, "/webex/third"), 503);
	answer = submit(&host, page, "value=\"end-room\"", "sure=1&room=" WEBEX "%2Ffirst");
	assert_status(answer, 400);
	assert_says(answer, "(desk.fault.room)");
	assert_status(visit(&host, "/webex/third"), 503);
	later(400);
	assert_status(visit(&host, "/webex/third"), 302);
	/* What has no room, is no meeting, or is not for this host is not ended. */
	page = visit(&host, "/guests");
	for (size_t i = 0; i < 4; i++) {
		static const struct {
			const char *fields, *fault;
		} cases[] = {{"sure=1&room=" WEBEX "%2Fnobody", "(desk.fault.room)"},
			{"sure=1&room=" WEBEX "%2F", "(desk.fault.meeting)"},
			{"room=nowhere", "(desk.fault.meeting)"},
			{"room=" WEBEX "%2Fboard", "(desk.fault.not-yours)"}};

		answer = submit(&host, page, "value=\"end-room\"", cases[i].fields);
		assert_status(answer, 400);
		assert_says(answer, cases[i].fault);
	}
	assert_status(visit(&host, "/webex/third"), 302);
	state_break("", LEASES);
	answer = submit(&host, page, "value=\"end-room\"", "sure=1&room=" WEBEX "%2Fthird");
	assert_failure(answer, 503, "internal", "state");
#else
	(void)state;
	skip();
#endif
}

static void too_many_at_the_desk_wait_or_are_told_so(void **state)
{
	enum { MANY = 400 };
	static struct answer *answers[MANY];
	struct browser host = {0};
	unsigned busy = 0;

	(void)state;
	open_site(SITE);
	sign_in_host(&host);
	for (size_t i = 0; i < MANY; i++)
		answers[i] = BEGIN(&host, .target = "/guests");
	for (size_t i = 0; i < MANY; i++) {
		const struct answer *answer = end_it(answers[i]);

		busy += answer->status == 503;
		if (answer->status == 503)
			assert_failure(answer, 503, "overloaded", "message");
		else
			assert_status(answer, 200);
	}
	assert_in_range(busy, 1, MANY - 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hosts_sign_in_and_come_back),
		TEST(who_is_no_host_is_told_so),
		TEST(there_may_be_no_desk),
		TEST(an_account_lets_into_its_meetings),
		TEST(guests_are_told_that_they_cannot_use_the_desk),
		TEST(an_account_is_changed_as_it_was_seen),
		TEST(a_new_password_replaces_the_old_one_and_is_shown_once),
		TEST(a_refused_form_may_be_sent_again),
		TEST(each_fault_has_its_sentence),
		TEST(what_is_no_form_of_the_desk_changes_nothing),
		TEST(a_file_that_is_broken_is_our_fault),
		TEST(who_was_signed_out_meanwhile_sends_the_form_again),
		TEST(removals_are_asked_about_and_undone),
		TEST(nobody_is_asked_about_who_is_not_there),
		TEST(a_name_that_is_taken_is_not_given_back),
		TEST(a_host_writes_to_the_guest),
		TEST(a_guest_sees_the_title_of_the_invitation),
		TEST(a_host_gets_a_calendar_file_for_the_guest),
		TEST(a_host_picks_a_recent_meeting),
		TEST(a_revocation_is_taken_back),
		TEST(lists_are_searched_sorted_and_turned),
		TEST(an_invitation_lets_into_one_meeting),
		TEST(a_revoked_invitation_is_no_longer_good),
		TEST(the_form_of_an_invitation_counts_once),
		TEST(links_need_a_secret),
		TEST(a_link_that_is_none_is_refused),
		TEST(several_guests_get_one_meeting_and_each_line_says_what_became_of_it),
		TEST(nothing_half_done_is_silent),
		TEST(a_form_for_several_guests_is_checked_as_a_whole_first),
		TEST(long_lists_have_more_than_one_page),
		TEST(hosts_are_asked_for_their_groups_each_time),
		TEST(a_host_ends_the_meeting_in_a_room),
		TEST(too_many_at_the_desk_wait_or_are_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
