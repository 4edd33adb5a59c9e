/* SPDX-License-Identifier: MIT
 *
 * Calls to BigBlueButton's API. Private to src/platform/bigbluebutton.
 */
#pragma once

#include "platform/shared/talk.h"

/* The server to call. The texts belong to the caller. */
struct bbb_server {
	const char *api;      /* "https://host[:port]/bigbluebutton/api/" */
	const char *checksum; /* name of the algorithm */
};

/* The result of a call. */
enum bbb_result {
	BBB_FAILED = 0,	  /* the server refused, for none of the reasons below */
	BBB_WRONG_SECRET, /* checksumError */
	BBB_NO_MEETING,
	BBB_NOT_UNIQUE, /* somebody else has created the meeting */
	BBB_SUCCESS,
	BBB_BAD_ANSWER,
	BBB_UNREACHABLE,
	BBB_TIMEOUT,
	BBB_BUSY,
	BBB_UNABLE, /* out of memory */
};

/* Appends the signed request "CALL?QUERY&checksum=…" to `url`. Returns 0, or -1 if it does not fit
 * or memory runs out. */
int bbb_sign(const struct bbb_server *server, const char *call, const char *query,
	const char *secret, struct buffer *url);

/* Calls the server and waits for the answer until the talk's deadline. On BBB_SUCCESS *created_r is
 * the createTime of the meeting. Otherwise talk->error gives the reason and quotes nothing from the
 * answer. */
enum bbb_result bbb_call(const struct bbb_server *server, const struct talk *talk, const char *call,
	const char *query, const char *secret, const char *meeting, int64_t *created_r);
