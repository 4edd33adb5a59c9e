/* SPDX-License-Identifier: MIT */
#include "ctl/top.h"

#include "ctl/print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

/* Counters that the table shows, in its order. */
static const struct {
	const char *group, *name;
	enum metric metric;
	bool is_trouble; /* in red while it grows */
} counters[] = {
	{"joins", "ok", METRIC_JOIN_OK, false},
	{"joins", "denied", METRIC_JOIN_DENIED, false},
	{"joins", "refused", METRIC_JOIN_REFUSED, false},
	{"joins", "failed", METRIC_JOIN_FAILED, true},
	{"logins", "ok", METRIC_LOGIN_OK, false},
	{"logins", "failed", METRIC_LOGIN_FAILED, false},
	{"logins", "throttled", METRIC_LOGIN_THROTTLED, true},
	{"logins", "unavailable", METRIC_LOGIN_UNAVAILABLE, true},
	{"exchanges", "granted", METRIC_EXCHANGE_GRANTED, false},
	{"exchanges", "refused", METRIC_EXCHANGE_REFUSED, false},
	{"exchanges", "bad_answer", METRIC_EXCHANGE_BAD_ANSWER, true},
	{"exchanges", "forbidden", METRIC_EXCHANGE_FORBIDDEN, true},
	{"exchanges", "unreachable", METRIC_EXCHANGE_UNREACHABLE, true},
	{"exchanges", "timeout", METRIC_EXCHANGE_TIMEOUT, true},
	{"exchanges", "not_sent", METRIC_EXCHANGE_NOT_SENT, true},
	{"requests", "2xx", METRIC_REQUEST_2XX, false},
	{"requests", "3xx", METRIC_REQUEST_3XX, false},
	{"requests", "4xx", METRIC_REQUEST_4XX, false},
	{"requests", "5xx", METRIC_REQUEST_5XX, true},
	{"requests", "broken", METRIC_REQUEST_BROKEN, true},
	{"log", "dropped", METRIC_LOG_DROPPED, true},
};

static const struct {
	const char *name;
	enum metric metric;
} gauges[] = {
	{"processes", METRIC_PROCESSES},
	{"requests in flight", METRIC_IN_FLIGHT},
	{"exchanges in flight", METRIC_EXCHANGES_IN_FLIGHT},
	{"jobs queued", METRIC_WORK_QUEUED},
	{"without the state", METRIC_STATE_BREAKER},
};

static const struct {
	const char *name;
	enum metric metric;
} times[] = {
	{"request", METRIC_REQUEST_SECONDS},
	{"exchange", METRIC_EXCHANGE_SECONDS},
	{"login", METRIC_LOGIN_SECONDS},
	{"state", METRIC_STATE_SECONDS},
	{"loop stall", METRIC_LOOP_STALL_SECONDS},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- figures ---- */

/* Per second, in hundredths. A counter that a new file began again counts from 0. */
static uint64_t rate(
	uint64_t from, uint64_t to, const struct top_sample *first, const struct top_sample *second)
{
	int64_t ms = second->at_ms - first->at_ms;
	uint64_t more = to >= from ? to - from : to;

	return ms > 0 ? more * 100000 / (uint64_t)ms : 0;
}

static uint64_t counter_rate(
	enum metric metric, const struct top_sample *from, const struct top_sample *to)
{
	return rate(from->counters[metric], to->counters[metric], from, to);
}

static uint64_t section_rate(
	size_t section, size_t metric, const struct top_sample *from, const struct top_sample *to)
{
	return rate((uint64_t)from->sections[section][metric],
		(uint64_t)to->sections[section][metric], from, to);
}

/* The bound in milliseconds below which `part` of 100 of the new observations lie; 0: there is no
 * new one; INT64_MAX: above the highest bound. */
static int64_t quantile(enum metric metric, unsigned part, const struct top_sample *from,
	const struct top_sample *to)
{
	uint64_t count = 0, below = 0;

	for (size_t i = 0; i < METRIC_BUCKETS; i++)
		count += to->buckets[metric][i] - from->buckets[metric][i];
	for (size_t i = 0; i < METRIC_BUCKETS && count > 0; i++) {
		below += to->buckets[metric][i] - from->buckets[metric][i];
		if (below * 100 >= count * part)
			return metric_bound_ms(i);
	}
	return 0;
}

/* ---- text ---- */

#define BOLD  "\033[1m"
#define RED   "\033[31m"
#define PLAIN "\033[0m"

struct page {
	struct buffer *text;
	const struct top_look *look;
	size_t line;
};

/* Appends a line, cut to the width, in a style. Nothing below the last line of the terminal. */
__attribute__((format(printf, 3, 4))) static void put_line(
	struct page *page, const char *style, const char *format, ...)
{
	char line[512];
	va_list args;

	if (page->look->lines > 0 && page->line >= page->look->lines)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (page->look->columns > 0 && page->look->columns < strlen(line))
		line[page->look->columns] = '\0';
	if (page->look->colours && style != NULL)
		buffer_printf(page->text, "%s%s" PLAIN "\n", style, line);
	else
		buffer_printf(page->text, "%s\n", line);
	page->line++;
}

static void put_counters(
	struct page *page, const struct top_sample *from, const struct top_sample *to)
{
	put_line(page, BOLD, "%-22s %12s %16s", "EVENTS", "PER SECOND", "TOTAL");
	for (size_t i = 0; i < COUNT(counters); i++) {
		uint64_t per_second = counter_rate(counters[i].metric, from, to);
		char name[64];

		snprintf(name, sizeof name, "%s %s", counters[i].group, counters[i].name);
		put_line(page, counters[i].is_trouble && per_second > 0 ? RED : NULL,
			"%-22s %9" PRIu64 ".%02" PRIu64 " %16" PRIu64, name, per_second / 100,
			per_second % 100, to->counters[counters[i].metric]);
	}
}

static void put_gauges(struct page *page, const struct top_sample *to)
{
	char line[256];
	int length = 0;

	for (size_t i = 0; i < COUNT(gauges); i++)
		length += snprintf(line + length, sizeof line - (size_t)length, "%s%s %" PRId64,
			i > 0 ? "   " : "", gauges[i].name, to->gauges[gauges[i].metric]);
	put_line(page, BOLD, "%s", line);
}

static const char *format_bound(int64_t ms, char text[32])
{
	if (ms == 0)
		snprintf(text, 32, "-");
	else if (ms == INT64_MAX)
		snprintf(text, 32, ">10 s");
	else
		snprintf(text, 32, "<=%" PRId64 " ms", ms);
	return text;
}

static void put_times(struct page *page, const struct top_sample *from, const struct top_sample *to)
{
	char half[32], most[32];

	put_line(page, BOLD, "%-22s %12s %16s", "TIMES", "HALF", "99 OF 100");
	for (size_t i = 0; i < COUNT(times); i++)
		put_line(page, NULL, "%-22s %12s %16s", times[i].name,
			format_bound(quantile(times[i].metric, 50, from, to), half),
			format_bound(quantile(times[i].metric, 99, from, to), most));
}

/* A platform or backend that was used, for sorting. */
struct used {
	size_t section;
	uint64_t events; /* per second, in hundredths */
	bool is_open;	 /* its breaker */
};

static int compare_used(const void *a, const void *b)
{
	const struct used *one = a, *other = b;

	if (one->is_open != other->is_open)
		return one->is_open ? -1 : 1;
	if (one->events != other->events)
		return one->events > other->events ? -1 : 1;
	return one->section < other->section ? -1 : 1;
}

/* What is shown of platforms, and of backends. */
struct columns {
	const char *kind, *events; /* headings */
	size_t first, last;	   /* the range of all their events */
	size_t breaker, good;
	size_t bad[2];
	size_t bad_count;
	bool is_trouble; /* what failed, and not only an open breaker, is red */
};

static const struct columns platform_columns = {"PLATFORM", "JOINS", SECTION_JOIN_OK,
	SECTION_EXCHANGE_NOT_SENT, SECTION_PLATFORM_BREAKER, SECTION_JOIN_OK, {SECTION_JOIN_FAILED},
	1, true};
static const struct columns backend_columns = {"BACKEND", "LOGINS", SECTION_LOGIN_OK,
	SECTION_LOGIN_UNAVAILABLE, SECTION_BACKEND_BREAKER, SECTION_LOGIN_OK,
	{SECTION_LOGIN_FAILED, SECTION_LOGIN_UNAVAILABLE}, 2, false};

/* The sections in the order of the samples: platforms, then backends. */
static const struct section *section_at(const struct settings *settings, size_t index)
{
	return index < settings->platform_count
		       ? settings->platforms[index]
		       : settings->backends[index - settings->platform_count];
}

/* Lists the used ones, those out of order first, then the busiest. The caller frees the list. */
static struct used *find_used(const struct settings *settings, const struct columns *columns,
	const struct top_sample *from, const struct top_sample *to, size_t *count_r)
{
	bool backends = columns == &backend_columns;
	size_t first = backends ? settings->platform_count : 0;
	size_t end = settings->platform_count + (backends ? settings->backend_count : 0);
	struct used *list = xcalloc(end - first + 1, sizeof *list);

	*count_r = 0;
	for (size_t i = first; i < end; i++) {
		struct used used = {.section = i};
		bool any = false;

		for (size_t m = columns->first; m <= columns->last; m++) {
			used.events += section_rate(i, m, from, to);
			any = any || to->sections[i][m] != 0;
		}
		used.is_open = sections_is_open(to->sections[i][columns->breaker], to->at_ms);
		if (any || used.is_open)
			list[(*count_r)++] = used;
	}
	qsort(list, *count_r, sizeof *list, compare_used);
	return list;
}

static uint64_t failure_rate(const struct columns *columns, size_t section,
	const struct top_sample *from, const struct top_sample *to)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < columns->bad_count; i++)
		sum += section_rate(section, columns->bad[i], from, to);
	return sum;
}

static void put_sections(struct page *page, const struct settings *settings,
	const struct columns *columns, const struct top_sample *from, const struct top_sample *to)
{
	size_t count;
	struct used *list = find_used(settings, columns, from, to, &count);

	put_line(page, BOLD, "%-30s %8s/S %10s %10s %8s", columns->kind, columns->events,
		"FAILED/S", columns->events, "BREAKER");
	for (size_t i = 0; i < count; i++) {
		size_t at = list[i].section;
		uint64_t good = section_rate(at, columns->good, from, to);
		uint64_t bad = failure_rate(columns, at, from, to);

		put_line(page, list[i].is_open || (columns->is_trouble && bad > 0) ? RED : NULL,
			"%-30.30s %7" PRIu64 ".%02" PRIu64 " %7" PRIu64 ".%02" PRIu64 " %10" PRId64
			" %8s",
			section_title(section_at(settings, at)), good / 100, good % 100, bad / 100,
			bad % 100, to->sections[at][columns->good], list[i].is_open ? "open" : "-");
	}
	free(list);
}

void top_view_text(struct buffer *text, const struct top_look *look,
	const struct settings *settings, const struct top_sample *from, const struct top_sample *to)
{
	struct page page = {.text = text, .look = look};

	put_gauges(&page, to);
	put_counters(&page, from, to);
	put_times(&page, from, to);
	put_sections(&page, settings, &platform_columns, from, to);
	put_sections(&page, settings, &backend_columns, from, to);
}

/* ---- JSON ---- */

static json_t *to_real(uint64_t hundredths)
{
	return json_real((double)hundredths / 100);
}

static json_t *to_bound(int64_t ms)
{
	return ms == 0 || ms == INT64_MAX ? json_null() : json_integer(ms);
}

static json_t *list_counters(const struct top_sample *from, const struct top_sample *to)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(counters); i++)
		print_add(list, json_pack("{s:s, s:s, s:o, s:I}", "event", counters[i].group,
					"result", counters[i].name, "perSecond",
					to_real(counter_rate(counters[i].metric, from, to)),
					"total", (json_int_t)to->counters[counters[i].metric]));
	return list;
}

static json_t *list_times(const struct top_sample *from, const struct top_sample *to)
{
	json_t *list = json_array();

	for (size_t i = 0; i < COUNT(times); i++)
		print_add(list,
			json_pack("{s:s, s:o, s:o}", "time", times[i].name, "halfMs",
				to_bound(quantile(times[i].metric, 50, from, to)), "99of100Ms",
				to_bound(quantile(times[i].metric, 99, from, to))));
	return list;
}

static json_t *list_sections(const struct settings *settings, const struct columns *columns,
	const struct top_sample *from, const struct top_sample *to)
{
	size_t count;
	struct used *list = find_used(settings, columns, from, to, &count);
	json_t *rows = json_array();

	for (size_t i = 0; i < count; i++) {
		size_t at = list[i].section;

		print_add(rows,
			json_pack("{s:s, s:o, s:o, s:I, s:b}", "title",
				section_title(section_at(settings, at)), "perSecond",
				to_real(section_rate(at, columns->good, from, to)),
				"failedPerSecond", to_real(failure_rate(columns, at, from, to)),
				"total", (json_int_t)to->sections[at][columns->good], "breakerOpen",
				list[i].is_open));
	}
	free(list);
	return rows;
}

json_t *top_view_json(
	const struct settings *settings, const struct top_sample *from, const struct top_sample *to)
{
	json_t *now = json_object();

	for (size_t i = 0; i < COUNT(gauges); i++)
		json_object_set_new(
			now, gauges[i].name, json_integer(to->gauges[gauges[i].metric]));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "now", now, "events", list_counters(from, to),
		"times", list_times(from, to), "platforms",
		list_sections(settings, &platform_columns, from, to), "backends",
		list_sections(settings, &backend_columns, from, to));
}
