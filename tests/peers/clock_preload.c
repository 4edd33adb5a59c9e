/* SPDX-License-Identifier: MIT
 *
 * For tests: a program whose wall clock is ahead by TEST_CLOCK_AHEAD seconds, or behind. Preloaded.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	static long ahead;
	int rc;

	if (real == NULL) {
		const char *text = getenv("TEST_CLOCK_AHEAD");

		ahead = text != NULL ? strtol(text, NULL, 10) : 0;
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	}
	rc = real(clock, now);
	if (rc == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += ahead;
	return rc;
}
