/* SPDX-License-Identifier: MIT
 *
 * What goes into a call of a backend and what comes out of it. Everything that goes in is the
 * caller's and lives until the call returns; what comes out is filled only where said.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "base/join.h"

#include <stdint.h>

enum {
	AUTH_PASSWORD_MAX = 1024, /* bytes; a longer one is refused, never cut */
	AUTH_PROMPT_MAX = 256,	  /* bytes of UTF-8 */
	AUTH_STATE_MAX = 512,	  /* bytes that a challenge may remember */
	AUTH_NONCE_SIZE = 44,	  /* base64url of 32 bytes, with the NUL */
};

/* The versions of the secret "backend/TITLE", newest first; none where the store has none. What a
 * version is good for the backend knows: to send, the newest; to check, any. */
struct auth_secrets {
	const char *const *values; /* NUL-terminated, without control characters */
	size_t count;
};

/* A second question, asked after a good first answer: a code, or what a RADIUS server wants. The
 * caller seals it into a ticket, so neither can be read or changed by the visitor; a ticket is good
 * for five answers and one grant. */
struct auth_challenge {
	char name[IDENTITY_SUBJECT_MAX + 1]; /* whom it was asked */
	char prompt[AUTH_PROMPT_MAX + 1]; /* in the other side's words; "": the page has its own */
	bool echo;			  /* what is typed may be seen */
	uint8_t state[AUTH_STATE_MAX];	  /* the backend's own */
	size_t state_length;
};

/* One try of one person. */
struct auth_attempt {
	/* As typed: UTF-8 without control characters, at most IDENTITY_SUBJECT_MAX bytes; "" where
	 * the backend's form has no such field, else never empty. */
	const char *name;
	/* At most AUTH_PASSWORD_MAX bytes, "" as above; wiped by the caller. */
	const char *password;
	/* The answer to `asked`; both NULL at the first try. */
	const char *answer;
	const struct auth_challenge *asked;

	const struct join *join; /* where they want to go; never NULL */
	const char *client;	 /* REMOTE_ADDR; "" where unknown */
	bool admitted; /* the policy would let `name` in as a verified e-mail address of this
			  backend; only where the backend asks (asks_policy) */
	struct auth_secrets secrets;

	/* Filled on AUTH_GRANT only, but for `backend`, which the caller sets, and `subject`, which
	 * is set on AUTH_DENY and AUTH_UNFIT where the backend knows whom the name means: the name
	 * of the account, which goes to the log and is counted. Never what was typed, unless the
	 * backend has found an account of that name. */
	struct identity *who;
	/* AUTH_LINK, filled on AUTH_GRANT: the meeting that the link leads to (platform,
	 * meeting_id, meeting_token); NULL for others. */
	struct join *leads_to;
	/* Filled on AUTH_CHALLENGE only. */
	struct auth_challenge *challenge;
	/* Why not, for the operator's log: wrong password, disabled, out of order. Nothing that was
	 * typed. No visitor sees it. */
	struct error *error;
};

/* To a provider and back. `state` is the caller's and opaque; nonce and verifier (RFC 7636) are
 * random, the same on both ways, and known to nobody else. */
struct auth_redirect {
	const char *callback; /* our address that the provider sends the browser back to */
	const char *state;    /* on the way there */
	const char *nonce, *verifier;
	bool reauthenticate; /* they asked for another account: the provider must not just say yes
			      */
	struct auth_secrets secrets;
	/* What came back, NULL where it did not (RFC 6749 4.1.2, RFC 9207); checked for nothing but
	 * UTF-8 and control characters. */
	const char *code, *issuer, *failure;

	struct buffer *url;   /* begin: the whole address is appended */
	struct identity *who; /* finish: as in an attempt */
	struct error *error;
};

/* A message of a provider that somebody's session there has ended (OpenID Connect Back-Channel
 * Logout 1.0). */
struct auth_ending {
	const char *token; /* logout_token, as it came */
	struct auth_secrets secrets;

	char subject[IDENTITY_SUBJECT_MAX + 1];		/* "" where only a session is meant */
	char provider_session[IDENTITY_DIGEST_MAX + 1]; /* as in an identity; "" where all of the
							   subject's are */
	char id[IDENTITY_SUBJECT_MAX + 1];		/* jti: one message counts once */
	struct error *error;
};

/* Somebody's groups are to be read again. */
struct auth_renewal {
	struct auth_secrets secrets;
	struct identity *who; /* as the session has it; on AUTH_GRANT as it is now */
	struct error *error;
};
