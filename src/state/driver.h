/* SPDX-License-Identifier: MIT
 *
 * Private to the room: what a driver has to do. A state is a table of names, each with one int64;
 * all that it means (claims, counters, marks) is in state.c, so that drivers cannot differ in it.
 */
#pragma once

#include "state/state.h"

enum {
	STATE_PURGE_STEP = 4, /* entries looked at with each change: purge_behind() says why */
	STATE_LMDB_SIZE = 256 << 20,
	STATE_MEMORY_ENTRIES = 1000000,
	STATE_MARK_SECONDS_OLD = 30 * 24 * 3600, /* from when on marks of version 0.1.0 are kept */
};

/* First byte of a name. All values but a mark's are microseconds of the state's clock. */
enum state_kind {
	STATE_KIND_CLAIM = 'c',	  /* until when it holds */
	STATE_KIND_COUNTER = 't', /* theoretical arrival time */
	STATE_KIND_RATE = 'r',	  /* the same, of what people do who have signed in */
	STATE_KIND_MARK = 'm',	  /* state_mark_value() */
	STATE_KIND_END = 'e',	  /* until when it is kept */
	STATE_KIND_KNOWN = 'k',	  /* until when it is kept */
	STATE_KIND_LEASE = 'l',	  /* until when it runs */
};

struct state_name {
	uint8_t bytes[1 + STATE_KEY_SIZE];
};

enum state_edit { STATE_EDIT_NONE = 0, STATE_EDIT_STORE, STATE_EDIT_ERASE };

/* Decides what becomes of an entry: `found` tells whether *value is its value; may set *value and
 * ask for it to be stored. A driver may ask more than once (first on the guess that there is no
 * such entry); the last answer holds. Must not call the state. */
typedef enum state_edit state_decide(int64_t *value, bool found, void *context);

struct state_change {
	const struct state_name *name;
	state_decide *decide;
	void *context;
};

struct state_driver {
	/* Reads, decides and writes the changes, in order, as one step that no other process comes
	 * between. Drops a few expired entries on the way. 0, or -1 when none of it happened: the
	 * state does not answer, or there is no room for an entry (state_room_for). */
	int (*change)(struct state *state, const struct state_change *changes, size_t count,
		int64_t now_us);

	/* 1 and the value, 0 when there is no such entry, -1 when the state does not answer. */
	int (*read)(struct state *state, const struct state_name *name, int64_t *value_r);

	/* Entries and bytes; 0 or -1. */
	int (*usage)(struct state *state, struct state_usage *usage);

	bool (*reachable)(struct state *state);
	void (*close)(struct state *state);
};

/* A wall clock may be set, and what is claimed must not be forgotten when it jumps ahead and back.
 * A state's own clock starts with the wall clock and then goes on with the machine's. */
struct state_clock {
	int64_t wall_ms; /* at the start, */
	int64_t boot_ms; /* when clock_boot_ms() said this */
};

/* The head of every driver's own struct. */
struct state {
	const struct state_driver *driver;
	int64_t born;	    /* seconds */
	const char *folder; /* owned by the driver; NULL where there is none */
	struct state_clock clock;
	size_t capacity; /* entries that fit in, with room to spare */
};

static inline struct state_name state_name_of(
	enum state_kind kind, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name;

	name.bytes[0] = (uint8_t)kind;
	memcpy(name.bytes + 1, key, STATE_KEY_SIZE);
	return name;
}

/* A time of the wall clock as the state's clock has it. */
int64_t state_time(const struct state *state, int64_t wall_us);

/* One change alone. 0 or -1. */
static inline int state_change_one(struct state *state, const struct state_name *name,
	int64_t now_us, state_decide *decide, void *context)
{
	struct state_change only = {name, decide, context};

	return state->driver->change(state, &only, 1, now_us);
}

/* The value of a mark: the time that was marked, and until when it is kept, both in seconds.
 * Version 0.1.0 wrote the time alone. */
static inline int64_t state_mark_value(int64_t when, int64_t until)
{
	return (int64_t)((uint64_t)until << 32 | (uint32_t)when);
}

static inline int64_t state_mark_when(int64_t value)
{
	return (int64_t)(value & UINT32_MAX);
}

static inline int64_t state_mark_until(int64_t value)
{
	int64_t until = (int64_t)((uint64_t)value >> 32);

	return until != 0 ? until : state_mark_when(value) + STATE_MARK_SECONDS_OLD;
}

/* True where an entry means the same as none, and may be dropped. */
static inline bool state_is_expired(uint8_t kind, int64_t value, int64_t now_us)
{
	if (kind == STATE_KIND_MARK)
		return state_mark_until(value) <= now_us / 1000000;
	return value <= now_us;
}

/* How many entries there may be, of all kinds, with a new one of this kind. Visitors can make
 * claims and their like by the thousand; these stop where the state is half full. The rest is for
 * signing in and out, and the last of it for what revokes. Leases are few: rooms have an end. */
static inline size_t state_room_for(uint8_t kind, size_t capacity)
{
	switch (kind) {
	case STATE_KIND_MARK:
	case STATE_KIND_LEASE:
		return SIZE_MAX;
	case STATE_KIND_COUNTER:
	case STATE_KIND_END:
		return capacity / 8 * 7;
	default:
		return capacity / 2;
	}
}

struct state *state_memory_open(struct error *error);

/* `size` in bytes: how far the file may grow; STATE_LMDB_SIZE but for tests of what happens at the
 * end. */
struct state *state_lmdb_open(const char *folder, size_t size, struct error *error);
