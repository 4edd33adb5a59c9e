/* SPDX-License-Identifier: MIT
 *
 * An authorization code: the browser takes it to the page of an application, or to a native
 * program, whose script trades it for a token (RFC 6749, 4.1). It is sealed and contains the
 * session, so any process of the pool can open it. The shared state remembers which codes were
 * used. A code is valid for one minute, for one platform, one meeting and one receiver. If the
 * script began with a challenge (RFC 7636), the matching verifier is required.
 *
 *   payload: version 1 | id 16 | issued 8 | ambient 1 | browser id 16 | challenged 1 |
 *   hashes of platform, meeting, receiver and challenge, 16 each |
 *   the session (session.h) without the backend's refresh data
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

/* What a code may be used for. The strings belong to the caller. */
struct code_use {
	const char *platform, *meeting;
	const char *receiver;  /* the origin of the page; "" for a native program */
	const char *challenge; /* NULL: none */
};

struct code {
	uint8_t id[CODE_ID_SIZE]; /* random: the state's key for "used once" */
	bool ambient;		  /* the web server authenticates the person on each request */
	uint8_t browser[TICKET_BROWSER_SIZE];
	struct session session; /* owned by the code */
};

/* Makes a new id for `code` and appends it, sealed together with its session, for this use. 0, or
 * -1 if the text would be longer than CODE_TEXT_MAX. */
int code_seal(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const struct code_use *use, struct code *code, int64_t now, struct buffer *text);

/* The verdict on a code; the zero value rejects it. */
enum code_result {
	CODE_BAD = 0, /* not sealed by this pool, or damaged */
	CODE_LATE,    /* older than a minute, or its session has ended */
	CODE_OF_OTHER_PLATFORM,
	CODE_OF_OTHER_MEETING,
	CODE_OF_OTHER_RECEIVER,
	CODE_WITHOUT_VERIFIER, /* the code has a challenge, and the request has no verifier */
	CODE_NEVER_CHALLENGED, /* the request has a verifier, and the code has no challenge (RFC
				  9700, 2.1.1) */
	CODE_WRONG_VERIFIER,
	CODE_GOOD,
};

/* Opens a code and checks that it was made for this use. `use->challenge` is the challenge of the
 * request's verifier; NULL: the request has none. With CODE_GOOD the caller releases the code's
 * session; otherwise it is empty. */
enum code_result code_open(const struct seal_ring *ring, const uint8_t hash_key[SEAL_KEY_SIZE],
	const char *text, const struct code_use *use, struct session_limits limits, int64_t now,
	struct code *code);

/* True if the text has the form of a challenge, or of a verifier. */
bool code_is_challenge(const char *text);
bool code_is_verifier(const char *text);

/* Computes the challenge of a verifier (S256). */
void code_challenge(const char *verifier, char challenge[CODE_CHALLENGE_LENGTH + 1]);
