/* SPDX-License-Identifier: MIT
 *
 * A ticket: a pending join on its way through a login, sealed in a form field or a query parameter
 * and bound to the browser by the cookie __Host-meetauth-join, which holds a sealed random id that
 * all tabs share. Any process of the pool can finish it; nothing is kept on the server.
 *
 *   payload: version 4 | kind 1 | issued 8 | ends 8 | browser id 16 (of a form that acts for
 * somebody who is signed in: a hash of it and of them) | where the kind has one, the join:
 * platform, meeting id, meeting token (empty: the id again), request token, as 2-byte length and
 * bytes | number of forwards 1 | name and value of each | where it has one, the pending sign-in: id
 * 16 | seed 32 | echo 1 | backend, name, prompt | state as 2-byte length and bytes | the identity
 * (identity_wire.h)
 */
#pragma once

#include "base/identity.h"
#include "base/join.h"
#include "secret/seal.h"

#include <stdint.h>

#define TICKET_COOKIE "__Host-meetauth-join"

enum {
	TICKET_BROWSER_SIZE = 16,
	TICKET_ID_SIZE = 16,
	TICKET_SEED_SIZE = 32,
	TICKET_STATE_MAX = 512,
	/* Sealed, in an address: a request token of 512 and 16 forwards of modest size, or a room
	 * of Jitsi's in two spellings and its overrides. In a form, for a challenge: with it an
	 * identity that fills a session, and what the server wants back. */
	TICKET_TEXT_MAX = 6144,
	TICKET_FORM_MAX = 12200,
	TICKET_SKEW =
		60, /* seconds that the clock of the machine that made it may be ahead of ours */
};

/* What a ticket is good for; one kind does not open as another. */
enum ticket_kind {
	TICKET_NONE = 0,
	TICKET_JOIN,	  /* a pending join */
	TICKET_LOGOUT,	  /* the logout form: no join in it */
	TICKET_DESK,	  /* the forms of the guest desk: no join either */
	TICKET_REDIRECT,  /* on the way through a provider: a join and a pending sign-in */
	TICKET_CHALLENGE, /* a second question was asked: a join and a pending sign-in */
	TICKET_INVITE, /* the page of an invitation: a join without request token, a pending sign-in
			*/
};

/* What a login has to remember beside the join. */
struct pending {
	uint8_t id[TICKET_ID_SIZE];	/* random: what may happen once, or five times, counts it */
	uint8_t seed[TICKET_SEED_SIZE]; /* random: nonce and PKCE verifier are made of it */
	/* From when on its tickets age, and when they end, however often it is sealed again; 0: as
	 * they are sealed now. */
	int64_t made, ends;
	char *backend; /* the title of its section */
	/* A challenge (auth/attempt.h), or NULL and nothing. */
	char *name, *prompt;
	bool echo;
	uint8_t state[TICKET_STATE_MAX];
	size_t state_length;
	struct identity who; /* who passed the first question; empty where the backend asks both */
};

#define PENDING_INIT ((struct pending){.who = IDENTITY_INIT})

void pending_release(struct pending *pending);

/* Opens the browser's cookie value into `browser`; on anything but a cookie of ours (NULL, forged,
 * damaged) makes a new id. True when a new one was made: the cookie is to be set. */
bool ticket_browser(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* As above, but -1 when there is no cookie of ours. */
int ticket_browser_open(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* Appends the value of the cookie for `browser`. 0 or -1 (full). */
int ticket_browser_seal(const struct seal_ring *ring, const uint8_t browser[TICKET_BROWSER_SIZE],
	struct buffer *text);

/* Appends the sealed ticket, good for `lifetime` seconds. `join` and `pending` are there where the
 * kind has one, else NULL. 0, or -1 when it
 * would be longer than TICKET_TEXT_MAX (a challenge: TICKET_FORM_MAX). */
int ticket_seal(const struct seal_ring *ring, enum ticket_kind kind,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	const struct join *join, const struct pending *pending, struct buffer *text);

/* What became of a ticket. */
enum ticket_result {
	TICKET_BAD = 0, /* not one of ours of that kind, or damaged */
	TICKET_FOREIGN, /* ours, but of another browser or form holder */
	TICKET_LATE,	/* this browser's, but its time is over */
	TICKET_GOOD,
};

/* Opens a ticket of that kind for that browser, which has not ended, is younger than `lifetime`
 * seconds and not from further in the future than TICKET_SKEW. Join and pending are filled (empty
 * where the kind has none; `pending` may be NULL then) and the caller's when it is TICKET_GOOD; of
 * a foreign or late one the join tells what it was for, to the log alone. */
enum ticket_result ticket_open(const struct seal_ring *ring, enum ticket_kind kind,
	const char *text, const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	struct join *join, struct pending *pending);
