/* SPDX-License-Identifier: MIT
 *
 * Signing out, and signing in as somebody else.
 */
#include "signin/steps.h"

#include "signin/authenticate.h"
#include "signin/log.h"
#include "signin/session.h"
#include "telemetry/metrics.h"
#include "view/onward.h"
#include "view/pages.h"
#include "visit/fail.h"
#include "visit/ticket.h"

/* Appends the provider's logout address for the session; nothing without one. */
static void find_way_out(const struct visit *visit, struct buffer *url)
{
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend =
		who->backend != NULL ? service_backend(visit->service, who->backend) : NULL;

	if (backend != NULL && backend->driver->redirect != NULL &&
		backend->driver->redirect->logout_url != NULL)
		backend->driver->redirect->logout_url(
			backend->instance, who, visit->service->logout_url, url);
}

enum step logout_show(struct visit *visit)
{
	struct buffer leave = BUFFER_INIT(4096);
	int rc = 0;

	/* Without a session the page says "signed out". That is also what somebody sees who comes
	 * back from the provider's logout. */
	if (signin_find_session(visit) > 0) {
		find_way_out(visit, &leave);
		rc = pages_logout(visit, leave.data != NULL ? leave.data : "");
	} else {
		pages_signed_out(visit);
	}
	buffer_release(&leave);
	return rc == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

/* Ends the session, so that copies of its cookie are worthless, too. Returns as
 * signin_end_session(). */
static int end_session(struct visit *visit, struct buffer *leave)
{
	int rc = signin_end_session(visit, &visit->session);

	if (rc != 0)
		return rc;
	find_way_out(visit, leave);
	metric_count(METRIC_LOGOUT);
	logout_log(visit, &visit->session.who, NULL);
	return 0;
}

/* Whether the form came from the logout page or from the "somebody else" button, which carries a
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

static enum step go_on(struct visit *visit, enum ticket_kind kind, const struct buffer *leave)
{
	if (kind == TICKET_JOIN) { /* "somebody else" */
		visit->signin.reauthenticate = true;
		return authenticate_again(visit);
	}
	visit->outcome = OUTCOME_SIGNED_OUT;
	if (leave->length == 0)
		pages_signed_out(visit);
	else
		onward_redirect(visit, 303, leave->data);
	return STEP_DONE;
}

enum step logout_do(struct visit *visit)
{
	int found = signin_find_session(visit);
	enum ticket_kind kind = kind_of_form(visit);
	struct buffer leave = BUFFER_INIT(4096);
	enum step step;
	int rc = found < 0 ? -1 : 0;

	/* Without a session no logout form can be valid, and none is needed. */
	if (kind == TICKET_NONE && found > 0)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	if (found > 0)
		rc = end_session(visit, &leave);
	else if (found == 0)
		rc = signin_end_again(visit);
	if (rc == 0) /* otherwise the same form may be sent again */
		visit->signin.cookie = COOKIE_DELETED;
	step = rc == 0 ? go_on(visit, kind, &leave) : signin_fail_to_end(visit, rc);
	buffer_release(&leave);
	return step;
}
