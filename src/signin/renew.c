/* SPDX-License-Identifier: MIT
 *
 * Step 2 for sessions: reads groups again that are too old, and a desk host's groups each time.
 * Somebody who is gone from the directory loses the session. If the directory does not answer, old
 * groups admit nobody.
 */
#include "signin/steps.h"

#include "signin/admission.h"
#include "signin/call.h"
#include "signin/doubt.h"
#include "signin/log.h"
#include "signin/session.h"
#include "visit/fail.h"

static enum auth_verdict renew(struct call *call)
{
	call->renewal.secrets = call->secrets;
	return call->backend->driver->renew(call->backend->instance, &call->renewal);
}

/* The visitor has to sign in again. */
static enum step drop_session(struct visit *visit, enum cookie_change cookie)
{
	session_release(&visit->session);
	visit->signin.cookie = cookie;
	return STEP_NEXT;
}

static enum step conclude(struct call *call)
{
	struct visit *visit = call->visit;
	struct session *session = &visit->session;

	switch (call->verdict) {
	case AUTH_GRANT:
		/* A backend may grant without having read the groups. */
		if (!admission_groups_are_whole(visit, &session->who) ||
			admission_fit(visit, &session->who) != 0)
			break;
		session->read = visit->now;
		session_use(session, signin_limits(visit), visit->now);
		visit->signin.cookie = COOKIE_SET;
		return STEP_NEXT;
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE:
		return call_fail(call);
	case AUTH_DENY:
		login_log(visit, "gone", &session->who, call->error.text);
		/* Otherwise the session would be valid again once the account is enabled again. */
		signin_end_session(visit, session);
		return drop_session(visit, COOKIE_DELETED);
	case AUTH_UNKNOWN:
	case AUTH_CHALLENGE:
		break;
	}
	return drop_session(visit, COOKIE_STAYS);
}

static void on_renewed(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = conclude(call);

	call_release(call);
	visit_continue(visit, step);
}

static bool is_due(const struct visit *visit, const struct service_backend *backend)
{
	const struct session *session = &visit->session;

	if (!admission_groups_are_whole(visit, &session->who))
		return true;
	return backend->group_refresh != 0 &&
	       (visit->signin.fresh_groups || visit->now - session->read >= backend->group_refresh);
}

enum step authenticate_renew(struct visit *visit)
{
	struct session *session = &visit->session;
	struct service_backend *backend =
		session->who.backend != NULL ? service_backend(visit->service, session->who.backend)
					     : NULL;
	struct call *call;
	enum step step = STEP_WAIT;

	/* The visit that made the code has renewed what was due. */
	if (visit->signin.by_code)
		return admission_groups_are_whole(visit, &session->who)
			       ? STEP_NEXT
			       : drop_session(visit, COOKIE_STAYS);
	if (visit->signin.is_ambient || backend == NULL || !is_due(visit, backend))
		return STEP_NEXT;
	if (backend->driver->renew == NULL)
		return drop_session(visit, COOKIE_STAYS);
	call = call_new(visit);
	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	call->whom = doubt_whom(visit, session->who.subject);
	call->renewal.who = &session->who;
	call->renewal.error = &call->error;
	if (call_start(call, backend, renew, on_renewed) != 0)
		step = call_fail(call);
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}
