/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/lang.h"
#include "http/page.h"

#include <unistd.h>

/* A folder of its own with a language and a page to load. */
static char folder[] = "/tmp/page_test.XXXXXX";
static char page_file[64];
static struct langs *langs;

static const char sentences[] = "{\"hello\": \"Hello {who}, it's <{what}>\", \"plain\": \"Good\", "
				"\"plural\": \"{a, plural, one {one <b>} other {# of #}}\"}";
static const char *const names[] = {"a", "b", "who", "what", "list", NULL};

static void write_file(const char *path, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static struct page *load_bytes(const char *bytes, size_t length, struct error *error)
{
	write_file(page_file, bytes, length);
	return page_load(page_file, names, langs, error);
}

static struct page *load(const char *text, struct error *error)
{
	return load_bytes(text, strlen(text), error);
}

static void assert_page(const char *text, const struct page_value *values, const char *wanted)
{
	struct error error = {0};
	struct page *page = load(text, &error);
	struct buffer html = BUFFER_INIT(64 * 1024);

	assert_string_equal(error.text, "");
	assert_non_null(page);
	assert_int_equal(page_render(page, langs_choose(langs, ""), values, &html), 0);
	assert_string_equal(html.data != NULL ? html.data : "", wanted);
	buffer_release(&html);
	page_free(&page);
	assert_null(page);
}

static void assert_refused(const char *text, const char *place, const char *why)
{
	struct error error = {0};
	struct page *page = load(text, &error);
	char start[128];

	snprintf(start, sizeof start, "%s%s", page_file, place);
	if (page != NULL)
		fail_msg("was taken: %s", text);
	assert_non_null(strstr(error.text, start));
	if (strstr(error.text, why) == NULL)
		fail_msg("\"%s\" does not say: %s", error.text, why);
}

/* ---- templates ---- */

static void page_values_and_parts(void **state)
{
	const struct page_value values[] = {{.name = "a", .text = "1"}, {.name = "b", .text = ""},
		{.name = "who", .text = NULL}, {0}};

	(void)state;
	assert_page("plain", values, "plain");
	assert_page("{{a}}", values, "1");
	assert_page("[{{a}}{{a}}]", values, "[11]");
	assert_page("[{{b}}|{{who}}|{{what}}]", values, "[||]");
	assert_page("{{#a}}yes {{a}}{{/a}}{{#b}}no{{/b}}{{#who}}no{{/who}}", values, "yes 1");
	assert_page("{{#what}}no{{/what}}.", values, ".");
	assert_page("{{#a}}{{#b}}no{{/b}}{{#a}}deep{{/a}}{{/a}}", values, "deep");
	assert_page("{ { a }} }{a}", values, "{ { a }} }{a}");
}

static void page_lists(void **state)
{
	const struct page_value one[] = {
		{.name = "a", .text = "1"}, {.name = "b", .text = "x"}, {0}};
	const struct page_value two[] = {
		{.name = "a", .text = "2"}, {.name = "b", .text = ""}, {0}};
	const struct page_value *const rows[] = {one, two, NULL};
	const struct page_value *const none[] = {NULL};
	const struct page_value values[] = {{.name = "who", .text = "W"},
		{.name = "a", .text = "0"}, {.name = "b", .text = "y"},
		{.name = "list", .rows = rows}, {0}};
	const struct page_value empty[] = {{.name = "list", .rows = none}, {0}};

	(void)state;
	assert_page("{{#list}}<{{a}}{{b}}{{who}}>{{/list}}{{a}}", values, "<1xW><2W>0");
	assert_page("{{#list}}{{#b}}{{a}}{{/b}}{{#list}}({{a}}){{/list}};{{/list}}", values,
		"1(1)(2);(1)(2);");
	assert_page("{{#list}}no{{/list}}.", empty, ".");
}

static void page_sentences(void **state)
{
	const struct page_value values[] = {
		{.name = "who", .text = "A&B"}, {.name = "what", .text = "{who}{{a}}"}, {0}};

	(void)state;
	assert_page("{{t.plain}}", values, "Good");
	assert_page("{{t.hello}}", values, "Hello A&amp;B, it&#39;s &lt;{who}{{a}}&gt;");
	assert_page("{{t.hello}}", &(const struct page_value){0}, "Hello , it&#39;s &lt;&gt;");
}

static void page_load_errors_name_the_line(void **state)
{
	(void)state;
	assert_refused("a\nb\n{{zz}}", ":3:", "no value \"zz\"");
	assert_refused("{{ a }}", ":1:", "no value \" a \"");
	assert_refused("{{}}", ":1:", "no value \"\"");
	assert_refused("{{#zz}}{{/zz}}", ":1:", "no value");
	assert_refused("\n{{t.zz}}", ":2:", "xx.json: \"zz\" is missing");
	assert_refused("{{t.}}", ":1:", "is missing");
	assert_refused("\n\n{{#a}}x", ":3:", "this part is not closed: \"a\"");
	assert_refused("{{#a}}{{#b}}{{/a}}{{/b}}", ":1:", "innermost");
	assert_refused("x{{/a}}", ":1:", "no open part matches");
	assert_refused("{{#t.plain}}{{/t.plain}}", ":1:", "no value");
	assert_refused("{{a", ":1:", "not closed");
	assert_refused("x\n{{a}", ":2:", "not closed");
	assert_refused("{{a\n}}", ":1:", "not closed");
	assert_refused("{{", ":1:", "not closed");
	assert_refused("{{{a}}}", ":1:", "no value \"{a\"");
	assert_refused("{{&a}}", ":1:", "no value");
	assert_refused("", ":1:", "empty");
}

static void page_a64_attribute_without_quotes(void **state)
{
	(void)state;
	assert_refused("<a href={{a}}>", ":1:", "quotes");
	assert_refused("<a href={{#a}}{{a}}{{/a}}>", ":1:", "quotes");
}

/* ---- includes ---- */

static const char *include_file(const char *name, const char *text)
{
	static char path[64];

	snprintf(path, sizeof path, "%s/%s.html", folder, name);
	write_file(path, text, strlen(text));
	return path;
}

static void page_includes_a_file(void **state)
{
	const struct page_value one[] = {{.name = "b", .text = "1"}, {0}};
	const struct page_value two[] = {{.name = "b", .text = "2"}, {0}};
	const struct page_value *const rows[] = {one, two, NULL};
	const struct page_value values[] = {
		{.name = "a", .text = "<"}, {.name = "list", .rows = rows}, {0}};

	(void)state;
	include_file("head", "<{{a}}{{#a}}yes{{/a}}>\n\n");
	include_file("row", "({{b}})");
	include_file("both", "{{>head}}{{>row}}");
	assert_page("{{>head}}", values, "<&lt;yes>\n");
	assert_page("x{{>head}}y\n{{a}}", values, "x<&lt;yes>\ny\n&lt;");
	assert_page("{{#list}}{{>row}}{{/list}}{{>row}}", values, "(1)(2)()");
	assert_page("{{>both}}{{>both}}", values, "<&lt;yes>\n()<&lt;yes>\n()");
	assert_page("{{#b}}{{>both}}{{/b}}.", values, ".");
}

static void page_include_errors_name_both_lines(void **state)
{
	char place[128];

	(void)state;
	assert_refused("\n{{>none}}", ":2:", "/none.html");
	assert_refused("{{>}}", ":1:", "expected the name of a file");
	assert_refused("{{> head}}", ":1:", "expected the name of a file");
	assert_refused("{{>../head}}", ":1:", "expected the name of a file");
	assert_refused("{{>head.html}}", ":1:", "expected the name of a file");
	assert_refused("x\n{{>page}}", ":2:", "this file includes itself by \"page\"");
	include_file("one", "{{>two}}");
	include_file("two", "\n{{>one}}");
	assert_refused("{{>one}}", ":1: ", "two.html:2: this file includes itself by \"one\"");
	snprintf(place, sizeof place, ":3: %s:2: ", include_file("one", "\n{{zz}}"));
	assert_refused("\n\n{{>one}}", place, "no value \"zz\"");
	include_file("one", "{{#a}}x");
	assert_refused("{{>one}}{{/a}}", ":1:", "this part is not closed: \"a\"");
	include_file("one", "x{{/a}}");
	assert_refused("{{#a}}{{>one}}", ":1:", "no open part matches");
	include_file("one", "");
	assert_refused("{{>one}}", ":1:", "one.html:1: the file is empty");
}

/* The '=' before a value may be in another file than the value. */
static void page_a64_include_without_quotes(void **state)
{
	(void)state;
	include_file("one", "<a href=\n");
	assert_refused("{{>one}}{{a}}>", ":1:", "quotes");
	assert_refused("{{#a}}{{>one}}{{/a}}", ":1:", "quotes");
	include_file("one", "{{a}}");
	assert_refused("<a href={{>one}}>", ":1:", "quotes");
}

static void page_includes_are_bounded(void **state)
{
	struct buffer text = BUFFER_INIT(4096);

	(void)state;
	include_file("one", "x");
	for (int i = 1; i < PAGE_FILES_MAX; i++)
		buffer_text(&text, "{{>one}}");
	assert_page(text.data, (const struct page_value[]){{0}}, "xxxxxxxxxxxxxxx");
	buffer_text(&text, "{{>one}}");
	assert_refused(text.data, ":1:", "too many files");
	buffer_clear(&text);
	/* The depth counts across files. */
	for (int i = 0; i < PAGE_DEPTH_MAX; i++)
		buffer_text(&text, "{{#a}}");
	include_file("one", "{{#a}}{{/a}}");
	buffer_text(&text, "{{>one}}");
	assert_refused(text.data, ":1:", "nested too deeply");
	buffer_release(&text);
}

static void page_is_current_until_a_file_changes(void **state)
{
	struct error error = {0};
	struct page *page;

	(void)state;
	include_file("one", "x");
	page = load("{{>one}}", &error);
	assert_non_null(page);
	assert_true(page_is_current(page));
	include_file("one", "other");
	assert_false(page_is_current(page));
	page_free(&page);
	page = load("{{>one}}", &error);
	assert_true(page_is_current(page));
	write_file(page_file, "longer", 6);
	assert_false(page_is_current(page));
	page_free(&page);
}

static void page_missing_file(void **state)
{
	struct error error = {0};

	(void)state;
	assert_null(page_load("/nonexistent/page.html", names, langs, &error));
	assert_non_null(strstr(error.text, "/nonexistent/page.html"));
}

static void page_odd_bytes(void **state)
{
	char *huge = malloc(PAGE_FILE_MAX + 1);
	struct error error = {0};
	struct page *page;

	(void)state;
	assert_null(load_bytes("a\0b", 3, &error));
	assert_non_null(strstr(error.text, "NUL"));
	assert_null(load_bytes("{{a\0}}", 6, &error));
	memset(huge, '{', PAGE_FILE_MAX + 1);
	assert_null(load_bytes(huge, PAGE_FILE_MAX + 1, &error));
	assert_null(load_bytes(huge, PAGE_FILE_MAX, &error));
	memset(huge, '}', PAGE_FILE_MAX);
	page = load_bytes(huge, PAGE_FILE_MAX, &error);
	assert_non_null(page);
	page_free(&page);
	free(huge);
}

static void page_depth_is_bounded(void **state)
{
	struct buffer text = BUFFER_INIT(4096);

	(void)state;
	for (int i = 0; i < PAGE_DEPTH_MAX; i++)
		buffer_text(&text, "{{#a}}");
	buffer_text(&text, "x");
	for (int i = 0; i < PAGE_DEPTH_MAX; i++)
		buffer_text(&text, "{{/a}}");
	assert_page(text.data, (const struct page_value[]){{.name = "a", .text = "1"}, {0}}, "x");
	buffer_clear(&text);
	for (int i = 0; i <= PAGE_DEPTH_MAX; i++)
		buffer_text(&text, "{{#a}}");
	assert_refused(text.data, ":1:", "nested too deeply");
	buffer_release(&text);
}

static void page_full_buffer(void **state)
{
	struct error error = {0};
	struct page *page = load("{{#list}}{{a}}{{t.hello}}{{/list}}", &error);
	const struct page_value row[] = {{.name = "a", .text = "xxxxxxxx"}, {0}};
	const struct page_value *const rows[] = {row, row, row, row, NULL};
	const struct page_value values[] = {{.name = "list", .rows = rows}, {0}};

	(void)state;
	for (size_t maximum = 0; maximum < 64; maximum++) {
		struct buffer html = BUFFER_INIT(maximum);

		assert_int_equal(page_render(page, langs_choose(langs, ""), values, &html), -1);
		assert_true(html.length <= maximum);
		buffer_release(&html);
	}
	page_free(&page);
}

/* A sentence that is cut must not pass as a page. */
static void page_value_longer_than_the_page(void **state)
{
	struct error error = {0};
	struct page *page = load("{{t.hello}}", &error);
	const struct page_value values[] = {{.name = "who", .text = "0123456789abcdef"}, {0}};
	struct buffer html = BUFFER_INIT(16);

	(void)state;
	assert_int_equal(page_render(page, langs_choose(langs, ""), values, &html), -1);
	buffer_release(&html);
	page_free(&page);
}

/* Templates out of every order of a few pieces: each is refused with its place, or renders. */
static void page_every_order_of_pieces(void **state)
{
	static const char *const pieces[] = {
		"{{#a}}", "{{/a}}", "{{#list}}", "{{/list}}", "{{b}}", "{{", "}}", "x"};
	const struct page_value row[] = {{.name = "b", .text = "<"}, {0}};
	const struct page_value *const rows[] = {row, row, NULL};
	const struct page_value values[] = {{.name = "a", .text = "1"},
		{.name = "list", .rows = rows}, {.name = "b", .text = ">"}, {0}};
	size_t good = 0;

	(void)state;
	for (int number = 0; number < 8 * 8 * 8 * 8; number++) {
		struct buffer text = BUFFER_INIT(64), html = BUFFER_INIT(1024);
		struct error error = {0};
		struct page *page;

		for (int i = 0, rest = number; i < 4; i++, rest /= 8)
			buffer_text(&text, pieces[rest % 8]);
		page = load(text.data, &error);
		if (page != NULL) {
			good++;
			assert_int_equal(
				page_render(page, langs_choose(langs, ""), values, &html), 0);
			assert_true(html.data == NULL || strpbrk(html.data, "<>") == NULL);
		} else {
			assert_int_equal(strncmp(error.text, page_file, strlen(page_file)), 0);
		}
		page_free(&page);
		buffer_release(&html);
		buffer_release(&text);
	}
	assert_in_range(good, 100, 1000);
}

/* ---- escaping ---- */

static const char *const payloads[] = {"<script>alert(1)</script>",
	"\"><img src=x onerror=alert(1)>", "' autofocus onfocus='alert(1)", "</title><script>",
	"--><svg/onload=alert(1)>", "&lt;script&gt;", "{{a}}", "{{#a}}", "{who}", "</textarea>",
	"\"/onmouseover=\"alert(1)", "javascript:alert('1')", "<\xc3\xa9\">"};

static void page_a64_escape(void **state)
{
	struct buffer html = BUFFER_INIT(1024);

	(void)state;
	page_escape(&html, "");
	page_escape(&html, "a&b<c>d\"e'f&&\xc3\xa9");
	assert_string_equal(html.data, "a&amp;b&lt;c&gt;d&quot;e&#39;f&amp;&amp;\xc3\xa9");
	buffer_release(&html);
}

static void page_a64_payload_in_every_position(void **state)
{
	static const char text[] = "{{a}}\"{{a}}\"'{{a}}'{{t.hello}}{{#a}}{{a}}{{/a}}{{#list}}"
				   "{{b}}{{/list}}";
	struct error error = {0};
	struct page *page = load(text, &error);

	(void)state;
	for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
		const struct page_value row[] = {{.name = "b", .text = payloads[i]}, {0}};
		const struct page_value *const rows[] = {row, NULL};
		const struct page_value values[] = {{.name = "a", .text = payloads[i]},
			{.name = "who", .text = payloads[i]}, {.name = "what", .text = payloads[i]},
			{.name = "list", .rows = rows}, {0}};
		struct buffer html = BUFFER_INIT(64 * 1024);
		size_t quotes = 0;

		assert_int_equal(page_render(page, langs_choose(langs, ""), values, &html), 0);
		assert_null(strpbrk(html.data, "<>"));
		for (const char *c = html.data; *c != '\0'; c++)
			quotes += *c == '"' || *c == '\'';
		assert_int_equal(quotes, 4); /* those of the template */
		buffer_release(&html);
	}
	page_free(&page);
}

/* ---- sentences ---- */

static void a_plural_has_the_form_of_its_number(void **state)
{
	static const struct {
		const char *number, *sentence;
	} cases[] = {{"1", "one <b>"}, {"2", "2 of 2"}, {"1000", "1000 of 1000"}};
	const struct lang *lang = langs_choose(langs, "");

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct page_value values[] = {{.name = "a", .text = cases[i].number}, {0}};
		struct buffer text = BUFFER_INIT(100);

		assert_int_equal(lang_format(lang, "plural", values, &text), 0);
		assert_string_equal(text.data, cases[i].sentence);
		buffer_release(&text);
	}
	assert_int_equal(langs_check(langs, "plural", names, &(struct error){0}), 0);
	assert_int_equal(
		langs_check(langs, "plural", (const char *[]){"b", NULL}, &(struct error){0}), -1);
}

static void lang_format_is_plain_text(void **state)
{
	const struct page_value values[] = {{.name = "who", .text = "A&B {what}"}, {0}};
	const struct lang *lang = langs_choose(langs, "");
	struct buffer text = BUFFER_INIT(64), small = BUFFER_INIT(4);

	(void)state;
	assert_int_equal(lang_format(lang, "hello", values, &text), 0);
	assert_string_equal(text.data, "Hello A&B {what}, it's <>");
	assert_int_equal(lang_format(lang, "nothing", values, &text), -1);
	assert_int_equal(lang_format(lang, "hello", values, &small), -1);
	buffer_release(&text);
	buffer_release(&small);
}

static void langs_check_names_the_value(void **state)
{
	static const char *const few[] = {"who", NULL};
	struct error error = {0};

	(void)state;
	assert_int_equal(langs_check(langs, "hello", names, &error), 0);
	assert_int_equal(langs_check(langs, "hello", few, &error), -1);
	assert_non_null(strstr(error.text, "{what}"));
	assert_int_equal(langs_check(langs, "nothing", names, &error), -1);
}

static int set_up(void **state)
{
	struct error error = {0};
	char path[128];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/xx.json", folder);
	snprintf(page_file, sizeof page_file, "%s/page.html", folder);
	write_file(path, sentences, strlen(sentences));
	langs = langs_load(folder, (const char *const[]){"xx"}, 1, &error);
	return langs != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const files[] = {"xx.json", "page.html", "head.html", "row.html",
		"both.html", "one.html", "two.html"};
	char path[128];

	(void)state;
	langs_free(&langs);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i]);
		remove(path);
	}
	return remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_values_and_parts),
		cmocka_unit_test(page_lists),
		cmocka_unit_test(page_sentences),
		cmocka_unit_test(page_load_errors_name_the_line),
		cmocka_unit_test(page_a64_attribute_without_quotes),
		cmocka_unit_test(page_includes_a_file),
		cmocka_unit_test(page_include_errors_name_both_lines),
		cmocka_unit_test(page_a64_include_without_quotes),
		cmocka_unit_test(page_includes_are_bounded),
		cmocka_unit_test(page_is_current_until_a_file_changes),
		cmocka_unit_test(page_missing_file),
		cmocka_unit_test(page_odd_bytes),
		cmocka_unit_test(page_depth_is_bounded),
		cmocka_unit_test(page_full_buffer),
		cmocka_unit_test(page_value_longer_than_the_page),
		cmocka_unit_test(page_every_order_of_pieces),
		cmocka_unit_test(page_a64_escape),
		cmocka_unit_test(page_a64_payload_in_every_position),
		cmocka_unit_test(a_plural_has_the_form_of_its_number),
		cmocka_unit_test(lang_format_is_plain_text),
		cmocka_unit_test(langs_check_names_the_value),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
