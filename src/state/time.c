/* SPDX-License-Identifier: MIT */
#include "state/driver.h"

#include "base/clock.h"

/* Corrected in steps: a smaller difference is not a jump. */
int64_t state_time(const struct state *state, int64_t wall_us)
{
	int64_t mine_ms = state->clock.wall_ms + (clock_boot_ms() - state->clock.boot_ms);
	int64_t ahead_us = (clock_wall_ms() - mine_ms) * 1000;
	int64_t step_us = state->clock.step_ms * 1000;
	int64_t half_us = ahead_us < 0 ? -step_us / 2 : step_us / 2;

	return wall_us - (ahead_us + half_us) / step_us * step_us;
}
