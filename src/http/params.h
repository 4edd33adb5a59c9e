/* SPDX-License-Identifier: MIT
 *
 * Query strings, form bodies and the Cookie header as lists of names and values.
 */
#pragma once

#include "base/banned.h"

#include <stddef.h>

enum {
	PARAMS_MAX = 64,	     /* names in one query or form; more is an error */
	PARAMS_TEXT_MAX = 64 * 1024, /* bytes of one query or form; more is an error, never cut */
};

struct params; /* a decoded list, owned */

/* PARAM_UNREADABLE: of params_parse_lenient() alone. */
enum params_count { PARAM_MISSING = 0, PARAM_ONCE, PARAM_REPEATED, PARAM_UNREADABLE };

/* The one parameter that may have several lines, which somebody pastes: its line ends come out as
 * ';', and its tabs as blanks. */
#define PARAMS_LINES "lines"

/* Decodes application/x-www-form-urlencoded. NULL for what is malformed: a percent sign without two
 * hex digits, a NUL (encoded or not), a name or value that is not UTF-8 without control characters
 * (tab and newlines are control characters), more than PARAMS_MAX or PARAMS_TEXT_MAX; or without
 * memory. An empty text is an empty list; nothing between two "&" is no parameter. */
struct params *params_parse(const char *text, size_t length);

/* The same for a text from another program, with parameters that nobody here reads: a malformed one
 * does not make the others unreadable. NULL for an unencoded NUL, too many, too long, or without
 * memory. */
struct params *params_parse_lenient(const char *text, size_t length);

/* The value of a name. *value_r is "" for a name without '='; untouched when missing or unreadable;
 * the first when repeated (of a lenient list: any). Lives as long as the list. */
enum params_count params_get(const struct params *params, const char *name, const char **value_r);

/* All values of a name, in their order, at most `maximum`; returns how many there are. */
size_t params_all(
	const struct params *params, const char *name, const char **values, size_t maximum);

/* Cleans what somebody typed, the values of a name, with typed_clean(). */
void params_clean(struct params *params, const char *name);

/* Wipes and frees the list and sets it to NULL. NULL is allowed. */
void params_free(struct params **params);

/* Copies a cookie's value from a Cookie header (RFC 6265 section 4.2.1) into `value`,
 * NUL-terminated. PARAM_REPEATED if the name occurs twice: the caller must use neither, since one
 * may be planted. A value longer than `capacity` - 1 counts as missing. `value` is valid only after
 * PARAM_ONCE. */
enum params_count cookie_get(const char *header, const char *name, char *value, size_t capacity);
