/* SPDX-License-Identifier: MIT
 *
 * Metrics of single platforms and backends, in the shared file of metrics.h. A section is known by
 * a hash of its kind and title, so the file has no names, and a reload keeps its counts. Only
 * sections that were used have an entry. A key is tried at 64 entries, so about 3,500 sections have
 * one; further ones count in the sums of metrics.def alone. Thread-safe.
 */
#pragma once

#include "base/buffer.h"
#include "telemetry/metrics.h"

enum { SECTIONS_MAX = 4096 };

enum section_metric {
#define SECTION_COUNTER(id, name, kind, labels, help) SECTION_##id,
#define SECTION_LEVEL(id, name, kind, labels, help)   SECTION_##id,
#include "telemetry/sections.def"
#undef SECTION_COUNTER
#undef SECTION_LEVEL
	SECTION_METRICS,
};

/* The table in the shared file. */
struct sections {
	struct section_entry {
		_Atomic uint64_t key; /* 0: free */
		_Atomic int64_t values[SECTION_METRICS];
	} entries[SECTIONS_MAX];
};

/* The key of the section of a kind, "platform" or "backend"; never 0. */
uint64_t sections_key(const char *kind, const char *title);

/* Counts for the section alone. The metric is one of those in sections.def; a key of 0 counts
 * nothing. */
void sections_add(uint64_t key, enum metric counter);

/* Counts for the section, and in the sum. */
static inline void sections_count(uint64_t key, enum metric counter)
{
	metric_count(counter);
	sections_add(key, counter);
}

enum { SECTIONS_PAUSE_MAX_MS = 60000 }; /* of a breaker */

/* Sets a level. Breakers: the time of clock_monotonic_ms() at which the pause ends. */
void sections_set(uint64_t key, enum section_metric level, int64_t value);

/* Returns a value; 0 for a section without an entry, with *known_r false. */
int64_t sections_value(uint64_t key, enum section_metric metric, bool *known_r);

/* Whether a breaker of that value is open. A time further away than any pause is of another boot:
 * the file outlives the clock. */
bool sections_is_open(int64_t value, int64_t now_ms);

/* Gives the nth section of a kind: its title, and its key. NULL past the end. */
typedef const char *sections_at(
	const void *context, const char *kind, size_t index, uint64_t *key_r);

/* Appends the metrics of all sections that were used, in Prometheus text format. */
void sections_print(struct buffer *text, int64_t now_ms, sections_at *at, const void *context);

/* -- for metrics.c -- */

/* Goes on with this table, which gets what was counted before. NULL: with one in memory; nothing is
 * carried over to it. */
void sections_use(struct sections *table);

/* Reads from this table, and carries nothing over. */
void sections_watch(struct sections *table);

/* Goes on with an FNV-1a hash. */
uint64_t sections_hash(uint64_t hash, const char *bytes, size_t length);

/* A hash of sections.def, begun with `hash`. */
uint64_t sections_layout(uint64_t hash);

/* Appends the value of a label, escaped. */
void sections_print_label(struct buffer *text, const char *value);
