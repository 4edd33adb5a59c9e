/* SPDX-License-Identifier: MIT */
#include "visit/failure.h"

static const struct failure_row rows[FAILURE_COUNT] = {
#define FAILURE(id, code, status, result, metric, title, message, remedy)                          \
	{code, status, result, METRIC_##metric, title, message, REMEDY_##remedy},
#include "service/failures.def"
#undef FAILURE
};

const struct failure_row *failure_row(enum failure failure)
{
	return &rows[failure];
}
