/* SPDX-License-Identifier: MIT */
#include "signin/redirect.h"

#include "signin/call.h"
#include "signin/known.h"
#include "signin/doubt.h"
#include "signin/log.h"
#include "signin/login.h"
#include "signin/steps.h"
#include "telemetry/metrics.h"
#include "view/onward.h"
#include "visit/fail.h"
#include "visit/ticket.h"

/* Derives both from the seed in the ticket, which keeps the ticket short. */
static void make_secrets(const struct visit *visit, struct call *call)
{
	const struct pending *pending = visit->pending;

	seal_derive_text(pending->seed, "nonce", call->nonce);
	seal_derive_text(pending->seed, "verifier", call->verifier);
	call->redirect.nonce = call->nonce;
	call->redirect.verifier = call->verifier;
}

static void fill(struct visit *visit, struct call *call, struct service_backend *backend)
{
	make_secrets(visit, call);
	call->redirect.callback = backend->callback_url;
	call->redirect.reauthenticate = visit->signin.reauthenticate;
	call->redirect.url = &call->url;
	call->redirect.who = &call->who;
	call->redirect.error = &call->error;
}

/* -- to the provider -- */

static enum auth_verdict begin(struct call *call)
{
	call->redirect.secrets = call->secrets;
	return call->backend->driver->redirect->authorization_url(
		call->backend->instance, &call->redirect);
}

static enum step answer_begun(struct call *call)
{
	struct visit *visit = call->visit;

	if (call->verdict != AUTH_GRANT || call->url.failed)
		return call_log_and_fail(call);
	onward_redirect(visit, 302, call->url.data);
	return STEP_DONE;
}

static void on_begun(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = answer_begun(call);

	call_release(call);
	visit_continue(visit, step);
}

/* A queue full of people who come back must not keep others from setting out, nor they them. */
static enum step ask_url(struct call *call, struct service_backend *backend)
{
	const struct auth_redirects *ops = backend->driver->redirect;

	if (ops->url_is_known != NULL && ops->url_is_known(backend->instance))
		return call_now(call, backend, begin) == 0 ? answer_begun(call)
							   : call_log_and_fail(call);
	return call_start(call, backend, begin, on_begun) == 0 ? STEP_WAIT
							       : call_log_and_fail(call);
}

enum step redirect_begin(struct visit *visit, struct service_backend *backend)
{
	struct call *call = call_new(visit);
	struct buffer state = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	enum step step = STEP_WAIT;

	visit->outcome = OUTCOME_SENT_TO_PROVIDER; /* the callback continues the sign-in */
	if (call == NULL || visit_new_pending(visit, backend) == NULL) {
		step = visit_fail(visit, FAILURE_INTERNAL);
	} else if (visit_seal_ticket(visit, TICKET_REDIRECT, &state) != 0) {
		step = visit_refuse_long_join(visit);
	} else {
		fill(visit, call, backend);
		call->state = state; /* the call owns it now */
		state = BUFFER_INIT(0);
		call->redirect.state = call->state.data;
		step = ask_url(call, backend);
	}
	buffer_wipe(&state);
	if (step != STEP_WAIT && call != NULL)
		call_release(call);
	return step;
}

/* -- back from the provider -- */

static enum auth_verdict finish(struct call *call)
{
	call->redirect.secrets = call->secrets;
	return call->backend->driver->redirect->handle_callback(
		call->backend->instance, &call->redirect);
}

static enum step answer_finished(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step;

	switch (call->verdict) {
	case AUTH_GRANT:
		tries_give_back(visit, &call->tries);
		step = login_grant(visit, &call->who);
		if (step == STEP_NEXT)
			known_add_provider(visit, &visit->session.who);
		return step;
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE: /* it took a worker's time: the try stays counted for the address */
		return call_log_and_fail(call);
	case AUTH_CHALLENGE:
	case AUTH_UNKNOWN:
	case AUTH_DENY:
		break;
	}
	metric_count(METRIC_LOGIN_FAILED);
	login_log(visit, "failed", &call->who, call->error.text);
	visit->outcome = OUTCOME_LOGIN_REFUSED;
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

static void on_finished(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = answer_finished(call);

	call_release(call);
	visit_continue(visit, step);
}

/* Reads the callback's parameters, each of which may occur once. An unreadable `error` is still an
 * error. 0 or -1. */
static int take_answer(const struct params *query, struct auth_redirect *redirect)
{
	const struct {
		const char *name, **value;
	} parts[] = {
		{"code", &redirect->code},
		{"iss", &redirect->issuer},
		{"error", &redirect->failure},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		enum params_count count = params_get(query, parts[i].name, parts[i].value);

		if (count == PARAM_UNREADABLE && parts[i].value == &redirect->failure)
			redirect->failure = "";
		else if (count == PARAM_REPEATED || count == PARAM_UNREADABLE)
			return -1;
	}
	return 0;
}

static enum step begin_finish(
	struct visit *visit, struct call *call, struct service_backend *backend)
{
	call->query = params_parse_lenient(visit->request.query, strlen(visit->request.query));
	if (call->query == NULL || take_answer(call->query, &call->redirect) != 0) {
		visit->report.parameter = "code";
		visit_set_detail(visit, "the provider sent a parameter twice or unreadable");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	/* Each made-up code costs a request to the provider and an entry in the state. */
	if (throttle_take_code(visit, backend->title, &call->tries) != STEP_NEXT)
		return STEP_DONE;
	if (!visit_use_up_pending(visit)) /* each redirect may come back once */
		return STEP_DONE;
	fill(visit, call, backend);
	call->whom = doubt_whom(visit, NULL);
	call->first = true;
	if (call_start(call, backend, finish, on_finished) == 0)
		return STEP_WAIT;
	if (!call->refused)
		tries_give_back(visit, &call->tries);
	return call_log_and_fail(call);
}

enum step authenticate_by_provider(struct visit *visit)
{
	struct service_backend *backend = service_backend(visit->service, visit->pending->backend);
	struct call *call;
	enum step step;

	if (backend == NULL || auth_kind(backend->driver) != AUTH_REDIRECT ||
		strcmp(backend->title, visit->route_rest) != 0) {
		visit_set_detail(visit,
			"the sign-in began at backend %s: not this one, or no longer configured",
			visit->pending->backend);
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	}
	call = call_new(visit);
	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	step = begin_finish(visit, call, backend);
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}
