/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: prints lists as JSON, or as a table of the same objects. Each call exits if
 * memory runs out.
 */
#pragma once

#include "ctl/ctl.h"

#include <jansson.h>

struct print_column {
	const char *title;
	const char *key;  /* the object's member */
	const char *none; /* shown for null and false; NULL: "" */
	const char *yes;  /* shown for true */
};

/* Columns separated by tabs, for cut(1), or padded to their widest cell. */
enum print_style { PRINT_TABS, PRINT_ALIGNED };

/* Prints the list and frees it. `columns` ends with a NULL title. */
void print_list(const struct ctl *ctl, json_t *list, const struct print_column *columns,
	enum print_style style);

/* Prints the list as a table, whatever --json says, and frees it. */
void print_table(json_t *list, const struct print_column *columns, enum print_style style);

/* Prints a value as JSON and frees it. */
void print_json(json_t *value);

/* Appends an object to a list, which takes ownership. */
void print_add(json_t *list, json_t *object);

json_t *print_text(const char *text); /* null for "" */
json_t *print_time(int64_t seconds);  /* null for 0 */
