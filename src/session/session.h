/* SPDX-License-Identifier: MIT
 *
 * A session: a person who has signed in, sealed in the cookie __Host-meetauth. The server keeps
 * nothing about it but revocations (state/).
 *
 *   payload: version 4 | id 16 | began 8 | used 8 | read 8 | ends 8 | idle_until 8
 *   (big endian) | the identity (identity_wire.h)
 */
#pragma once

#include "base/identity.h"
#include "secret/seal.h"

#include <stdbool.h>
#include <stdint.h>

#define SESSION_COOKIE "__Host-meetauth"

enum {
	SESSION_ID_SIZE = 16, /* random, so it can be a key of the shared state as it is */
	/* Bytes, sealed; with name and attributes the cookie has at most 4096 (RFC 6265 6.1). */
	SESSION_TEXT_MAX = 3800,
	/* Seconds that the clock of the machine which made the session may be ahead of ours. */
	SESSION_SKEW = 60,
	/* The longest session-lifetime; revocations are kept as long. */
	SESSION_LIFETIME_MAX = 400 * 24 * 3600,
};

struct session {
	uint8_t id[SESSION_ID_SIZE]; /* new for every login */
	struct identity who;
	/* Seconds since 1970. By the clock that the machines share (state_shared_time()): it is
	 * compared with revocations. The other times are by the clock of one machine. */
	int64_t began;
	int64_t used;
	int64_t read; /* when the backend last confirmed who they are */
	/* Set from the limits when the session began, and when it was last used. A later
	 * configuration may end the session earlier but never later. */
	int64_t ends, idle_until;
};

/* The configured limits of sessions, in seconds. */
struct session_limits {
	int64_t lifetime, idle;
};

/* Starts a session with a new id. Takes over `who`, which is empty afterwards. */
void session_begin(
	struct session *session, struct identity *who, struct session_limits limits, int64_t now);

/* Records that the session is used at `now`. */
void session_use(struct session *session, struct session_limits limits, int64_t now);

/* True if a session of `who` fits in SESSION_TEXT_MAX. */
bool session_fits(const struct identity *who);

/* Appends the sealed cookie value. 0, or -1 if it would be too long. */
int session_seal(const struct seal_ring *ring, const struct session *session, struct buffer *text);

/* Opens a cookie value. Does not check whether the session was revoked. Returns 0 if the session is
 * valid; it ends at exactly its lifetime. Returns 1 if only limits that were shortened since it
 * began exclude it: the caller has to end it, or it would be valid again once they are longer.
 * Returns -1, with an empty session, if the value was not sealed by this pool, the session has
 * ended, or it was last used further in the future than SESSION_SKEW. */
int session_open(const struct seal_ring *ring, const char *text, struct session_limits limits,
	int64_t now, struct session *session);

/* True if the cookie should be sent again with a new `used`: after a tenth of the idle time, so
 * that not every join sets a cookie. */
bool session_is_stale(const struct session *session, struct session_limits limits, int64_t now);

/* Keys of the shared state (state_mark(), state_marked()) under which the time of a revocation is
 * stored. A session is void if it began at or before that time: times are in seconds, and one that
 * began in the same second may be the one to revoke. */

/* The key of a person in one backend, or in any if `backend` is NULL. It is the same whatever the
 * case of ASCII letters in the subject: the operator need not know how the backend spells it. */
void session_revoke_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *backend,
	const char *subject, uint8_t key[SEAL_HASH_SIZE]);

/* The name that stands for a person in a log with log-users = "keyed": "u-" and hex digits, the
 * same in every backend and whatever the case of ASCII letters. Nobody can make it without the key.
 */
enum { SESSION_LOG_NAME_SIZE = 19 };
void session_log_name(const uint8_t hash_key[SEAL_KEY_SIZE], const char *subject,
	char name[SESSION_LOG_NAME_SIZE]);

/* The key of the provider's session that the person signed in with: made of its id or, if the
 * provider gave none (provider_session is NULL), of the person. */
void session_provider_key(const uint8_t hash_key[SEAL_KEY_SIZE], const struct identity *who,
	uint8_t key[SEAL_HASH_SIZE]);

void session_release(struct session *session);
