/* SPDX-License-Identifier: MIT */
#include "ctl/report_rows.h"

#include "ctl/print.h"

const char *const report_results[REPORT_RESULTS] = {"ok", "denied", "refused", "failed"};

void report_count(json_t *row, const char *key, json_int_t joins)
{
	json_t *number = json_object_get(row, key);

	if (number != NULL)
		json_integer_set(number, json_integer_value(number) + joins);
}

json_t *report_row(json_t *rows, const char *day, const char *platform)
{
	char *key = xprintf("%s %s", day, platform);
	json_t *row = json_object_get(rows, key);

	if (row == NULL) {
		row = json_pack("{s:o, s:o, s:i, s:i, s:i, s:i, s:i}", "day", print_text(day),
			"platform", print_text(platform), "joins", 0, "ok", 0, "denied", 0,
			"refused", 0, "failed", 0);
		if (json_object_set_new(rows, key, row) != 0)
			xno_memory();
	}
	free(key);
	return row;
}

void report_add(json_t *to, const json_t *from)
{
	report_count(to, "joins", json_integer_value(json_object_get(from, "joins")));
	for (size_t i = 0; i < REPORT_RESULTS; i++)
		report_count(to, report_results[i],
			json_integer_value(json_object_get(from, report_results[i])));
}

const char *report_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text != NULL ? text : "";
}

static int compare_rows(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int order = strcmp(report_text(left, "day"), report_text(right, "day"));

	return order != 0 ? order
			  : strcmp(report_text(left, "platform"), report_text(right, "platform"));
}

json_t *report_sort(json_t *rows)
{
	json_t **sorted = xcalloc(json_object_size(rows) + 1, sizeof *sorted);
	json_t *list = json_array(), *row;
	const char *key;
	size_t count = 0;

	json_object_foreach(rows, key, row) sorted[count++] = row;
	qsort(sorted, count, sizeof *sorted, compare_rows);
	for (size_t i = 0; i < count; i++)
		print_add(list, json_incref(sorted[i]));
	free(sorted);
	json_decref(rows);
	return list;
}
