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

/* The result of an exchange or a grant. Zero: the platform refuses this meeting or this visitor. */
enum platform_verdict {
	PLATFORM_REFUSED = 0, /* the platform refuses in the documented way. The caller tries the
				 next older version of the secret, if there is one */
	PLATFORM_BAD_ANSWER,  /* an answer that is not as documented, a redirect, or a 5xx */
	PLATFORM_GRANTED,     /* the token buffer is filled */
	/* Only grants return the following. */
	PLATFORM_UNREACHABLE, /* no connection */
	PLATFORM_TIMEOUT,
	PLATFORM_BUSY,	 /* the platform asks us to retry later; `retry_after` is set */
	PLATFORM_UNABLE, /* the fault is ours: an unusable secret, or out of memory */
	/* The following need the operator; visitors can do nothing about them. */
	PLATFORM_UNAUTHORIZED, /* the platform does not accept our credentials. If the driver renews
				  its secret, the caller renews it and calls the driver once more */
	PLATFORM_FORBIDDEN,    /* the platform accepts our credentials, but they lack a right, or an
				  option names something wrong */
};

/* Which secrets of the store a grant receives. */
enum platform_secret_scope {
	PLATFORM_SECRET_PER_PLATFORM = 0, /* those of TITLE; without one, nobody is let in */
	PLATFORM_SECRET_PER_MEETING, /* those of "meeting/TITLE/MEETING-ID"; there may be none */
	PLATFORM_SECRET_NONE,	     /* none */
};

/* The versions of a secret, newest first. With PLATFORM_SECRET_PER_PLATFORM there is at least one.
 * The caller owns and wipes them. */
struct platform_secrets {
	const char *const *values; /* NUL-terminated, without control characters */
	size_t count;
	int64_t ended; /* when the last of them ended, in seconds since 1970; 0: there is one, or
			  there never was */
};

/* An authorization request, by which an operator obtains the platform's secret (RFC 6749
 * section 4.1). */
struct platform_authorization {
	const char *redirect_uri; /* to which the platform redirects the browser */
	const char *state;
	const char *verifier, *challenge; /* RFC 7636, S256 */
};

/* The HTTP response to an exchange. */
struct platform_answer {
	long status;
	const char *body; /* NUL-terminated; may contain further NULs */
	size_t length;
};

enum platform_parameter {
	PLATFORM_MISSING = 0,
	PLATFORM_ONCE,
	PLATFORM_REPEATED,
	PLATFORM_NO_TEXT, /* a script sent a number, a list, control characters, … */
};

/* An incoming visit. Its parameters are those of the query, or the string members of the JSON body
 * that a script sent. The caller has checked only that they are UTF-8 without control characters.
 * Parameters that the driver does not read are ignored.
 *
 * The driver sets three members of `join`. meeting_id names the meeting in rules and in the log:
 * two meetings must never share an id, and one meeting must never have two. meeting_token is a
 * second name for rules, or a copy of the id. `forward` stores what the driver needs in later
 * calls. The caller does not validate them again. */
struct platform_arrival {
	const char *rest; /* the path after MOUNT/ENTRY/, decoded; may be "" */
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r);
	const void *query;
	struct join *join;   /* `platform` is set; request_token stays empty */
	const char *bad;     /* out: the name of the invalid parameter, a constant */
	struct error *error; /* out: the reason, without the parameter's value */
	bool too_long;	     /* out: true if the parameter is too long */
};

/* The arguments and results of admit(): a visitor whom the policy lets into a meeting. */
struct platform_grant {
	const struct join *join;
	const struct identity *who;
	const char *role; /* from the policy: "moderator", "participant", "observer", or "" */
	bool by_script;	  /* true: a script receives the token, not a browser */
	bool clears_room; /* true: another meeting may have used join->room before. The driver first
			     expels everybody who is still there, and fails if it cannot */
	int64_t now;	  /* seconds since 1970 */
	int64_t deadline; /* monotonic milliseconds */
	struct platform_secrets secrets;
	/* A pseudonym for platforms that recognize a returning visitor by an id. It is stable for
	 * one session and meeting, or, where the web server authenticates every request, for one
	 * person, browser and meeting. If a script names the window that asks, each window has an
	 * id of its own. */
	char user_id[PLATFORM_USER_ID_SIZE];
	/* A pseudonym for platforms that store people. It is stable for one account of one backend
	 * in all meetings of the platform's section; for visitors without an account it is stable
	 * for one session. */
	char person_id[PLATFORM_USER_ID_SIZE];

	struct buffer *token; /* out; empty at the call */
	size_t *accepted;     /* out, optional: index of the secret that the platform accepted */
	int64_t *retry_after; /* out: seconds, with PLATFORM_BUSY */
	struct error *error;  /* out: the reason, without secrets and values of an answer */
};

/* What the page shows that replaces a redirect. The page leaves out what is empty. */
struct platform_meeting_page {
	struct buffer link, live; /* opens the platform's program; opens Live Meeting */
	struct buffer key;
};

/* The response to a script. */
struct platform_token_response {
	int status;		/* 200 at the call */
	const char *media_type; /* a constant; "application/json" at the call */
	struct buffer *body;
};
