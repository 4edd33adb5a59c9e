/* SPDX-License-Identifier: MIT */
#include "signin/log.h"

#include "base/clock.h"
#include "telemetry/log.h"

void login_log(const struct visit *visit, const char *result, const struct identity *who,
	const char *detail)
{
	struct log_line line;

	log_begin(&line, strcmp(result, "unavailable") == 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO,
		"login");
	log_text(&line, "result", result);
	log_text(&line, "user", who->subject);
	log_text(&line, "name", identity_guest_name(who));
	log_text(&line, "backend", who->backend);
	log_text(&line, "platform", visit->platform != NULL ? visit->platform->title : NULL);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "meeting_id", visit->join.meeting_id);
	log_text(&line, "detail", detail != NULL && detail[0] != '\0' ? detail : NULL);
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
	log_text(&line, "user", who->subject);
	log_text(&line, "name", identity_guest_name(who));
	log_text(&line, "backend", who->backend);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_text(&line, "detail", detail);
	log_end(&line);
}
