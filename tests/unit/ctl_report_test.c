/* SPDX-License-Identifier: MIT
 *
 * meetauthctl report: joins a day, from the log.
 */
#include "ctl_fixture.h"

#include "base/clock.h"
#include "base/text.h"

#define JOIN(day, result, platform)                                                                \
	"time=" day "T23:59:59.000Z level=info event=join result=" result                          \
	" code=x platform=" platform " request_id=r\n"

/* Out of order, as rotated files may come. */
static const char some_log[] = JOIN("2025-11-30", "ok", HOST) JOIN("2025-11-28", "denied", HOST)
	JOIN("2025-11-30", "ok", HOST) JOIN("2025-11-30", "failed", HOST)
		JOIN("2025-11-30", "refused", "b.example") JOIN("2025-11-28", "ok",
			"\"<b>&.example\"") "time=2025-11-30T09:00:00Z level=info event=join "
					    "result=refused code=unknown-platform\n"
					    "time=2025-11-30T09:00:00Z level=info event=login "
					    "result=ok platform=" HOST "\n"
					    "level=info event=join result=ok platform=" HOST "\n"
					    "nonsense\n";

static void joins_are_counted_by_day_platform_and_result(void **state)
{
	(void)state;
	TYPE(0, some_log, "report");
	assert_string_equal(out,
		"DAY         PLATFORM             JOINS  OK  DENIED  REFUSED  FAILED\n"
		"-           " HOST "      1   1       0        0       0\n"
		"2025-11-28  <b>&.example             1   1       0        0       0\n"
		"2025-11-28  " HOST "      1   0       1        0       0\n"
		"2025-11-30  -                        1   0       0        1       0\n"
		"2025-11-30  b.example                1   0       0        1       0\n"
		"2025-11-30  " HOST "      3   2       0        0       1\n");
	TYPE(0, some_log, "report", "--json");
	says(out, "  {\n    \"day\": \"2025-11-30\",\n    \"platform\": \"" HOST
		  "\",\n    \"joins\": 3,\n    \"ok\": 2,\n    \"denied\": 0,\n    \"refused\": "
		  "0,\n    \"failed\": 1\n  }\n]\n");
	says(out, "[\n  {\n    \"day\": null,\n    \"platform\": \"" HOST "\",\n");
}

static void since_leaves_earlier_days_out(void **state)
{
	char log[512], recent[TEXT_TIME_SIZE], older[TEXT_TIME_SIZE];

	(void)state;
	TYPE(0, some_log, "report", "--since", "2025-11-30T23:59:59Z");
	says(out, "2025-11-30  " HOST "      3 ");
	assert_null(strstr(out, "2025-11-28"));
	assert_null(strstr(out, "-  -"));
	text_from_time(clock_wall() - 3 * 86400, recent);
	text_from_time(clock_wall() - 5 * 86400, older);
	snprintf(log, sizeof log,
		"time=%s event=join result=ok platform=a\ntime=%s event=join result=ok "
		"platform=b\n",
		recent, older);
	TYPE(0, log, "report", "--since=4d");
	says(out, "  a ");
	assert_null(strstr(out, "  b "));
	TYPE(0, log, "report", "--since=6d");
	says(out, "  b ");
	TYPE(EX_USAGE, log, "report", "--since=2026");
	says(err, "--since: expected 2026-12-31, ");
	says(err, ", in the past");
	TYPE(EX_USAGE, log, "report", "--since=9999-01-01");
}

/* How often `words` are in what was printed. */
static size_t count_of(const char *words)
{
	size_t count = 0;

	for (const char *at = out; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

static void the_plot_has_a_bar_for_each_day(void **state)
{
	(void)state;
	TYPE(0, some_log, "report", "--svg");
	says(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" ");
	says(out, "<title>2025-11-30: 3 joins, 2 ok, 1 failed</title><rect ");
	says(out, ">&lt;b&gt;&amp;.example</text>");
	says(out, ">no platform</text>");
	assert_int_equal(count_of("<g transform="), 4);
	assert_int_equal(count_of("<g><title>"), 5);
	assert_int_equal(count_of("<script"), 0);
	assert_int_equal(count_of("href"), 0);
	/* Three days share the width: the first begins at the left, the third ends at the right.
	 * The highest bar of a panel, three joins, has 96. */
	says(out, "x=\"78.93\" y=\"88.00\" width=\"183.47\" height=\"32.00\" fill=\"#d9a520\"");
	TYPE(EX_USAGE, some_log, "report", "--svg", "--json");
	says(err, "choose one of --json and --svg");
}

/* Of many platforms, those with the most joins have a panel of their own. */
static void many_platforms_share_a_panel(void **state)
{
	struct buffer log = BUFFER_INIT(1 << 16);

	(void)state;
	for (int platform = 0; platform < 20; platform++)
		for (int join = 0; join <= platform; join++)
			buffer_printf(&log,
				"time=2025-11-30T09:00:00Z event=join result=ok platform=p%d\n",
				platform);
	TYPE(0, log.data, "report", "--svg");
	buffer_release(&log);
	assert_int_equal(count_of("<g transform="), 12);
	assert_int_equal(count_of("<title>2025-11-30: "), 12);
	says(out, ">p19</text>");
	says(out, ">p9</text>");
	assert_null(strstr(out, ">p8</text>"));
	says(out, ">other platforms</text>");
	says(out, "<title>2025-11-30: 45 joins, 45 ok</title>");
}

static void a_log_without_joins_is_no_fault_but_a_wrong_file_is(void **state)
{
	static const char quiet[] = "time=2025-11-30T09:00:00Z level=info event=start\n";

	(void)state;
	TYPE(0, quiet, "report");
	assert_string_equal(out, "DAY  PLATFORM  JOINS  OK  DENIED  REFUSED  FAILED\n");
	TYPE(0, quiet, "report", "--json");
	assert_string_equal(out, "[]\n");
	TYPE(0, quiet, "report", "--svg");
	says(out, "</svg>\n");
	TYPE(1, "one\ntwo\n", "report");
	says(err, "the log has no event of meetauthd (2 other lines)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(joins_are_counted_by_day_platform_and_result),
		TEST(since_leaves_earlier_days_out),
		TEST(the_plot_has_a_bar_for_each_day),
		TEST(many_platforms_share_a_panel),
		TEST(a_log_without_joins_is_no_fault_but_a_wrong_file_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
