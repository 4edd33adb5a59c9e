/* SPDX-License-Identifier: MIT
 *
 * Private to src/ctl: the figures of `meetauthctl report`. A row is an object with "day"
 * (2026-12-31, in UTC; null: the log does not say), "platform" (null: the join named none),
 * "joins", and a number for each result.
 */
#pragma once

#include <jansson.h>

enum { REPORT_RESULTS = 4 };
extern const char *const report_results[REPORT_RESULTS];

/* Returns the row of a day and a platform ("": null), which belongs to `rows`, an object. Makes one
 * if it is missing. */
json_t *report_row(json_t *rows, const char *day, const char *platform);

/* Returns a row's "day" or "platform"; "" in the place of null. */
const char *report_text(const json_t *row, const char *key);

/* Adds to a number of a row: "joins" or a result. Anything else is ignored. */
void report_count(json_t *row, const char *key, json_int_t joins);

/* Adds the numbers of a row to another. */
void report_add(json_t *to, const json_t *from);

/* Makes a list of the rows, by day and platform, and frees the object. */
json_t *report_sort(json_t *rows);
