/* SPDX-License-Identifier: MIT
 *
 * The options of a section as data. A driver lists its options in a const table: kind, range,
 * default, and the member of the driver's struct that stores the value. The file is checked against
 * the table when it is read, and section_fill() fills the struct, so no driver reads options by
 * hand. The driver itself checks how options relate to each other and reports with section_error().
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
	OPTION_TEXT = 0, /* UTF-8 without control characters; min, max: length in bytes */
	OPTION_NAME,	 /* letters, digits and `extra`; min, max: bytes, default 1 to 64 */
	OPTION_URL,	 /* https://host[:port][/path], or http:// for this machine */
	OPTION_PAGE,	 /* the same, with or without a query */
	OPTION_ORIGIN,	 /* https://host[:port], stored as browsers send it; default: from the title
			  */
	OPTION_SENT,	 /* the same, but refused unless written as browsers send it */
	OPTION_HOST,	 /* host or host:port */
	OPTION_DOMAIN,	 /* host */
	OPTION_PATH,	 /* absolute */
	OPTION_FILE,	 /* a readable file (section_fill() opens it); "": none */
	OPTION_ENUM,	 /* one of `words` */
	OPTION_BOOL,
	OPTION_NUMBER,	 /* min, max; both 0: 0 to INT32_MAX */
	OPTION_DURATION, /* "2s", "10m"; min, max and the value in milliseconds */
	OPTION_SECONDS,	 /* the same in whole seconds; min, max and the value in seconds */
	OPTION_MINUTES,
	OPTION_RATE, /* "10/10m" */
	OPTION_TIME, /* "2026-01-01T08:00Z" as seconds since 1970 */
	OPTION_LIST, /* {"a", "b"} of kind `of`; min, max: number of entries */
};

/* A list of strings, ended by NULL, and a rate: `count` in a period. Owned by the settings. */
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
	OPTION_IN_TEXT,	    /* any kind with a text; an enum's word */
	OPTION_IN_BOOL,	    /* a bool; an enum: whether it is not the first word */
	OPTION_IN_INT64,    /* numbers, durations, times */
	OPTION_IN_UNSIGNED, /* a number; an enum's index in `words`; a list of words, one bit each
			     */
	OPTION_IN_LIST,
	OPTION_IN_RATE,
};

/* A row of a table, which ends with {0}. Write the first four members by position, the others by
 * name. */
struct option {
	const char *name;
	enum option_kind kind;
	const char
		*fallback;  /* default, as written in the file; NULL: none ("", false, 0, empty) */
	const char *help;   /* one line for error messages */
	bool required;	    /* must be set, and not to "" or {} */
	bool not_empty;	    /* may be absent, but not "" or {} */
	bool null_if_unset; /* stored as NULL or -1 unless the file sets it */
	bool distinct;	    /* of a list: no duplicates */
	bool fixed;	    /* read when the pool starts: a reload cannot change it */
	enum option_kind of;
	int64_t min, max;	  /* `max` 0: no limit */
	const char *const *words; /* of an enum: ended by NULL */
	const char *extra;	  /* of a name; NULL: none */
	/* A further check of a text, or of each entry of a list, run by section_fill(). 0, or -1
	 * with the end of a sentence that begins with the value: "is not …". */
	int (*check)(const char *text, struct error *why);
	enum option_member member; /* set both with OPTION_INTO() */
	size_t offset;
};

/* Rows leave out members that stay zero. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* The member that stores the value. A member of an unsuitable type does not compile. */
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

/* The options of a section type, besides `type` and (for backends) `label`. */
struct section_type {
	const char *type;
	const struct option *options; /* NULL: this build lacks the type */
};

/* One section of the file: `backend "staff" { … }`. Owned by the settings, immutable. */
struct section;

/* Stores the values in the driver's struct as the table says, and makes the checks that need more
 * than the file. Strings and lists stay owned by the settings. 0, or -1 with section_error(). */
int section_fill(const struct section *section, void *structure, struct error *error);

const char *section_title(const struct section *section);
const char *section_type(const struct section *section);

/* Where the section starts: the file, and the line in it. */
const char *section_file(const struct section *section);
int section_line(const struct section *section);

/* Whether the section's type has this option; for callers that read sections of any type. */
bool section_takes(const struct section *section, const char *name);

/* The option's value or default; for callers without a struct to fill. A name that is not in the
 * driver's table is a programming error and aborts. Strings and lists live as long as the
 * settings. */
const char *section_string(const struct section *section, const char *name);
int64_t section_milliseconds(const struct section *section, const char *name);
const char *const *section_list(const struct section *section, const char *name, size_t *count_r);

/* A text, or `fallback` if the file does not set it or the section has no such option. */
const char *section_string_or(
	const struct section *section, const char *name, const char *fallback);

/* Whether the file sets the option. */
bool section_has(const struct section *section, const char *name);

/* Sets "FILE:LINE: platform "x": api: …". The line is the option's, or the section's if `name` is
 * NULL or the file does not set it. Always -1. */
int section_error(const struct section *section, const char *name, struct error *error,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Puts the same in front of what `error` says. Always -1. */
int section_blame(const struct section *section, const char *name, struct error *error);
