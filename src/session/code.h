/* SPDX-License-Identifier: MIT
 *
 * A code: what a browser brings to the page of an application, or to a native program, so that its
 * script may trade it for a token (RFC 6749, 4.1). It is sealed and holds the session, so any
 * process of the pool can take it; that it is taken once is the state's to keep. It is good for one
 * minute, one platform, one meeting and one receiver, and, where the script began with a challenge
 * (RFC 7636), for whoever has the verifier.
 *
 *   payload: version 1 | id 16 | issued 8 | ambient 1 | browser id 16 | challenged 1 | hashes of
 * platform, meeting, receiver, challenge, 16 each | the session (session.h), without what the
 * backend keeps
 */
#pragma once

#include "session/session.h"
#include "session/ticket.h"

enum {
	CODE_ID_SIZE = 16,
	CODE_LIFETIME = 60, /* seconds */
	CODE_TEXT_MAX = 4096,
	CODE_CHALLENGE_LENGTH = 43, /* base64url of SHA-256 */
	CODE_VERIFIER_MIN = 43,
	CODE_VERIFIER_MAX = 128,
};

/* What a code is good for; texts of the caller. */
struct code_use {
	const char *platform, *meeting;
	const char *receiver;  /* the origin of a page; "": a native program */
	const char *challenge; /* NULL: none */
};

struct code {
	uint8_t id[CODE_ID_SIZE]; /* random: what is used once */
	bool ambient;		  /* the web server signs the person in with each request */
	uint8_t browser[TICKET_BROWSER_SIZE];
	struct session session; /* owned */
};

/* Appends the code of the session for that use, as long as `code` and its session are; its id is
 * made here. 0, or -1 when it does not fit into CODE_TEXT_MAX. */
int code_seal(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const struct code_use *use, struct code *code, int64_t now, struct buffer *text);

/* What is wrong with a code. Zero is bad. */
enum code_result {
	CODE_BAD = 0, /* not one of ours, or damaged */
	CODE_LATE,    /* older than a minute, or its session has ended */
	CODE_OF_OTHER_PLATFORM,
	CODE_OF_OTHER_MEETING,
	CODE_OF_OTHER_RECEIVER,
	CODE_WITHOUT_VERIFIER, /* it has a challenge, and no verifier came */
	CODE_NEVER_CHALLENGED, /* a verifier came, and it has no challenge (RFC 9700, 2.1.1) */
	CODE_WRONG_VERIFIER,
	CODE_GOOD,
};

/* Opens a code. `use->challenge` is that of the verifier which came; NULL: none came. On CODE_GOOD
 * the session is the caller's; it is empty otherwise. */
enum code_result code_open(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const char *text, const struct code_use *use, struct session_limits limits, int64_t now,
	struct code *code);

/* Whether a text has the form of a challenge, of a verifier. */
bool code_is_challenge(const char *text);
bool code_is_verifier(const char *text);

/* The challenge of a verifier, by S256. */
void code_challenge(const char *verifier, char challenge[CODE_CHALLENGE_LENGTH + 1]);
