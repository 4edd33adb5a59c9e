/* SPDX-License-Identifier: MIT */
#include "http/params.h"

#include "base/text.h"
#include "base/typed.h"

struct item {
	const char *name;
	char *value; /* NULL: without '=' */
};

/* One block holds the items and, behind them, their decoded names and values. */
struct params {
	size_t count, size;
	char *end; /* of what is decoded */
	struct item items[];
};

/* Stands in a list for a value that cannot be read. */
static char unreadable[] = "";

static size_t count_items(const char *text, size_t length)
{
	const char *end = text + length;
	size_t count = 1;

	for (; (text = memchr(text, '&', (size_t)(end - text))) != NULL; text++)
		count++;
	return count;
}

/* Decoding makes nothing longer, and each '=' and '&' leaves room for a NUL. */
static struct params *params_new(size_t items, size_t length)
{
	size_t size = sizeof(struct params) + items * sizeof(struct item) + length + 1;
	struct params *params = malloc(size);

	if (params == NULL)
		return NULL;
	params->count = 0;
	params->size = size;
	params->end = (char *)&params->items[items];
	return params;
}

static void join_lines(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ';';
		else if (*text == '\r' || *text == '\t')
			*text = ' ';
}

/* Decodes a name or a value, which has no NUL, and returns it. NULL if it is malformed or not
 * printable. */
static char *decode(struct params *params, const char *text, size_t length, bool has_lines)
{
	const char *end = text + length;
	char *start = params->end, *at = start;

	while (text < end) {
		char c = *text++;

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			int byte = end - text >= 2 ? text_hex_byte(text) : -1;

			if (byte <= 0)
				return NULL;
			c = (char)byte;
			text += 2;
		}
		*at++ = c;
	}
	*at = '\0';
	if (has_lines)
		join_lines(start);
	if (!text_is_printable(start))
		return NULL;
	params->end = at + 1;
	return start;
}

/* Adds a parameter. False if its name cannot be read. */
static bool add_item(struct params *params, const char *text, size_t length)
{
	struct item *item = &params->items[params->count];
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals != NULL ? (size_t)(equals - text) : length;

	item->name = decode(params, text, name_length, false);
	item->value = NULL;
	if (item->name == NULL)
		return false;
	if (equals != NULL)
		item->value = decode(params, equals + 1, length - name_length - 1,
			strcmp(item->name, PARAMS_LINES) == 0);
	if (equals != NULL && item->value == NULL)
		item->value = unreadable;
	params->count++;
	return true;
}

/* False if a parameter cannot be read. All that can be are in the list. */
static bool add_items(struct params *params, const char *text, size_t length)
{
	const char *end = text + length;
	bool is_good = true;

	while (text < end) {
		const char *next = memchr(text, '&', (size_t)(end - text));
		size_t size = (size_t)((next != NULL ? next : end) - text);

		if (size > 0)
			is_good &= add_item(params, text, size) &&
				   params->items[params->count - 1].value != unreadable;
		text += size + 1;
	}
	return is_good;
}

static struct params *parse(const char *text, size_t length, bool leniently)
{
	struct params *params;
	size_t items;

	if (length > PARAMS_TEXT_MAX || memchr(text, '\0', length) != NULL)
		return NULL;
	items = count_items(text, length);
	if (items > PARAMS_MAX)
		return NULL;
	params = params_new(items, length);
	if (params != NULL && !add_items(params, text, length) && !leniently)
		params_free(&params);
	return params;
}

struct params *params_parse(const char *text, size_t length)
{
	return parse(text, length, false);
}

struct params *params_parse_lenient(const char *text, size_t length)
{
	return parse(text, length, true);
}

enum params_count params_get(const struct params *params, const char *name, const char **value_r)
{
	enum params_count count = PARAM_MISSING;

	for (size_t i = 0; i < params->count; i++) {
		const struct item *item = &params->items[i];

		if (strcmp(item->name, name) != 0)
			continue;
		if (count != PARAM_MISSING)
			return PARAM_REPEATED;
		count = item->value == unreadable ? PARAM_UNREADABLE : PARAM_ONCE;
		if (count == PARAM_ONCE)
			*value_r = item->value != NULL ? item->value : "";
	}
	return count;
}

size_t params_all(
	const struct params *params, const char *name, const char **values, size_t maximum)
{
	size_t count = 0;

	for (size_t i = 0; i < params->count; i++) {
		const struct item *item = &params->items[i];

		if (strcmp(item->name, name) == 0 && item->value != unreadable && count++ < maximum)
			values[count - 1] = item->value != NULL ? item->value : "";
	}
	return count;
}

void params_clean(struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++) {
		struct item *item = &params->items[i];

		if (strcmp(item->name, name) == 0 && item->value != NULL &&
			item->value != unreadable)
			typed_clean(item->value);
	}
}

void params_free(struct params **params)
{
	if (*params == NULL)
		return;
	explicit_bzero(*params, (*params)->size);
	free(*params);
	*params = NULL;
}

/* Copies without trailing blanks. False if it does not fit. */
static bool copy_value(const char *start, size_t length, char *value, size_t capacity)
{
	while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t'))
		length--;
	if (length >= capacity)
		return false;
	memcpy(value, start, length);
	value[length] = '\0';
	return true;
}

enum params_count cookie_get(const char *header, const char *name, char *value, size_t capacity)
{
	enum params_count count = PARAM_MISSING;
	size_t name_length = strlen(name), length;
	bool fits = false;

	for (const char *at = header; *at != '\0'; at += length) {
		at += strspn(at, " \t;");
		length = strcspn(at, ";");
		if (length <= name_length || at[name_length] != '=' ||
			memcmp(at, name, name_length) != 0)
			continue;
		if (count != PARAM_MISSING)
			return PARAM_REPEATED;
		count = PARAM_ONCE;
		fits = copy_value(at + name_length + 1, length - name_length - 1, value, capacity);
	}
	return fits ? PARAM_ONCE : PARAM_MISSING;
}
