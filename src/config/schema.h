/* SPDX-License-Identifier: MIT
 *
 * Tables of what the file may contain, and parsing the file by them with libconfuse. Private to
 * config/, the only module that uses libconfuse. Not thread-safe: libconfuse's scanner is global.
 */
#pragma once

#include "config/arena.h"
#include "config/config.h"

#include <confuse.h>

/* A kind of section. */
struct schema_kind {
	const char *name;	      /* "platform"; NULL: the file itself */
	const struct option *options; /* of every section of the kind */
	const struct section_type
		*types; /* further options by `type`; NULL: the kind has no types */
	/* Checks a section's title and may normalize it. NULL: the kind has no titles, or any. */
	int (*check_title)(struct arena *arena, struct section *section, struct error *error);
};

extern const struct option schema_file_options[];
extern const struct option schema_platform_options[];
extern const struct option schema_backend_options[];
extern const struct option schema_policy_options[];
extern const struct option schema_rule_options[];
extern const struct option schema_meet_options[];
extern const struct option schema_desk_options[];

/* Reads and parses the file into empty sources: names, titles, lists, duplicates. Options are
 * unchecked strings and may be missing. NULL with "FILE:LINE: …". Free with cfg_free(). */
cfg_t *schema_parse(
	const char *file, struct config_types types, struct sources *sources, struct error *error);

/* Whether the name of an unknown option looks like that of a secret. */
bool schema_is_secret(const char *name);

/* The number of options in a table (NULL: 0), and whether it has one of that name. */
size_t schema_count(const struct option *options);
bool schema_has(const struct option *options, const char *name);

/* An option of a parsed section, or NULL: a section with a title keeps only those that it sets. */
cfg_opt_t *schema_option(cfg_t *parsed, const char *name);

/* The line on which a section starts, and the line that sets an option (0: not set). */
int schema_line(cfg_t *parsed);
int schema_option_line(const cfg_opt_t *option);
