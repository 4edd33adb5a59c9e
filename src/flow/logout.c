/* SPDX-License-Identifier: MIT
 *
 * Signing out, and signing in as somebody else.
 */
#include "flow/pages.h"
#include "flow/steps.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

enum step logout_show(struct visit *visit)
{
	authenticate_find_session(
		visit); /* to name the account; without one the button does no harm */
	if (pages_logout(visit) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	return STEP_DONE;
}

/* The cookie is deleted in this browser, and a copy of it is worth nothing from now on. */
static int end_session(struct visit *visit)
{
	struct log_line line;
	int found = authenticate_find_session(visit);

	visit->session_ended = true;
	if (found <= 0)
		return found;
	if (state_end(visit->station->state, visit->session.id, visit->now,
		    visit->session.began + visit->service->settings->session_lifetime) != 0)
		return -1;
	metric_count(METRIC_LOGOUT);
	log_begin(&line, LOG_LEVEL_INFO, "logout");
	log_text(&line, "user", visit->session.who.subject);
	log_text(&line, "backend", visit->session.who.backend);
	log_text(&line, "client", visit->request.client);
	log_text(&line, "request_id", visit->request.id);
	log_end(&line);
	return 0;
}

/* Which of our forms was sent: the logout page's, or the "somebody else" button, which carries a
 * pending join. */
static enum ticket_kind kind_of_form(struct visit *visit)
{
	const char *ticket = NULL;

	if (params_get(visit->form, "ticket", &ticket) != PARAM_ONCE)
		return TICKET_NONE;
	if (visit_open_ticket(visit, TICKET_LOGOUT, ticket) == 0)
		return TICKET_LOGOUT;
	return visit_open_ticket(visit, TICKET_JOIN, ticket) == 0 ? TICKET_JOIN : TICKET_NONE;
}

enum step logout_do(struct visit *visit)
{
	enum ticket_kind kind = kind_of_form(visit);

	if (kind == TICKET_NONE)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	if (end_session(visit) != 0) {
		visit_note(visit, "the state does not answer: the session could not be ended");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	if (kind == TICKET_JOIN)
		return authenticate_again(visit);
	pages_signed_out(visit);
	return STEP_DONE;
}
