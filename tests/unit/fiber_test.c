/* SPDX-License-Identifier: MIT
 *
 * Fibers: who runs when, also nested; that a stack is used again, and that without fibers a
 * function is just called.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/banned.h"
#include "base/fiber.h"

#include <string.h>

enum { MANY = 300, DEPTH = 4000 };

static char trace[64];

static void note(char what)
{
	size_t length = strlen(trace);

	assert_true(length + 1 < sizeof trace);
	trace[length] = what;
	trace[length + 1] = '\0';
}

static int set_up(void **state)
{
	(void)state;
	trace[0] = '\0';
	fibers_begin();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fibers_end();
	return 0;
}

/* ---- one ---- */

static struct fiber *first, *second;

static void wait_twice(void *context)
{
	char name = *(const char *)context;

	first = fiber_self();
	note(name);
	fiber_wait();
	note(name);
	fiber_wait();
	note(name);
}

static void a_fiber_continues_where_it_waited(void **state)
{
	char name = 'a';

	(void)state;
	assert_null(fiber_self());
	fiber_run(wait_twice, &name);
	assert_null(fiber_self());
	note('-');
	name = 'b'; /* it has its own copy */
	fiber_wake(first);
	note('-');
	fiber_wake(first);
	assert_string_equal(trace, "a-a-a");
}

/* ---- one in another ---- */

static void inner(void *context)
{
	(void)context;
	second = fiber_self();
	note('i');
	fiber_wait();
	note('j');
}

static void outer(void *context)
{
	first = fiber_self();
	note('o');
	fiber_run(inner, context);
	assert_true(fiber_self() == first);
	note('p');
	fiber_wait();
	note('q');
}

static void one_that_waits_does_not_hold_up_who_ran_it(void **state)
{
	(void)state;
	fiber_run(outer, NULL);
	assert_string_equal(trace, "oip");
	fiber_wake(first);
	assert_string_equal(trace, "oipq");
	fiber_wake(second);
	assert_string_equal(trace, "oipqj");
	assert_null(fiber_self());
}

/* ---- many ---- */

static struct fiber *waiting[MANY];
static size_t ended;

static size_t sink(size_t depth)
{
	volatile char frame[256];

	frame[0] = (char)depth;
	return depth == 0 ? (size_t)frame[0] : sink(depth - 1) + 1;
}

static void wait_and_sink(void *context)
{
	struct fiber **place = context;

	*place = fiber_self();
	fiber_wait();
	assert_int_equal(sink(DEPTH), DEPTH); /* a megabyte of stack */
	ended++;
}

static void each_has_a_deep_stack_of_its_own(void **state)
{
	(void)state;
	ended = 0;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < MANY; i++)
			fiber_run(wait_and_sink, &waiting[i]);
		for (size_t i = 0; i < MANY; i++)
			fiber_wake(waiting[(i * 7) % MANY]);
	}
	assert_int_equal(ended, 2 * MANY);
}

/* ---- none ---- */

static void look(void *context)
{
	*(bool *)context = fiber_self() == NULL;
}

static void without_fibers_it_is_a_call(void **state)
{
	bool is_plain = false;

	(void)state;
	fibers_end();
	fiber_run(look, &is_plain);
	assert_true(is_plain);
}

static struct fiber *all[FIBERS_MAX];

static void wait_once(void *context)
{
	*(struct fiber **)context = fiber_self();
	fiber_wait();
}

static void past_the_limit_it_is_a_call(void **state)
{
	bool is_plain = false;

	(void)state;
	for (size_t i = 0; i < FIBERS_MAX; i++)
		fiber_run(wait_once, &all[i]);
	fiber_run(look, &is_plain);
	assert_true(is_plain);
	for (size_t i = 0; i < FIBERS_MAX; i++)
		fiber_wake(all[i]);
	is_plain = true;
	fiber_run(look, &is_plain);
	assert_false(is_plain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_fiber_continues_where_it_waited, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_waits_does_not_hold_up_who_ran_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			each_has_a_deep_stack_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_fibers_it_is_a_call, set_up, tear_down),
		cmocka_unit_test_setup_teardown(past_the_limit_it_is_a_call, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
