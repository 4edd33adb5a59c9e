/* SPDX-License-Identifier: MIT
 *
 * Plurals by CLDR's rules, and that each language of share/lang has the forms that it needs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "http/lang.h"
#include "http/page.h"
#include "http/plural.h"

static const char *const shipped[] = {
	"en", "de", "fr", "es", "it", "nl", "pt", "pl", "cs", "tr", "uk", "ar", "he", "ja", "zh"};
enum { SHIPPED = sizeof shipped / sizeof *shipped };

/* The categories of 0 to 25, and of 100 to 113, 121, 122, 1000 and 1000000: the first letters of
 * zero, one, two, few, many, other. Made with ICU 78 (CLDR 48), by
 * new Intl.PluralRules(language).select(number). */
static const struct {
	const char *language, *low, *high;
} reference[] = {
	{"en", "-o------------------------", "------------------"},
	{"de", "-o------------------------", "------------------"},
	{"fr", "oo------------------------", "-----------------m"},
	{"es", "-o------------------------", "-----------------m"},
	{"it", "-o------------------------", "-----------------m"},
	{"nl", "-o------------------------", "------------------"},
	{"pt", "oo------------------------", "-----------------m"},
	{"pl", "mofffmmmmmmmmmmmmmmmmmfffm", "mmfffmmmmmmmmmmfmm"},
	{"cs", "-offf---------------------", "------------------"},
	{"tr", "-o------------------------", "------------------"},
	{"uk", "mofffmmmmmmmmmmmmmmmmofffm", "mofffmmmmmmmmmofmm"},
	{"ar", "zotffffffffmmmmmmmmmmmmmmm", "---ffffffffmmmmm--"},
	{"he", "-ot-----------------------", "------------------"},
	{"ja", "--------------------------", "------------------"},
	{"zh", "--------------------------", "------------------"},
};

static char letter_of(const char *language, int64_t number)
{
	static const char letters[PLURAL_COUNT] = {[PLURAL_ZERO] = 'z',
		[PLURAL_ONE] = 'o',
		[PLURAL_TWO] = 't',
		[PLURAL_FEW] = 'f',
		[PLURAL_MANY] = 'm',
		[PLURAL_OTHER] = '-'};

	return letters[plural_of(language, number)];
}

static void each_language_counts_as_cldr_says(void **state)
{
	static const int64_t high[] = {100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111,
		112, 113, 121, 122, 1000, 1000000};

	(void)state;
	for (size_t i = 0; i < sizeof reference / sizeof *reference; i++) {
		const char *language = reference[i].language;

		for (int64_t n = 0; reference[i].low[n] != '\0'; n++)
			if (letter_of(language, n) != reference[i].low[n])
				fail_msg("%s: %d is %c", language, (int)n, letter_of(language, n));
		for (size_t j = 0; j < sizeof high / sizeof *high; j++)
			if (letter_of(language, high[j]) != reference[i].high[j])
				fail_msg("%s: %d is %c", language, (int)high[j],
					letter_of(language, high[j]));
	}
}

static void a_region_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(plural_of("pl-PL", 22), PLURAL_FEW);
	assert_int_equal(plural_of("PT-br", 0), PLURAL_ONE);
	assert_int_equal(plural_of("xx", 1), PLURAL_ONE);
	assert_int_equal(plural_of("xx", 2), PLURAL_OTHER);
	assert_int_equal(plural_of("p", 0), PLURAL_OTHER);
}

static struct langs *load_shipped(void)
{
	struct error error = {0};
	struct langs *langs;
	char path[4200];

	snprintf(path, sizeof path, "%s/share/lang",
		getenv("srcdir") != NULL ? getenv("srcdir") : ".");
	langs = langs_load(path, shipped, SHIPPED, &error);
	if (langs == NULL)
		fail_msg("%s", error.text);
	return langs;
}

/* Where a sentence has forms, it has one for each category of its language. */
static void no_form_is_missing(void **state)
{
	static const char *const keys[] = {
		"error.wait.seconds", "error.wait.minutes", "error.wait.hours"};
	struct langs *langs = load_shipped();
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < SHIPPED * 3; i++) {
		const struct lang *lang = langs_at(langs, i / 3);
		struct plural_form forms[PLURAL_COUNT];
		const char *at = lang_text(lang, keys[i % 3]), *part;
		enum sentence_part kind;
		size_t length;

		while ((kind = sentence_next(&at, &part, &length)) != SENTENCE_END) {
			if (kind != SENTENCE_PLURAL)
				continue;
			found++;
			assert_true(plural_parse(part, length, &length, forms));
			for (int64_t n = 0; n <= 200; n++)
				if (forms[plural_of(lang_code(lang), n)].text == NULL)
					fail_msg("%s: %s has no form for %d", lang_code(lang),
						keys[i % 3], (int)n);
		}
	}
	assert_int_equal(found, 12 * 3); /* three languages have no plural there */
	langs_free(&langs);
}

static void people_read_them(void **state)
{
	static const struct {
		const char *language, *minutes, *sentence;
	} cases[] = {{"en", "3", "You can try again in about 3 minutes."},
		{"de", "1", "Sie können es in etwa einer Minute noch einmal versuchen."},
		{"pl", "22", "Możesz spróbować ponownie za około 22 minuty."},
		{"pl", "25", "Możesz spróbować ponownie za około 25 minut."},
		{"cs", "4", "Můžete to zkusit znovu asi za 4 minuty."},
		{"cs", "5", "Můžete to zkusit znovu asi za 5 minut."},
		{"uk", "21", "Спробувати ще раз можна приблизно за 21 хвилину."},
		{"uk", "12", "Спробувати ще раз можна приблизно за 12 хвилин."},
		{"he", "2", "אפשר לנסות שוב בעוד כשתי דקות."},
		{"ar", "2", "يمكنك المحاولة مرة أخرى بعد حوالي دقيقتين."},
		{"ar", "5",
			"يمكنك المحاولة مرة أخرى بعد حوالي ⁨5⁩ "
			"دقائق."},
		{"ar", "15",
			"يمكنك المحاولة مرة أخرى بعد حوالي ⁨15⁩ "
			"دقيقة."},
		{"ja", "3", "約 3 分後にもう一度お試しいただけます。"}};
	struct langs *langs = load_shipped();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct page_value values[] = {
			{.name = "retry_after", .text = cases[i].minutes}, {0}};
		struct buffer text = BUFFER_INIT(1000);

		lang_format(
			langs_find(langs, cases[i].language), "error.wait.minutes", values, &text);
		assert_string_equal(text.data, cases[i].sentence);
		buffer_release(&text);
	}
	langs_free(&langs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_language_counts_as_cldr_says),
		cmocka_unit_test(a_region_changes_nothing),
		cmocka_unit_test(no_form_is_missing),
		cmocka_unit_test(people_read_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
