/* SPDX-License-Identifier: MIT
 *
 * Metrics of all processes of a machine in a shared mapped file, so that any process can answer for
 * the pool, and a killed process loses nothing. Counters are incremented in place (relaxed
 * atomics). Each process keeps its gauges in a slot that it owns by locks on bytes of the file, so
 * the gauges of a dead process no longer count. All functions but metrics_open() and
 * metrics_close() are thread-safe.
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
#define FAMILY(id, name, label, help)	METRIC_##id,
#include "telemetry/metrics.def"
#undef COUNTER
#undef GAUGE
#undef LEVEL
#undef HISTOGRAM
#undef FAMILY
	METRIC_COUNT,
};

/* Maps FOLDER/metrics. Creates it if it is missing; replaces it if another version wrote it with
 * another layout, whose processes then keep counting in the old file. Before this call, and with a
 * NULL folder, metrics are kept in memory; they are carried over. 0, or -1 with an error. */
int metrics_open(const char *folder, struct error *error);

/* Maps FOLDER/metrics for reading alone; nothing may be counted until metrics_close(). 0, or -1
 * with an error. */
int metrics_watch(const char *folder, struct error *error);

enum { METRIC_BUCKETS = 12 }; /* of a histogram */

/* Reads the counters, the gauges of all live processes, and the buckets of the histograms, none of
 * which contains another. */
void metrics_read(uint64_t counters[METRIC_COUNT], int64_t gauges[METRIC_COUNT],
	uint64_t buckets[METRIC_COUNT][METRIC_BUCKETS]);

/* The longest duration of a bucket; INT64_MAX: it has no limit. */
int64_t metric_bound_ms(size_t bucket);

/* Unmaps the file and gives up the gauges; later counts go to memory. No other thread may be
 * counting. */
void metrics_close(void);

void metric_add(enum metric counter, uint64_t amount);
static inline void metric_count(enum metric counter)
{
	metric_add(counter, 1);
}

/* Not for METRIC_PROCESSES, which is the number of live slots. */
void gauge_add(enum metric gauge, int64_t amount);

/* Sets a value that describes the whole pool; the process that prints the metrics sets it before,
 * or its parent has sent it. */
void level_set(enum metric level, int64_t value);

/* Adds a duration to a histogram. */
void metric_observe(enum metric histogram, int64_t milliseconds);

/* Appends a family: once what it is, then a series for each section, whose title becomes the value
 * of its label. */
void metrics_print_family(struct buffer *text, enum metric family);
void metrics_print_member(
	struct buffer *text, enum metric family, const char *title, int64_t value);

/* Appends the metrics of the pool, but for families, in Prometheus text format 0.0.4. */
void metrics_print(struct buffer *text);
