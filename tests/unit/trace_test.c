/* SPDX-License-Identifier: MIT
 *
 * traceparent as the W3C's specification has it (Trace Context, 3.2): what its test suite sends,
 * and what is passed on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/trace.h"

#include <pthread.h>

#define ID     "0af7651916cd43dd8448eb211c80319c"
#define PARENT "b7ad6b7169203331"
#define ZEROS  "00000000000000000000000000000000"

static void is_read(const char *text, unsigned flags)
{
	struct trace trace;

	assert_true(trace_parse(&trace, text));
	assert_string_equal(trace.id, ID);
	assert_int_equal(trace.flags, flags);
}

static void is_refused(const char *text)
{
	struct trace trace = {.id = ID, .flags = 1};

	assert_false(trace_parse(&trace, text));
	assert_string_equal(trace.id, "");
	assert_int_equal(trace.flags, 0);
}

static void version_00_is_read(void **state)
{
	(void)state;
	is_read("00-" ID "-" PARENT "-01", 1);
	is_read("00-" ID "-" PARENT "-00", 0);
}

static void unknown_flags_are_cleared(void **state)
{
	(void)state;
	is_read("00-" ID "-" PARENT "-ff", 3);
	is_read("00-" ID "-" PARENT "-fc", 0);
	is_read("00-" ID "-" PARENT "-02", 2);
}

static void later_versions_are_read_as_far_as_they_are_known(void **state)
{
	(void)state;
	is_read("cc-" ID "-" PARENT "-01", 1);
	is_read("cc-" ID "-" PARENT "-01-what-the-future-will-be-like", 1);
	is_read("01-" ID "-" PARENT "-01-", 1);
	is_refused("cc-" ID "-" PARENT "-01.what-the-future-will-be-like");
	is_refused("cc-" ID "-" PARENT "-012");
}

static void invalid_ones_are_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"00",
		ID,
		"00-" ID "-" PARENT,
		"00-" ID "-" PARENT "-",
		"00-" ID "-" PARENT "-1",
		"00-" ID "-" PARENT "-0x",
		"00-" ID "-" PARENT "-01-",
		"00-" ID "-" PARENT "-01-what-the-future-will-be-like",
		"00-" ID "-" PARENT "-01.",
		"00-" ID "-" PARENT "-01 ",
		" 00-" ID "-" PARENT "-01",
		"ff-" ID "-" PARENT "-01", /* no version */
		"FF-" ID "-" PARENT "-01",
		"0-" ID "-" PARENT "-01",
		".0-" ID "-" PARENT "-01",
		"0.-" ID "-" PARENT "-01",
		"000-" ID "-" PARENT "-01",
		"00-" ZEROS "-" PARENT "-01",
		"00-" ID "-0000000000000000-01",
		"00-0AF7651916CD43DD8448EB211C80319C-" PARENT "-01",
		"00-" ID "-B7AD6B7169203331-01",
		"00-" ID "-" PARENT "-0A",
		"00-.af7651916cd43dd8448eb211c80319c-" PARENT "-01",
		"00-" ID "-.7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319-" PARENT "-01",
		"00-" ID "0-" PARENT "-01",
		"00-" ID "-b7ad6b716920333-01",
		"00-" ID "-" PARENT "1-01",
		"00_" ID "-" PARENT "-01",
		"00-" ID "_" PARENT "-01",
		"00-" ID "-" PARENT "_01",
		"00-" ID "-" PARENT "-01\r\nX: y",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		is_refused(texts[i]);
}

/* Some web servers join two fields of a name. */
static void two_that_were_joined_are_refused(void **state)
{
	(void)state;
	is_refused("00-" ID "-" PARENT "-01, 00-" ID "-" PARENT "-01");
	is_refused("00-" ID "-" PARENT "-01,00-" ID "-" PARENT "-01");
	is_refused("cc-" ID "-" PARENT "-01-x, cc-" ID "-" PARENT "-01-x");
	is_refused("cc-" ID "-" PARENT "-01-, 00-" ID "-" PARENT "-01");
}

static void each_request_has_a_parent_id_of_its_own(void **state)
{
	char first[TRACE_PARENT_SIZE], second[TRACE_PARENT_SIZE];
	struct trace trace, again;

	(void)state;
	assert_true(trace_parse(&trace, "cc-" ID "-" PARENT "-ff-more"));
	trace_format(&trace, first);
	trace_format(&trace, second);
	assert_memory_equal(first, "00-" ID "-", 36);
	assert_string_equal(first + 52, "-03");
	assert_string_not_equal(first, second);
	assert_memory_not_equal(first + 36, PARENT, 16);
	assert_true(trace_parse(&again, first));
	assert_string_equal(again.id, ID);
}

static void *trace_of_another_thread(void *context)
{
	(void)context;
	return (void *)(uintptr_t)trace_used();
}

static void a_thread_has_its_own_trace(void **state)
{
	static const struct trace none;
	struct trace trace = {.id = ID, .flags = 1};
	pthread_t thread;
	void *other = &trace;

	(void)state;
	trace_use(&trace);
	assert_ptr_equal(trace_used(), &trace);
	assert_int_equal(pthread_create(&thread, NULL, trace_of_another_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, &other), 0);
	assert_null(other);
	trace_use(&none);
	assert_null(trace_used());
	trace_use(NULL);
	assert_null(trace_used());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_00_is_read),
		cmocka_unit_test(unknown_flags_are_cleared),
		cmocka_unit_test(later_versions_are_read_as_far_as_they_are_known),
		cmocka_unit_test(invalid_ones_are_refused),
		cmocka_unit_test(two_that_were_joined_are_refused),
		cmocka_unit_test(each_request_has_a_parent_id_of_its_own),
		cmocka_unit_test(a_thread_has_its_own_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
