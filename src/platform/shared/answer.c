/* SPDX-License-Identifier: MIT */
#include "platform/shared/answer.h"

#include "base/text.h"

/* 2^53 - 1: doubles represent every integer up to here. */
#define EXACT_MAX 9007199254740992.0

/* ---- plain JSON ---- */

/* What platforms usually send: objects in objects, of strings without escapes and whole numbers.
 * jansson's lexer takes 190 instructions a byte, which was a seventh of a join. Whatever is not
 * plain, well-formed or not, is left to jansson. */
enum { PLAIN_DEPTH_MAX = 4, PLAIN_DIGITS_MAX = 15 };

struct plain {
	const char *at, *end;
};

/* Skips whitespace, and returns the character behind it, NUL at the end. */
static char plain_next(struct plain *text)
{
	while (text->at < text->end &&
		(*text->at == ' ' || *text->at == '\t' || *text->at == '\n' || *text->at == '\r'))
		text->at++;
	return text->at < text->end ? *text->at : '\0';
}

/* Skips whitespace and then `wanted`, if it is there. */
static bool plain_skip(struct plain *text, char wanted)
{
	if (plain_next(text) != wanted)
		return false;
	text->at++;
	return true;
}

/* Returns what is between the quotes, or NULL. */
static const char *plain_text(struct plain *text, size_t *length_r)
{
	const char *begin;

	if (!plain_skip(text, '"'))
		return NULL;
	for (begin = text->at; text->at < text->end && *text->at != '"'; text->at++)
		if (*text->at < ' ' || *text->at > '~' || *text->at == '\\')
			return NULL;
	*length_r = (size_t)(text->at - begin);
	return plain_skip(text, '"') ? begin : NULL;
}

static json_t *plain_string(struct plain *text)
{
	size_t length;
	const char *begin = plain_text(text, &length);

	return begin != NULL ? json_stringn_nocheck(begin, length) : NULL;
}

/* A number that goes on otherwise (0x, 1.5, 1e3) is not followed by a comma or brace. */
static json_t *plain_number(struct plain *text)
{
	json_int_t number = 0;
	int digits = 0;

	do {
		if (++digits > PLAIN_DIGITS_MAX)
			return NULL;
		number = number * 10 + (*text->at++ - '0');
	} while (number != 0 && text->at < text->end && *text->at >= '0' && *text->at <= '9');
	return json_integer(number);
}

static json_t *plain_object(struct plain *text, int depth);

static json_t *plain_value(struct plain *text, int depth)
{
	char first = plain_next(text);

	if (first == '"')
		return plain_string(text);
	if (first == '{')
		return plain_object(text, depth + 1);
	return first >= '0' && first <= '9' ? plain_number(text) : NULL;
}

static bool plain_member(struct plain *text, json_t *object, int depth)
{
	size_t length;
	const char *name = plain_text(text, &length);

	return name != NULL && plain_skip(text, ':') &&
	       json_object_getn(object, name, length) == NULL &&
	       json_object_setn_new_nocheck(object, name, length, plain_value(text, depth)) == 0;
}

/* The caller releases it. NULL: not plain. */
static json_t *plain_object(struct plain *text, int depth)
{
	json_t *object;

	if (depth > PLAIN_DEPTH_MAX || !plain_skip(text, '{'))
		return NULL;
	object = json_object();
	do {
		if (plain_member(text, object, depth))
			continue;
		json_decref(object);
		return NULL;
	} while (plain_skip(text, ','));
	if (plain_skip(text, '}'))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *read_plain(const char *bytes, size_t length)
{
	struct plain text = {bytes, bytes + length};
	json_t *object = plain_object(&text, 1);

	plain_next(&text);
	if (text.at == text.end)
		return object;
	json_decref(object);
	return NULL;
}

/* ---- any JSON ---- */

json_t *answer_object(const char *bytes, size_t length, struct error *error)
{
	json_error_t fault; /* fault.text quotes the answer: log its position only */
	json_t *root = read_plain(bytes, length);

	if (root == NULL)
		root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &fault);
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
