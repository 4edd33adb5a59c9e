/* SPDX-License-Identifier: MIT
 *
 * Checks one value of the file against its row of the table. Private to config/.
 */
#pragma once

#include "config/section.h"

/* Reads the value of an option of any kind except OPTION_LIST. "" means "not set" if the kind
 * allows it. 0, or -1 with section_error(), which says what was expected and found. */
int value_read(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error);

/* Appends an entry to a list. The array must have room. */
int value_add(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error);

/* Checks the number of entries in a list. 0, or -1 with section_error(). */
int value_check_count(
	const struct section *section, const struct value *value, struct error *error);
