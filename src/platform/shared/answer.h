/* SPDX-License-Identifier: MIT
 *
 * Parsing of platforms' JSON answers: no value of one ever gets into an error. Private to this
 * room.
 */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

/* The JSON object in `bytes`, which the caller releases; NULL with the error. */
json_t *answer_object(const char *bytes, size_t length, struct error *error);

/* A member that is 1 to `maximum` visible ASCII characters; NULL for anything else. Lives as long
 * as the object. */
const char *answer_text(const json_t *object, const char *name, size_t maximum);

/* Whether a platform's document lets a number come as the digits of it in a string. */
enum answer_digits { ANSWER_NUMBER_ONLY = 0, ANSWER_NUMBER_OR_DIGITS };

/* Reads a member that is a whole number from `minimum` to `maximum`, in any of the ways JSON has
 * for one (300, 300.0, 3e2). 0, or -1 with *value_r unchanged. */
int answer_number(const json_t *object, const char *name, enum answer_digits digits,
	int64_t minimum, int64_t maximum, int64_t *value_r);
