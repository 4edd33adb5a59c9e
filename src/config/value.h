/* SPDX-License-Identifier: MIT
 *
 * One value of the file, checked against its row of the table. Private to config/.
 */
#pragma once

#include "config/section.h"

/* Reads the value of an option of any kind but OPTION_LIST. 0, or -1 with section_error(), which
 * names what was expected and what was found. "" means "not set" where the kind allows it. */
int value_read(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error);

/* Appends an entry to a list, whose array has room for it. */
int value_add(struct arena *arena, const struct section *section, struct value *value,
	const char *text, struct error *error);

/* Whether the list has as many entries as it may have. */
int value_check_count(
	const struct section *section, const struct value *value, struct error *error);
