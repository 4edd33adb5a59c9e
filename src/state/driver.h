/* SPDX-License-Identifier: MIT
 *
 * Private to state/: what a driver implements. A driver stores a table of names with an int64 each.
 * Their meaning (claims, counters, marks) is in state.c, claim.c and lease.c, so that all drivers
 * behave alike.
 */
#pragma once

#include "state/state.h"

enum {
	STATE_PURGE_STEP = 4, /* entries checked with each change: see purge_behind() */
	STATE_LMDB_SIZE = 256 << 20,
	STATE_MEMORY_ENTRIES = 1000000,
	STATE_MARK_SECONDS_OLD = 30 * 24 * 3600, /* lifetime of marks that version 0.1.0 wrote */
};

/* The kind of an entry, the first byte of its name. All values except a mark's are microseconds of
 * the state's clock. */
enum state_kind {
	STATE_KIND_CLAIM = 'c',	  /* end of the claim */
	STATE_KIND_COUNTER = 't', /* theoretical arrival time */
	STATE_KIND_RATE = 'r',	  /* the same, for signed-in people */
	STATE_KIND_MARK = 'm',	  /* state_mark_value() */
	STATE_KIND_END = 'e',	  /* until when it is kept */
	STATE_KIND_KNOWN = 'k',	  /* until when it is kept */
	STATE_KIND_LEASE = 'l',	  /* end of the lease */
};

struct state_name {
	uint8_t bytes[1 + STATE_KEY_SIZE];
};

enum state_edit { STATE_EDIT_NONE = 0, STATE_EDIT_STORE, STATE_EDIT_ERASE };

/* Decides about an entry. `found` tells whether it exists with *value; the function may set *value
 * and return that it is to be stored. For an entry that has to exist when the change is answered it
 * returns so even if the value stays: replicas may lack it (redis/change.c). A driver may call it
 * more than once (first guessing that there is no entry); the last call counts. It must not call
 * the state. */
typedef enum state_edit state_decide(int64_t *value, bool found, void *context);

struct state_change {
	const struct state_name *name;
	state_decide *decide;
	void *context;
};

enum { STATE_READS_MAX = 16 };

struct state_value {
	bool is_found;
	int64_t value;
};

struct state_driver {
	/* Reads, decides and writes the changes in order, atomically towards other processes. Drops
	 * a few expired entries as well. 0; -1 if nothing was changed, because the state does not
	 * answer or has no room for an entry (state_room_for()); STATE_CHANGE_UNKNOWN if the answer
	 * was lost. */
	int (*change)(struct state *state, const struct state_change *changes, size_t count,
		int64_t now_us);

	/* Reads entries at once, at most STATE_READS_MAX. 0, or -1 if the state does not answer. */
	int (*read)(struct state *state, const struct state_name *names, size_t count,
		struct state_value *values_r);

	/* Calls see() for each entry; it must not call the state. 0 or -1. */
	int (*each)(struct state *state,
		void (*see)(const struct state_name *name, int64_t value, void *context),
		void *context);

	/* Changes when the state was made. 0 or -1. */
	int (*set_born)(struct state *state, int64_t born);

	/* Entries and bytes; 0 or -1. */
	int (*usage)(struct state *state, struct state_usage *usage);

	bool (*reachable)(struct state *state);
	const char *(*fault)(struct state *state); /* NULL: no more to say */
	const char *(*about)(struct state *state); /* NULL: no more to say */
	void (*warn)(struct state *state, void (*tell)(const char *finding, void *context),
		void *context); /* NULL: no more to say */
	void (*close)(struct state *state);
};

/* The wall clock may be set, but claims must not be forgotten when it jumps ahead and back. So the
 * state has its own clock: it starts with the wall clock and then advances with the machine's boot
 * clock. The clock of a server is the server's. */
struct state_clock {
	int64_t wall_ms; /* at the start, */
	int64_t boot_ms; /* and clock_boot_ms() at that moment */
	int64_t step_ms; /* a smaller difference to the wall clock does not count */
};

enum { STATE_CLOCK_STEP_MS = 10 * 1000 };

/* The first member of every driver's struct. */
struct state {
	const struct state_driver *driver;
	bool is_shared;	    /* by several machines */
	int64_t born;	    /* seconds, of the shared time (state_shared_time()) */
	const char *folder; /* owned by the driver; NULL: none */
	struct state_clock clock;
	size_t capacity; /* entries that fit, with a reserve; 0: the server knows */

	/* Of a state that is not required: what this machine goes on with while the server does not
	 * answer. It also has what this process wrote while it did. NULL: the server is required.
	 */
	struct state *local;
	/* How many times `local` has got what the server may lack, and how many of them it has. */
	uint64_t missed, caught_up;
	bool is_catching_up;
	int64_t last_revocation; /* that `local` has */
};

static inline struct state_name state_name_of(
	enum state_kind kind, const uint8_t key[STATE_KEY_SIZE])
{
	struct state_name name;

	name.bytes[0] = (uint8_t)kind;
	memcpy(name.bytes + 1, key, STATE_KEY_SIZE);
	return name;
}

/* Converts a time of the wall clock to the state's clock. */
int64_t state_time(const struct state *state, int64_t wall_us);

/* Makes one change. 0 or -1. */
static inline int state_change_one(struct state *state, const struct state_name *name,
	int64_t now_us, state_decide *decide, void *context)
{
	struct state_change only = {name, decide, context};

	return state->driver->change(state, &only, 1, now_us);
}

/* 1 and the value; 0 without such an entry; -1 if the state does not answer. */
static inline int state_read_one(
	struct state *state, const struct state_name *name, int64_t *value_r)
{
	struct state_value value;

	if (state->driver->read(state, name, 1, &value) != 0)
		return -1;
	if (value.is_found)
		*value_r = value.value;
	return value.is_found;
}

/* The value of a mark: the marked time and the end of the entry, both in seconds. Version 0.1.0
 * wrote only the time. */
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

/* The later of both times. */
static inline int64_t state_mark_join(int64_t a, int64_t b)
{
	int64_t when = state_mark_when(a), until = state_mark_until(a);

	if (state_mark_when(b) > when)
		when = state_mark_when(b);
	if (state_mark_until(b) > until)
		until = state_mark_until(b);
	return state_mark_value(when, until);
}

/* Whether an entry has expired and may be dropped. */
static inline bool state_is_expired(uint8_t kind, int64_t value, int64_t now_us)
{
	if (kind == STATE_KIND_MARK)
		return state_mark_until(value) <= now_us / 1000000;
	return value <= now_us;
}

/* How many entries of all kinds may exist when one of this kind is added. Visitors can make
 * thousands of claims and the like, so these stop at half of the capacity. The rest is for signing
 * in and out, and the last part for revocations. Leases are few, because rooms are. */
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

/* The result of a change that was made in the local table as well. If the server failed it is that
 * of the local table, from which the server gets the entry later. */
int state_also(struct state *state, int rc, int local_rc);

/* Gives the server what it missed, on a fiber. Called when it has answered. */
void state_catch_up(struct state *state);

struct state *state_memory_open(struct error *error);

#ifdef HAVE_HIREDIS
struct state *state_redis_open(const struct state_options *options, struct error *error);
#endif

/* Opens the LMDB state. `size`: bytes to which the file may grow, STATE_LMDB_SIZE except in tests
 * of a full state. NULL with an error. */
struct state *state_lmdb_open(const char *folder, size_t size, struct error *error);
