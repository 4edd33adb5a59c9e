/* SPDX-License-Identifier: MIT
 *
 * The state of a single process, for tests and trials: a hash table with chains.
 */
#include "state/driver.h"

#include "base/clock.h"

enum { BUCKETS = 4096 };

struct entry {
	struct entry *next;
	struct state_name name;
	int64_t value;
};

struct memory {
	struct state state;
	struct entry *buckets[BUCKETS];
	size_t count;
};

/* Names end in a keyed hash, so its bytes serve as the hash. */
static struct entry **bucket_of(struct memory *memory, const struct state_name *name)
{
	return &memory->buckets[(name->bytes[1] | name->bytes[2] << 8) % BUCKETS];
}

static void drop(struct memory *memory, struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	memory->count--;
	free(entry);
}

static void purge(struct memory *memory, const struct state_name *name, int64_t now_us)
{
	struct entry **at = bucket_of(memory, name);

	while (*at != NULL) {
		if (state_is_expired((*at)->name.bytes[0], (*at)->value, now_us))
			drop(memory, at);
		else
			at = &(*at)->next;
	}
}

/* The link to the entry, or the end of its chain. */
static struct entry **find(struct memory *memory, const struct state_name *name)
{
	struct entry **at = bucket_of(memory, name);

	while (*at != NULL && memcmp(&(*at)->name, name, sizeof *name) != 0)
		at = &(*at)->next;
	return at;
}

static int store(struct memory *memory, const struct state_name *name, int64_t value)
{
	struct entry **at = find(memory, name);

	if (*at == NULL) {
		if (memory->count >= state_room_for(name->bytes[0], memory->state.capacity))
			return -1;
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return -1;
		(*at)->name = *name;
		memory->count++;
	}
	(*at)->value = value;
	return 0;
}

static int change_one(struct memory *memory, const struct state_change *change, int64_t now_us)
{
	struct entry **at = find(memory, change->name);
	int64_t value = *at != NULL ? (*at)->value : 0;
	enum state_edit edit = change->decide(&value, *at != NULL, change->context);

	if (edit == STATE_EDIT_ERASE && *at != NULL)
		drop(memory, at);
	purge(memory, change->name, now_us);
	return edit == STATE_EDIT_STORE ? store(memory, change->name, value) : 0;
}

/* Without room a change in the middle fails and the earlier ones stay: no other process sees
 * them. */
static int memory_change(
	struct state *state, const struct state_change *changes, size_t count, int64_t now_us)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++)
		rc = change_one((struct memory *)state, &changes[i], now_us);
	return rc;
}

static int memory_read(struct state *state, const struct state_name *names, size_t count,
	struct state_value *values_r)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *entry = *find((struct memory *)state, &names[i]);

		values_r[i] = (struct state_value){
			.is_found = entry != NULL, .value = entry != NULL ? entry->value : 0};
	}
	return 0;
}

static int memory_each(struct state *state,
	void (*see)(const struct state_name *name, int64_t value, void *context), void *context)
{
	const struct memory *memory = (const struct memory *)state;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *entry = memory->buckets[i]; entry != NULL;
			entry = entry->next)
			see(&entry->name, entry->value, context);
	return 0;
}

static int memory_set_born(struct state *state, int64_t born)
{
	state->born = born;
	return 0;
}

static int memory_usage(struct state *state, struct state_usage *usage)
{
	usage->entries = ((struct memory *)state)->count;
	usage->bytes = usage->entries * sizeof(struct entry);
	usage->bytes_limit = state->capacity * sizeof(struct entry);
	return 0;
}

static bool memory_reachable(struct state *state)
{
	return true;
}

static void memory_close(struct state *state)
{
	struct memory *memory = (struct memory *)state;

	for (size_t i = 0; i < BUCKETS; i++)
		while (memory->buckets[i] != NULL)
			drop(memory, &memory->buckets[i]);
	free(memory);
}

static const struct state_driver driver = {
	.change = memory_change,
	.read = memory_read,
	.each = memory_each,
	.set_born = memory_set_born,
	.usage = memory_usage,
	.reachable = memory_reachable,
	.close = memory_close,
};

struct state *state_memory_open(struct error *error)
{
	struct memory *memory = calloc(1, sizeof *memory);

	if (memory == NULL) {
		error_set(error, "state \"memory:\": out of memory");
		return NULL;
	}
	memory->state.driver = &driver;
	memory->state.born = clock_wall();
	memory->state.clock =
		(struct state_clock){clock_wall_ms(), clock_boot_ms(), STATE_CLOCK_STEP_MS};
	memory->state.capacity = STATE_MEMORY_ENTRIES;
	return &memory->state;
}
