/* SPDX-License-Identifier: MIT
 *
 * Private to ctl: lists, as JSON or as a table made from the same objects.
 */
#pragma once

#include "ctl/ctl.h"

#include <jansson.h>

struct print_column {
	const char *title;
	const char *key;  /* of the object */
	const char *none; /* for null and false; NULL: "" */
	const char *yes;  /* for true */
};

/* Columns apart by tabs, for cut(1); or as wide as what is in them. */
enum print_style { PRINT_TABS, PRINT_ALIGNED };

/* The columns end with a NULL title. Frees the list. */
void print_list(const struct ctl *ctl, json_t *list, const struct print_column *columns,
	enum print_style style);

/* The table alone, whatever --json says. */
void print_table(json_t *list, const struct print_column *columns, enum print_style style);

/* Any value as JSON. Frees it. */
void print_json(json_t *value);

/* Appends an object to a list; ends the program where there is no memory for it. */
void print_add(json_t *list, json_t *object);

json_t *print_text(const char *text); /* null for "" */
json_t *print_time(int64_t seconds);  /* null for 0 */
