/* SPDX-License-Identifier: MIT
 *
 * The two clocks, so that nobody mixes them up.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/banned.h"

#include <stdint.h>

/* Wall clock in seconds since 1970 (UTC): what cookies, tickets, rules and expiries are in. */
int64_t clock_wall(void);

/* Wall clock in milliseconds since 1970: throttle counters, log times. */
int64_t clock_wall_ms(void);

/* Monotonic milliseconds: durations and deadlines; meaningless outside this process. */
int64_t clock_monotonic_ms(void);

#endif
