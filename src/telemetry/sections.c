/* SPDX-License-Identifier: MIT */
#include "telemetry/sections.h"

#include <inttypes.h>
#include <stdatomic.h>

enum { PROBES = 64 }; /* entries that are tried for a key */

static const struct row {
	const char *name, *kind, *labels, *help;
	bool is_counter;
} rows[SECTION_METRICS] = {
#define SECTION_COUNTER(id, name, kind, labels, help) {name, kind, labels, help, true},
#define SECTION_LEVEL(id, name, kind, labels, help)   {name, kind, labels, help, false},
#include "telemetry/sections.def"
#undef SECTION_COUNTER
#undef SECTION_LEVEL
};

/* Plus one; 0: the counter is not kept for sections. */
static const uint8_t section_of[METRIC_COUNT] = {
#define SECTION_COUNTER(id, name, kind, labels, help) [METRIC_##id] = SECTION_##id + 1,
#define SECTION_LEVEL(id, name, kind, labels, help)
#include "telemetry/sections.def"
#undef SECTION_COUNTER
#undef SECTION_LEVEL
};

/* Of a process without a file. */
static struct sections in_memory;

static _Atomic(struct sections *) current = &in_memory;

static struct sections *table_now(void)
{
	return atomic_load_explicit(&current, memory_order_acquire);
}

uint64_t sections_hash(uint64_t hash, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return hash;
}

uint64_t sections_layout(uint64_t hash)
{
	static const char contents[] =
#define SECTION_COUNTER(id, name, kind, labels, help) "c" #id "\1" name "\1" labels "\n"
#define SECTION_LEVEL(id, name, kind, labels, help)   "l" #id "\1" name "\1" labels "\n"
#include "telemetry/sections.def"
#undef SECTION_COUNTER
#undef SECTION_LEVEL
		;

	return sections_hash(hash, contents, sizeof contents);
}

uint64_t sections_key(const char *kind, const char *title)
{
	uint64_t hash = sections_hash(0xcbf29ce484222325u, kind, strlen(kind) + 1);

	hash = sections_hash(hash, title, strlen(title));
	return hash != 0 ? hash : 1;
}

/* The entry of a key; with `add`, a free one becomes it. NULL: none. */
static struct section_entry *find(struct sections *table, uint64_t key, bool add)
{
	for (size_t i = 0; key != 0 && i < PROBES; i++) {
		struct section_entry *entry = &table->entries[(key + i) % SECTIONS_MAX];
		uint64_t found = atomic_load_explicit(&entry->key, memory_order_relaxed);

		if (found == key)
			return entry;
		if (found != 0)
			continue;
		if (!add)
			return NULL;
		if (atomic_compare_exchange_strong(&entry->key, &found, key) || found == key)
			return entry;
	}
	return NULL;
}

void sections_add(uint64_t key, enum metric counter)
{
	struct section_entry *entry = section_of[counter] > 0 ? find(table_now(), key, true) : NULL;

	if (entry != NULL)
		atomic_fetch_add_explicit(
			&entry->values[section_of[counter] - 1], 1, memory_order_relaxed);
}

void sections_set(uint64_t key, enum section_metric level, int64_t value)
{
	struct section_entry *entry = find(table_now(), key, value != 0);

	if (entry != NULL)
		atomic_store_explicit(&entry->values[level], value, memory_order_relaxed);
}

int64_t sections_value(uint64_t key, enum section_metric metric, bool *known_r)
{
	struct section_entry *entry = find(table_now(), key, false);

	*known_r = entry != NULL;
	return entry != NULL ? (int64_t)entry->values[metric] : 0;
}

static void carry_over(struct sections *from, struct sections *to)
{
	for (size_t i = 0; i < SECTIONS_MAX; i++) {
		struct section_entry *old = &from->entries[i],
				     *new = find(to, atomic_exchange(&old->key, 0), true);

		for (size_t j = 0; j < SECTION_METRICS; j++) {
			int64_t value = atomic_exchange(&old->values[j], 0);

			if (new != NULL && value != 0 && rows[j].is_counter)
				atomic_fetch_add(&new->values[j], value);
			else if (new != NULL && value != 0)
				atomic_store(&new->values[j], value);
		}
	}
}

void sections_use(struct sections *table)
{
	atomic_store(&current, table != NULL ? table : &in_memory);
	if (table != NULL)
		carry_over(&in_memory, table);
}

void sections_watch(struct sections *table)
{
	atomic_store(&current, table);
}

/* ---- Prometheus ---- */

static bool is_breaker(size_t metric)
{
	return metric == SECTION_PLATFORM_BREAKER || metric == SECTION_BACKEND_BREAKER;
}

bool sections_is_open(int64_t value, int64_t now_ms)
{
	return value > now_ms && value - now_ms <= SECTIONS_PAUSE_MAX_MS;
}

void sections_print_label(struct buffer *text, const char *value)
{
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buffer_text(text, "\\");
		buffer_append(text, value, 1);
	}
}

static void print_one(struct buffer *text, size_t metric, const char *title, int64_t value)
{
	buffer_printf(text, "%s{%s=\"", rows[metric].name, rows[metric].kind);
	sections_print_label(text, title);
	buffer_printf(text, "\"%s%s} %" PRId64 "\n", rows[metric].labels[0] != '\0' ? "," : "",
		rows[metric].labels, value);
}

/* A certificate that nobody has seen has no end. */
static void print_section(
	struct buffer *text, size_t metric, const char *title, int64_t value, int64_t now_ms)
{
	if (is_breaker(metric))
		value = sections_is_open(value, now_ms);
	if (metric != SECTION_PLATFORM_CERTIFICATE || value != 0)
		print_one(text, metric, title, value);
}

void sections_print(struct buffer *text, int64_t now_ms, sections_at *at, const void *context)
{
	for (size_t metric = 0; metric < SECTION_METRICS; metric++) {
		const struct row *row = &rows[metric];
		const char *title;
		uint64_t key;

		if (metric == 0 || strcmp(row->name, rows[metric - 1].name) != 0)
			buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help,
				row->name, row->is_counter ? "counter" : "gauge");
		for (size_t i = 0; (title = at(context, row->kind, i, &key)) != NULL; i++) {
			bool known;
			int64_t value = sections_value(key, (enum section_metric)metric, &known);

			if (known)
				print_section(text, metric, title, value, now_ms);
		}
	}
}
