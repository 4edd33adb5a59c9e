/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include "config/section.h"

#include <stdarg.h>
#include <unistd.h>

const char *section_title(const struct section *section)
{
	return section->title;
}

const char *section_type(const struct section *section)
{
	return section->type;
}

const char *section_file(const struct section *section)
{
	return sources_file(section->sources, section->line);
}

int section_line(const struct section *section)
{
	return sources_line(section->sources, section->line);
}

bool section_takes(const struct section *section, const char *name)
{
	return section_value(section, name) != NULL;
}

struct value *section_value(const struct section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->values[i].option->name, name) == 0)
			return &section->values[i];
	return NULL;
}

/* Aborts on a mistake in a driver: an option that is not in its table, or of the wrong kind. */
static const struct value *expect(const struct section *section, const char *name, bool good_kind)
{
	const struct value *value = section_value(section, name);

	if (value == NULL || !good_kind)
		abort();
	return value;
}

static enum option_kind kind_of(const struct section *section, const char *name)
{
	return expect(section, name, true)->option->kind;
}

static bool is_time(enum option_kind kind)
{
	return kind == OPTION_DURATION || kind == OPTION_SECONDS || kind == OPTION_MINUTES;
}

static bool is_text(enum option_kind kind)
{
	return kind != OPTION_LIST && kind != OPTION_BOOL && kind != OPTION_NUMBER &&
	       !is_time(kind);
}

const char *section_string(const struct section *section, const char *name)
{
	return expect(section, name, is_text(kind_of(section, name)))->text;
}

int64_t section_milliseconds(const struct section *section, const char *name)
{
	return expect(section, name, is_time(kind_of(section, name)))->number;
}

const char *const *section_list(const struct section *section, const char *name, size_t *count_r)
{
	const struct value *value = expect(section, name, kind_of(section, name) == OPTION_LIST);

	*count_r = value->count;
	return value->items;
}

static bool are_equal(const struct value *a, const struct value *b)
{
	if (is_text(a->option->kind))
		return strcmp(a->text, b->text) == 0;
	if (a->number != b->number || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

size_t section_fixed_changes(
	const struct section *from, const struct section *to, struct buffer *names)
{
	size_t count = 0;

	for (size_t i = 0; i < from->count; i++) {
		const struct option *option = from->values[i].option;

		if (!option->fixed || are_equal(&from->values[i], expect(to, option->name, true)))
			continue;
		buffer_printf(names, "%s%s", count++ > 0 ? ", " : "", option->name);
	}
	return count;
}

/* ---- filling a struct ---- */

/* The number in the unit in which its kind is stored. */
static int64_t number_of(const struct value *value)
{
	if (value->option->kind == OPTION_SECONDS)
		return value->number / 1000;
	return value->option->kind == OPTION_MINUTES ? value->number / 60000 : value->number;
}

/* Whether a value of the kind can be stored in such a member. */
static bool suits(enum option_kind kind, enum option_kind of, enum option_member member)
{
	switch (member) {
	case OPTION_NOWHERE:
		return true;
	case OPTION_IN_TEXT:
		return is_text(kind) && kind != OPTION_RATE && kind != OPTION_TIME;
	case OPTION_IN_BOOL:
		return kind == OPTION_BOOL || kind == OPTION_ENUM;
	case OPTION_IN_INT64:
		return kind == OPTION_NUMBER || kind == OPTION_TIME || is_time(kind);
	case OPTION_IN_UNSIGNED:
		return kind == OPTION_NUMBER || kind == OPTION_ENUM ||
		       (kind == OPTION_LIST && of == OPTION_ENUM);
	case OPTION_IN_LIST:
		return kind == OPTION_LIST;
	case OPTION_IN_RATE:
		return kind == OPTION_RATE;
	}
	return false;
}

static void store(const struct value *value, void *structure)
{
	const struct option *option = value->option;
	void *to = (char *)structure + option->offset;
	bool is_none = option->null_if_unset && value->line == 0;

	if (!suits(option->kind, option->of, option->member))
		abort();
	switch (option->member) {
	case OPTION_NOWHERE:
		break;
	case OPTION_IN_TEXT:
		*(const char **)to = is_none ? NULL : value->text;
		break;
	case OPTION_IN_BOOL:
		*(bool *)to = value->number != 0;
		break;
	case OPTION_IN_INT64:
		*(int64_t *)to = is_none ? -1 : number_of(value);
		break;
	case OPTION_IN_UNSIGNED:
		*(unsigned *)to = (unsigned)value->number;
		break;
	case OPTION_IN_LIST:
		*(struct config_list *)to = (struct config_list){value->items, value->count};
		break;
	case OPTION_IN_RATE:
		*(struct config_rate *)to = value->rate;
		break;
	}
}

static int check_text(const struct section *section, const struct option *option, const char *text,
	struct error *error)
{
	struct error why;

	if (option->kind == OPTION_FILE && access(text, R_OK) != 0)
		return section_error(
			section, option->name, error, "cannot read \"%.200s\": %m", text);
	if (option->check == NULL || option->check(text, &why) == 0)
		return 0;
	return section_error(section, option->name, error, "\"%.100s\" %s", text, why.text);
}

int section_fill(const struct section *section, void *structure, struct error *error)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct value *value = &section->values[i];

		for (size_t j = 0; j < value->count; j++)
			if (check_text(section, value->option, value->items[j], error) != 0)
				return -1;
		if (is_text(value->option->kind) && value->text[0] != '\0' &&
			check_text(section, value->option, value->text, error) != 0)
			return -1;
		store(value, structure);
	}
	return 0;
}

/* ---- reading by name ---- */

const char *section_string_or(const struct section *section, const char *name, const char *fallback)
{
	const struct value *value = section_value(section, name);

	return value != NULL && value->line != 0 ? value->text : fallback;
}

bool section_has(const struct section *section, const char *name)
{
	const struct value *value = section_value(section, name);

	if (value == NULL)
		abort();
	return value->line != 0;
}

int section_blame(const struct section *section, const char *name, struct error *error)
{
	const struct value *value = name != NULL ? section_value(section, name) : NULL;
	int line = value != NULL && value->line != 0 ? value->line : section->line;

	if (name != NULL)
		error_prefix(error, "%s: ", name);
	if (section->title != NULL)
		error_prefix(error, "%s \"%.64s\": ", section->kind, section->title);
	else if (section->kind != NULL)
		error_prefix(error, "%s: ", section->kind);
	return sources_blame(section->sources, line, error);
}

int section_error(const struct section *section, const char *name, struct error *error,
	const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error != NULL)
		vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	return section_blame(section, name, error);
}
