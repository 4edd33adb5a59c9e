/* SPDX-License-Identifier: MIT
 *
 * What the processes of a pool share: claims of request tokens, throttle counters, revocations,
 * notes. Keys are keyed hashes (seal_hash), never the values themselves. The drivers: lmdb.c (one
 * machine), memory.c (one process, for tests). lmdb answers in microseconds and is called on the
 * loop; one thread at a time may use a state.
 *
 * Every entry has an end. Times are of the wall clock as it is now; where it was set since an entry
 * was made, the entry still lasts as long as it was meant to (driver.h, struct state_clock).
 *
 * What visitors can make by the thousand fills half of a state and no more, so that people can sign
 * in and out, and be revoked, when that half is full.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	STATE_KEY_SIZE = 16,
	STATE_CLAIMS_MAX = 64,
	STATE_THINGS_MAX = 64,
	STATE_LIMITS_MAX = 2,
	STATE_LEASE_SECONDS_MAX = 8 * 24 * 3600, /* a day more than rooms are leased: see lease.c */
};

struct state;

/* "lmdb:/run/meetauth" (the folder must exist and be writable) or "memory:". Safe to open in many
 * processes at once. NULL with an error. After a fork the child opens its own. */
struct state *state_open(const char *address, struct error *error);
void state_close(struct state **state);

/* Makes the folder of an "lmdb:" address where it is missing and the one above it is ours to write
 * in. For meetauthd: a folder that meetauthctl made as root would not be the service's. */
void state_make_folder(const char *address);

/* Only a check of the address: for -t. 0 or -1. */
int state_check_address(const char *address, struct error *error);

/* "count in period", as the generic cell rate algorithm (ITU-T I.371): `count` at once, and one
 * more every period/count. */
struct state_rate {
	unsigned count;
	int64_t period_ms;
};

enum state_verdict {
	STATE_CLAIM_BROKEN = 0, /* the state does not answer, or is full: nobody may go on */
	STATE_CLAIM_LOST,	/* somebody else has it */
	STATE_CLAIM_LIMITED,	/* whoever claims has done so too often */
	STATE_CLAIM_WON,
};

/* Claims a key for `seconds`; of all processes that try, one wins. `now` in seconds. */
enum state_verdict state_claim(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t seconds, int64_t now);

/* How many claims there may be of a person, of an address. These counters are not those of
 * state_take(). */
struct state_limit {
	uint8_t key[STATE_KEY_SIZE];
	struct state_rate rate;
};

/* Claims several keys at once, up to STATE_CLAIMS_MAX: what it costs to write them down they share.
 * Of equal keys the first wins. */
struct state_claimed {
	const uint8_t *key;
	int64_t seconds;
	struct state_limit limits[STATE_LIMITS_MAX]; /* one is taken from each */
	size_t limit_count;
	enum state_verdict verdict; /* set */
	int64_t wait_ms;	    /* set: for STATE_CLAIM_LIMITED, until the next may be made */
};
void state_claim_all(struct state *state, struct state_claimed *claims, size_t count, int64_t now);

/* Gives a claim back (nothing was sent). 0 or -1. */
int state_unclaim(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* Takes one from the counter. 0 when there was one, else the milliseconds until there is; -1 when
 * the state does not answer. */
int64_t state_take(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* Puts one back (the try was a good one). 0 or -1. */
int state_give(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* How long state_take() would have to wait: 0 when there is one. Takes none. -1 when the state does
 * not answer. */
int64_t state_wait(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* Marks a time under a key, kept until `until` at least; a later one replaces it. Used for
 * revocations (sessions that began before it are void) and for when a secret was last accepted. 0
 * or -1. */
int state_mark(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when, int64_t until);

/* The time under a key, 0 when there is none, -1 when the state does not answer. */
int64_t state_marked(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* Marks a revocation: sessions that began at or before `when` are void. They have all ended by
 * themselves at `until`. 0 or -1. */
int state_revoke(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when, int64_t until);

/* When anybody was last revoked, 0 when nobody was, -1 when the state does not answer. Who began a
 * session after that need not be looked up. */
int64_t state_last_revocation(struct state *state);

/* Ends something that would itself end at `until` (a session that was signed out). Kept for a day
 * more: a clock that is set back by less does not bring it back to life. 0 or -1. */
int state_end(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* 1 when it was ended, 0 when not, -1 when the state does not answer. */
int state_ended(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* Notes something until `until` that visitors can make as many of as of claims: that a browser is
 * known, that a guest has left. 0 or -1. */
int state_know(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* 1 when it was noted, 0 when not, -1 when the state does not answer. */
int state_known(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* A thing that one holder at a time may have: its key, and that of it and the holder together. */
struct state_thing {
	uint8_t key[STATE_KEY_SIZE];
	uint8_t holding[STATE_KEY_SIZE];
};

enum state_leased {
	STATE_LEASE_BROKEN = 0, /* the state does not answer */
	STATE_LEASE_NONE,	/* others have them all */
	STATE_LEASE_HELD,
};

/* Leases one of the things, at most STATE_THINGS_MAX, to a holder until `until` (seconds): the one
 * that the holder has already, whose lease then runs on, else the first that is free. Of all
 * processes that ask, for whomever, no two get one thing. A lease ends by itself, in
 * STATE_LEASE_SECONDS_MAX at the latest, also where the clock was ahead when it was taken. */
enum state_leased state_lease(struct state *state, const struct state_thing *things, size_t count,
	int64_t now, int64_t until, size_t *index_r);

/* Until when (seconds) a thing is leased; 0: it is free; -1: the state does not answer. *is_held_r:
 * by its holder. */
int64_t state_leased_until(
	struct state *state, const struct state_thing *thing, int64_t now, bool *is_held_r);

/* Ends the lease of a thing, whoever holds it. Where `until` is later than `now` (seconds), nobody
 * gets it before that time, which is never later than the lease would have ended. 1: there was a
 * lease; 0: there was none; -1: the state does not answer. */
int state_lease_end(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* When this state was made (seconds); not kept, since a state that was removed under a running
 * process is made anew at the next change. A session older than that is void: its revocation may
 * have been lost with the state before (a reboot empties /run). */
int64_t state_born(const struct state *state);

/* How full it is: entries, those that have expired and were not dropped yet among them, and how
 * many there may be before no more claims are taken; bytes in use, and how many the file may have.
 * 0, or -1 when the state does not answer. */
struct state_usage {
	uint64_t entries, entries_limit;
	uint64_t bytes, bytes_limit;
};
int state_usage(struct state *state, struct state_usage *usage);

/* True when it answers: for readyz. False also for ten seconds after a change failed (the state is
 * full, /run is full). */
bool state_reachable(struct state *state);

/* Folder that the processes of this machine share, for the metrics file; NULL when there is none.
 */
const char *state_folder(const struct state *state);
