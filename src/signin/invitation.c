/* SPDX-License-Identifier: MIT
 *
 * An invitation's link. It shows a page with one button. The button begins a session for one
 * meeting and redirects the guest to the platform's page of that meeting, which starts an ordinary
 * join. Opening the link changes nothing, so mail scanners that follow links do no harm.
 */
#include "signin/steps.h"

#include "signin/admission.h"
#include "signin/call.h"
#include "signin/log.h"
#include "signin/login.h"
#include "telemetry/metrics.h"
#include "view/link.h"
#include "view/onward.h"
#include "view/pages.h"
#include "visit/fail.h"
#include "visit/ticket.h"

static enum auth_verdict work(struct call *call)
{
	call->attempt.secrets = call->secrets;
	return call->backend->driver->check(call->backend->instance, &call->attempt);
}

static enum step show(struct call *call)
{
	struct visit *visit = call->visit;
	struct pending *pending = visit_new_pending(visit, call->backend);

	if (pending == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	identity_move(&pending->who, &call->who);
	visit->join = call->leads_to;
	call->leads_to = JOIN_INIT;
	visit->destination = DESTINATION_MEETING;
	visit->platform = service_platform(visit->service, visit->join.platform);
	if (visit->platform == NULL)
		return visit_fail(visit, FAILURE_UNKNOWN_PLATFORM);
	if (admission_is_for_scripts(
		    visit)) /* the platform had an `app` when the invitation was made */
		return visit_fail(visit, FAILURE_NOT_FOUND);
	return pages_invite(visit) == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

static enum step conclude(struct call *call)
{
	struct visit *visit = call->visit;

	switch (call->verdict) {
	case AUTH_GRANT:
		return show(call);
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE:
		return call_fail(call);
	case AUTH_DENY:
	case AUTH_UNKNOWN:
	case AUTH_CHALLENGE:
		break;
	}
	metric_count(METRIC_LOGIN_FAILED);
	login_log(visit, "failed", &call->who, call->error.text);
	visit->outcome = OUTCOME_LOGIN_REFUSED;
	return visit_fail(visit, FAILURE_INVITATION_OVER);
}

static enum step ask_next(struct call *call);

static void on_checked(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = call->verdict == AUTH_UNKNOWN ? ask_next(call) : conclude(call);

	if (step == STEP_WAIT)
		return;
	call_release(call);
	visit_continue(visit, step);
}

/* The next backend that opens links, or NULL. */
static struct service_backend *next_backend(struct call *call)
{
	struct service *service = call->visit->service;

	while (call->index < service->backend_count) {
		struct service_backend *backend = &service->backends[call->index++];

		if (auth_kind(backend->driver) == AUTH_LINK)
			return backend;
	}
	return NULL;
}

/* Asks backends until one knows the link. */
static enum step ask_next(struct call *call)
{
	struct service_backend *backend = next_backend(call);

	if (backend == NULL)
		return call->backend != NULL ? conclude(call)
					     : visit_fail(call->visit, FAILURE_NOT_FOUND);
	return call_start(call, backend, work, on_checked) == 0 ? STEP_WAIT : call_fail(call);
}

static enum step begin(struct visit *visit, struct call *call)
{
	const char *token = NULL;

	call->query = params_parse(visit->request.query, strlen(visit->request.query));
	if (call->query == NULL || params_get(call->query, "token", &token) != PARAM_ONCE ||
		token[0] == '\0' || strlen(token) > AUTH_PASSWORD_MAX) {
		return visit_refuse(visit, "token", "missing, given twice, empty or too long");
	}
	call->attempt = (struct auth_attempt){
		.name = "",
		.password = token,
		.join = &visit->join,
		.client = visit->request.client,
		.who = &call->who,
		.leads_to = &call->leads_to,
		.challenge = &call->challenge,
		.error = &call->error,
	};
	return ask_next(call);
}

enum step invite_show(struct visit *visit)
{
	struct call *call = call_new(visit);
	enum step step;

	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	step = begin(visit, call);
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}

enum step invite_accept(struct visit *visit)
{
	struct identity *who = &visit->pending->who;
	struct buffer url = BUFFER_INIT(4096);
	enum step step;

	/* The invitation may have been revoked since the page was shown. */
	if (who->subject == NULL || who->backend == NULL || !admission_is_valid(visit, who)) {
		visit_set_detail(visit, "the invitation has been revoked or has expired");
		return visit_fail(visit, FAILURE_INVITATION_OVER);
	}
	if (admission_is_for_scripts(visit))
		return visit_fail(visit, FAILURE_NOT_FOUND);
	step = login_grant(visit, who);
	if (step == STEP_NEXT) {
		link_to_meeting(visit, &url);
		onward_redirect(visit, 303, url.data != NULL ? url.data : "");
		visit->outcome = OUTCOME_SIGNED_IN;
		step = STEP_DONE;
	}
	buffer_release(&url);
	return step;
}
