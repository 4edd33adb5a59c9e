/* SPDX-License-Identifier: MIT */
#include "telemetry/metrics.h"

#include "base/file.h"
#include "telemetry/sections.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the table ---- */

enum kind { COUNTERS, GAUGES, LEVELS, HISTOGRAMS, FAMILIES };

static const struct row {
	enum kind kind;
	const char *name;
	const char *labels;
	const char *help;
} rows[METRIC_COUNT] = {
#define COUNTER(id, name, labels, help) {COUNTERS, name, labels, help},
#define GAUGE(id, name, labels, help)	{GAUGES, name, labels, help},
#define LEVEL(id, name, labels, help)	{LEVELS, name, labels, help},
#define HISTOGRAM(id, name, help)	{HISTOGRAMS, name, "", help},
#define FAMILY(id, name, label, help)	{FAMILIES, name, label, help},
#include "telemetry/metrics.def"
#undef COUNTER
#undef GAUGE
#undef LEVEL
#undef HISTOGRAM
#undef FAMILY
};

/* The index of a histogram among the histograms. */
enum histogram_index {
#define COUNTER(id, name, labels, help)
#define GAUGE(id, name, labels, help)
#define LEVEL(id, name, labels, help)
#define HISTOGRAM(id, name, help) HISTOGRAM_##id,
#define FAMILY(id, name, label, help)
#include "telemetry/metrics.def"
	HISTOGRAM_COUNT,
#undef HISTOGRAM
};

static const uint8_t histogram_of[METRIC_COUNT] = {
#define HISTOGRAM(id, name, help) [METRIC_##id] = HISTOGRAM_##id,
#include "telemetry/metrics.def"
#undef COUNTER
#undef GAUGE
#undef LEVEL
#undef HISTOGRAM
#undef FAMILY
};

static const struct bound {
	int64_t milliseconds;
	const char *seconds;
} bounds[METRIC_BUCKETS] = {
	{5, "0.005"},
	{10, "0.01"},
	{25, "0.025"},
	{50, "0.05"},
	{100, "0.1"},
	{250, "0.25"},
	{500, "0.5"},
	{1000, "1"},
	{2500, "2.5"},
	{5000, "5"},
	{10000, "10"},
	{INT64_MAX, "+Inf"},
};

enum {
	BUCKETS = METRIC_BUCKETS,
	SLOTS = 256, /* processes that can have gauges */
	LAYOUT = 1,  /* version of struct shared, besides metrics.def */
};

/* ---- what is shared ---- */

/* A process owns a slot while it holds two locks: on byte 2i of the file, taken first; and, once
 * the slot is zeroed, on byte 2i+1, which tells others to count its gauges. The kernel drops both
 * when the process ends. */
struct slot {
	_Alignas(64) _Atomic int64_t gauges[METRIC_COUNT];
};

struct shared {
	uint64_t layout;
	_Alignas(64) _Atomic uint64_t counters[METRIC_COUNT];
	_Atomic uint64_t buckets[HISTOGRAM_COUNT][BUCKETS];
	_Atomic uint64_t milliseconds[HISTOGRAM_COUNT];
	struct slot slots[SLOTS];
	struct sections sections;
};

/* Counters of a process without a file or slot. */
static struct shared private_shared;
static struct slot private_slot;

static _Atomic int64_t levels[METRIC_COUNT];

static _Atomic(struct shared *) shared = &private_shared;
static _Atomic(struct slot *) own = &private_slot;
static int file = -1;
static bool watching; /* this process has no slot */

/* FNV-1a hash of metrics.def. */
static uint64_t layout_hash(void)
{
	static const char contents[] =
#define COUNTER(id, name, labels, help) "c" #id "\1" name "\1" labels "\1" help "\n"
#define GAUGE(id, name, labels, help)	"g" #id "\1" name "\1" labels "\1" help "\n"
#define LEVEL(id, name, labels, help)	"l" #id "\1" name "\1" labels "\1" help "\n"
#define HISTOGRAM(id, name, help)	"h" #id "\1" name "\1" help "\n"
#define FAMILY(id, name, label, help)	"f" #id "\1" name "\1" label "\1" help "\n"
#include "telemetry/metrics.def"
#undef COUNTER
#undef GAUGE
#undef LEVEL
#undef HISTOGRAM
#undef FAMILY
		;

	return sections_layout(
		sections_hash(0xcbf29ce484222325u + LAYOUT, contents, sizeof contents));
}

void metric_add(enum metric counter, uint64_t amount)
{
	struct shared *at = atomic_load_explicit(&shared, memory_order_acquire);

	atomic_fetch_add_explicit(&at->counters[counter], amount, memory_order_relaxed);
}

void gauge_add(enum metric gauge, int64_t amount)
{
	struct slot *at = atomic_load_explicit(&own, memory_order_acquire);

	atomic_fetch_add_explicit(&at->gauges[gauge], amount, memory_order_relaxed);
}

void level_set(enum metric level, int64_t value)
{
	atomic_store_explicit(&levels[level], value, memory_order_relaxed);
}

void metric_observe(enum metric histogram, int64_t milliseconds)
{
	struct shared *at = atomic_load_explicit(&shared, memory_order_acquire);
	size_t index = histogram_of[histogram], bucket = 0;

	if (milliseconds < 0) /* the clock was set back */
		milliseconds = 0;
	while (milliseconds > bounds[bucket].milliseconds)
		bucket++;
	atomic_fetch_add_explicit(&at->buckets[index][bucket], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
		&at->milliseconds[index], (uint64_t)milliseconds, memory_order_relaxed);
}

/* ---- the file ---- */

/* Locks of the open file description: traditional fcntl locks are lost with any close of the
 * file. */
static int lock_byte(int command, size_t byte, struct flock *lock)
{
	*lock = (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
	return fcntl(file, command, lock);
}

static bool is_live(size_t slot)
{
	struct flock lock;

	return lock_byte(F_OFD_GETLK, 2 * slot + 1, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Without a free slot the process still counts, but its gauges are missing from the sums. */
static struct slot *take_slot(struct shared *map)
{
	struct flock lock;

	for (size_t i = 0; i < SLOTS; i++) {
		if (lock_byte(F_OFD_SETLK, 2 * i, &lock) != 0)
			continue;
		for (size_t j = 0; j < METRIC_COUNT; j++)
			atomic_store(&map->slots[i].gauges[j], 0);
		if (lock_byte(F_OFD_SETLK, 2 * i + 1, &lock) == 0)
			return &map->slots[i];
	}
	return &private_slot;
}

/* A descriptor of the file if it exists with this layout, else -1. */
static int open_existing(const char *path, int mode)
{
	uint64_t layout = 0;
	struct stat st;
	int fd = open(path, mode | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size != sizeof(struct shared) ||
		pread(fd, &layout, sizeof layout, 0) != sizeof layout || layout != layout_hash()) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Writes the whole file, so that a full /run is an error now and not a SIGBUS later. */
static int create(const char *path, struct error *error)
{
	struct shared *image = aligned_alloc(_Alignof(struct shared), sizeof *image);
	int rc;

	if (image == NULL)
		return error_set(error, "%s: out of memory", path);
	memset(image, 0, sizeof *image);
	image->layout = layout_hash();
	rc = file_replace(path, image, sizeof *image, 0600, error);
	free(image);
	return rc;
}

/* Locks against two processes that create or replace the file at the same time. */
static int open_or_create(const char *path, struct error *error)
{
	int fd = -1, lock = file_lock(path, error);

	if (lock < 0)
		return -1;
	fd = open_existing(path, O_RDWR);
	if (fd < 0 && create(path, error) == 0) {
		fd = open_existing(path, O_RDWR);
		if (fd < 0)
			error_set(error, "%s: cannot open: %s", path, strerror(errno));
	}
	close(lock);
	return fd;
}

static void carry_over(struct shared *to, struct slot *slot)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		to->counters[i] += atomic_exchange(&private_shared.counters[i], 0);
		if (slot != &private_slot)
			slot->gauges[i] += atomic_exchange(&private_slot.gauges[i], 0);
	}
	for (size_t i = 0; i < HISTOGRAM_COUNT; i++) {
		for (size_t j = 0; j < BUCKETS; j++)
			to->buckets[i][j] += atomic_exchange(&private_shared.buckets[i][j], 0);
		to->milliseconds[i] += atomic_exchange(&private_shared.milliseconds[i], 0);
	}
}

/* Sets the path of the file. 0, or -1 if another file is open or the path is too long.
 */
static int find_path(const char *folder, char path[PATH_MAX], struct error *error)
{
	if (file >= 0)
		return error_set(error, "%s/metrics: metrics are open already", folder);
	if (snprintf(path, PATH_MAX, "%s/metrics", folder) >= PATH_MAX)
		return error_set(error, "%s/metrics: path too long", folder);
	return 0;
}

/* Maps `file`, and closes it on an error. */
static void *map_file(const char *path, int protection, struct error *error)
{
	void *map = mmap(NULL, sizeof(struct shared), protection, MAP_SHARED, file, 0);

	if (map != MAP_FAILED)
		return map;
	error_set(error, "%s: cannot map: %s", path, strerror(errno));
	close(file);
	file = -1;
	return NULL;
}

int metrics_open(const char *folder, struct error *error)
{
	char path[PATH_MAX];
	void *map;

	if (folder == NULL)
		return 0;
	if (find_path(folder, path, error) != 0)
		return -1;
	file = open_or_create(path, error);
	if (file < 0)
		return -1;
	map = map_file(path, PROT_READ | PROT_WRITE, error);
	if (map == NULL)
		return -1;
	atomic_store(&own, take_slot(map));
	atomic_store(&shared, map);
	carry_over(map, own);
	sections_use(&((struct shared *)map)->sections);
	return 0;
}

int metrics_watch(const char *folder, struct error *error)
{
	char path[PATH_MAX];
	void *map;

	if (find_path(folder, path, error) != 0)
		return -1;
	file = open_existing(path, O_RDONLY);
	if (file < 0)
		return error_set(error, "%s: no metrics of this version: %s", path,
			access(path, F_OK) == 0 ? "meetauthd has another version, or this user may "
						  "not read the file"
						: "no pool runs, or it has another metrics-folder");
	map = map_file(path, PROT_READ, error);
	if (map == NULL)
		return -1;
	watching = true;
	atomic_store(&shared, map);
	sections_watch(&((struct shared *)map)->sections);
	return 0;
}

void metrics_close(void)
{
	struct shared *map = shared;

	if (file < 0)
		return;
	atomic_store(&shared, &private_shared);
	atomic_store(&own, &private_slot);
	sections_use(NULL);
	watching = false;
	munmap(map, sizeof *map);
	close(file);
	file = -1;
}

/* ---- Prometheus ---- */

/* Sums the gauges of all live processes and counts the processes. */
static void sum_gauges(int64_t sums[METRIC_COUNT])
{
	struct shared *map = shared;
	struct slot *mine = own;

	for (size_t i = 0; i < METRIC_COUNT; i++)
		sums[i] = mine->gauges[i];
	sums[METRIC_PROCESSES] = watching ? 0 : 1;
	for (size_t slot = 0; file >= 0 && slot < SLOTS; slot++) {
		if (&map->slots[slot] == mine || !is_live(slot))
			continue;
		for (size_t i = 0; i < METRIC_COUNT; i++)
			sums[i] += i == METRIC_PROCESSES ? 1 : map->slots[slot].gauges[i];
	}
}

void metrics_read(uint64_t counters[METRIC_COUNT], int64_t gauges[METRIC_COUNT],
	uint64_t buckets[METRIC_COUNT][METRIC_BUCKETS])
{
	struct shared *map = shared;

	sum_gauges(gauges);
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		counters[i] = map->counters[i];
		for (size_t j = 0; j < BUCKETS && rows[i].kind == HISTOGRAMS; j++)
			buckets[i][j] = map->buckets[histogram_of[i]][j];
	}
}

int64_t metric_bound_ms(size_t bucket)
{
	return bounds[bucket].milliseconds;
}

static void print_histogram(struct buffer *text, const char *name, size_t index)
{
	struct shared *map = shared;
	uint64_t sum = map->milliseconds[index], count = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		count += map->buckets[index][i];
		buffer_printf(
			text, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", name, bounds[i].seconds, count);
	}
	buffer_printf(text, "%s_sum %" PRIu64 ".%03u\n%s_count %" PRIu64 "\n", name, sum / 1000,
		(unsigned)(sum % 1000), name, count);
}

static void print_row(struct buffer *text, size_t metric, const int64_t gauges[METRIC_COUNT])
{
	const struct row *row = &rows[metric];
	struct shared *map = shared;

	if (row->kind == HISTOGRAMS) {
		print_histogram(text, row->name, histogram_of[metric]);
		return;
	}
	buffer_text(text, row->name);
	if (row->labels[0] != '\0')
		buffer_printf(text, "{%s}", row->labels);
	if (row->kind == COUNTERS)
		buffer_printf(text, " %" PRIu64 "\n", (uint64_t)map->counters[metric]);
	else
		buffer_printf(text, " %" PRId64 "\n",
			row->kind == LEVELS ? (int64_t)levels[metric] : gauges[metric]);
}

static const char *const types[] = {
	[COUNTERS] = "counter",
	[GAUGES] = "gauge",
	[LEVELS] = "gauge",
	[HISTOGRAMS] = "histogram",
	[FAMILIES] = "gauge",
};

static void print_head(struct buffer *text, const struct row *row)
{
	buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name,
		types[row->kind]);
}

void metrics_print_family(struct buffer *text, enum metric family)
{
	print_head(text, &rows[family]);
}

void metrics_print_member(struct buffer *text, enum metric family, const char *title, int64_t value)
{
	buffer_printf(text, "%s{%s=\"", rows[family].name, rows[family].labels);
	sections_print_label(text, title);
	buffer_printf(text, "\"} %" PRId64 "\n", value);
}

void metrics_print(struct buffer *text)
{
	int64_t gauges[METRIC_COUNT];

	sum_gauges(gauges);
	buffer_text(text, "# HELP meetauth_build_info The version that answers.\n"
			  "# TYPE meetauth_build_info gauge\n"
			  "meetauth_build_info{version=\"" PACKAGE_VERSION_TEXT "\"} 1\n");
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (rows[i].kind == FAMILIES)
			continue;
		if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
			print_head(text, &rows[i]);
		print_row(text, i, gauges);
	}
}
