/* SPDX-License-Identifier: MIT
 *
 * The pages and languages that are shipped: they load, say everything, and carry nothing that the
 * content policy of the answers would stop.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "http/lang.h"
#include "service/files.h"

static const char *const codes[] = {
	"en", "ar", "cs", "de", "es", "fr", "he", "it", "ja", "nl", "pl", "pt", "tr", "uk", "zh"};
static struct langs *langs;

static const char *share(void)
{
	static char path[4096];
	const char *srcdir = getenv("srcdir");

	snprintf(path, sizeof path, "%s/share", srcdir != NULL ? srcdir : ".");
	return path;
}

static struct page *load(const struct files_page *shipped)
{
	struct error error = {0};
	struct page *page;
	char file[4200];

	snprintf(file, sizeof file, "%s/pages/%s", share(), shipped->file);
	page = page_load(file, shipped->names, langs, &error);
	assert_string_equal(error.text, "");
	assert_non_null(page);
	return page;
}

/* Renders with `text` as every value, in a language. */
static void render(
	const struct files_page *shipped, const char *code, const char *text, struct buffer *html)
{
	struct page_value values[160] = {0};
	struct page *page = load(shipped);

	for (size_t i = 0; shipped->names[i] != NULL; i++)
		values[i] = (struct page_value){.name = shipped->names[i], .text = text};
	assert_int_equal(page_render(page, langs_choose(langs, code), values, html), 0);
	page_free(&page);
}

static size_t count(const char *text, const char *what)
{
	size_t found = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		found++;
	return found;
}

static void every_code_has_words(void **state)
{
	static const char *const failures[] = {"bad-request", "too-large", "unknown-platform",
		"login-failed", "login-throttled", "denied", "already-used", "exchange-refused",
		"exchange-bad-answer", "exchange-unreachable", "exchange-timeout",
		"backend-unavailable", "overloaded", "ticket-expired", "not-found",
		"method-not-allowed", "internal"};
	static const char *const values[] = {
		"account", "meeting", "platform", "parameter", "retry_after", NULL};
	struct error error = {0};
	char key[64];

	(void)state;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		snprintf(key, sizeof key, "error.%s.title", failures[i]);
		langs_check(langs, key, values, &error);
		snprintf(key, sizeof key, "error.%s.message", failures[i]);
		langs_check(langs, key, values, &error);
		assert_string_equal(error.text, "");
	}
	langs_check(langs, "error.bad-request.other", (const char *const[]){NULL}, &error);
	assert_string_equal(error.text, "");
}

/* A page fits what its visitor may be told: a used link says to open the meeting link again. */
static void used_links_tell_the_way_out(void **state)
{
	static const char *const keys[] = {"error.exchange-refused.message",
		"error.already-used.message", "error.ticket-expired.message"};

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_non_null(strstr(lang_text(langs_choose(langs, "en"), keys[i]),
			"pen the meeting link again"));
		assert_non_null(
			strstr(lang_text(langs_choose(langs, "de"), keys[i]), "Meeting-Link"));
	}
}

static void pages_a64_payloads_stay_text(void **state)
{
	static const char payload[] = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

	(void)state;
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct buffer plain = BUFFER_INIT(64 * 1024), attacked = BUFFER_INIT(64 * 1024);

		render(&files_pages[i], "en", "x", &plain);
		render(&files_pages[i], "en", payload, &attacked);
		assert_null(strstr(attacked.data, "<script"));
		assert_null(strstr(attacked.data, "<img src=x"));
		assert_non_null(strstr(attacked.data, "&quot;&#39;&gt;&lt;script&gt;"));
		/* The same elements and the same quotes as without an attack. */
		assert_int_equal(count(attacked.data, "<"), count(plain.data, "<"));
		assert_int_equal(count(attacked.data, ">"), count(plain.data, ">"));
		assert_int_equal(count(attacked.data, "\""), count(plain.data, "\""));
		assert_int_equal(count(attacked.data, "'"), count(plain.data, "'"));
		buffer_release(&plain);
		buffer_release(&attacked);
	}
}

static void pages_need_nothing_the_policy_stops(void **state)
{
	static const char *const never[] = {"<script",
		" style=", " onclick=", " onload=", "http:", "https:", "<iframe", "@import"};

	(void)state;
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct buffer html = BUFFER_INIT(64 * 1024);

		render(&files_pages[i], "en", "x", &html);
		for (size_t j = 0; j < sizeof never / sizeof *never; j++)
			if (strstr(html.data, never[j]) != NULL)
				fail_msg("%s has %s", files_pages[i].file, never[j]);
		/* One style element, whose text alone the policy allows by its hash. */
		assert_int_equal(count(html.data, "<style>x</style>"), count(html.data, "<style"));
		assert_non_null(
			strstr(html.data, "<link rel=\"stylesheet\" href=\"x/style.css?x\">"));
		buffer_release(&html);
	}
}

/* What is typed need not be written in the direction of the page. */
static void fields_have_a_direction(const char *html, const char *file)
{
	static const char *const others[] = {
		"type=\"hidden\"", "type=\"checkbox\"", "type=\"radio\"", " dir=\""};

	while ((html = strstr(html, "<input ")) != NULL) {
		const char *end = strchr(html, '>');
		char tag[2048];
		size_t found = 0;

		snprintf(tag, sizeof tag, "%.*s", (int)(end - html), html);
		for (size_t i = 0; i < sizeof others / sizeof *others; i++)
			found += count(tag, others[i]);
		if (found == 0)
			fail_msg("%s: no dir: %s", file, tag);
		html = end;
	}
}

static void pages_are_accessible(void **state)
{
	(void)state;
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct buffer html = BUFFER_INIT(64 * 1024);

		render(&files_pages[i], "de", "x", &html);
		assert_int_equal(
			strncmp(html.data, "<!DOCTYPE html>\n<html lang=\"x\" dir=\"x\">", 39), 0);
		assert_int_equal(count(html.data, "<title>"), 1);
		assert_int_equal(count(html.data, "<h1>"), 1);
		assert_int_equal(count(html.data, "<main>"), 1);
		assert_int_equal(count(html.data, "<img "), count(html.data, "alt=\""));
		assert_int_equal(count(html.data, "<label for="),
			count(html.data, "<input ") + count(html.data, "<textarea ") +
				count(html.data, "<select ") - count(html.data, "type=\"hidden\""));
		assert_int_equal(count(html.data, "{"), 0);
		fields_have_a_direction(html.data, files_pages[i].file);
		buffer_release(&html);
	}
}

/* What all pages have in common stands in the files that they include, and only there. */
static void pages_repeat_no_head_and_foot(void **state)
{
	static const char *const once[] = {
		"<!DOCTYPE", "viewport", "style.css", "{{logo}}", "{{request_id}}", "</body>"};
	static const char *const includes[] = {"{{>head}}", "{{>header}}", "{{>foot}}"};
	char file[4200];

	(void)state;
	for (size_t i = 0; i < PAGE_COUNT; i++) {
		struct buffer text = BUFFER_INIT(PAGE_FILE_MAX);

		snprintf(file, sizeof file, "%s/pages/%s", share(), files_pages[i].file);
		assert_int_equal(file_read_text(file, FILE_PUBLIC, &text, NULL), 0);
		for (size_t j = 0; j < sizeof once / sizeof *once; j++)
			if (strstr(text.data, once[j]) != NULL)
				fail_msg("%s repeats %s", file, once[j]);
		for (size_t j = 0; j < sizeof includes / sizeof *includes; j++)
			assert_int_equal(count(text.data, includes[j]), 1);
		buffer_release(&text);
	}
}

static void login_page_says_what_it_is_for(void **state)
{
	const struct page_value values[] = {{.name = "action", .text = "/auth/login"},
		{.name = "ticket", .text = "TICKET"}, {.name = "meeting", .text = "8320-2640"},
		{.name = "platform", .text = "m.example.org"}, {.name = "name", .text = "eva"},
		{.name = "ways", .text = "1"}, {.name = "form", .text = "1"},
		{.name = "label", .text = "User name"}, {.name = "name_label", .text = "User name"},
		{.name = "autocomplete", .text = "username"},
		{.name = "password_label", .text = "Password"}, {.name = "passwords", .text = "1"},
		{0}};
	struct buffer html = BUFFER_INIT(64 * 1024);
	struct page *page = load(&files_pages[PAGE_LOGIN]);

	(void)state;
	assert_int_equal(page_render(page, langs_choose(langs, "en"), values, &html), 0);
	assert_non_null(strstr(html.data, "8320-2640"));
	assert_non_null(strstr(html.data, "m.example.org"));
	assert_non_null(strstr(html.data,
		"<form method=\"post\" action=\"/auth/login\" aria-label=\"User name\">"));
	assert_non_null(strstr(html.data, "type=\"hidden\" name=\"ticket\" value=\"TICKET\""));
	assert_non_null(strstr(html.data, "value=\"eva\" required"));
	assert_non_null(strstr(html.data, "autocomplete=\"username\""));
	assert_non_null(strstr(html.data, "autocomplete=\"current-password\""));
	assert_null(strstr(html.data, "<details"));
	assert_null(strstr(html.data, "role=\"alert\""));
	assert_null(strstr(html.data, "aria-invalid"));
	assert_null(strstr(html.data, "<img"));
	buffer_release(&html);
	page_free(&page);
}

/* Renders a page without its foot, whose only fields are those of the switch of languages. */
static void render_main(const struct files_page *shipped, struct buffer *html)
{
	char *foot;

	buffer_clear(html);
	render(shipped, "en", "x", html);
	foot = strstr(html->data, "<footer>");
	assert_non_null(foot);
	assert_int_equal(count(foot, "<input "), 4);
	assert_int_equal(count(foot, "<form"), 1);
	assert_int_equal(count(foot, " name=\"language\""), 1);
	*foot = '\0';
}

/* A70: no page offers a field beyond those the program reads. */
static void pages_a70_only_known_fields(void **state)
{
	struct buffer html = BUFFER_INIT(64 * 1024);

	(void)state;
	render_main(&files_pages[PAGE_LOGIN], &html); /* with the form of one backend */
	assert_int_equal(count(html.data, "<input "), 4);
	assert_int_equal(count(html.data, " name=\"ticket\""), 1);
	assert_int_equal(count(html.data, " name=\"backend\""), 1);
	assert_int_equal(count(html.data, " name=\"name\""), 1);
	assert_int_equal(count(html.data, " name=\"password\""), 1);
	render_main(&files_pages[PAGE_CHALLENGE], &html);
	assert_int_equal(count(html.data, "<input "), 2);
	assert_int_equal(count(html.data, " name=\"answer\""), 1);
	render_main(&files_pages[PAGE_LOGOUT], &html);
	assert_int_equal(count(html.data, "<input "), 1);
	assert_non_null(strstr(html.data, "name=\"ticket\""));
	render_main(&files_pages[PAGE_SIGNED_OUT], &html);
	assert_int_equal(count(html.data, "<form"), 1);
	assert_int_equal(count(html.data, "<input "), 1);
	assert_int_equal(count(html.data, " name=\"link\""), 1);
	buffer_release(&html);
}

static void error_page_shows_only_what_is_there(void **state)
{
	const struct page_value values[] = {{.name = "title", .text = "T"},
		{.name = "message", .text = "M"}, {.name = "status", .text = "403"},
		{.name = "code", .text = "denied"}, {.name = "account", .text = "eva"}, {0}};
	struct buffer html = BUFFER_INIT(64 * 1024);
	struct page *page = load(&files_pages[PAGE_ERROR]);

	(void)state;
	assert_int_equal(page_render(page, langs_choose(langs, "en"), values, &html), 0);
	assert_non_null(strstr(html.data, "You are signed in as eva."));
	assert_non_null(strstr(html.data, "denied"));
	assert_int_equal(count(html.data, "<form"), 0);
	assert_int_equal(count(html.data, "class=\"button\""), 0);
	assert_int_equal(count(html.data, "<a "), 0);
	buffer_clear(&html);
	page_free(&page);
	render(&files_pages[PAGE_ERROR], "en", "9", &html);
	assert_non_null(strstr(html.data, "<form method=\"post\" action=\"9\">"));
	assert_non_null(strstr(html.data, "<a class=\"button\" href=\"9\">"));
	buffer_release(&html);
}

static int set_up(void **state)
{
	struct error error = {0};
	char folder[4200];

	(void)state;
	snprintf(folder, sizeof folder, "%s/lang", share());
	langs = langs_load(folder, codes, sizeof codes / sizeof *codes, &error);
	if (langs == NULL)
		print_error("%s\n", error.text);
	return langs != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	langs_free(&langs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_has_words),
		cmocka_unit_test(used_links_tell_the_way_out),
		cmocka_unit_test(pages_a64_payloads_stay_text),
		cmocka_unit_test(pages_need_nothing_the_policy_stops),
		cmocka_unit_test(pages_are_accessible),
		cmocka_unit_test(pages_repeat_no_head_and_foot),
		cmocka_unit_test(login_page_says_what_it_is_for),
		cmocka_unit_test(pages_a70_only_known_fields),
		cmocka_unit_test(error_page_shows_only_what_is_there),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
