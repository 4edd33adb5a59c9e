/* SPDX-License-Identifier: MIT
 *
 * How a backend or a platform driver says which options its section takes, and how it reads them.
 * The configuration file is checked against these tables when it is parsed, so a driver's open()
 * sees only options that are its own and of the right type; it checks what they mean and reports
 * with section_error(), which adds the place.
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_STRING = 0,
	OPTION_BOOL,
	OPTION_NUMBER,	 /* 0 to INT32_MAX */
	OPTION_DURATION, /* "2s", "10m": read as milliseconds */
	OPTION_LIST,	 /* {"a", "b"} */
};

/* One row a driver keeps in a const table, ended by a row with a NULL name. */
struct option {
	const char *name;
	enum option_type type;
	const char *fallback; /* as it would stand in the file, NULL: none ("", false, 0, empty) */
	const char *help;     /* one line for the manual page and error texts */
};

/* What a section type accepts besides `type` and (for backends) `label`. */
struct section_type {
	const char *type;
	const struct option *options;
};

/* One section of the file: `backend "staff" { … }`. Owned by the settings, immutable. */
struct section;

const char *section_title(const struct section *section);
const char *section_type(const struct section *section);

/* The line that it starts at. */
int section_line(const struct section *section);

/* Whether its type has an option of that name, for who reads sections of any type. */
bool section_takes(const struct section *section, const char *name);

/* The option's value, or its fallback. Asking for a name that is not in the driver's table is a
 * programming error and aborts. Strings and lists live as long as the settings. */
const char *section_string(const struct section *section, const char *name);
bool section_bool(const struct section *section, const char *name);
int64_t section_number(const struct section *section, const char *name);
int64_t section_milliseconds(const struct section *section, const char *name);
const char *const *section_list(const struct section *section, const char *name, size_t *count_r);

/* True when the file sets it; false when the value is the fallback. */
bool section_has(const struct section *section, const char *name);

/* "FILE:LINE: platform "x": api: …", the line being that of the option, or of the section when
 * `name` is NULL or not set in the file. Always -1. */
int section_error(const struct section *section, const char *name, struct error *error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
