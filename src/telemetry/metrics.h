/* SPDX-License-Identifier: MIT
 *
 * Counters that all processes of a machine share: a mapped file, so that any process can answer for
 * the pool and a killed one takes nothing along. Counters are added to in place (relaxed atomics).
 * Gauges live in a slot that a process owns by locks on bytes of the file, so that those of a dead
 * process no longer count. Everything but opening and closing is safe from any thread, at any time.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

enum metric {
#define COUNTER(id, name, labels, help) METRIC_##id,
#define GAUGE(id, name, labels, help)	METRIC_##id,
#define LEVEL(id, name, labels, help)	METRIC_##id,
#define HISTOGRAM(id, name, help)	METRIC_##id,
#include "telemetry/metrics.def"
#undef COUNTER
#undef GAUGE
#undef LEVEL
#undef HISTOGRAM
	METRIC_COUNT,
};

/* Maps FOLDER/metrics (made where missing; made anew where its layout is another version's, whose
 * processes then go on counting in the file that was replaced). Before it, and with a NULL folder,
 * counting goes to memory of this process; what was counted there is carried over. 0 or -1. */
int metrics_open(const char *folder, struct error *error);

/* Unmaps it and gives up the gauges; counting goes to memory again. No other thread may be
 * counting. */
void metrics_close(void);

void metric_add(enum metric counter, uint64_t amount);
static inline void metric_count(enum metric counter)
{
	metric_add(counter, 1);
}

/* METRIC_PROCESSES is not for adding: it is the number of live slots. */
void gauge_add(enum metric gauge, int64_t amount);

/* What is true of the pool as a whole, set by the process that is about to print it, or as its
 * parent has told it. */
void level_set(enum metric level, int64_t value);

/* One duration into a histogram. */
void metric_observe(enum metric histogram, int64_t milliseconds);

/* Appends the Prometheus text format 0.0.4, summed over the pool. */
void metrics_print(struct buffer *text);
