/* SPDX-License-Identifier: MIT */
#include "signin/log.h"

#include "base/clock.h"
#include "visit/audit.h"

void login_log(const struct visit *visit, const char *result, const struct identity *who,
	const char *detail)
{
	struct log_line line;

	log_begin(&line, strcmp(result, "unavailable") == 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		"login");
	log_text(&line, "result", result);
	audit_who(&line, visit, who);
	log_text(&line, "platform", visit->platform != NULL ? visit->platform->title : NULL);
	audit_request(&line, visit);
	log_text(&line, "meeting_id", visit->join.meeting_id);
	audit_detail(&line, visit, who, detail);
	log_number(&line, "total_ms", clock_monotonic_ms() - visit->started_ms);
	log_end(&line);
}

void login_log_nobody(
	const struct visit *visit, const char *result, const char *backend, const char *detail)
{
	const struct identity nobody = {.backend = (char *)(uintptr_t)backend};

	login_log(visit, result, &nobody, detail);
}

void logout_log(const struct visit *visit, const struct identity *who, const char *detail)
{
	struct log_line line;

	log_begin(&line, LOG_LEVEL_INFO, "logout");
	audit_who(&line, visit, who);
	audit_request(&line, visit);
	audit_detail(&line, visit, who, detail);
	log_end(&line);
}
