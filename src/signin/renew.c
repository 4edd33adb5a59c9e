/* SPDX-License-Identifier: MIT
 *
 * Step 2, the rest of it for a session: groups that are too old are read again, those of a host at
 * the guest desk each time. Who is gone from the directory is gone here; a directory that does not
 * answer lets nobody in on old groups.
 */
#include "signin/call.h"
#include "visit/steps.h"
#include "signin/throttle.h"

static enum auth_verdict renew(struct call *call)
{
	call->renewal.secrets = call->secrets;
	return call->backend->driver->renew(call->backend->instance, &call->renewal);
}

static enum step sign_in_again(struct visit *visit)
{
	session_release(&visit->session);
	visit->session_is_new = false;
	return authenticate_again(visit);
}

static enum step conclude(struct call *call)
{
	struct visit *visit = call->visit;
	struct session *session = &visit->session;
	const struct settings *settings = visit->service->settings;
	const struct session_limits limits = {settings->session_lifetime, settings->session_idle};

	switch (call->verdict) {
	case AUTH_GRANT:
		/* A backend may say that they are still there and read nothing. */
		if (!authenticate_groups_are_whole(visit, &session->who) ||
			authenticate_fit(visit, &session->who) != 0)
			break;
		session->read = visit->now;
		session_use(session, limits, visit->now);
		visit->session_is_new = true;
		return STEP_NEXT;
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE:
		return call_fail(call);
	case AUTH_DENY:
		login_log(visit, "gone", &session->who, call->error.text);
		/* It does not come back with the account, should that do. */
		authenticate_end_session(visit, session);
		visit->session_ended = true;
		return sign_in_again(visit);
	case AUTH_UNKNOWN:
	case AUTH_CHALLENGE:
		break;
	}
	return sign_in_again(visit);
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

	if (!authenticate_groups_are_whole(visit, &session->who))
		return true;
	return backend->group_refresh != 0 &&
	       (visit->to_desk || visit->now - session->read >= backend->group_refresh);
}

enum step authenticate_renew(struct visit *visit)
{
	struct session *session = &visit->session;
	struct service_backend *backend = service_backend(visit->service, session->who.backend);
	struct call *call;
	enum step step = STEP_WAIT;

	if (backend == NULL || !is_due(visit, backend))
		return STEP_NEXT;
	if (backend->driver->renew == NULL)
		return sign_in_again(visit);
	call = call_new(visit);
	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	call->whom = throttle_whom(visit, session->who.subject);
	call->renewal.who = &session->who;
	call->renewal.error = &call->error;
	if (call_start(call, backend, renew, on_renewed) != 0)
		step = call_fail(call);
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}
