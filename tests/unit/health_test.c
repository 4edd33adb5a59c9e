/* SPDX-License-Identifier: MIT
 *
 * When a backend, or a person, is left alone.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "service/health.h"

#include <stdbool.h>

enum { ANNA = 1, BERT };

static struct health health;
static int64_t wait;

static int begin(void **state)
{
	(void)state;
	health = HEALTH_INIT;
	return 0;
}

static bool fails(uint64_t whom, int64_t now)
{
	assert_true(health_allows(&health, whom, now, &wait));
	return health_failed(&health, whom, now);
}

static void one_person_is_left_alone_by_themselves(void **state)
{
	(void)state;
	for (int i = 0; i < HEALTH_FAILURES; i++)
		assert_false(fails(ANNA, 1000));
	assert_false(health_allows(&health, ANNA, 1000, &wait));
	assert_in_range(wait, 1, BREAKER_OPEN_MS);
	assert_true(health_allows(&health, BERT, 1000, &wait));
	/* Whatever the others get. */
	health_succeeded(&health, BERT);
	assert_false(health_allows(&health, ANNA, 1000, &wait));
	/* And for a while, as a backend is. */
	assert_true(health_allows(&health, ANNA, 1000 + BREAKER_OPEN_MS, &wait));
	health_succeeded(&health, ANNA);
	assert_true(health_allows(&health, ANNA, 1000 + BREAKER_OPEN_MS, &wait));
}

static void several_people_raise_a_doubt_that_nobody_decides(void **state)
{
	(void)state;
	for (uint64_t whom = 1; whom < HEALTH_FAILURES; whom++)
		assert_false(fails(whom, 1000));
	assert_false(fails(ANNA, 1001)); /* has been counted */
	assert_true(fails(100, 1002));
	/* Asked once, and asked on meanwhile. */
	assert_false(fails(101, 1003));
	health_decide(&health, true, 1004);
	for (uint64_t whom = 200; whom < 200 + HEALTH_FAILURES - 1; whom++)
		assert_false(fails(whom, 1005));
	assert_true(fails(300, 1006));
	health_decide(&health, false, 1007);
	assert_false(health_allows(&health, BERT, 1008, &wait));
	assert_in_range(wait, 1, BREAKER_OPEN_MS);
}

static void a_person_cannot_keep_it_shut(void **state)
{
	int64_t later = 1000 + BREAKER_OPEN_MS;

	(void)state;
	for (uint64_t whom = 1; whom < HEALTH_FAILURES; whom++)
		fails(whom, 1000);
	assert_true(fails(100, 1000));
	health_decide(&health, false, 1000);
	/* The one try after the pause is hers again. */
	assert_true(fails(ANNA, later));
	assert_false(health_allows(&health, BERT, later, &wait));
	health_decide(&health, true, later);
	assert_true(health_allows(&health, BERT, later, &wait));
}

static void what_is_about_nobody_counts_each_time(void **state)
{
	(void)state;
	for (int i = 1; i < HEALTH_FAILURES; i++)
		assert_false(fails(0, 1000));
	assert_true(fails(0, 1000));
}

static void people_are_forgotten_after_a_while_and_when_there_are_too_many(void **state)
{
	(void)state;
	fails(ANNA, 1000);
	assert_int_equal(health.all.failures, 1);
	fails(ANNA, 1000 + HEALTH_PERSON_MS + 1);
	assert_int_equal(health.all.failures, 2);
	health = HEALTH_INIT;
	for (int i = 0; i < HEALTH_FAILURES; i++)
		fails(ANNA, 1000);
	for (uint64_t whom = 10; whom < 10 + HEALTH_PEOPLE; whom++) {
		fails(whom, 2000);
		health_decide(&health, true, 2000);
	}
	assert_true(health_allows(&health, ANNA, 2000, &wait));
}

static void what_was_given_up_is_no_result(void **state)
{
	(void)state;
	for (int i = 0; i < HEALTH_FAILURES; i++)
		fails(ANNA, 1000);
	assert_true(health_allows(&health, ANNA, 1000 + BREAKER_OPEN_MS, &wait));
	assert_false(health_allows(&health, ANNA, 1000 + BREAKER_OPEN_MS, &wait));
	health_abandoned(&health, ANNA);
	assert_true(health_allows(&health, ANNA, 1000 + BREAKER_OPEN_MS, &wait));
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_person_is_left_alone_by_themselves),
		TEST(several_people_raise_a_doubt_that_nobody_decides),
		TEST(a_person_cannot_keep_it_shut),
		TEST(what_is_about_nobody_counts_each_time),
		TEST(people_are_forgotten_after_a_while_and_when_there_are_too_many),
		TEST(what_was_given_up_is_no_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
