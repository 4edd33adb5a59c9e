/* SPDX-License-Identifier: MIT */
#include "platform/shared/answer.h"

#include "base/text.h"

/* 2^53 - 1: doubles represent every integer up to here. */
#define EXACT_MAX 9007199254740992.0

json_t *answer_object(const char *bytes, size_t length, struct error *error)
{
	json_error_t fault; /* fault.text quotes the answer: log its position only */
	json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &fault);

	if (json_is_object(root))
		return root;
	if (root == NULL)
		error_set(error, "the answer is not JSON (at byte %d)", fault.position);
	else
		error_set(error, "the answer is not a JSON object");
	json_decref(root);
	return NULL;
}

const char *answer_text(const json_t *object, const char *name, size_t maximum)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	/* jansson rejects escaped NULs, so json_string_length() equals strlen(). */
	if (text == NULL || json_string_length(value) > maximum || !text_is_visible_ascii(text))
		return NULL;
	return text;
}

/* Accepts "300" and "-99", but not "007" and "-0". */
static int digits_to_number(const char *text, int64_t *value_r)
{
	bool negative = text[0] == '-';

	text += negative;
	if (text[0] == '0' && (negative || text[1] != '\0'))
		return -1;
	if (text_to_number(text, 0, INT64_MAX, value_r) != 0)
		return -1;
	if (negative)
		*value_r = -*value_r;
	return 0;
}

static int real_to_number(double real, int64_t *value_r)
{
	if (!(real >= -EXACT_MAX && real <= EXACT_MAX) || real != (double)(int64_t)real)
		return -1;
	*value_r = (int64_t)real;
	return 0;
}

int answer_number(const json_t *object, const char *name, enum answer_digits digits,
	int64_t minimum, int64_t maximum, int64_t *value_r)
{
	const json_t *value = json_object_get(object, name);
	int64_t number = 0;
	int rc = -1;

	if (json_is_integer(value)) {
		number = json_integer_value(value);
		rc = 0;
	} else if (json_is_real(value)) {
		rc = real_to_number(json_real_value(value), &number);
	} else if (json_is_string(value) && digits == ANSWER_NUMBER_OR_DIGITS) {
		rc = digits_to_number(json_string_value(value), &number);
	}
	if (rc != 0 || number < minimum || number > maximum)
		return -1;
	*value_r = number;
	return 0;
}
