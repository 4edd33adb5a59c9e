/* SPDX-License-Identifier: MIT */
#include "visit/fail.h"

#include <stdarg.h>

enum { STATE_RETRY_S = 10 }; /* a full or unreachable state may have recovered by then */

void visit_set_detail(struct visit *visit, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(visit->report.detail, sizeof visit->report.detail, format, args);
	va_end(args);
}

enum step visit_fail(struct visit *visit, enum failure failure)
{
	visit->outcome = outcome_row(visit->outcome)->failed;
	visit->failure = failure;
	visit->response.status = 0;
	if (failure == FAILURE_INTERNAL && visit->report.detail[0] == '\0')
		visit_set_detail(visit, "out of memory");
	if (failure == FAILURE_STATE_UNAVAILABLE)
		visit->report.retry_after = STATE_RETRY_S;
	return STEP_DONE;
}

static enum step fail_for(
	struct visit *visit, enum failure failure, const char *parameter, const char *why)
{
	visit->report.parameter = parameter;
	visit_set_detail(visit, "%s: %s", parameter, why);
	return visit_fail(visit, failure);
}

enum step visit_refuse(struct visit *visit, const char *parameter, const char *why)
{
	return fail_for(visit, FAILURE_BAD_REQUEST, parameter, why);
}

enum step visit_refuse_long(struct visit *visit, const char *parameter, const char *why)
{
	return fail_for(visit, FAILURE_TOO_LONG, parameter, why);
}

enum step visit_overloaded(struct visit *visit, int64_t retry_after, const char *why)
{
	visit_set_detail(visit, "%s", why);
	visit->report.retry_after = retry_after;
	return visit_fail(visit, FAILURE_OVERLOADED);
}
