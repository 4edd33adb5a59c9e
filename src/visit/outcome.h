/* SPDX-License-Identifier: MIT
 *
 * What a request turned out to be. The step that knows sets it. A table maps it to the visit's log
 * line and to the outcome of a failure. Constants.
 */
#pragma once

enum outcome {
	OUTCOME_ANSWERED = 0, /* a page or text not listed below */
	OUTCOME_JOINING,      /* a join under way; every join begins so */
	OUTCOME_JOINED,	      /* the platform admitted the visitor */
	OUTCOME_HANDED_OVER,  /* redirected to an application (platform.h, app), no token */
	OUTCOME_JOIN_FAILED,
	/* a sign-in */
	OUTCOME_SHOWED_LOGIN,
	OUTCOME_SENT_TO_PROVIDER,
	OUTCOME_CHALLENGED,    /* the visitor was asked a second question */
	OUTCOME_LOGIN_REFUSED, /* logged as event=login; the visitor may try again */
	OUTCOME_SIGNED_IN,     /* but not for a join */
	OUTCOME_SIGNED_OUT,
	/* the guest desk */
	OUTCOME_DESK_SHOWN,
	OUTCOME_DESK_CHANGED,
	OUTCOME_FAILED, /* failed, but neither a join nor a login */
	OUTCOME_COUNT,
};

/* The log line at the end of a visit. */
enum outcome_line {
	LINE_NONE = 0,
	LINE_JOINED, /* event=join, result=ok */
	LINE_JOIN_FAILED,
	LINE_FAILURE, /* event=failure */
};

struct outcome_row {
	enum outcome_line line;
	enum outcome failed; /* the outcome if the visit fails */
};

/* The outcome's row; never NULL. `outcome` is below OUTCOME_COUNT. */
const struct outcome_row *outcome_row(enum outcome outcome);
