/* SPDX-License-Identifier: MIT
 *
 * Private to the room: what a driver has to do. A state is a table of names, each with one int64;
 * all that it means (claims, counters, marks) is in state.c, so that drivers cannot differ in it.
 */
#ifndef STATE_DRIVER_H
#define STATE_DRIVER_H

#include "state/state.h"

/* First byte of a name. */
enum state_kind {
	STATE_KIND_CLAIM = 'c',	  /* value: microseconds since 1970 until which it holds */
	STATE_KIND_COUNTER = 't', /* value: theoretical arrival time in microseconds since 1970 */
	STATE_KIND_MARK = 'm',	  /* value: seconds since 1970 */
	STATE_KIND_END = 'e',	  /* value: microseconds since 1970 until which it is kept */
	STATE_KIND_LEASE = 'l',	  /* value: microseconds since 1970 until which it runs */
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
	 * between. Drops a few expired entries on the way. 0, or -1 when none of it happened. */
	int (*change)(struct state *state, const struct state_change *changes, size_t count,
		int64_t now_us);

	/* 1 and the value, 0 when there is no such entry, -1 when the state does not answer. */
	int (*read)(struct state *state, const struct state_name *name, int64_t *value_r);

	bool (*reachable)(struct state *state);
	void (*close)(struct state *state);
};

/* The head of every driver's own struct. */
struct state {
	const struct state_driver *driver;
	int64_t born;	    /* seconds */
	const char *folder; /* owned by the driver; NULL where there is none */
};

/* True where an entry means the same as none, and may be dropped. */
static inline bool state_is_expired(uint8_t kind, int64_t value, int64_t now_us)
{
	return kind != STATE_KIND_MARK && value <= now_us;
}

enum {
	STATE_PURGE_STEP = 4, /* entries looked at with each change: purge_behind() says why */
	STATE_LMDB_SIZE = 256 << 20,
};

struct state *state_memory_open(struct error *error);

/* `size` in bytes: how far the file may grow; STATE_LMDB_SIZE but for tests of what happens at the
 * end. */
struct state *state_lmdb_open(const char *folder, size_t size, struct error *error);

#endif
