/* SPDX-License-Identifier: MIT */
#include "visit/fail.h"

#include <stdarg.h>

enum { STATE_RETRY_S = 10 }; /* a state that is full or gone may be back by then */

void visit_set_detail(struct visit *visit, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(visit->detail, sizeof visit->detail, format, args);
	va_end(args);
}

enum step visit_fail(struct visit *visit, enum failure failure)
{
	visit->failed = true;
	visit->failure = failure;
	visit->response.status = 0;
	if (failure == FAILURE_INTERNAL && visit->detail[0] == '\0')
		visit_set_detail(visit, "no memory");
	if (failure == FAILURE_STATE_UNAVAILABLE)
		visit->retry_after = STATE_RETRY_S;
	return STEP_DONE;
}

enum step visit_refuse(struct visit *visit, const char *parameter, const char *why)
{
	visit->parameter = parameter;
	visit_set_detail(visit, "%s: %s", parameter, why);
	return visit_fail(visit, FAILURE_BAD_REQUEST);
}

enum step visit_overloaded(struct visit *visit, int64_t retry_after, const char *why)
{
	visit_set_detail(visit, "%s", why);
	visit->retry_after = retry_after;
	return visit_fail(visit, FAILURE_OVERLOADED);
}
