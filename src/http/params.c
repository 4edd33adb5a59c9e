/* SPDX-License-Identifier: MIT */
#include "http/params.h"

#include "base/text.h"
#include "base/typed.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <uriparser/Uri.h>

/* One block holds the list and all names and values. uriparser allocates from `room`, so that a
 * query costs one allocation and a password is wiped with the rest. */
struct params {
	UriQueryListA *list;
	size_t used, size;
	alignas(max_align_t) char room[];
};

enum { ALIGNMENT = alignof(max_align_t) };

static void *take(UriMemoryManager *memory, size_t size)
{
	struct params *params = memory->userData;
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	void *start = params->room + params->used;

	if (rounded < size || rounded > params->size - params->used) {
		errno = ENOMEM;
		return NULL;
	}
	params->used += rounded;
	return start;
}

/* The room is zeroed and never reused. */
static void *take_zeroed(UriMemoryManager *memory, size_t count, size_t size)
{
	return size != 0 && count > SIZE_MAX / size ? NULL : take(memory, count * size);
}

static void *refuse_realloc(UriMemoryManager *memory, void *old, size_t size)
{
	errno = ENOMEM;
	return NULL;
}

static void *refuse_reallocarray(UriMemoryManager *memory, void *old, size_t count, size_t size)
{
	return refuse_realloc(memory, old, size);
}

static void keep(UriMemoryManager *memory, void *old)
{
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Refuses what uriparser does not: a lone percent sign, and %00, at which it ends the text. */
static bool is_well_formed(const char *text, size_t length)
{
	const char *end = text + length, *at = text;

	if (memchr(text, '\0', length) != NULL)
		return false;
	while ((at = memchr(at, '%', (size_t)(end - at))) != NULL) {
		if (end - at < 3 || !is_hex(at[1]) || !is_hex(at[2]))
			return false;
		if (at[1] == '0' && at[2] == '0')
			return false;
		at += 3;
	}
	return true;
}

static size_t count_items(const char *text, size_t length)
{
	const char *end = text + length;
	size_t count = 1;

	for (; (text = memchr(text, '&', (size_t)(end - text))) != NULL; text++)
		count++;
	return count;
}

static struct params *params_new(size_t items, size_t length)
{
	/* a node and two strings for each item, each rounded up */
	size_t size = items * (sizeof(UriQueryListA) + 2 + 3 * (size_t)ALIGNMENT) + length;
	struct params *params = calloc(1, sizeof *params + size);

	if (params != NULL)
		params->size = size;
	return params;
}

/* Stands in a list for a value that cannot be read. */
static char unreadable[] = "";

static void join_lines(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ';';
		else if (*text == '\r' || *text == '\t')
			*text = ' ';
}

static bool is_readable(const UriQueryListA *item)
{
	if (item->value != NULL && strcmp(item->key, PARAMS_LINES) == 0)
		join_lines((char *)(uintptr_t)item->value);
	return text_is_printable(item->key) &&
	       (item->value == NULL || text_is_printable(item->value));
}

static bool dissect(struct params *params, const char *text, size_t length)
{
	UriMemoryManager memory = {
		.malloc = take,
		.calloc = take_zeroed,
		.realloc = refuse_realloc,
		.reallocarray = refuse_reallocarray,
		.free = keep,
		.userData = params,
	};
	int count;

	if (uriDissectQueryMallocExMmA(&params->list, &count, text, text + length, URI_TRUE,
		    URI_BR_DONT_TOUCH, &memory) != URI_SUCCESS)
		return false;
	for (const UriQueryListA *item = params->list; item != NULL; item = item->next)
		if (!is_readable(item))
			return false;
	return true;
}

struct params *params_parse(const char *text, size_t length)
{
	struct params *params;
	size_t items;

	if (length > PARAMS_TEXT_MAX || !is_well_formed(text, length))
		return NULL;
	items = count_items(text, length);
	if (items > PARAMS_MAX)
		return NULL;
	params = params_new(items, length);
	if (params != NULL && length > 0 && !dissect(params, text, length))
		params_free(&params);
	return params;
}

/* Prepends one parameter. An unreadable name is dropped. */
static bool add_item(struct params *params, const char *text, size_t length)
{
	UriQueryListA *others = params->list;
	const char *value = memchr(text, '=', length);
	bool is_good = is_well_formed(text, length);

	if (!is_good && value != NULL)
		length = (size_t)(value - text);
	if (!is_well_formed(text, length))
		return true;
	params->list = NULL;
	if (!dissect(params, text, length) && params->list == NULL)
		return false;
	if (params->list == NULL || !text_is_printable(params->list->key)) {
		params->list = others;
		return true;
	}
	if (!is_good || !is_readable(params->list))
		params->list->value = unreadable;
	params->list->next = others;
	return true;
}

struct params *params_parse_lenient(const char *text, size_t length)
{
	const char *end = text + length;
	struct params *params;
	size_t items;

	if (length > PARAMS_TEXT_MAX || memchr(text, '\0', length) != NULL)
		return NULL;
	items = count_items(text, length);
	if (items > PARAMS_MAX)
		return NULL;
	params = params_new(items, length);
	while (params != NULL && text < end) {
		const char *next = memchr(text, '&', (size_t)(end - text));
		size_t size = (size_t)((next != NULL ? next : end) - text);

		if (size > 0 && !add_item(params, text, size))
			params_free(&params);
		text += size + 1;
	}
	return params;
}

enum params_count params_get(const struct params *params, const char *name, const char **value_r)
{
	enum params_count count = PARAM_MISSING;

	for (const UriQueryListA *item = params->list; item != NULL; item = item->next) {
		if (strcmp(item->key, name) != 0)
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

	for (const UriQueryListA *item = params->list; item != NULL; item = item->next)
		if (strcmp(item->key, name) == 0 && item->value != unreadable && count++ < maximum)
			values[count - 1] = item->value != NULL ? item->value : "";
	return count;
}

void params_clean(struct params *params, const char *name)
{
	for (UriQueryListA *item = params->list; item != NULL; item = item->next)
		if (strcmp(item->key, name) == 0 && item->value != NULL &&
			item->value != unreadable)
			typed_clean((char *)(uintptr_t)item->value);
}

void params_free(struct params **params)
{
	if (*params == NULL)
		return;
	explicit_bzero((*params)->room, (*params)->used);
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
