/* SPDX-License-Identifier: MIT
 *
 * The clocks, so that nobody mixes them up.
 */
#pragma once

#include "base/banned.h"

#include <stdint.h>

/* Wall clock in seconds since 1970 (UTC): what cookies, tickets, rules and expiries are in. */
int64_t clock_wall(void);

/* Wall clock in milliseconds since 1970: throttle counters, log times. */
int64_t clock_wall_ms(void);

/* Milliseconds since the machine started, its sleep included: nobody sets this clock, and it is the
 * same for all processes of the machine. */
int64_t clock_boot_ms(void);

/* Monotonic milliseconds: durations and deadlines; meaningless outside this process. */
int64_t clock_monotonic_ms(void);
