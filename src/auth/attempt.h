/* SPDX-License-Identifier: MIT
 *
 * Arguments and results of the calls to a backend (auth.h). The caller owns the arguments, which
 * are valid until the call returns. Results are set only as described.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "base/join.h"

#include <stdint.h>

enum {
	AUTH_PASSWORD_MAX = 1024, /* bytes; longer ones are refused, never truncated */
	AUTH_PROMPT_MAX = 256,	  /* bytes of UTF-8 */
	AUTH_STATE_MAX = 512,	  /* bytes of a challenge's state */
	AUTH_NONCE_SIZE = 44,	  /* base64url of 32 bytes, with the NUL */
};

/* The versions of the secret "backend/TITLE", newest first; the count may be 0. Backends send only
 * the newest, but verify with any. */
struct auth_secrets {
	const char *const *values; /* NUL-terminated, without control characters */
	size_t count;
};

/* A question after the first step of a sign-in: a code, or the challenge of a RADIUS server. The
 * caller seals it into a ticket, so that the visitor can neither read nor change it. A ticket
 * allows five answers and one grant. */
struct auth_challenge {
	char name[IDENTITY_SUBJECT_MAX + 1]; /* the user name */
	char prompt[AUTH_PROMPT_MAX + 1];    /* the other system's text; "": the page's own text */
	bool echo;			     /* show what the visitor types */
	uint8_t state[AUTH_STATE_MAX];	     /* private to the backend */
	size_t state_length;
};

/* One attempt to sign in. */
struct auth_attempt {
	/* As typed: UTF-8 without control characters, at most IDENTITY_SUBJECT_MAX bytes. It is ""
	 * only if the backend's form has no such field. */
	const char *name;
	/* At most AUTH_PASSWORD_MAX bytes; "" as for the name. The caller wipes it. */
	const char *password;
	/* The answer to the challenge `asked`. Both are NULL in the first step. */
	const char *answer;
	const struct auth_challenge *asked;

	const struct join *join; /* the join that the sign-in is for; never NULL */
	const char *client;	 /* REMOTE_ADDR, or "" if unknown */
	bool admitted; /* the policy would allow the join with `name` as verified e-mail address;
			  set only for backends with asks_policy */
	struct auth_secrets secrets;

	/* Set on AUTH_GRANT, except for `backend`, which the caller sets. On AUTH_DENY and
	 * AUTH_UNFIT only `subject` is set, and only if the backend has found the account: it is
	 * logged, and failures are counted for it. It is never just what was typed. */
	struct identity *who;
	/* For AUTH_LINK, set on AUTH_GRANT: the meeting of the link (platform, meeting_id,
	 * meeting_token, title). NULL for other kinds. */
	struct join *leads_to;
	/* Set on AUTH_CHALLENGE only. */
	struct auth_challenge *challenge;
	/* The reason for the log: wrong password, disabled, unavailable. It must not contain
	 * anything that was typed. Visitors never see it. */
	struct error *error;
};

/* An authorization request, and its callback. `state` is opaque. Nonce and verifier (RFC 7636) are
 * random and secret, and the same in both calls. */
struct auth_redirect {
	const char *callback; /* our redirect URI */
	const char *state;    /* for the request only */
	const char *nonce, *verifier;
	bool reauthenticate; /* the visitor wants another account: the provider must prompt again */
	struct auth_secrets secrets;
	/* Parameters of the callback, or NULL (RFC 6749 section 4.1.2, RFC 9207). The caller has
	 * checked only UTF-8 and control characters. */
	const char *code, *issuer, *failure;

	struct buffer *url;   /* authorization_url() appends the URL */
	struct identity *who; /* handle_callback(): as in an attempt */
	struct error *error;
};

/* A provider's message that a session has ended there (OpenID Connect Back-Channel Logout 1.0). */
struct auth_ending {
	const char *token; /* logout_token, not validated */
	struct auth_secrets secrets;

	char subject[IDENTITY_SUBJECT_MAX + 1];		/* "" if only a session is meant */
	char provider_session[IDENTITY_DIGEST_MAX + 1]; /* as in an identity; "" if all sessions of
							   the subject are meant */
	char id[IDENTITY_SUBJECT_MAX + 1]; /* jti, by which repeated messages are recognized */
	struct error *error;
};

/* A renewal of an identity's groups. */
struct auth_renewal {
	struct auth_secrets secrets;
	struct identity *who; /* that of the session; updated on AUTH_GRANT */
	struct error *error;
};
