/* SPDX-License-Identifier: MIT
 *
 * What goes into the calls of a platform's driver and what comes out of them. Everything that goes
 * in is the caller's and lives until the call returns.
 */
#ifndef PLATFORM_GRANT_H
#define PLATFORM_GRANT_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/identity.h"
#include "base/join.h"

#include <stdint.h>

enum {
	PLATFORM_TOKEN_MAX = 2048, /* bytes of an exchanged access token */
	PLATFORM_GRANT_MAX = 8192, /* bytes of what a grant makes */
	PLATFORM_REJOIN_SIZE = 33, /* 32 hex digits and the NUL */
};

/* What came back from the platform. */
struct platform_answer {
	long status;
	const char *body; /* NUL-terminated; may hold NULs before its end */
	size_t length;
};

enum platform_parameter {
	PLATFORM_MISSING = 0,
	PLATFORM_ONCE,
	PLATFORM_REPEATED,
	PLATFORM_NO_TEXT, /* of a script: a number, a list, control characters, ... */
};

/* What a visit brings: the rest of the path and a query, or the body of a script's request, whose
 * texts are then its parameters. Checked for nothing but UTF-8 and control characters; parameters
 * that nobody asks for are dropped. The driver fills meeting_id, which the policy and the log go by
 * and which must say all of which meeting it is; meeting_token, another name that the policy may
 * go by (the id again where there is none: never one that the platform does not tie to the id); and
 * `forward` with what it wants to find again. From there on the join is taken for checked. */
struct platform_arrival {
	const char *rest; /* behind MOUNT/ENTRY/, decoded; "" where nothing follows */
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r);
	const void *query;
	struct join *join;   /* `platform` is set; request_token stays empty */
	const char *bad;     /* out: which parameter; a constant */
	struct error *error; /* what is wrong with it; nothing of its value */
	bool too_long;	     /* out: its length is */
};

/* The versions of the secret, newest first; at least one where they are the platform's. */
struct platform_secrets {
	const char *const *values; /* NUL-terminated, without control characters */
	size_t count;
};

/* Somebody is to be let in. */
struct platform_grant {
	const struct join *join;
	const struct identity *who;
	const char *role; /* the policy's word: "moderator", "participant", "observer"; "": none */
	bool by_script;	  /* reply() gets the token, not landing() or show() */
	int64_t now;	  /* seconds since 1970 */
	int64_t deadline; /* monotonic milliseconds: all that is asked has to be answered by then */
	struct platform_secrets secrets;
	/* The same for a session and a meeting, each time (where the web server says who it is at
	 * each visit: for somebody, their browser and a meeting); tells nothing of them. For
	 * platforms that know somebody who comes back by an id of ours. */
	char rejoin[PLATFORM_REJOIN_SIZE];

	struct buffer *token; /* out, empty before; what landing(), show() and reply() get */
	size_t *accepted; /* out: which secret the platform took; left alone where it does not say
			   */
	int64_t *retry_after; /* out: seconds, with PLATFORM_BUSY */
	struct error *error;  /* why not, for the log: no secret, nothing of an answer */
};

/* For a script. */
struct platform_reply {
	int status;		/* 200 before */
	const char *media_type; /* "application/json" before; a constant */
	struct buffer *body;
};

#endif
