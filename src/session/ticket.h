/* SPDX-License-Identifier: MIT
 *
 * A ticket: a pending join during a login, sealed in a form field or a query parameter. The cookie
 * __Host-meetauth-join binds it to the browser: it contains a sealed random id, which all tabs
 * share. Any process of the pool can open a ticket; the server keeps nothing.
 *
 *   payload: version 4 | kind 1 | issued 8 | ends 8 | browser id 16 (in a form of a
 *   person who has signed in: a hash of the browser id and the person) |
 *   the join, if the kind has one: platform, meeting id, meeting token (empty if it is
 *   the id), request token, each as 2-byte length and bytes | number of forwards 1 |
 *   name and value of each |
 *   the pending sign-in, if the kind has one: id 16 | seed 32 | echo 1 | backend, name,
 *   prompt | state as 2-byte length and bytes | the identity (identity_wire.h)
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
	/* The longest ticket in a URL: a request token of 512 bytes and 16 forwards of modest size,
	 * or a Jitsi room in two spellings with its overrides. And in a form, for a challenge: the
	 * join, an identity that fills a session, and the backend's state. */
	TICKET_TEXT_MAX = 6144,
	TICKET_FORM_MAX = 12200,
	/* Seconds that the clock of the machine which made the ticket may be ahead of ours. */
	TICKET_SKEW = 60,
};

/* What a ticket may be used for. A ticket of one kind does not open as another. */
enum ticket_kind {
	TICKET_NONE = 0,
	TICKET_JOIN,	  /* a pending join */
	TICKET_LOGOUT,	  /* the logout form; without a join */
	TICKET_DESK,	  /* the forms of the guest desk; without a join */
	TICKET_REDIRECT,  /* while the browser is at a provider: a join and a pending sign-in */
	TICKET_CHALLENGE, /* a second question was asked: a join and a pending sign-in */
	TICKET_INVITE,	  /* the page of an invitation: a join without request token, and a pending
			     sign-in */
};

/* What an unfinished sign-in has to remember besides the join. */
struct pending {
	uint8_t id[TICKET_ID_SIZE]; /* random: the state counts under it what may happen once, or
				       five times */
	uint8_t seed[TICKET_SEED_SIZE]; /* random: the nonce and the PKCE verifier are derived from
					   it */
	/* When its first ticket was issued and when all its tickets end, however often it is sealed
	 * again; 0: not sealed yet. */
	int64_t made, ends;
	char *backend; /* the title of its section */
	/* The challenge (auth/attempt.h); `name` and `prompt` are NULL if there is none. */
	char *name, *prompt;
	bool echo;
	uint8_t state[TICKET_STATE_MAX];
	size_t state_length;
	struct identity who; /* the person who passed the first question; empty if the backend
				checks both answers together */
};

#define PENDING_INIT ((struct pending){.who = IDENTITY_INIT})

void pending_release(struct pending *pending);

/* Reads the browser's id from its cookie. Makes a new id, and returns true, if there is no cookie
 * or it was not sealed by this pool; the caller then sets the cookie. */
bool ticket_browser(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* The same without making an id: 0, or -1 if there is no valid cookie. */
int ticket_browser_open(
	const struct seal_ring *ring, const char *cookie, uint8_t browser[TICKET_BROWSER_SIZE]);

/* Appends the cookie value for `browser`. 0, or -1 if the buffer is full. */
int ticket_browser_seal(const struct seal_ring *ring, const uint8_t browser[TICKET_BROWSER_SIZE],
	struct buffer *text);

/* Appends the sealed ticket, which is valid for `lifetime` seconds. `join` and `pending` are NULL
 * if the kind has none. 0, or -1 if the ticket would be longer than TICKET_TEXT_MAX (for a
 * challenge: TICKET_FORM_MAX). */
int ticket_seal(const struct seal_ring *ring, enum ticket_kind kind,
	const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	const struct join *join, const struct pending *pending, struct buffer *text);

/* The verdict on a ticket; the zero value rejects it. */
enum ticket_result {
	TICKET_BAD = 0, /* not sealed by this pool for this kind, or damaged */
	TICKET_FOREIGN, /* of another browser, or made for another person's form */
	TICKET_LATE,	/* of this browser, but expired */
	TICKET_GOOD,
};

/* Opens a ticket. It must be of this kind and this browser, younger than `lifetime` seconds, not
 * past its end, and not from further in the future than TICKET_SKEW. With TICKET_GOOD, `join` and
 * `pending` are filled, and the caller releases them; they stay empty if the kind has none, and
 * `pending` may be NULL then. With TICKET_FOREIGN and TICKET_LATE only `join` is filled; use it for
 * the log only. */
enum ticket_result ticket_open(const struct seal_ring *ring, enum ticket_kind kind,
	const char *text, const uint8_t browser[TICKET_BROWSER_SIZE], int64_t now, int64_t lifetime,
	struct join *join, struct pending *pending);
