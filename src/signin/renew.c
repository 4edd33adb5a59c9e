/* SPDX-License-Identifier: MIT
 *
 * Step 2, the rest of it for a session: groups that are too old are read again, those of a host at
 * the guest desk each time. Who is gone from the directory is gone here; a directory that does not
 * answer lets nobody in on old groups.
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

/* They have to sign in again. */
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
		/* A backend may say that they are still there and read nothing. */
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
		/* It does not come back with the account, should that do. */
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
