/* SPDX-License-Identifier: MIT
 *
 * The image of `meetauthctl report --svg`: a panel for each platform, a bar for each day, with a
 * part for each result. It has no script and loads nothing, so that it can be shown anywhere.
 */
#include "ctl/report_plot.h"

#include "base/buffer.h"
#include "base/text.h"
#include "ctl/print.h"
#include "http/page.h"

#include <inttypes.h>

enum {
	PANELS_MAX = 12, /* platforms with the most joins; the others share a panel */
	DAY_S = 24 * 3600,
	WIDTH = 760,
	LEFT = 56, /* of the bars */
	RIGHT = 744,
	HEAD = 64, /* above the first panel */
	PANEL = 150,
	BARS = 96,  /* height of the highest bar */
	BASE = 120, /* of the bars, in a panel */
};

#define OTHERS "other platforms"

/* From the bottom of a bar to its top, in the order of report_results. */
static const char *const colours[REPORT_RESULTS] = {"#2a8f5b", "#d9a520", "#8a6fc4", "#c8453b"};

struct plot {
	json_t *rows;	     /* a list */
	int64_t first, last; /* days since 1970 */
	size_t panel_count;
	struct buffer svg;
};

static int64_t number_of(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

static int64_t day_of(const json_t *row)
{
	int64_t seconds = 0;

	text_to_time(report_text(row, "day"), &seconds);
	return seconds / DAY_S;
}

/* ---- panels ---- */

static int compare_totals(const void *a, const void *b)
{
	int64_t left = number_of(*(json_t *const *)a, "joins");
	int64_t right = number_of(*(json_t *const *)b, "joins");

	return (left < right) - (left > right);
}

/* Returns a list of the totals of each platform, the most joins first. */
static json_t *rank_platforms(const json_t *list)
{
	json_t *totals = json_object(), *row, **ranked;
	size_t i, count;

	json_array_foreach(list, i, row)
		report_add(report_row(totals, "", report_text(row, "platform")), row);
	totals = report_sort(totals);
	count = json_array_size(totals);
	ranked = xcalloc(count + 1, sizeof *ranked);
	json_array_foreach(totals, i, row) ranked[i] = json_incref(row);
	qsort(ranked, count, sizeof *ranked, compare_totals);
	json_array_clear(totals);
	for (i = 0; i < count; i++)
		print_add(totals, ranked[i]);
	free(ranked);
	return totals;
}

static bool has_panel(const json_t *ranked, const char *platform)
{
	size_t count = json_array_size(ranked);

	for (size_t i = 0; i < (count > PANELS_MAX ? PANELS_MAX - 1 : count); i++)
		if (strcmp(report_text(json_array_get(ranked, i), "platform"), platform) == 0)
			return true;
	return false;
}

/* Joins the rows of platforms without a panel of their own, and leaves out those without a day. */
static json_t *join_others(const json_t *list, const json_t *ranked)
{
	json_t *rows = json_object(), *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		const char *platform = report_text(row, "platform"), *day = report_text(row, "day");

		if (!has_panel(ranked, platform))
			platform = OTHERS;
		if (day[0] != '\0')
			report_add(report_row(rows, day, platform), row);
	}
	return report_sort(rows);
}

static int64_t highest_of(const struct plot *plot, const char *platform)
{
	int64_t highest = 1;
	const json_t *row;
	size_t i;

	json_array_foreach(plot->rows, i,
		row) if (strcmp(report_text(row, "platform"), platform) == 0 &&
			 number_of(row, "joins") > highest) highest = number_of(row, "joins");
	return highest;
}

/* ---- drawing ---- */

static void draw_bar(struct plot *plot, const json_t *row, int64_t highest)
{
	double step = (double)(RIGHT - LEFT) / (double)(plot->last - plot->first + 1);
	double x = LEFT + step * ((double)(day_of(row) - plot->first) + 0.1), y = BASE;
	struct buffer *svg = &plot->svg;

	buffer_printf(svg, "<g><title>%s: %" PRId64 " joins", report_text(row, "day"),
		number_of(row, "joins"));
	for (size_t i = 0; i < REPORT_RESULTS; i++)
		if (number_of(row, report_results[i]) > 0)
			buffer_printf(svg, ", %" PRId64 " %s", number_of(row, report_results[i]),
				report_results[i]);
	buffer_text(svg, "</title>");
	for (size_t i = 0; i < REPORT_RESULTS; i++) {
		double height = BARS * (double)number_of(row, report_results[i]) / (double)highest;

		if (height > 0)
			buffer_printf(svg,
				"<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" "
				"fill=\"%s\"/>",
				x, y - height, step * 0.8, height, colours[i]);
		y -= height;
	}
	buffer_text(svg, "</g>\n");
}

static void draw_panel(struct plot *plot, const char *platform, size_t number)
{
	int64_t highest = highest_of(plot, platform);
	char first[TEXT_TIME_SIZE], last[TEXT_TIME_SIZE];
	struct buffer *svg = &plot->svg;
	const json_t *row;
	size_t i;

	text_from_time(plot->first * DAY_S, first);
	text_from_time(plot->last * DAY_S, last);
	buffer_printf(svg, "<g transform=\"translate(0 %zu)\">\n<text x=\"%d\" y=\"14\">",
		HEAD + number * PANEL, LEFT);
	page_escape(svg, platform[0] != '\0' ? platform : "no platform");
	buffer_printf(svg,
		"</text>\n<path d=\"M%d %d H%d M%d %d H%d\" stroke=\"#999\" "
		"stroke-width=\"0.5\"/>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%" PRId64 "</text>"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">0</text>"
		"<text x=\"%d\" y=\"%d\">%.10s</text>",
		LEFT, BASE - BARS, RIGHT, LEFT, BASE, RIGHT, LEFT - 6, BASE - BARS + 4, highest,
		LEFT - 6, BASE + 4, LEFT, BASE + 15, first);
	if (plot->last > plot->first)
		buffer_printf(svg, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.10s</text>",
			RIGHT, BASE + 15, last);
	buffer_text(svg, "\n");
	json_array_foreach(plot->rows, i, row) if (strcmp(report_text(row, "platform"), platform) ==
						   0) draw_bar(plot, row, highest);
	buffer_text(svg, "</g>\n");
}

static void draw_head(struct plot *plot)
{
	size_t height = HEAD + plot->panel_count * PANEL;

	buffer_printf(&plot->svg,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" "
		"height=\"%zu\" viewBox=\"0 0 %d %zu\" font-family=\"sans-serif\" "
		"font-size=\"12\" fill=\"#222\">\n<title>Joins a day by platform and "
		"result</title>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"22\" font-size=\"15\">Joins a day by platform and result "
		"(UTC)</text>\n",
		WIDTH, height, WIDTH, height, LEFT);
	for (int i = 0; i < REPORT_RESULTS; i++)
		buffer_printf(&plot->svg,
			"<rect x=\"%d\" y=\"36\" width=\"10\" height=\"10\" fill=\"%s\"/>"
			"<text x=\"%d\" y=\"45\">%s</text>\n",
			LEFT + 90 * i, colours[i], LEFT + 90 * i + 15, report_results[i]);
}

static void find_days(struct plot *plot)
{
	size_t count = json_array_size(plot->rows);

	if (count == 0)
		return;
	plot->first = day_of(json_array_get(plot->rows, 0));
	plot->last = day_of(json_array_get(plot->rows, count - 1));
}

void report_plot(json_t *list)
{
	struct plot plot = {.svg = BUFFER_INIT(1 << 28)};
	json_t *ranked = rank_platforms(list);
	size_t count = json_array_size(ranked);

	plot.rows = join_others(list, ranked);
	plot.panel_count = count > PANELS_MAX ? PANELS_MAX : count;
	find_days(&plot);
	draw_head(&plot);
	for (size_t i = 0; i < plot.panel_count; i++)
		draw_panel(&plot,
			count > PANELS_MAX && i == PANELS_MAX - 1
				? OTHERS
				: report_text(json_array_get(ranked, i), "platform"),
			i);
	buffer_text(&plot.svg, "</svg>\n");
	if (plot.svg.failed)
		xno_memory();
	fputs(plot.svg.data, stdout);
	buffer_release(&plot.svg);
	json_decref(plot.rows);
	json_decref(ranked);
	json_decref(list);
}
