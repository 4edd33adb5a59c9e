/* SPDX-License-Identifier: MIT
 *
 * What a request turned out to be. A step sets it where it knows; which line the visit leaves in
 * the log, what is counted, and what a failure makes of it are a table over it. Constants.
 */
#ifndef VISIT_OUTCOME_H
#define VISIT_OUTCOME_H

enum outcome {
	OUTCOME_ANSWERED = 0, /* a page or a text that is none of the following */
	OUTCOME_JOINING,      /* a join that is under way: every join begins so */
	OUTCOME_JOINED,	      /* the platform let them in */
	OUTCOME_HANDED_OVER,  /* to the page of an application (platform.h, app), without a token */
	OUTCOME_JOIN_FAILED,
	/* a sign-in */
	OUTCOME_SHOWED_LOGIN,
	OUTCOME_SENT_TO_PROVIDER,
	OUTCOME_CHALLENGED,    /* a second question was asked */
	OUTCOME_LOGIN_REFUSED, /* by a line event=login, which says all; they may try again */
	OUTCOME_SIGNED_IN,     /* for something that is no join */
	OUTCOME_SIGNED_OUT,
	/* the guest desk */
	OUTCOME_DESK_SHOWN,
	OUTCOME_DESK_CHANGED,
	OUTCOME_FAILED, /* anything but a join or a login */
	OUTCOME_COUNT,
};

/* The line that a visit leaves in the log at its end. */
enum outcome_line {
	LINE_NONE = 0,
	LINE_JOINED, /* event=join, result=ok */
	LINE_JOIN_FAILED,
	LINE_FAILURE, /* event=failure */
};

struct outcome_row {
	enum outcome_line line;
	enum outcome failed; /* what it becomes when the visit fails */
};

/* The row of one that is not OUTCOME_COUNT. Never NULL. */
const struct outcome_row *outcome_row(enum outcome outcome);

#endif
