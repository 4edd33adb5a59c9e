/* SPDX-License-Identifier: MIT
 *
 * The switch of languages at the end of each page.
 */
#include "join_fixture.h"

#include <stdio.h>

#define PEOPLE	  "backend \"staff\" { type = \"mock\" users = {\"alice=grant\", \"bob=deny\"} }\n"
#define FIRST	  ENTRY "rt-12345678"
#define LANGUAGES "languages = {\"en\", \"ar\"}"
#define COOKIE	  "meetauth_language"
#define FORM	  "application/x-www-form-urlencoded"
#define SWITCH	  "/auth/language\""

/* Switches to Arabic and returns the page that follows. */
static const struct answer *choose(struct browser *browser, const struct answer *page)
{
	const struct answer *answer;

	assert_says(page, "<html lang=\"en\" dir=\"ltr\">");
	answer = submit(browser, page, SWITCH, "language=ar");
	assert_status(answer, 303);
	answer = follow(browser, answer);
	assert_says(answer, "<html lang=\"ar\" dir=\"rtl\">");
	assert_string_equal(header(answer, "Content-Language"), "ar");
	assert_string_equal(header(answer, "Vary"), "Cookie, Accept-Language");
	return answer;
}

static void a_cookie_remembers_the_language(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	page = submit(&browser, visit(&browser, "/nothing"), SWITCH, "language=ar");
	assert_non_null(strstr(set_cookie(page, COOKIE), "Max-Age=31536000"));
	assert_non_null(strstr(set_cookie(page, COOKIE), "HttpOnly"));
	assert_says(visit(&browser, "/logout"), "<html lang=\"ar\" dir=\"rtl\">");
	assert_says(SEND(&browser, .target = "/logout", .more = {"HTTP_ACCEPT_LANGUAGE=en"}),
		"<html lang=\"ar\" dir=\"rtl\">");
	forget_cookie(&browser, COOKIE);
	assert_says(visit(&browser, "/logout"), "<html lang=\"en\" dir=\"ltr\">");
}

static void a_sign_in_goes_on_in_the_other_language(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	page = choose(&browser, follow(&browser, visit(&browser, FIRST)));
	assert_says(page, "(login.title)");
	assert_leads(submit(&browser, page, "name=\"password\"", "name=alice&password=right"),
		"?token=access");
}

static void a_wrong_password_leads_back_to_the_same_sign_in(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	page = follow(&browser, visit(&browser, FIRST));
	page = submit(&browser, page, "name=\"password\"", "name=bob&password=wrong");
	assert_status(page, 401);
	page = choose(&browser, page);
	assert_says(page, "(login.title)");
	assert_leads(submit(&browser, page, "name=\"password\"", "name=alice&password=right"),
		"?token=access");
}

static void a_second_question_is_asked_again(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	site_file("ask",
		"while read -r word rest; do case $word in request) request=$rest ;; "
		"answer) answer=$rest ;; esac; done\n"
		"echo 'meetauth 1'\n"
		"case $request$answer in login) echo 'challenge Which colour?'; echo 'state s';;\n"
		"answermauve) exit 1;; answerred) echo 'grant alice';; *) echo deny;; esac\n"
		"echo end\n");
	open_site(LANGUAGES,
		MEETING "backend \"own\" { type = \"command\" program = \"/bin/sh\" arguments = "
			"{\"@folder@/ask\"} timeout = \"60s\" }\n");
	page = follow(&browser, visit(&browser, FIRST));
	page = submit(&browser, page, "name=\"password\"", "name=alice&password=right");
	assert_says(page, "(challenge.title)");
	page = choose(&browser, page);
	assert_says(page, "Which colour?");
	page = submit(&browser, page, "name=\"answer\"", "answer=mauve");
	assert_status(page, 503);
	page = follow(&browser, submit(&browser, page, SWITCH, "language=en"));
	assert_says(page, "<html lang=\"en\" dir=\"ltr\">");
	assert_says(page, "Which colour?");
	assert_leads(submit(&browser, page, "name=\"answer\"", "answer=red"), "?token=access");
}

static void it_leads_nowhere_else(void **state)
{
	static const char *const paths[] = {"path=//evil.example", "path=https://evil.example/",
		"path=/authx", "path=/auth@evil.example", "path=%5C%5Cevil.example", "path=", "",
		"path=/other&query=a", "query=//evil.example", "path=/auth/../other",
		"path=/auth/me/%2E%2E/..", "path=/auth/."};
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		char body[200];

		snprintf(body, sizeof body, "language=ar&%s", paths[i]);
		answer = SEND(&browser, .method = "POST", .target = "/language", .type = FORM,
			.body = body);
		assert_status(answer, 303);
		assert_string_equal(leads_to(answer), ORIGIN MOUNT "/open");
	}
	answer = SEND(&browser, .method = "POST", .target = "/language", .type = FORM,
		.body = "language=ar&path=/auth/%2F%2Fevil.example/a+b&query=x+y");
	assert_string_equal(leads_to(answer), ORIGIN MOUNT "///evil.example/a%20b");
	answer = SEND(&browser, .method = "POST", .target = "/language", .type = FORM,
		.body = "language=ar&path=/auth/me&query=a%23b%3D%26c");
	assert_string_equal(leads_to(answer), ORIGIN MOUNT "/me");
}

static void only_a_page_of_ours_sets_a_language_that_is_there(void **state)
{
	static const char *const languages[] = {"language=xx", "language=", "path=/auth/me",
		"language=ar&language=en", "language=../en"};
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		answer = SEND(&browser, .method = "POST", .target = "/language", .type = FORM,
			.body = languages[i]);
		assert_status(answer, 400);
		assert_null(set_cookie(answer, COOKIE));
	}
	answer = SEND(&browser, .method = "POST", .target = "/language", .type = FORM,
		.body = "language=ar", .site = "cross-site");
	assert_status(answer, 400);
	assert_null(set_cookie(answer, COOKIE));
	assert_status(visit(&browser, "/language?language=ar"), 405);
	assert_says(SEND(&browser, .target = "/logout", .more = {"HTTP_COOKIE=" COOKIE "=xx"}),
		"<html lang=\"en\"");
}

/* Its address would lead to 405. */
static void a_form_that_has_no_page_of_its_own_has_no_switch(void **state)
{
	static const char *const targets[] = {"/language", "/confirm"};
	struct browser browser = {0};
	const struct answer *answer;

	(void)state;
	open_site(LANGUAGES, MEETING PEOPLE);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		answer = SEND(&browser, .method = "POST", .target = targets[i], .type = FORM,
			.body = "language=xx");
		assert_status(answer, 400);
		assert_null(strstr(answer->body, SWITCH));
	}
}

static void one_language_needs_no_switch(void **state)
{
	struct browser browser = {0};

	(void)state;
	site_secret(HOST, "key");
	site_load("", MEETING PEOPLE);
	assert_null(strstr(visit(&browser, "/logout")->body, SWITCH));
}

static const struct answer *login_page(struct browser *browser, const char *culture)
{
	char target[200];

	snprintf(target, sizeof target, "%s&culture=%s", FIRST, culture);
	return follow(browser, visit(browser, target));
}

static void the_platform_names_the_language(void **state)
{
	struct browser browser = {0};

	(void)state;
	open_site(LANGUAGES,
		"platform \"" HOST "\" { type = \"veeting\" forward = {\"culture\"} }\n" PEOPLE);
	assert_says(login_page(&browser, "ar-EG"), "<html lang=\"ar\" dir=\"rtl\">");
	assert_says(login_page(&browser, "xx"), "<html lang=\"en\"");
	assert_says(login_page(&browser, ""), "<html lang=\"en\"");
	submit(&browser, login_page(&browser, "ar-EG"), SWITCH, "language=en");
	assert_says(login_page(&browser, "ar-EG"), "<html lang=\"en\"");
}

static void a_label_is_for_all_regions_of_its_language(void **state)
{
	struct browser browser = {0};
	const struct answer *page;

	(void)state;
	open_site("languages = {\"en\", \"pt-BR\"}",
		MEETING "backend \"g\" { type = \"guest\" label = \"As a guest\" label-pt = "
			"\"Como convidado\" }\npolicy { rule \"g\" { allow = true backends = "
			"{\"g\"} } }\n");
	page = follow(&browser, visit(&browser, FIRST));
	assert_says(page, "As a guest");
	page = submit(&browser, page, SWITCH, "language=pt-BR");
	assert_says(follow(&browser, page), "Como convidado");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, site_up, site_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_cookie_remembers_the_language),
		TEST(a_sign_in_goes_on_in_the_other_language),
		TEST(a_wrong_password_leads_back_to_the_same_sign_in),
		TEST(a_second_question_is_asked_again),
		TEST(it_leads_nowhere_else),
		TEST(only_a_page_of_ours_sets_a_language_that_is_there),
		TEST(a_form_that_has_no_page_of_its_own_has_no_switch),
		TEST(one_language_needs_no_switch),
		TEST(the_platform_names_the_language),
		TEST(a_label_is_for_all_regions_of_its_language),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
