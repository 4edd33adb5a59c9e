/* SPDX-License-Identifier: MIT
 *
 * The ways in which a visit can fail, and what each looks like from outside: a row each of
 * service/failures.def. Constants.
 */
#ifndef VISIT_FAILURE_H
#define VISIT_FAILURE_H

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
	const char *result;	     /* in the audit line of a join */
	enum metric metric;	     /* which counts the join */
	const char *title, *message; /* keys of its sentences behind "error.CODE." */
};

/* The row of one that is not FAILURE_COUNT. Never NULL. */
const struct failure_row *failure_row(enum failure failure);

#endif
