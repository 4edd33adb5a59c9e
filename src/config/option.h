/* SPDX-License-Identifier: MIT
 *
 * The options of a section as data: a driver lists them in a const table, each with its kind, range
 * and default, and with the member of the driver's own struct that its value goes to. The table
 * checks the file when it is read, and section_fill() fills the struct, so that no driver reads
 * options by hand. What relates options to each other stays in the driver, which reports with
 * section_error().
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_TEXT = 0, /* UTF-8 without control characters; min, max: bytes */
	OPTION_NAME, /* letters, digits and those of `extra`; min, max: bytes, 1 to 64 by default */
	OPTION_URL,  /* https://host[:port][/path], or http:// towards this machine */
	OPTION_PAGE, /* the same, perhaps with a query */
	OPTION_ORIGIN, /* https://host[:port], stored as browsers write it; default: the title */
	OPTION_SENT,   /* the same, and refused where browsers would write it otherwise */
	OPTION_HOST,   /* host or host:port */
	OPTION_DOMAIN, /* host */
	OPTION_PATH,   /* absolute */
	OPTION_FILE,   /* one that can be read now (section_fill() tries); "": none */
	OPTION_ENUM,   /* one of `words` */
	OPTION_BOOL,
	OPTION_NUMBER,	 /* min, max; both 0: 0 to INT32_MAX */
	OPTION_DURATION, /* "2s", "10m"; min, max and the value in milliseconds */
	OPTION_SECONDS,	 /* the same in whole seconds; min, max and the value in seconds */
	OPTION_MINUTES,
	OPTION_RATE, /* "10/10m" */
	OPTION_TIME, /* "2026-01-01T08:00Z" as seconds since 1970 */
	OPTION_LIST, /* {"a", "b"}, each of the kind `of`; min, max: how many */
};

/* A list of strings, with NULL behind the last, and a rate: so many in so long. Owned by the
 * settings. */
struct config_list {
	const char *const *items;
	size_t count;
};

struct config_rate {
	unsigned count;
	int64_t period_ms;
};

/* The type of a member that a value is stored in. */
enum option_member {
	OPTION_NOWHERE = 0,
	OPTION_IN_TEXT,	    /* any kind with a text; a word of an enum */
	OPTION_IN_BOOL,	    /* also an enum: whether it is not the first word */
	OPTION_IN_INT64,    /* numbers, durations, times */
	OPTION_IN_UNSIGNED, /* a number; an enum, by its place in `words`; a list of words, by bits
			     */
	OPTION_IN_LIST,
	OPTION_IN_RATE,
};

/* A row of a table, which ends with {0}. The first four stand in order, the others by name. */
struct option {
	const char *name;
	enum option_kind kind;
	const char *fallback; /* as it would stand in the file, NULL: none ("", false, 0, empty) */
	const char *help;     /* one line for the manual page and error texts */
	bool required;	      /* must be set, and not to "" or {} */
	bool not_empty;	      /* may be left out, but not set to "" or {} */
	bool null_if_unset;   /* stored as NULL or -1 where the file does not set it */
	bool distinct;	      /* of a list: no entry twice */
	enum option_kind of;
	int64_t min, max;	  /* `max` 0: no limit */
	const char *const *words; /* of an enum: ended by NULL */
	const char *extra;	  /* of a name; NULL: none */
	/* What else a text, or each entry of a list, has to be. Called by section_fill(). 0, or -1
	 * with the half of a sentence that goes behind the value, "is not …". */
	int (*check)(const char *text, struct error *why);
	enum option_member member; /* both by OPTION_INTO() */
	size_t offset;
};

/* Rows set what they mean and leave out the rest. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Where the value goes. A member whose type stores no option does not compile. */
#define OPTION_INTO(structure, field)                                                              \
	.offset = offsetof(structure, field),                                                      \
	.member = _Generic(((structure *)0)->field, const char *                                   \
			   : OPTION_IN_TEXT, bool                                                  \
			   : OPTION_IN_BOOL, int64_t                                               \
			   : OPTION_IN_INT64, unsigned                                             \
			   : OPTION_IN_UNSIGNED, struct config_list                                \
			   : OPTION_IN_LIST, struct config_rate                                    \
			   : OPTION_IN_RATE)

/* The words of an enum. */
#define OPTION_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* What a section type accepts besides `type` and (for backends) `label`. */
struct section_type {
	const char *type;
	const struct option *options; /* NULL: this build is without the type */
};

/* One section of the file: `backend "staff" { … }`. Owned by the settings, immutable. */
struct section;

/* Stores the values where the table says, strings and lists being the settings', and makes the
 * checks that need more than the file. 0, or -1 with section_error(). */
int section_fill(const struct section *section, void *structure, struct error *error);

const char *section_title(const struct section *section);
const char *section_type(const struct section *section);

/* The line that it starts at. */
int section_line(const struct section *section);

/* Whether its type has an option of that name, for who reads sections of any type. */
bool section_takes(const struct section *section, const char *name);

/* The option's value, or its fallback, for who has no struct to fill. Asking for a name that is not
 * in the driver's table is a programming error and aborts. Strings and lists live as long as the
 * settings. */
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
