/* SPDX-License-Identifier: MIT
 *
 * What the processes of a pool share: claims of request tokens, throttle counters, revocations,
 * leases. Keys are keyed hashes (seal_hash()), never the values themselves.
 *
 * Drivers: lmdb.c (one machine), redis/ (several machines) and memory.c (one process, for tests).
 * LMDB answers in microseconds. Redis answers in a later turn of the loop: every function here may
 * make its fiber wait (base/fiber.h), and fails if it is called on the loop outside of a fiber.
 * Only one thread at a time may use a state.
 *
 * Every entry expires. Times are of the current wall clock; if it was set since an entry was made,
 * the entry still lasts as long as intended (driver.h, struct state_clock). Entries that visitors
 * can make by the thousand fill at most half of a state, so that people can still sign in and out
 * and be revoked.
 */
#pragma once

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	STATE_KEY_SIZE = 16,
	STATE_CLAIMS_MAX = 64,
	STATE_RESOURCES_MAX = 64,
	STATE_REVOKED = 3, /* keys of revocations that end a session */
	STATE_LIMITS_MAX = 2,
	STATE_PREFIX_MAX = 64,
	STATE_SENTINELS_MAX = 16,
	STATE_BORN_UNKNOWN = -1,
	STATE_LEASE_SECONDS_MAX =
		8 * 24 * 3600, /* a day longer than rooms are leased: see lease.c */
};

struct state;

/* A change may be made, or may be undone by a failover: the answer was lost, or too few replicas
 * have it in time. Ask again until it is confirmed. */
enum { STATE_CHANGE_UNKNOWN = -2 };

enum state_peer { STATE_PEER_SERVER = 0, STATE_PEER_SENTINELS };

/* The newest password for the server or for the Sentinels; NULL: none. Called for each connection;
 * the text is used before anything else happens. */
typedef const char *state_password(enum state_peer peer, void *context);

/* How a state is opened. All but the address is for a server only. The state copies the texts. */
struct state_options {
	const char *address;
	int64_t timeout_ms; /* for one question */
	int64_t replicas;   /* of the server that have to have a claim; 0: none */
	const char *prefix; /* of the keys, at most STATE_PREFIX_MAX characters */
	state_password *password;
	void *context;		 /* password's */
	const char *ca_file;	 /* for "rediss:"; NULL or "": the system's certificates */
	const char *certificate; /* of this client, for "rediss:"; NULL or "": none */
	const char *certificate_key;
	const char *const *sentinels; /* host[:port] of each */
	size_t sentinel_count;	      /* at most STATE_SENTINELS_MAX */
	const char *sentinel_name;    /* of the primary */
	/* NULL: the server is required. Otherwise this machine goes on alone while it does not
	 * answer: claims, counters and ends are kept in this folder, or, if it is "", in the memory
	 * of the process. Only with a loop. */
	const char *local_folder;
	/* The loop on which fibers wait for answers. NULL: the caller waits itself (meetauthctl).
	 */
	struct uv_loop_s *loop;
};

/* Opens "lmdb:/run/meetauth" (the folder must exist and be writable), "redis://host" or "memory:".
 * Many processes may open it at once; after a fork the child opens its own. With a loop, a server
 * need not answer yet. NULL with an error. Free with state_close(), before the loop ends: it has to
 * turn once more. */
struct state *state_open(const struct state_options *options, struct error *error);
void state_close(struct state **state);

/* Creates the folder of an "lmdb:" address if it is missing and this process may write to its
 * parent. For meetauthd only: a folder that meetauthctl made as root would belong to root. */
void state_make_folder(const char *address);

/* Whether the address is a server's, which may want a password. */
bool state_has_password(const char *address);

/* Checks the options only, for -t. 0, or -1 with an error. */
int state_check(const struct state_options *options, struct error *error);

/* A rate by the generic cell rate algorithm (ITU-T I.371): `count` at once, and one more every
 * period/count. */
struct state_rate {
	unsigned count;
	int64_t period_ms;
};

enum state_verdict {
	STATE_CLAIM_BROKEN = 0, /* the state does not answer or is full: do not go on */
	STATE_CLAIM_UNKNOWN,	/* the answer was lost, the claim may be made: treat it as lost */
	STATE_CLAIM_LOST,	/* another claim holds the key */
	STATE_CLAIM_LIMITED,	/* too many claims under one of the limits */
	STATE_CLAIM_WON,
};

/* Claims a key for `seconds`. Of all processes that try, one wins. `now` in seconds. */
enum state_verdict state_claim(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t seconds, int64_t now);

/* A limit on claims, of a person or an address. Its counters are separate from those of
 * state_take(). */
struct state_limit {
	uint8_t key[STATE_KEY_SIZE];
	struct state_rate rate;
};

/* Claims several keys at once, at most STATE_CLAIMS_MAX, in one write. Of equal keys the first
 * wins. `now_ms` in milliseconds: with whole seconds, processes would disagree by one of them about
 * a limit whenever a second ends. */
struct state_claimed {
	const uint8_t *key;
	int64_t seconds;
	struct state_limit limits[STATE_LIMITS_MAX]; /* one is taken from each */
	size_t limit_count;
	enum state_verdict verdict; /* set */
	bool is_local;		    /* set: won without the server (struct state_options) */
	int64_t wait_ms;	    /* set for STATE_CLAIM_LIMITED: until the next is allowed */
};
void state_claim_all(
	struct state *state, struct state_claimed *claims, size_t count, int64_t now_ms);

/* 1: somebody claims the key now; 0: nobody; -1: the state does not answer. `now` in seconds. */
int state_is_claimed(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now);

/* Gives a claim back, because nothing was sent. 0 or -1. */
int state_unclaim(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* Takes one from the counter. 0 if one was left; else the milliseconds until there is one; -1 if
 * the state does not answer. */
int64_t state_take(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* Puts one back, after a good try. 0 or -1. */
int state_give(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* What state_take() would return, without taking one. */
int64_t state_wait(struct state *state, const uint8_t key[STATE_KEY_SIZE], struct state_rate rate,
	int64_t now_ms);

/* Stores a time under a key at least until `until`; a later time replaces it. Used for revocations
 * (sessions that began before are void) and for when a secret was last accepted. 0 or -1. */
int state_mark(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t when, int64_t until);

/* The time stored under a key; 0: none; -1: the state does not answer. */
int64_t state_marked(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* The present time of the clock that all machines of this state share: for what one machine writes
 * and another compares, when a session began or was revoked. That is the server's clock; on one
 * machine it is the machine's, which says `now`. Seconds. */
int64_t state_shared_time(const struct state *state, int64_t now);

/* Revokes the sessions that began until now (state_shared_time()). They all expire by `until`. 0;
 * -1 if nothing was revoked; or STATE_CHANGE_UNKNOWN. */
int state_revoke(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* What may end a session before its time. All keys are the caller's. */
struct state_session {
	const uint8_t *id; /* of state_end(), or, if is_known, of state_know() */
	bool is_known;
	const uint8_t *provider; /* a mark that ends it, whenever it began; NULL: none */
	int64_t began;		 /* state_shared_time() */
	/* Makes the keys of revocations that end it if they are not older than it. Called at most
	 * once, and only if they are needed: hashing takes longer than asking. */
	void (*make_revoked)(uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE], const void *context);
	const void *context;
};

/* Whether the session is over, by one question to a server: it was ended, or revoked since it
 * began, or it is older than the state, which may have lost its revocation. 1 or 0; -1 if the state
 * does not answer. A machine that goes on without its server does not know whom somebody revoked
 * last: 1 if that was since the session began. */
int state_is_over(struct state *state, const struct state_session *session);

/* Ends something (a session) that would expire at `until`. The entry stays a day longer, so that a
 * clock set back by less does not revive it. 0 or -1. */
int state_end(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* 1: ended, 0: not, -1: the state does not answer. */
int state_ended(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* Remembers something until `until` that visitors can make in any number: that a browser is known,
 * that a guest has signed out. Stored with the limits of claims. 0 or -1. */
int state_know(struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* 1: remembered, 0: not, -1: the state does not answer. */
int state_known(struct state *state, const uint8_t key[STATE_KEY_SIZE]);

/* A resource that one holder at a time may lease: its key, and the key of resource and holder
 * together. */
struct state_resource {
	uint8_t key[STATE_KEY_SIZE];
	uint8_t holding[STATE_KEY_SIZE];
};

enum state_leased {
	STATE_LEASE_BROKEN = 0, /* the state does not answer */
	STATE_LEASE_NONE,	/* other holders have them all */
	STATE_LEASE_HELD,
};

/* Leases one of at most STATE_RESOURCES_MAX resources to a holder until `until` (seconds): the
 * resource that the holder has already, whose lease is extended, else the first free one. No two
 * holders ever have the same resource, whichever processes ask. A lease expires by itself, after
 * STATE_LEASE_SECONDS_MAX at the latest even if the clock was ahead when it began. */
enum state_leased state_lease(struct state *state, const struct state_resource *resources,
	size_t count, int64_t now, int64_t until, size_t *index_r);

/* Until when (seconds) a resource is leased; 0: it is free; -1: the state does not answer.
 * *is_held_r: by its holder. */
int64_t state_leased_until(
	struct state *state, const struct state_resource *resource, int64_t now, bool *is_held_r);

/* Ends the lease of a resource, whoever holds it. Where `until` is later than `now` (seconds),
 * nobody gets it before that time, which is never later than the lease would have ended. 1: there
 * was a lease; 0: there was none; -1: the state does not answer. */
int state_lease_end(
	struct state *state, const uint8_t key[STATE_KEY_SIZE], int64_t now, int64_t until);

/* When this state was made (state_shared_time()); STATE_BORN_UNKNOWN before a server has answered.
 * Ask each time: a state that is removed while the process runs is made anew. Older sessions are
 * void, because their revocation may have been lost with the previous state (a reboot empties
 * /run). */
int64_t state_born(const struct state *state);

/* Copies all entries that have not expired. If both states have an entry, the later of its two
 * times is kept. Returns the number of entries, or -1. */
int64_t state_copy(struct state *from, struct state *to);

/* The same, and `to` becomes as old as `from`, so that sessions go on: for an operator who changes
 * states while no process uses either. */
int64_t state_move(struct state *from, struct state *to);

/* How full the state is: entries, including expired ones not yet dropped, and the number at which
 * claims stop; bytes in use, and the largest size of the file. 0, or -1 if the state does not
 * answer. */
struct state_usage {
	uint64_t entries, entries_limit;
	uint64_t bytes, bytes_limit;
};
int state_usage(struct state *state, struct state_usage *usage);

/* Whether the state answers, for readyz. Also false for ten seconds after a failed change (the
 * state or /run is full). */
bool state_reachable(struct state *state);

/* True if the server does not answer and this machine goes on without it. Leases fail, since they
 * must be exclusive. What other machines ended or revoked lately is not known. */
bool state_is_local(struct state *state);

/* Why it does not answer, for the operator. Owned by the state. */
const char *state_fault(struct state *state);

/* What an operator may want to know of a server; NULL: nothing. Owned by the state. */
const char *state_about(struct state *state);

/* What is wrong with a state that works, for the operator: calls tell() with each finding. */
void state_warn(
	struct state *state, void (*tell)(const char *finding, void *context), void *context);

/* The folder that the processes of this machine share, for the metrics file; NULL: none. Owned by
 * the state. */
const char *state_folder(const struct state *state);
