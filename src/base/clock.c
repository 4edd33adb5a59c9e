/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

static int64_t milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_wall(void)
{
	return milliseconds(CLOCK_REALTIME) / 1000;
}

int64_t clock_wall_ms(void)
{
	return milliseconds(CLOCK_REALTIME);
}

int64_t clock_boot_ms(void)
{
	return milliseconds(CLOCK_BOOTTIME);
}

int64_t clock_monotonic_ms(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}
