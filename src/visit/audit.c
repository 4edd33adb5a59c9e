/* SPDX-License-Identifier: MIT */
#include "visit/audit.h"

#include "telemetry/sections.h"

#include <strings.h>

static bool is_plain(const struct visit *visit)
{
	return visit->service->settings->log_users == CONFIG_USERS_PLAIN;
}

void audit_who(struct log_line *line, const struct visit *visit, const struct identity *who)
{
	char name[SESSION_LOG_NAME_SIZE];

	if (is_plain(visit)) {
		log_text(line, "user", who->subject);
		log_text(line, "name", identity_guest_name(who));
	} else if (who->subject != NULL &&
		   visit->service->settings->log_users == CONFIG_USERS_KEYED) {
		session_log_name(store_hash_key(visit->files->store), who->subject, name);
		log_text(line, "user", name);
	}
	log_text(line, "backend", who->backend);
}

void audit_request(struct log_line *line, const struct visit *visit)
{
	log_text(line, "client", visit->request.client);
	log_text(line, "request_id", visit->request.id);
	if (visit->request.trace.id[0] != '\0')
		log_text(line, "trace_id", visit->request.trace.id);
}

void audit_name(struct log_line *line, const struct visit *visit, const char *key, const char *name)
{
	if (is_plain(visit))
		log_text(line, key, name);
}

static bool mentions(const char *text, const char *name)
{
	return name != NULL && name[0] != '\0' && strcasestr(text, name) != NULL;
}

void audit_detail(struct log_line *line, const struct visit *visit, const struct identity *who,
	const char *detail)
{
	if (detail == NULL || detail[0] == '\0')
		return;
	if (is_plain(visit) || !(mentions(detail, who->subject) || mentions(detail, who->name) ||
				       mentions(detail, who->email)))
		log_text(line, "detail", detail);
}

/* Errors are for what is out of order in the service. Overload passes by itself, and a bad request
 * is not the service's fault. */
static enum log_level level_of(enum failure failure)
{
	if (failure_row(failure)->status < 500)
		return LOG_LEVEL_INFO;
	return failure == FAILURE_OVERLOADED || failure == FAILURE_NO_ROOM ? LOG_LEVEL_WARNING
									   : LOG_LEVEL_ERROR;
}

static void log_join(const struct visit *visit, bool ok, int64_t total_ms)
{
	struct log_line line;
	const struct failure_row *failure = failure_row(visit->failure);

	sections_count(visit->platform != NULL ? visit->platform->metrics : 0,
		ok ? METRIC_JOIN_OK : failure->metric);
	log_begin(&line, ok ? LOG_LEVEL_INFO : level_of(visit->failure), "join");
	log_text(&line, "result", ok ? "ok" : failure->result);
	log_text(&line, "code", ok ? "ok" : failure->code);
	log_text(&line, "platform",
		visit->platform != NULL ? visit->platform->title : visit->report.lost.platform);
	log_text(&line, "hostname", visit->report.hostname);
	log_text(&line, "meeting_id",
		visit->join.meeting_id != NULL ? visit->join.meeting_id
					       : visit->report.lost.meeting_id);
	log_text(&line, "room", visit->join.room);
	audit_who(&line, visit, &visit->session.who);
	log_text(&line, "rule", visit->report.rule);
	audit_request(&line, visit);
	log_text(&line, "parameter", visit->report.parameter);
	audit_detail(&line, visit, &visit->session.who, visit->report.detail);
	log_text(&line, "claim", visit->exchange.is_local ? "local" : NULL);
	log_number(&line, "exchange_ms", visit->exchange.took_ms);
	log_number(&line, "total_ms", total_ms);
	log_end(&line);
}

static void log_failure(const struct visit *visit)
{
	struct log_line line;

	log_begin(&line, level_of(visit->failure), "failure");
	log_text(&line, "code", failure_row(visit->failure)->code);
	audit_who(&line, visit, &visit->session.who);
	audit_request(&line, visit);
	log_text(&line, "parameter", visit->report.parameter);
	audit_detail(&line, visit, &visit->session.who, visit->report.detail);
	log_end(&line);
}

void audit_visit(const struct visit *visit, int64_t total_ms)
{
	switch (outcome_row(visit->outcome)->line) {
	case LINE_JOINED:
		log_join(visit, true, total_ms);
		break;
	case LINE_JOIN_FAILED:
		log_join(visit, false, total_ms);
		break;
	case LINE_FAILURE:
		log_failure(visit);
		break;
	case LINE_NONE:
		break;
	}
}
