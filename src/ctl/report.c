/* SPDX-License-Identifier: MIT
 *
 * meetauthctl report: joins a day by platform and result, from the log.
 */
#include "ctl/report.h"

#include "base/text.h"
#include "ctl/given.h"
#include "ctl/log_read.h"
#include "ctl/print.h"

enum { DAY_LENGTH = 10 }; /* of "2026-12-31" */

const char *const report_results[REPORT_RESULTS] = {"ok", "denied", "refused", "failed"};

/* ---- counting ---- */

static void add_to(json_t *row, const char *key, json_int_t joins)
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
	add_to(to, "joins", json_integer_value(json_object_get(from, "joins")));
	for (size_t i = 0; i < REPORT_RESULTS; i++)
		add_to(to, report_results[i],
			json_integer_value(json_object_get(from, report_results[i])));
}

static void count_join(json_t *rows, const struct log_entry *entry)
{
	const char *platform = log_field(entry, "platform"), *result = log_field(entry, "result");
	char day[TEXT_TIME_SIZE] = "";
	json_t *row;

	if (entry->seconds != 0)
		text_from_time(entry->seconds, day);
	day[DAY_LENGTH] = '\0';
	row = report_row(rows, day, platform != NULL ? platform : "");
	add_to(row, "joins", 1);
	if (result != NULL)
		add_to(row, result, 1);
}

/* ---- the report ---- */

static int compare_texts(const json_t *a, const json_t *b, const char *key)
{
	const char *left = json_string_value(json_object_get(a, key));
	const char *right = json_string_value(json_object_get(b, key));

	return strcmp(left != NULL ? left : "", right != NULL ? right : "");
}

static int compare_rows(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int order = compare_texts(left, right, "day");

	return order != 0 ? order : compare_texts(left, right, "platform");
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

/* Counts the joins of the log. Exits if the log has no event at all, since it is the wrong file
 * then. */
static json_t *read_joins(const struct ctl *ctl, int64_t since)
{
	struct log_reader *reader = log_reader_open(ctl);
	json_t *rows = json_object();
	struct log_entry entry;
	size_t events = 0, skipped;

	while (log_reader_next(reader, &entry)) {
		events++;
		if (log_field_is(&entry, "event", "join") && entry.seconds >= since)
			count_join(rows, &entry);
		json_decref(entry.fields);
	}
	skipped = log_reader_skipped(reader);
	log_reader_close(&reader);
	if (events == 0)
		ctl_die(1,
			"the log has no event of meetauthd (%zu other lines). Name the file "
			"with --log, or pipe the log in",
			skipped);
	return report_sort(rows);
}

static int run_report(struct ctl *ctl)
{
	static const struct print_column columns[] = {{"DAY", "day", "-", NULL},
		{"PLATFORM", "platform", "-", NULL}, {"JOINS", "joins", NULL, NULL},
		{"OK", "ok", NULL, NULL}, {"DENIED", "denied", NULL, NULL},
		{"REFUSED", "refused", NULL, NULL}, {"FAILED", "failed", NULL, NULL},
		{NULL, NULL, NULL, NULL}};
	int64_t since = given_since(ctl);
	json_t *list;

	if (ctl->json && ctl->given.svg)
		ctl_usage(ctl->command, "choose one of --json and --svg");
	list = read_joins(ctl, since);
	if (ctl->given.svg)
		report_plot(list);
	else
		print_list(ctl, list, columns, PRINT_ALIGNED);
	return EX_OK;
}

const struct ctl_command ctl_report_commands[] = {
	{"report", "[--since WHEN] [--log FILE] [--svg]",
		"count the joins of each day by platform and result, from the log", run_report,
		.loads_itself = true},
	{0},
};
