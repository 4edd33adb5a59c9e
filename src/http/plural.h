/* SPDX-License-Identifier: MIT
 *
 * Plurals in sentences: "{count, plural, one {# minute} other {# minutes}}", a subset of ICU's
 * MessageFormat. Each language uses the categories that CLDR gives it for whole numbers (UTS 35
 * part 3, "Language Plural Rules"); # is the number.
 *
 * The rules are a table here and no library's: libicu would take 36 MB of disk and 4.5 MB of memory
 * in each process for them, and gettext chooses plurals by the process's locale only.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum plural {
	PLURAL_ZERO = 0,
	PLURAL_ONE,
	PLURAL_TWO,
	PLURAL_FEW,
	PLURAL_MANY,
	PLURAL_OTHER,
	PLURAL_COUNT
};

/* A form of a sentence; it points into the sentence and is not terminated. NULL: none. */
struct plural_form {
	const char *text;
	size_t length;
};

/* The category of a number that is not negative. A language that the table lacks is taken for one
 * like English. Regions ("pt-BR") are ignored. */
enum plural plural_of(const char *language, int64_t number);

/* Parses what stands between the braces of a plural. `name_length_r` is that of the value's name.
 * False if it is malformed or lacks the form "other". */
bool plural_parse(const char *text, size_t length, size_t *name_length_r,
	struct plural_form forms[PLURAL_COUNT]);
