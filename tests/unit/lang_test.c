/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/banned.h"
#include "http/lang.h"

#include <unistd.h>

/* A folder of its own with the languages of a test. */
static char folder[] = "/tmp/lang_test.XXXXXX";

static const char *const names[] = {"a", "b", NULL};

static void write_lang(const char *code, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.json", folder, code);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct langs *load(const char *text, struct error *error)
{
	write_lang("xx", text);
	return langs_load(folder, (const char *const[]){"xx"}, 1, error);
}

static void langs_that_do_not_load(void **state)
{
	static const char *const bad[] = {"", "{", "[]", "\"a\"", "{\"a\": 1}", "{\"a\": null}",
		"{\"a\": {\"b\": \"c\"}}", "{\"a\": \"\"}", "{\"a\": \"b\", \"a\": \"c\"}",
		"{\"a\": \"{b\"}", "{\"a\": \"{}\"}", "{\"a\": \"{B}\"}", "{\"a\": \"{a b}\"}",
		"{\"a\": \"b\\n\"}", "{\"a\": \"b\\u0000c\"}", "{\"a\": \"\xff\"}",
		"{\"a\": \"{n, plural, one {b}}\"}", "{\"a\": \"{n, plural}\"}",
		"{\"a\": \"{n, plural, other {b}\"}",
		"{\"a\": \"{n, plural, other {b} other {c}}\"}",
		"{\"a\": \"{n, plural, most {b} other {c}}\"}",
		"{\"a\": \"{n, plural, other {b {c}}}\"}", "{\"a\": \"{, plural, other {b}}\"}",
		"{\"a\": \"{n, plural,other {b}}\"}", "{\"a\": \"{n, select, other {b}}\"}",
		"{\"a\": \"b\"} x"};
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		error = (struct error){0};
		if (load(bad[i], &error) != NULL)
			fail_msg("was taken: %s", bad[i]);
		assert_non_null(strstr(error.text, "xx.json"));
	}
}

static void langs_a63_code_is_no_path(void **state)
{
	static const char *const bad[] = {"", "..", "../xx", "xx/yy", "/etc/passwd", "xx\n",
		"xx.json", "abcdefghijklmnopqrstuvwxyzabcdefghijklmn"};
	struct error error = {0};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_null(langs_load(folder, &bad[i], 1, &error));
		assert_non_null(strstr(error.text, "not a language tag"));
	}
	assert_null(langs_load(folder, bad, 0, &error));
}

static void langs_must_be_complete(void **state)
{
	static const char *const codes[] = {"xx", "yy"};
	struct error error = {0};
	struct langs *two;

	(void)state;
	write_lang("xx", "{\"hello\": \"Hello\", \"plain\": \"Good\"}");
	write_lang("yy", "{\"hello\": \"Hallo\", \"more\": \"is fine\"}");
	assert_null(langs_load(folder, codes, 2, &error));
	assert_non_null(strstr(error.text, "yy.json: \"plain\""));
	write_lang("yy", "{\"hello\": \"Hallo {zz}\", \"plain\": \"Gut\"}");
	two = langs_load(folder, codes, 2, &error);
	assert_non_null(two);
	assert_int_equal(langs_check(two, "plain", names, &error), 0);
	assert_int_equal(langs_check(two, "hello", names, &error), -1);
	assert_non_null(strstr(error.text, "yy.json: \"hello\": this page has no value {zz}"));
	langs_free(&two);
}

static void langs_are_chosen(void **state)
{
	static const char *const codes[] = {"en", "de", "pt-BR", "zh-Hant"};
	static const struct {
		const char *header, *code;
	} cases[] = {{"", "en"}, {"de", "de"}, {"DE-at", "de"}, {"fr, de;q=0.5", "de"},
		{"de;q=0.5, en;q=0.6", "en"}, {"fr", "en"}, {"pt-br", "pt-BR"}, {"pt", "en"},
		{"zh-Hant-TW-x-y", "zh-Hant"}, {"zh-Hant-u-co", "zh-Hant"}, {"*", "en"},
		{"*;q=0.1, de;q=0.2", "de"}, {"de;q=0, *", "en"}, {"de;q=0", "en"},
		{"de-1996, en", "de"}, {"de;q=1.000,en;q=0.999", "de"}, {",, de ,,", "de"},
		{"de;q=2", "en"}, {"de;q=x", "en"}, {"de;q=", "en"}, {"de, ;", "en"},
		{"de x", "en"}, {"de;q=0.5;", "en"}, {"d", "en"}, {"-", "en"}, {"de-", "de"},
		{"\xff\xfe", "en"}, {"de\r\nx", "en"}};
	struct error error = {0};
	struct langs *four;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		write_lang(codes[i], "{\"a\": \"b\"}");
	four = langs_load(folder, codes, 4, &error);
	assert_non_null(four);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *code = lang_code(langs_choose(four, cases[i].header));

		if (strcmp(code, cases[i].code) != 0)
			fail_msg("\"%s\" chose %s", cases[i].header, code);
	}
	assert_string_equal(lang_code(langs_look_up(four, "DE-ch")), "de");
	assert_null(langs_look_up(four, "fr-CH"));
	assert_null(langs_look_up(four, ""));
	/* RFC 4647 section 3.4 has this example. */
	assert_int_equal(lang_shorten("zh-Hant-CN-x-private1", 21), strlen("zh-Hant-CN"));
	assert_int_equal(lang_shorten("zh", 2), 0);
	langs_free(&four);
	assert_null(four);
}

static void langs_a62_long_header(void **state)
{
	char *header = malloc(1024 * 1024);
	struct error error = {0};
	struct langs *langs = load("{}", &error);

	(void)state;
	assert_non_null(langs);
	for (size_t i = 0; i < 1024 * 1024; i++)
		header[i] = "a-b,"[i % 4];
	header[1024 * 1024 - 1] = '\0';
	assert_string_equal(lang_code(langs_choose(langs, header)), "xx");
	memset(header, 'a', 1024 * 1024 - 1);
	assert_string_equal(lang_code(langs_choose(langs, header)), "xx");
	free(header);
	langs_free(&langs);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	static const char *const codes[] = {"xx", "yy", "en", "de", "pt-BR", "zh-Hant"};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		snprintf(path, sizeof path, "%s/%s.json", folder, codes[i]);
		remove(path);
	}
	return remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(langs_that_do_not_load),
		cmocka_unit_test(langs_a63_code_is_no_path),
		cmocka_unit_test(langs_must_be_complete),
		cmocka_unit_test(langs_are_chosen),
		cmocka_unit_test(langs_a62_long_header),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
