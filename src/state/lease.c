/* SPDX-License-Identifier: MIT
 *
 * Leases of a few resources to many holders. A lease is two entries, both with its end: one under
 * the resource's key, one under the key of resource and holder together. A holder has the resource
 * while both agree. Once the end has passed, another holder takes over by writing a later end.
 */
#include "state/driver.h"

struct lease {
	const struct state_resource *resources;
	size_t count;
	int64_t now_us, until_us;
	/* No valid lease ends later; one that does was written with a wrong clock. One day of
	 * tolerance, so that setting the clock back by less does not end the longest lease
	 * (room-lease). */
	int64_t latest_us;
	int64_t until[STATE_RESOURCES_MAX], pair[STATE_RESOURCES_MAX]; /* 0: no entry */
};

/* One entry in the list of changes. */
struct entry {
	struct lease *lease;
	size_t index;
	int64_t *read; /* where to store its value; NULL: write it if its resource is chosen */
};

static bool is_held_by_us(const struct lease *lease, size_t i)
{
	return lease->until[i] > lease->now_us && lease->pair[i] == lease->until[i];
}

/* Returns the index of what the holder already has, otherwise of the first that is free; `count`
 * if none is. */
static size_t choose(const struct lease *lease)
{
	size_t chosen = lease->count;

	for (size_t i = lease->count; i-- > 0;)
		if (lease->until[i] <= lease->now_us)
			chosen = i;
	for (size_t i = 0; i < lease->count; i++)
		if (is_held_by_us(lease, i))
			chosen = i;
	return chosen;
}

static enum state_edit decide(int64_t *value, bool found, void *context)
{
	const struct entry *entry = context;
	const struct lease *lease = entry->lease;

	if (entry->read != NULL) {
		*entry->read = found && *value <= lease->latest_us ? *value : 0;
		return STATE_EDIT_NONE;
	}
	if (choose(lease) != entry->index)
		return STATE_EDIT_NONE;
	/* a lease is never shortened */
	*value = lease->until[entry->index] > lease->until_us ? lease->until[entry->index]
							      : lease->until_us;
	return STATE_EDIT_STORE;
}

/* The name of the resource's entry or of the entry of resource and holder. Both begin alike, which
 * makes them neighbours in the state: if it is full, either both find a place or none does
 * (lmdb.c). 64 bits of a keyed hash suffice, since guessing needs a join a try. */
static struct state_name name_of(const struct state_resource *resource, bool pair)
{
	struct state_name name;

	name.bytes[0] = STATE_KIND_LEASE;
	memcpy(name.bytes + 1, resource->key, STATE_KEY_SIZE);
	if (pair)
		memcpy(name.bytes + 1 + STATE_KEY_SIZE / 2, resource->holding, STATE_KEY_SIZE / 2);
	return name;
}

enum state_leased state_lease(struct state *state, const struct state_resource *resources,
	size_t count, int64_t now, int64_t until, size_t *index_r)
{
	struct lease lease = {
		.resources = resources, .count = count, .now_us = state_time(state, now * 1000000)};
	struct state_name names[2 * STATE_RESOURCES_MAX];
	struct entry entries[4 * STATE_RESOURCES_MAX];
	struct state_change changes[4 * STATE_RESOURCES_MAX];

	if (count > STATE_RESOURCES_MAX)
		return STATE_LEASE_BROKEN;
	lease.latest_us = lease.now_us + STATE_LEASE_SECONDS_MAX * INT64_C(1000000);
	lease.until_us = state_time(state, until * 1000000);
	if (lease.until_us > lease.latest_us)
		lease.until_us = lease.latest_us;
	/* reads all entries, then writes the two of the chosen resource */
	for (size_t i = 0; i < 2 * count; i++) {
		size_t resource = i / 2;
		bool pair = i % 2 == 1;

		names[i] = name_of(&resources[resource], pair);
		entries[i] = (struct entry){
			&lease, resource, pair ? &lease.pair[resource] : &lease.until[resource]};
		entries[2 * count + i] = (struct entry){&lease, resource, NULL};
		changes[i] = (struct state_change){&names[i], decide, &entries[i]};
		changes[2 * count + i] =
			(struct state_change){&names[i], decide, &entries[2 * count + i]};
	}
	if (state->driver->change(state, changes, 4 * count, lease.now_us) != 0)
		return STATE_LEASE_BROKEN;
	*index_r = choose(&lease);
	return *index_r < count ? STATE_LEASE_HELD : STATE_LEASE_NONE;
}

int64_t state_leased_until(
	struct state *state, const struct state_resource *resource, int64_t now, bool *is_held_r)
{
	const struct state_name names[] = {name_of(resource, false), name_of(resource, true)};
	struct state_value values[2];
	int64_t now_us = state_time(state, now * 1000000), until;

	*is_held_r = false;
	if (state->driver->read(state, names, 2, values) != 0)
		return -1;
	until = values[0].value;
	if (!values[0].is_found || until <= now_us ||
		until > now_us + STATE_LEASE_SECONDS_MAX * INT64_C(1000000))
		return 0;
	*is_held_r = values[1].is_found && values[1].value == until;
	return now + (until - now_us) / 1000000;
}

/* The end of a lease. */
struct ending {
	int64_t now_us, until_us;
	bool was_leased;
};

static enum state_edit decide_ending(int64_t *value, bool found, void *context)
{
	struct ending *ending = context;

	ending->was_leased = found && *value > ending->now_us;
	if (!ending->was_leased)
		return STATE_EDIT_NONE;
	if (ending->until_us <= ending->now_us)
		return STATE_EDIT_ERASE;
	/* No holder's entry says the same time. */
	*value = *value > ending->until_us ? ending->until_us : *value - 1;
	return STATE_EDIT_STORE;
}

int state_lease_end(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until)
{
	struct ending ending = {.now_us = state_time(state, now * 1000000),
		.until_us = state_time(state, until * 1000000)};
	struct state_name name = state_name_of(STATE_KIND_LEASE, key);

	if (state_change_one(state, &name, ending.now_us, decide_ending, &ending) != 0)
		return -1;
	return ending.was_leased;
}
