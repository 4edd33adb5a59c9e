/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/wipe.h"

#include "base/banned.h"

#include <fcntl.h>
#include <jansson.h>
#include <malloc.h>
#include <stdbool.h>
#include <unistd.h>

static const char canary[] = "canary-of-wipe-test";

/* What lies at an address, whether it may be touched or not: the kernel reads it. */
static bool holds_canary(uintptr_t address, size_t length)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char seen[512];
	ssize_t got;

	assert_true(fd >= 0 && length <= sizeof seen);
	got = pread(fd, seen, length, (off_t)address);
	close(fd);
	return got > 0 && memmem(seen, (size_t)got, canary + 7, 8) != NULL;
}

/* Behind what malloc() itself writes into a block that is free. */
static char *block_with_canary(size_t size, uintptr_t *at_r)
{
	char *block = malloc(size);

	assert_non_null(block);
	memset(block, 'x', size);
	memcpy(block + size - sizeof canary, canary, sizeof canary);
	*at_r = (uintptr_t)block;
	return block;
}

/* Sanitizers keep freed memory, and lay zones between the variables of a stack. */
static void needs_no_sanitizer(void)
{
#ifdef UNDER_SANITIZER
	skip();
#endif
}

static void freed_memory_is_wiped(void **state)
{
	static const size_t sizes[] = {64, 200, 400};
	uintptr_t at;

	(void)state;
	needs_no_sanitizer();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *block = block_with_canary(sizes[i], &at);

		assert_true(holds_canary(at, sizes[i]));
		free(block);
		assert_false(holds_canary(at, sizes[i]));
	}
	free(NULL);
}

static void what_grows_leaves_no_copy(void **state)
{
	uintptr_t at;
	char *block, *grown;

	(void)state;
	needs_no_sanitizer();
	block = block_with_canary(200, &at);
	grown = realloc(block, 5000);
	assert_non_null(grown);
	assert_memory_equal(grown + 200 - sizeof canary, canary, sizeof canary);
	assert_int_equal(grown[0], 'x');
	assert_false(holds_canary(at, 200));
	free(grown);
}

static void what_shrinks_leaves_no_rest(void **state)
{
	uintptr_t at;
	char *block;

	(void)state;
	needs_no_sanitizer();
	block = block_with_canary(400, &at);
	block = realloc(block, 300); /* in its place */
	assert_int_equal((uintptr_t)block, at);
	assert_int_equal(block[299], 'x');
	assert_false(holds_canary(at, 400));
	block = realloc(block, 20); /* in another */
	assert_non_null(block);
	assert_int_equal(block[19], 'x');
	free(block);
}

static void realloc_does_what_it_does(void **state)
{
	char *block = realloc(NULL, 10);

	(void)state;
	assert_non_null(block);
	assert_true(malloc_usable_size(block) >= 10);
	memcpy(block, "123456789", 10);
	for (size_t size = 10; size < 100000; size += 997) {
		block = realloc(block, size);
		assert_non_null(block);
		assert_string_equal(block, "123456789");
		memset(block + 10, 'y', size - 10);
	}
	free(block);
}

/* jansson stands for every library. */
static void libraries_free_by_it(void **state)
{
	char text[100];
	uintptr_t at;
	json_t *json;

	(void)state;
	needs_no_sanitizer();
	snprintf(text, sizeof text, "%040d%s", 0, canary);
	json = json_string(text);
	assert_non_null(json);
	at = (uintptr_t)json_string_value(json);
	assert_true(holds_canary(at, 60));
	json_decref(json);
	assert_false(holds_canary(at, 60));
}

/* ---- the stack ---- */

static uintptr_t left_at;

static __attribute__((noinline)) void leave_canary(void)
{
	volatile char local[256];

	left_at = (uintptr_t)local;
	for (size_t i = 0; i < sizeof canary; i++)
		local[100 + i] = canary[i];
}

static void the_stack_is_wiped(void **state)
{
	(void)state;
	needs_no_sanitizer();
	leave_canary();
	wipe_stack();
	assert_false(holds_canary(left_at, 256));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_memory_is_wiped),
		cmocka_unit_test(what_grows_leaves_no_copy),
		cmocka_unit_test(what_shrinks_leaves_no_rest),
		cmocka_unit_test(realloc_does_what_it_does),
		cmocka_unit_test(libraries_free_by_it),
		cmocka_unit_test(the_stack_is_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
