/* SPDX-License-Identifier: MIT
 *
 * Metrics of single platforms and backends: what is counted, kept over a change of process, and
 * printed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "outbound/breaker.h"
#include "telemetry/sections.h"

#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/meetauth-sections-XXXXXX";

static int up(void **state)
{
	struct error error;

	(void)state;
	snprintf(folder, sizeof folder, "/tmp/meetauth-sections-XXXXXX");
	return mkdtemp(folder) != NULL && metrics_open(folder, &error) == 0 ? 0 : -1;
}

static int down(void **state)
{
	char path[64];

	(void)state;
	metrics_close();
	snprintf(path, sizeof path, "%s/metrics", folder);
	unlink(path);
	snprintf(path, sizeof path, "%s/metrics.lock", folder);
	unlink(path);
	return rmdir(folder);
}

/* The sections of the tests: two platforms and a backend, one with a title to escape. */
static const char *at(const void *context, const char *kind, size_t index, uint64_t *key_r)
{
	static const char *const platforms[] = {"a.example", "b\"\\.example"};
	const char *title;

	(void)context;
	if (strcmp(kind, "backend") == 0)
		title = index == 0 ? "staff" : NULL;
	else
		title = index < 2 ? platforms[index] : NULL;
	if (title != NULL)
		*key_r = sections_key(kind, title);
	return title;
}

static void expect_text(int64_t now_ms, const char *words, bool is_there)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	sections_print(&text, now_ms, at, NULL);
	if ((strstr(text.data, words) != NULL) != is_there)
		fail_msg("%s is %sin: %s", words, is_there ? "not " : "", text.data);
	buffer_release(&text);
}

static int64_t value(const char *kind, const char *title, enum section_metric metric)
{
	bool known;

	return sections_value(sections_key(kind, title), metric, &known);
}

static void a_section_counts_beside_the_sum(void **state)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	(void)state;
	sections_count(sections_key("platform", "a.example"), METRIC_JOIN_OK);
	sections_count(sections_key("platform", "b\"\\.example"), METRIC_JOIN_OK);
	sections_count(0, METRIC_JOIN_OK);
	sections_add(sections_key("backend", "staff"), METRIC_LOGIN_FAILED);
	assert_int_equal(value("platform", "a.example", SECTION_JOIN_OK), 1);
	metrics_print(&text);
	assert_non_null(strstr(text.data, "meetauth_joins_total{result=\"ok\"} 3\n"));
	assert_non_null(strstr(text.data, "meetauth_logins_total{result=\"failed\"} 0\n"));
	buffer_release(&text);
	expect_text(0,
		"meetauth_platform_joins_total{platform=\"b\\\"\\\\.example\",result=\"ok\"} 1\n",
		true);
	expect_text(
		0, "meetauth_backend_logins_total{backend=\"staff\",result=\"failed\"} 1\n", true);
}

/* A platform and a backend may have the same title. */
static void kinds_are_apart(void **state)
{
	(void)state;
	assert_true(sections_key("platform", "staff") != sections_key("backend", "staff"));
}

static void unused_sections_print_nothing(void **state)
{
	(void)state;
	expect_text(0, "# TYPE meetauth_platform_joins_total counter\n", true);
	expect_text(0, "a.example", false);
	sections_set(sections_key("platform", "a.example"), SECTION_PLATFORM_BREAKER, 0);
	expect_text(0, "a.example", false);
}

static void a_breaker_is_open_until_its_pause_ends(void **state)
{
	struct breaker breaker = {.failures_max = 1,
		.metrics = sections_key("backend", "staff"),
		.level = SECTION_BACKEND_BREAKER};

	(void)state;
	breaker_failed(&breaker, 1000);
	expect_text(1000, "meetauth_backend_breaker_open{backend=\"staff\"} 1\n", true);
	expect_text(1000 + BREAKER_OPEN_MS, "meetauth_backend_breaker_open{backend=\"staff\"} 0\n",
		true);
	breaker_failed(&breaker, 1000);
	breaker_succeeded(&breaker);
	expect_text(1000, "meetauth_backend_breaker_open{backend=\"staff\"} 0\n", true);
	sections_set(breaker.metrics, breaker.level, 86400 * 1000); /* before a reboot */
	expect_text(1000, "meetauth_backend_breaker_open{backend=\"staff\"} 0\n", true);
	breaker_failed(&breaker, 1000); /* a success keeps whose breaker it is */
	expect_text(1000, "meetauth_backend_breaker_open{backend=\"staff\"} 1\n", true);
}

static void certificates_have_an_end_once_seen(void **state)
{
	uint64_t key = sections_key("platform", "a.example");

	(void)state;
	sections_add(key, METRIC_JOIN_OK);
	expect_text(0, "expiry_seconds{", false);
	sections_set(key, SECTION_PLATFORM_CERTIFICATE, 1800000000);
	expect_text(0,
		"meetauth_platform_certificate_expiry_seconds{platform=\"a.example\"} 1800000000\n",
		true);
}

static void counts_outlive_the_process(void **state)
{
	struct error error;

	(void)state;
	sections_add(sections_key("platform", "a.example"), METRIC_JOIN_OK);
	metrics_close();
	sections_add(sections_key("platform", "a.example"), METRIC_JOIN_OK);
	assert_int_equal(value("platform", "a.example", SECTION_JOIN_OK), 1);
	assert_int_equal(metrics_open(folder, &error), 0);
	assert_int_equal(value("platform", "a.example", SECTION_JOIN_OK), 2);
}

/* Further sections count in the sums alone. */
static void a_full_table_refuses_more(void **state)
{
	char title[32];
	size_t kept = 0;

	(void)state;
	for (int i = 0; i < 2 * SECTIONS_MAX; i++) {
		snprintf(title, sizeof title, "p%d", i);
		sections_add(sections_key("platform", title), METRIC_JOIN_OK);
		kept += value("platform", title, SECTION_JOIN_OK) == 1;
	}
	assert_true(kept > SECTIONS_MAX / 2 && kept <= SECTIONS_MAX);
	for (int i = 0; i < 64; i++) { /* the first ones are still there */
		snprintf(title, sizeof title, "p%d", i);
		assert_int_equal(value("platform", title, SECTION_JOIN_OK), 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_section_counts_beside_the_sum),
		TEST(kinds_are_apart),
		TEST(unused_sections_print_nothing),
		TEST(a_breaker_is_open_until_its_pause_ends),
		TEST(certificates_have_an_end_once_seen),
		TEST(counts_outlive_the_process),
		TEST(a_full_table_refuses_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
