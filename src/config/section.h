/* SPDX-License-Identifier: MIT
 *
 * What a section of the file holds, typed; behind the accessors of option.h. The file itself, the
 * policy and its rules are read as sections too, so that one mechanism checks types and knows
 * lines.
 */
#pragma once

#include "config/arena.h"
#include "config/option.h"
#include "config/schema.h"

struct value {
	const struct option *option;
	int line;	  /* where the file sets it; 0: it does not, and this is the fallback */
	const char *text; /* as written; "" for lists and where there is no fallback */
	/* That text as the number, the bool or the milliseconds it is; of an enum its place among
	 * the words, of a list of words a bit for each. */
	int64_t number;
	struct config_rate rate;
	const char **items;
	size_t count;
};

struct section {
	const char *file;
	const char *kind;  /* "platform"; NULL: the file itself */
	const char *title; /* NULL: none */
	const char *type;  /* NULL: none */
	int line;
	struct value *values;
	size_t count;
};

/* Reads what libconfuse parsed. NULL with an error: a type that does not exist, an option of
 * another type, a value of the wrong type. Lives as long as the arena. */
struct section *section_read(struct arena *arena, const char *file, const struct schema_kind *kind,
	cfg_t *parsed, struct error *error);

/* The value of that name; NULL where the section takes none. */
struct value *section_value(const struct section *section, const char *name);
