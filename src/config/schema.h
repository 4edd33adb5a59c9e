/* SPDX-License-Identifier: MIT
 *
 * What may stand where in the file, as tables, and the file parsed against them by libconfuse.
 * Private to config/, which is the only room that knows libconfuse. Not for two threads at once:
 * libconfuse's scanner is global.
 */
#pragma once

#include "config/arena.h"
#include "config/config.h"

#include <confuse.h>

/* A kind of section. */
struct schema_kind {
	const char *name;	      /* "platform"; NULL: the file itself */
	const struct option *options; /* what every section of the kind takes */
	const struct section_type
		*types; /* what else, by its `type`; NULL: the kind has no types */
	/* What its titles have to be; may store them in another form. NULL: anything, or none. */
	int (*check_title)(struct arena *arena, struct section *section, struct error *error);
};

extern const struct option schema_file_options[];
extern const struct option schema_platform_options[];
extern const struct option schema_backend_options[];
extern const struct option schema_policy_options[];
extern const struct option schema_rule_options[];
extern const struct option schema_desk_options[];

/* Reads and parses the file: names, titles, lists or not, duplicates. Every option is a string
 * still, and may be missing. NULL with "FILE:LINE: …". Freed with cfg_free(). */
cfg_t *schema_parse(const char *file, struct config_types types, struct error *error);

/* How many options a table has, NULL having none; whether one is of that name. */
size_t schema_count(const struct option *options);
bool schema_has(const struct option *options, const char *name);

/* An option of a parsed section; NULL where it takes none of that name. */
cfg_opt_t *schema_option(cfg_t *parsed, const char *name);

/* The line a section starts at, and the one an option is set at: 0 where it is not. */
int schema_line(cfg_t *parsed);
int schema_option_line(const cfg_opt_t *option);
