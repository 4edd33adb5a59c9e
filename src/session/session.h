/* SPDX-License-Identifier: MIT
 *
 * A session: somebody who signed in, as kept in the sealed cookie __Host-meetauth. Nothing is kept
 * on the server but revocations (state/).
 *
 *   payload: version 4 | id 16 | began 8 | used 8 | read 8 | ends 8 | idle_until 8 (big endian) |
 * the identity (identity_wire.h)
 */
#pragma once

#include "base/identity.h"
#include "secret/seal.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_COOKIE "__Host-meetauth"

enum {
	SESSION_ID_SIZE = 16, /* random: as good a key in the shared state as a keyed hash */
	SESSION_TEXT_MAX =
		3800, /* sealed; name and attributes fit in 4096 with it (RFC 6265 6.1) */
	SESSION_SKEW =
		60, /* seconds that the clock of the machine that made it may be ahead of ours */
	SESSION_LIFETIME_MAX =
		400 * 24 * 3600, /* what config takes; revocations are kept so long */
};

struct session {
	uint8_t id[SESSION_ID_SIZE]; /* new at every login */
	struct identity who;
	int64_t began; /* seconds since 1970 */
	int64_t used;
	int64_t read; /* when the backend last said who they are */
	/* What the limits were when it began, and when it was last used: later ones may shorten a
	 * session and never bring one back that has ended. */
	int64_t ends, idle_until;
};

/* How long sessions live, in seconds. */
struct session_limits {
	int64_t lifetime, idle;
};

/* Begins a session of `who` (taken over) at `now`. */
void session_begin(
	struct session *session, struct identity *who, struct session_limits limits, int64_t now);

/* It is used at `now`. */
void session_use(struct session *session, struct session_limits limits, int64_t now);

/* Whether a session of `who` fits in SESSION_TEXT_MAX. */
bool session_fits(const struct identity *who);

/* Appends the sealed cookie value. 0, or -1 when it does not fit. */
int session_seal(const struct seal_ring *ring, const struct session *session, struct buffer *text);

/* Opens a cookie value. 0; 1 for a session that limits set since it began have shortened: it is no
 * longer good, and would be again with longer ones unless the caller ends it. -1 for one that is
 * not ours, ended (a session of exactly its lifetime is), or from further in the future than
 * SESSION_SKEW; the session is empty then. Whether it was revoked is for the caller to ask. */
int session_open(const struct seal_ring *ring, const char *text, struct session_limits limits,
	int64_t now, struct session *session);

/* True when the cookie should be sent again with `used` set to now: after a tenth of the idle time,
 * so that not every join makes a new cookie. */
bool session_is_stale(const struct session *session, struct session_limits limits, int64_t now);

/* Keys in the shared state (state_mark, state_marked) of what ends sessions before their time. A
 * session is void when it began at or before the time marked there: the second is the finest there
 * is, and one that began in it may be the one that was meant. */

/* Of a person: of one backend, or of whichever when `backend` is NULL. The same for every case of
 * the subject's letters of ASCII: whoever revokes need not know how the backend writes it. */
void session_revoke_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *backend,
	const char *subject, uint8_t key[SEAL_HASH_SIZE]);

/* Of the session at a provider that somebody's began with: by its id, or where the provider gave
 * none (provider_session is NULL), by the person. */
void session_provider_key(const uint8_t hash_key[SEAL_KEY_SIZE], const struct identity *who,
	uint8_t key[SEAL_HASH_SIZE]);

void session_release(struct session *session);
