/* SPDX-License-Identifier: MIT */
#include "config/option.h"

#include "config/section.h"

#include <stdarg.h>

const char *section_title(const struct section *section)
{
	return section->title;
}

const char *section_type(const struct section *section)
{
	return section->type;
}

int section_line(const struct section *section)
{
	return section->line;
}

bool section_takes(const struct section *section, const char *name)
{
	return section_value(section, name) != NULL;
}

/* The value of that name and type; there is none only by a mistake in the driver. */
static const struct value *expect(
	const struct section *section, const char *name, enum option_type type)
{
	const struct value *value = section_value(section, name);

	if (value == NULL || value->option->type != type)
		abort();
	return value;
}

const char *section_string(const struct section *section, const char *name)
{
	return expect(section, name, OPTION_STRING)->text;
}

bool section_bool(const struct section *section, const char *name)
{
	return expect(section, name, OPTION_BOOL)->number != 0;
}

int64_t section_number(const struct section *section, const char *name)
{
	return expect(section, name, OPTION_NUMBER)->number;
}

int64_t section_milliseconds(const struct section *section, const char *name)
{
	return expect(section, name, OPTION_DURATION)->number;
}

const char *const *section_list(const struct section *section, const char *name, size_t *count_r)
{
	const struct value *value = expect(section, name, OPTION_LIST);

	*count_r = value->count;
	return value->items;
}

bool section_has(const struct section *section, const char *name)
{
	const struct value *value = section_value(section, name);

	if (value == NULL)
		abort();
	return value->line != 0;
}

int section_error(const struct section *section, const char *name, struct error *error,
	const char *format, ...)
{
	const struct value *value = name != NULL ? section_value(section, name) : NULL;
	int line = value != NULL && value->line != 0 ? value->line : section->line;
	char text[sizeof error->text];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	error_set(error, "%s%s%s", name != NULL ? name : "", name != NULL ? ": " : "", text);
	if (section->title != NULL)
		error_prefix(error, "%s \"%.64s\": ", section->kind, section->title);
	else if (section->kind != NULL)
		error_prefix(error, "%s: ", section->kind);
	return error_prefix(error, "%s:%d: ", section->file, line);
}
