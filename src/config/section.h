/* SPDX-License-Identifier: MIT
 *
 * A section of the file as typed values: the implementation of option.h. The file itself, the
 * policy and its rules are read as sections, too, so that one mechanism checks types and knows
 * lines.
 */
#pragma once

#include "base/buffer.h"
#include "config/arena.h"
#include "config/option.h"
#include "config/schema.h"
#include "config/source.h"

struct value {
	const struct option *option;
	int line;	  /* of the configuration; 0: not set, this is the default */
	const char *text; /* as written; "" for lists and without a default */
	/* The text as number, bool or milliseconds; an enum's index among its words; for a list of
	 * words one bit each. */
	int64_t number;
	struct config_rate rate;
	const char **items;
	size_t count;
};

struct section {
	const struct sources *sources;
	const char *kind;  /* "platform"; NULL: the file itself */
	const char *title; /* NULL: none */
	const char *type;  /* NULL: none */
	int line;
	struct value *values;
	size_t count;
};

/* Checks and types a parsed section. NULL with an error: an unknown type, an option of another
 * type, a value of the wrong type. Owned by the arena. */
struct section *section_read(struct arena *arena, const struct sources *sources,
	const struct schema_kind *kind, cfg_t *parsed, struct error *error);

/* Appends the names of the fixed options whose values differ, with commas. Returns their number. */
size_t section_fixed_changes(
	const struct section *from, const struct section *to, struct buffer *names);

/* The value of that name; NULL if the section has no such option. */
struct value *section_value(const struct section *section, const char *name);
