/* SPDX-License-Identifier: MIT */
#include "http/plural.h"

#include <strings.h>

/* The rules of CLDR 48 (plurals.xml) for whole numbers. */

static enum plural other_only(int64_t n)
{
	(void)n;
	return PLURAL_OTHER;
}

static enum plural one(int64_t n)
{
	return n == 1 ? PLURAL_ONE : PLURAL_OTHER;
}

static enum plural one_and_millions(int64_t n)
{
	return n != 0 && n % 1000000 == 0 ? PLURAL_MANY : one(n);
}

static enum plural zero_as_one(int64_t n)
{
	return n == 0 ? PLURAL_ONE : one_and_millions(n);
}

static bool is_few(int64_t n)
{
	return n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14);
}

static enum plural polish(int64_t n)
{
	if (n == 1)
		return PLURAL_ONE;
	return is_few(n) ? PLURAL_FEW : PLURAL_MANY;
}

static enum plural ukrainian(int64_t n)
{
	if (n % 10 == 1 && n % 100 != 11)
		return PLURAL_ONE;
	return is_few(n) ? PLURAL_FEW : PLURAL_MANY;
}

static enum plural czech(int64_t n)
{
	return n >= 2 && n <= 4 ? PLURAL_FEW : one(n);
}

static enum plural hebrew(int64_t n)
{
	return n == 2 ? PLURAL_TWO : one(n);
}

static enum plural arabic(int64_t n)
{
	if (n <= 2)
		return n == 0 ? PLURAL_ZERO : n == 1 ? PLURAL_ONE : PLURAL_TWO;
	if (n % 100 >= 3 && n % 100 <= 10)
		return PLURAL_FEW;
	return n % 100 >= 11 ? PLURAL_MANY : PLURAL_OTHER;
}

enum plural plural_of(const char *language, int64_t number)
{
	static const struct {
		const char *language;
		enum plural (*rule)(int64_t number);
	} rules[] = {{"ar", arabic}, {"cs", czech}, {"es", one_and_millions}, {"fr", zero_as_one},
		{"he", hebrew}, {"it", one_and_millions}, {"ja", other_only}, {"pl", polish},
		{"pt", zero_as_one}, {"uk", ukrainian}, {"zh", other_only}};
	size_t length = strcspn(language, "-");

	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (strlen(rules[i].language) == length &&
			strncasecmp(rules[i].language, language, length) == 0)
			return rules[i].rule(number);
	return one(number);
}

static enum plural category_named(const char *name, size_t length)
{
	static const char *const names[PLURAL_COUNT] = {[PLURAL_ZERO] = "zero",
		[PLURAL_ONE] = "one",
		[PLURAL_TWO] = "two",
		[PLURAL_FEW] = "few",
		[PLURAL_MANY] = "many",
		[PLURAL_OTHER] = "other"};
	enum plural category = PLURAL_ZERO;

	while (category < PLURAL_COUNT &&
		(strlen(names[category]) != length || memcmp(names[category], name, length) != 0))
		category++;
	return category;
}

bool plural_parse(const char *text, size_t length, size_t *name_length_r,
	struct plural_form forms[PLURAL_COUNT])
{
	static const char kind[] = ", plural,";
	const char *end = text + length, *at = memchr(text, ',', length);

	memset(forms, 0, PLURAL_COUNT * sizeof *forms);
	if (at == NULL || (size_t)(end - at) < strlen(kind) || memcmp(at, kind, strlen(kind)) != 0)
		return false;
	*name_length_r = (size_t)(at - text);
	for (at += strlen(kind); at < end;) {
		const char *open = memchr(at, '{', (size_t)(end - at));
		const char *close = open != NULL ? memchr(open, '}', (size_t)(end - open)) : NULL;
		enum plural category;

		if (close == NULL || *at != ' ' || open - at < 2 || open[-1] != ' ')
			return false;
		category = category_named(at + 1, (size_t)(open - at) - 2);
		if (category == PLURAL_COUNT || forms[category].text != NULL ||
			memchr(open + 1, '{', (size_t)(close - open - 1)) != NULL)
			return false;
		forms[category] = (struct plural_form){open + 1, (size_t)(close - open - 1)};
		at = close + 1;
	}
	return forms[PLURAL_OTHER].text != NULL;
}
