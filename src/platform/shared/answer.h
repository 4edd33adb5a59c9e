/* SPDX-License-Identifier: MIT
 *
 * Parsers for the JSON answers of platforms. Errors never contain a value of an answer. Private to
 * src/platform.
 */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

/* Parses a JSON object. The caller releases it. Returns NULL, with the error, for anything else. */
json_t *answer_object(const char *bytes, size_t length, struct error *error);

/* Returns a member that is a string of 1 to `maximum` visible ASCII characters, NULL for anything
 * else. The text belongs to the object. */
const char *answer_text(const json_t *object, const char *name, size_t maximum);

/* Whether the platform may also send a number as a string of its digits. */
enum answer_digits { ANSWER_NUMBER_ONLY = 0, ANSWER_NUMBER_OR_DIGITS };

/* Reads a member that is a whole number from `minimum` to `maximum`, in any notation of JSON (300,
 * 300.0, 3e2). Returns 0, or -1 with *value_r unchanged. */
int answer_number(const json_t *object, const char *name, enum answer_digits digits,
	int64_t minimum, int64_t maximum, int64_t *value_r);
