/* SPDX-License-Identifier: MIT
 *
 * meetauthctl report: joins a day by platform and result, from the log.
 */
#include "ctl/report_plot.h"

#include "base/text.h"
#include "ctl/log_read.h"
#include "ctl/print.h"

enum { DAY_LENGTH = 10 }; /* of "2026-12-31" */

/* ---- counting ---- */

static void count_join(json_t *rows, const struct log_entry *entry)
{
	const char *platform = log_field(entry, "platform"), *result = log_field(entry, "result");
	char day[TEXT_TIME_SIZE] = "";
	json_t *row;

	if (entry->seconds != 0)
		text_from_time(entry->seconds, day);
	day[DAY_LENGTH] = '\0';
	row = report_row(rows, day, platform != NULL ? platform : "");
	report_count(row, "joins", 1);
	if (result != NULL)
		report_count(row, result, 1);
}

/* Counts the joins of the log. Exits if the log has no event at all, since it is the wrong file
 * then. */
static json_t *read_joins(const struct ctl *ctl)
{
	struct log_reader *reader = log_reader_open(ctl);
	json_t *rows = json_object();
	struct log_entry entry;
	size_t skipped;
	bool is_wrong;

	log_reader_show_progress(reader);
	while (log_reader_next(reader, &entry)) {
		if (log_field_is(&entry, "event", "join"))
			count_join(rows, &entry);
		json_decref(entry.fields);
	}
	skipped = log_reader_skipped(reader);
	is_wrong = log_reader_is_wrong(reader);
	log_reader_close(&reader);
	if (is_wrong)
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
	json_t *list;

	if (ctl->json && ctl->given.svg)
		ctl_usage(ctl->command, "choose one of --json and --svg");
	list = read_joins(ctl);
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
