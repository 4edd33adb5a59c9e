/* SPDX-License-Identifier: MIT
 *
 * Calls of BigBlueButton's API. Private to bigbluebutton.c.
 */
#pragma once

#include "platform/shared/talk.h"

/* What a server is and how it wants to be asked. */
struct bbb_server {
	const char *api;      /* "https://host[:port]/bigbluebutton/api/" */
	const char *checksum; /* name of the algorithm */
};

/* What a call came to. */
enum bbb_result {
	BBB_FAILED = 0,	  /* the server said no, for another reason than the following */
	BBB_WRONG_SECRET, /* checksumError */
	BBB_NO_MEETING,
	BBB_NOT_UNIQUE, /* the meeting is there, made by somebody else */
	BBB_SUCCESS,
	BBB_BAD_ANSWER,
	BBB_UNREACHABLE,
	BBB_TIMEOUT,
	BBB_BUSY,
	BBB_UNABLE, /* no memory */
};

/* Appends "CALL?QUERY&checksum=…", signed. 0, or -1 when it does not fit or without memory. */
int bbb_sign(const struct bbb_server *server, const char *call, const char *query,
	const char *secret, struct buffer *url);

/* Calls the server. On BBB_SUCCESS *created_r is the createTime of that meeting. The talk's error
 * says why not, with nothing of the answer. */
enum bbb_result bbb_call(const struct bbb_server *server, const struct talk *talk, const char *call,
	const char *query, const char *secret, const char *meeting, int64_t *created_r);
