/* SPDX-License-Identifier: MIT */
#include "signin/log.h"

#include "base/clock.h"
#include "telemetry/sections.h"
#include "visit/audit.h"

/* The sums are counted where the result is known; not each of them has a backend. */
static void count_for_backend(const struct visit *visit, const char *result, const char *title)
{
	static const struct {
		const char *result;
		enum metric metric;
	} rows[] = {
		{"ok", METRIC_LOGIN_OK},
		{"failed", METRIC_LOGIN_FAILED},
		{"throttled", METRIC_LOGIN_THROTTLED},
		{"unavailable", METRIC_LOGIN_UNAVAILABLE},
	};
	const struct service_backend *backend =
		title != NULL ? service_backend(visit->service, title) : NULL;

	for (size_t i = 0; backend != NULL && i < sizeof rows / sizeof *rows; i++)
		if (strcmp(result, rows[i].result) == 0)
			sections_add(backend->metrics, rows[i].metric);
}

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
	count_for_backend(visit, result, who->backend);
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
