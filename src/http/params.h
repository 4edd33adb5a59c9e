/* SPDX-License-Identifier: MIT
 *
 * Query strings, form bodies and the Cookie header as lists of names and values. Decoding is uriparser's.
 */
#ifndef HTTP_PARAMS_H
#define HTTP_PARAMS_H

#include "base/banned.h"

#include <stddef.h>

enum {
	PARAMS_MAX = 64, /* more in one query or form is an error */
};

struct params; /* a decoded list, owned */

enum params_count { PARAM_MISSING = 0, PARAM_ONCE, PARAM_REPEATED };

/* Decodes application/x-www-form-urlencoded. NULL for what is malformed: a percent sign without two hex digits, an encoded NUL,
 * a name or value that is not UTF-8 without control characters (tab and newlines are control characters), more than
 * PARAMS_MAX; or without memory. An empty text is an empty list. */
struct params *params_parse(const char *text, size_t length);

/* The value of a name. *value_r is "" for a name without '='; untouched when missing; the first when repeated. */
enum params_count params_get(const struct params *params, const char *name, const char **value_r);

/* Wipes and frees. NULL is fine. */
void params_free(struct params **params);

/* The value of a cookie in a Cookie header (RFC 6265 section 4.2.1), copied into `value` (NUL-terminated). PARAM_REPEATED when
 * the name stands twice: the caller must take neither (somebody may have planted one). A value longer than
 * `capacity` - 1 counts as missing. */
enum params_count cookie_get(const char *header, const char *name, char *value, size_t capacity);

#endif
