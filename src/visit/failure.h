/* SPDX-License-Identifier: MIT
 *
 * The ways in which a visit can fail: one row each of service/failures.def, with what a client
 * sees. Constants.
 */
#pragma once

#include "telemetry/metrics.h"

enum failure {
#define FAILURE(id, code, status, result, metric, title, message, remedy) FAILURE_##id,
#include "service/failures.def"
#undef FAILURE
	FAILURE_COUNT,
};

/* What the visitor can do about a failure. */
enum remedy {
	REMEDY_LEAVE = 0, /* nothing here: the platform's own page, or their own meetings */
	REMEDY_OPEN_LINK, /* open the meeting's link again, which brings a new request token */
	REMEDY_TRY_AGAIN, /* send the same request again later; a form: open the link again */
};

struct failure_row {
	const char *code; /* on the page and in the log */
	int status;
	const char *result; /* in a join's log line */
	enum metric metric; /* that counts the join */
	const char *title,
		*message; /* keys of its sentences in the language files, after "error.CODE." */
	enum remedy remedy;
};

/* The failure's row; never NULL. `failure` is below FAILURE_COUNT. */
const struct failure_row *failure_row(enum failure failure);
