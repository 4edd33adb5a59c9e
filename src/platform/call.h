/* SPDX-License-Identifier: MIT
 *
 * The arguments and results of the calls to a platform's driver (platform.h).
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "base/join.h"

#include <stdint.h>

enum {
	PLATFORM_TOKEN_MAX = 2048,  /* bytes of an exchanged access token */
	PLATFORM_GRANT_MAX = 8192,  /* bytes of what a grant makes */
	PLATFORM_USER_ID_SIZE = 33, /* 32 hex digits and the NUL */
};

/* What came of asking for access. Zero is refused: this meeting, or this visitor. */
enum platform_verdict {
	PLATFORM_REFUSED = 0, /* the platform said no in its own words: an older version of the
				 secret may be tried */
	PLATFORM_BAD_ANSWER,  /* not as documented, a redirect, or a 5xx */
	PLATFORM_GRANTED,     /* the token is filled */
	/* The rest is for grants alone. */
	PLATFORM_UNREACHABLE, /* no connection */
	PLATFORM_TIMEOUT,
	PLATFORM_BUSY,	 /* it asks to come back later: `retry_after` is filled */
	PLATFORM_UNABLE, /* our own fault: an unusable secret, no memory */
	/* The operator's to mend, never the visitor's: */
	PLATFORM_UNAUTHORIZED, /* our credentials are not accepted. A driver that renews its secret
				  is called once more with a new version of it */
	PLATFORM_FORBIDDEN,    /* they are accepted, and lack a right or name something wrong */
};

/* Whose the secrets of a grant are. */
enum platform_secret_scope {
	PLATFORM_SECRET_PER_PLATFORM = 0, /* TITLE in the store; without one nobody gets in */
	PLATFORM_SECRET_PER_MEETING,	  /* "meeting/TITLE/MEETING-ID"; there may be none */
	PLATFORM_SECRET_NONE,		  /* none is needed */
};

/* The versions of a secret, newest first; at least one with PLATFORM_SECRET_PER_PLATFORM. */
struct platform_secrets {
	const char *const *values; /* NUL-terminated, without control characters */
	size_t count;
};

/* A sign-in at the platform, for its secret. */
struct platform_authorization {
	const char *redirect_uri; /* where the browser comes back to */
	const char *state;
	const char *verifier, *challenge; /* RFC 7636, S256 */
};

/* The answer to an exchange. */
struct platform_answer {
	long status;
	const char *body; /* NUL-terminated; may hold NULs before its end */
	size_t length;
};

enum platform_parameter {
	PLATFORM_MISSING = 0,
	PLATFORM_ONCE,
	PLATFORM_REPEATED,
	PLATFORM_NO_TEXT, /* of a script: a number, a list, control characters, … */
};

/* A visit that comes in: by a path and a query, or by a script's JSON body, whose texts are then
 * the parameters. They have been checked for UTF-8 and control characters only; parameters that the
 * driver does not ask for are dropped.
 *
 * The driver sets in `join`: meeting_id, by which rules and the log name the meeting, so that two
 * meetings never share an id and one meeting never has two; meeting_token, a second name for rules,
 * or the id again; and `forward`, what it wants to find again in later calls. Nothing of it is
 * checked again after this. */
struct platform_arrival {
	const char *rest; /* behind MOUNT/ENTRY/, decoded; "" where nothing follows */
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r);
	const void *query;
	struct join *join;   /* `platform` is set; request_token stays empty */
	const char *bad;     /* out: the parameter that is wrong; a constant */
	struct error *error; /* out: what is wrong with it, without its value */
	bool too_long;	     /* out: its length is */
};

/* Somebody to let in. */
struct platform_grant {
	const struct join *join;
	const struct identity *who;
	const char *role; /* the policy's word: "moderator", "participant", "observer"; "": none */
	bool by_script;	  /* a script gets the token, and no browser */
	bool clears_room; /* another meeting may have had join->room: whoever is left there is to
			     be removed first, and nobody let in where that fails */
	int64_t now;	  /* seconds since 1970 */
	int64_t deadline; /* monotonic milliseconds */
	struct platform_secrets secrets;
	/* For platforms that recognize somebody who comes back by an id: the same for one session
	 * and one meeting (where the web server signs people in at each visit: one person, browser
	 * and meeting), and, where a script says which of its windows asks, one of those. Tells
	 * nothing about the person. */
	char user_id[PLATFORM_USER_ID_SIZE];
	/* For platforms that keep people: the same for one account of one backend, at every sign-in
	 * and in every meeting of the platform's section; for whoever has no account, of one
	 * session. */
	char person_id[PLATFORM_USER_ID_SIZE];

	struct buffer *token; /* out, empty before */
	size_t *accepted;     /* out: which secret the platform took; may be left alone */
	int64_t *retry_after; /* out: seconds, with PLATFORM_BUSY */
	struct error *error;  /* out: why not, for the log: no secret, nothing of an answer */
};

/* A page in the place of a redirect; empty texts are left out of it. */
struct platform_meeting_page {
	struct buffer link, live; /* for the platform's program; for Live Meeting */
	struct buffer key;
};

/* The response to a script. */
struct platform_token_response {
	int status;		/* 200 before */
	const char *media_type; /* "application/json" before; a constant */
	struct buffer *body;
};
