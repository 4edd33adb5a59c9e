/* SPDX-License-Identifier: MIT
 *
 * The ways in which a visit can fail: one row each of service/failures.def, with what a client
 * sees. Constants.
 */
#pragma once

#include "telemetry/metrics.h"

enum failure {
#define FAILURE(id, code, status, result, metric, title, message) FAILURE_##id,
#include "service/failures.def"
#undef FAILURE
	FAILURE_COUNT,
};

struct failure_row {
	const char *code; /* on the page and in the log */
	int status;
	const char *result; /* in a join's log line */
	enum metric metric; /* that counts the join */
	const char *title,
		*message; /* keys of its sentences in the language files, after "error.CODE." */
};

/* The failure's row; never NULL. `failure` is below FAILURE_COUNT. */
const struct failure_row *failure_row(enum failure failure);
