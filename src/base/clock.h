/* SPDX-License-Identifier: MIT
 *
 * The clocks.
 */
#pragma once

#include "base/banned.h"

#include <stdint.h>

/* Wall clock in seconds since 1970 (UTC): for cookies, tickets, rules and expiries. */
int64_t clock_wall(void);

/* Wall clock in milliseconds since 1970: throttle counters, log times. */
int64_t clock_wall_ms(void);

/* Milliseconds since the machine started, including sleep. Nobody can set this clock, and it is the
 * same for all processes of the machine. */
int64_t clock_boot_ms(void);

/* Monotonic milliseconds: durations and deadlines; meaningless outside this process. */
int64_t clock_monotonic_ms(void);
