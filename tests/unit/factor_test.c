/* SPDX-License-Identifier: MIT
 *
 * Second questions: those of a backend, the code of a second factor, and a code by mail.
 */
#include "join_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST	ENTRY "rt-12345678"
#define SESSION "__Host-meetauth"
#define FORM	"application/x-www-form-urlencoded"
#define ALICE	"name=alice&password=secret"

/* ---- what a program asks ---- */

#define PROGRAM                                                                                    \
	MEETING "backend \"own\" { type = \"command\" program = \"/bin/sh\" arguments = "          \
		"{\"@folder@/ask\"} timeout = \"60s\" }\n"

/* Asks for a colour, and takes red. */
static void open_program(const char *options)
{
	site_file("ask",
		"while read -r word rest; do case $word in request) request=$rest ;; "
		"answer) answer=$rest ;; esac; done\n"
		"echo 'meetauth 1'\n"
		"case $request$answer in login) echo 'challenge Which colour?'; echo 'state s';;\n"
		"answerred) echo 'grant alice';; answer*) echo deny;; *) echo unknown-request;; "
		"esac\n"
		"echo end\n");
	open_site(options, PROGRAM);
}

static void a_program_may_ask_once_more(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_program("");
	answer = sign_in(&browser, FIRST, ALICE);
	assert_status(answer, 200);
	assert_says(answer, "(challenge.title)");
	assert_says(answer, "Which colour?");
	assert_says(answer, "type=\"password\"");
	assert_null(set_cookie(answer, SESSION));
	assert_logged("login", "result=challenge backend=own user=");
	assert_int_equal(log_count("join"), 0);

	answer = submit(&browser, answer, NULL, "answer=blue");
	assert_status(answer, 401);
	assert_says(answer, "(challenge.failed)");
	assert_logged("login", "result=failed backend=own");
	answer = submit(&browser, answer, NULL, "answer=red");
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok user=alice backend=own");
	assert_false(log_says("red "));
}

static void an_answer_is_not_empty_and_not_too_long(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;
	char text[1200] = "answer=";

	(void)state;
	open_program("");
	answer = sign_in(&browser, FIRST, ALICE);
	memset(text + strlen(text), 'a', 1025);
	assert_status(submit(&browser, answer, NULL, text), 401);
	assert_true(log_says("nobody was asked"));
	assert_status(submit(&browser, answer, NULL, "answer="), 401);
	assert_failure(
		submit(&browser, answer, NULL, "answer=a&answer=b"), 400, "bad-request", "message");
	assert_status(SEND(&browser, .method = "POST", .target = "/login", .type = FORM,
			      .accept = "application/json",
			      .body = form_body(answer, NULL, "answer=blue")),
		401);
}

static void a_question_has_five_answers(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_program("");
	page = sign_in(&browser, FIRST, ALICE);
	for (int i = 0; i < 5; i++)
		assert_status(submit(&browser, page, NULL, "answer=blue"), 401);
	assert_failure(
		submit(&browser, page, NULL, "answer=red"), 429, "login-throttled", "message");
	assert_logged("login", "result=throttled");
	/* Whoever starts again is asked again. */
	page = visit(&browser, link_of(page, "(challenge.again)"));
	assert_says(page, "(login.title)");
}

/* Each wrong answer, and each empty one, brings the form again; it does not make the question
 * younger. */
static void a42_a_question_grows_old_whatever_is_answered(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_program("ticket-lifetime = \"10m\"");
	page = sign_in(&browser, FIRST, ALICE);
	for (int i = 0; i < 3; i++) {
		later(150);
		page = submit(&browser, page, NULL, i == 1 ? "answer=blue" : "answer=");
		assert_status(page, 401);
	}
	later(151 + 60);
	assert_failure(submit(&browser, page, NULL, "answer="), 400, "ticket-expired", "message");
	assert_failure(
		submit(&browser, page, NULL, "answer=red"), 400, "ticket-expired", "message");
}

static void a_question_is_answered_once(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_program("");
	page = sign_in(&browser, FIRST, ALICE);
	assert_leads(submit(&browser, page, NULL, "answer=red"), "?token=access");
	assert_failure(submit(&browser, page, NULL, "answer=red"), 409, "already-used", "message");
}

static void a_reload_may_take_the_backend_of_a_question(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_program("");
	page = sign_in(&browser, FIRST, ALICE);
	site_load("", MEETING "backend \"other\" { type = \"mock\" users = {\"a=grant\"} }\n");
	assert_failure(
		submit(&browser, page, NULL, "answer=red"), 400, "ticket-expired", "message");
	assert_true(log_says("a reload has taken backend own out of the configuration"));
}

static void without_a_state_no_answer_is_taken(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_program("");
	page = sign_in(&browser, FIRST, ALICE);
	state_break("", COUNTERS);
	assert_failure(submit(&browser, page, NULL, "answer=red"), 503, "internal", "state");
	state_break("", CLAIMS);
	assert_failure(submit(&browser, page, NULL, "answer=red"), 503, "internal", "state");
	assert_null(cookie(&browser, SESSION));
}

/* ---- the code of a second factor ---- */

#if defined HAVE_CRYPT && defined HAVE_LIBOATH

#define KEY  "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
#define CODE "answer=279037" /* at this time (RFC 6238, appendix B) */
enum { THEN = 2000000000 };

#define PEOPLE(more)                                                                               \
	MEETING "backend \"staff\" { type = \"file\" format = \"htpasswd\" users = "               \
		"\"@folder@/users\" " more " }\n"

static void open_factor(const char *more)
{
	char sections[1000];

	later(THEN - site_now());
	site_file("users", "alice:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n");
	site_secret("totp/staff/alice", KEY);
	snprintf(sections, sizeof sections, PEOPLE("%s"), more);
	open_site("", sections);
}

static void a93_a_password_alone_is_half_and_a_code_is_good_once(void **state)
{
	struct browser browser = {0}, second = {0};
	const struct answer *answer, *page;

	(void)state;
	open_factor("");
	assert_status(sign_in(&browser, FIRST, "name=alice&password=wrong"), 401);
	page = sign_in(&browser, FIRST, ALICE);
	assert_status(page, 200);
	assert_says(page, "(challenge.code.text)");
	assert_null(set_cookie(page, SESSION));
	assert_int_equal(log_count("join"), 0);
	answer = submit(&browser, page, NULL, "answer=000000");
	assert_status(answer, 401);
	assert_says(answer, "(challenge.failed)");
	assert_logged("login", "result=failed user=alice backend=staff");
	answer = submit(&browser, answer, NULL, CODE);
	assert_leads(answer, "?token=access");
	assert_logged("join", "result=ok user=alice backend=staff");
	/* No code is good twice, and no form. */
	assert_status(submit(&browser, page, NULL, CODE), 401);
	page = sign_in(&second, ENTRY "rt-87654321", ALICE);
	assert_status(submit(&second, page, NULL, CODE), 401);
}

static void a_session_has_the_factor_that_it_began_with(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_factor("");
	answer = sign_in(&browser, FIRST, ALICE);
	submit(&browser, answer, NULL, CODE);
	assert_status(visit(&browser, ENTRY "rt-number-2"), 302);
	site_secret("totp/staff/alice", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
	site_reload();
	assert_status(visit(&browser, ENTRY "rt-number-3"), 303);
}

static void an_account_may_be_gone_before_the_code_comes(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_factor("");
	page = sign_in(&browser, FIRST, ALICE);
	site_file("users", "bob:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n");
	site_reload();
	assert_failure(submit(&browser, page, NULL, CODE), 400, "ticket-expired", "message");
	assert_true(log_says("the account has been disabled, removed or changed"));
}

static void who_must_have_a_factor_and_has_none_is_refused(void **state)
{
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_factor("second-factor = \"required\"");
	site_file("users", "carol:$5$abcdefgh$gruCpC7VkOTspMQTTSAR8mtlO9Upms.fwqE5y16JVM.\n");
	site_reload();
	answer = sign_in(&browser, FIRST, "name=carol&password=secret");
	assert_failure(answer, 401, "login-failed", "message");
	assert_logged("login", "result=failed user=carol backend=staff");
	assert_true(log_says("a second factor is required and the account has none"));
	assert_int_equal(log_count("join"), 0);
}

static void tries_at_a_code_are_tries_of_the_account(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_factor("");
	page = sign_in(&browser, FIRST, ALICE);
	site_load("throttle-account = \"2/10m\"", PEOPLE(""));
	assert_status(submit(&browser, page, NULL, "answer=000000"), 401);
	assert_status(submit(&browser, page, NULL, "answer=000000"), 401);
	assert_failure(submit(&browser, page, NULL, CODE), 429, "login-throttled", "message");
	state_break("", COUNTERS);
	assert_failure(submit(&browser, page, NULL, CODE), 503, "internal", "state");
}

#endif

/* ---- a code by mail ---- */

#define MAIL                                                                                       \
	MEETING "backend \"mail\" { type = \"email\" server = \"smtp://127.0.0.1:1\" starttls = "  \
		"false from = \"meetings@example.org\" timeout = \"60s\" }\n"                      \
		"policy { default = \"deny\" rule \"ours\" { allow = true emails = "               \
		"{\"*@example.org\"} } }\n"

static void whether_a_mail_is_sent_is_not_seen(void **state)
{
	static const char *const addresses[] = {"alice%40example.org", "alice%40example.com"};
	struct browser browser = {0};

	(void)state;
	open_site("", MAIL);
	for (size_t i = 0; i < 2; i++) {
		const struct answer *page = follow(&browser, visit(&browser, FIRST)), *answer;
		char fields[80];

		snprintf(fields, sizeof fields, "name=%s", addresses[i]);
		answer = submit(&browser, page, "mail", fields);
		assert_status(answer, 200);
		assert_says(answer, "(challenge.code.text)");
		assert_logged("login", "result=challenge backend=mail user=");
		site_settle();
		assert_int_equal(log_count("delivery"), 1);
		assert_logged("delivery", "result=failed backend=mail level=error");
		answer = submit(&browser, answer, NULL, "answer=00000000");
		assert_status(answer, 401);
		assert_null(set_cookie(answer, SESSION));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_program_may_ask_once_more),
		TEST(an_answer_is_not_empty_and_not_too_long),
		TEST(a_question_has_five_answers),
		TEST(a42_a_question_grows_old_whatever_is_answered),
		TEST(a_question_is_answered_once),
		TEST(a_reload_may_take_the_backend_of_a_question),
		TEST(without_a_state_no_answer_is_taken),
#if defined HAVE_CRYPT && defined HAVE_LIBOATH
		TEST(a93_a_password_alone_is_half_and_a_code_is_good_once),
		TEST(a_session_has_the_factor_that_it_began_with),
		TEST(an_account_may_be_gone_before_the_code_comes),
		TEST(who_must_have_a_factor_and_has_none_is_refused),
		TEST(tries_at_a_code_are_tries_of_the_account),
#endif
		TEST(whether_a_mail_is_sent_is_not_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
