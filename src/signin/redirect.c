/* SPDX-License-Identifier: MIT
 *
 * Step 2 by way of a provider: the browser goes there with the pending join as `state`, sealed for
 * this browser, and comes back with it once.
 */
#include "signin/call.h"
#include "view/pages.h"
#include "visit/steps.h"

#include "telemetry/log.h"
#include "telemetry/metrics.h"

/* For how long a logout token is remembered: longer than one is taken, whatever the clocks say. */
enum { LOGOUT_TOKEN_S = 3600 };

/* How much longer than session-lifetime a logout at the provider is kept, for sessions that began
 * when the option was longer: a copy of one would come back with it. */
enum { LOWERED_S = 7 * 24 * 3600 };

/* Both are made of the seed in the ticket, so that neither has to stand in it by itself. */
static void make_secrets(const struct visit *visit, struct call *call)
{
	const struct ticket_note *note = visit->note;

	seal_derive_text(note->seed, "nonce", call->nonce);
	seal_derive_text(note->seed, "verifier", call->verifier);
	call->redirect.nonce = call->nonce;
	call->redirect.verifier = call->verifier;
}

static void fill(struct visit *visit, struct call *call, struct service_backend *backend)
{
	make_secrets(visit, call);
	call->redirect.callback = backend->callback_url;
	call->redirect.reauthenticate = visit->reauthenticate;
	call->redirect.url = &call->url;
	call->redirect.who = &call->who;
	call->redirect.error = &call->error;
}

static enum step fail(struct call *call)
{
	struct visit *visit = call->visit;

	if (!call->refused)
		login_log(visit, "unavailable", &call->who, call->error.text);
	return call_fail(call);
}

/* -- there -- */

static enum auth_verdict begin(struct call *call)
{
	call->redirect.secrets = call->secrets;
	return call->backend->driver->begin(call->backend->instance, &call->redirect);
}

static enum step answer_begun(struct call *call)
{
	struct visit *visit = call->visit;

	if (call->verdict != AUTH_GRANT || call->url.failed)
		return fail(call);
	visit_redirect(visit, 302, call->url.data);
	return STEP_DONE;
}

static void on_begun(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = answer_begun(call);

	call_release(call);
	visit_continue(visit, step);
}

enum step redirect_begin(struct visit *visit, struct service_backend *backend)
{
	struct call *call = call_new(visit);
	struct buffer state = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	enum step step = STEP_WAIT;

	visit->is_join = false; /* it goes on with the way back */
	if (call == NULL || visit_make_note(visit, backend) == NULL) {
		step = visit_fail(visit, FAILURE_INTERNAL);
	} else if (visit_seal_ticket(visit, TICKET_REDIRECT, &state) != 0) {
		step = visit_refuse_long_join(visit);
	} else {
		fill(visit, call, backend);
		call->state = state; /* the call's from here on */
		state = BUFFER_INIT(0);
		call->redirect.state = call->state.data;
		if (call_start(call, backend, begin, on_begun) != 0)
			step = fail(call);
	}
	buffer_wipe(&state);
	if (step != STEP_WAIT && call != NULL)
		call_release(call);
	return step;
}

/* -- and back -- */

static enum auth_verdict finish(struct call *call)
{
	call->redirect.secrets = call->secrets;
	return call->backend->driver->finish(call->backend->instance, &call->redirect);
}

static enum step answer_finished(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step;

	switch (call->verdict) {
	case AUTH_GRANT:
		throttle_give_back(visit, &call->tries);
		step = login_grant(visit, &call->who);
		if (step == STEP_NEXT)
			throttle_know_provider(visit, &visit->session.who);
		return step;
	case AUTH_UNFIT:
	case AUTH_UNAVAILABLE: /* it took a worker's time: the address pays */
		return fail(call);
	case AUTH_CHALLENGE:
	case AUTH_UNKNOWN:
	case AUTH_DENY:
		break;
	}
	metric_count(METRIC_LOGIN_FAILED);
	login_log(visit, "failed", &call->who, call->error.text);
	visit->is_logged = true;
	visit->is_join = false;
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

static void on_finished(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = answer_finished(call);

	call_release(call);
	visit_continue(visit, step);
}

/* What came back, each at most once. An error that cannot be read is one all the same. 0 or -1. */
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
		visit->parameter = "code";
		visit_note(visit, "code: a parameter of the provider's stands twice");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	/* Each code that somebody makes up is a request of ours to the provider, and an entry in
	 * the state. */
	if (throttle_take_code(visit, backend->title, &call->tries) != STEP_NEXT)
		return STEP_DONE;
	if (!challenge_use_up(visit)) /* one way back for each way there */
		return STEP_DONE;
	fill(visit, call, backend);
	call->whom = throttle_whom(visit, NULL);
	if (call_start(call, backend, finish, on_finished) == 0)
		return STEP_WAIT;
	if (!call->refused)
		throttle_give_back(visit, &call->tries);
	return fail(call);
}

enum step authenticate_by_provider(struct visit *visit)
{
	struct service_backend *backend = service_backend(visit->service, visit->note->backend);
	struct call *call;
	enum step step;

	if (backend == NULL || backend->driver->kind != AUTH_REDIRECT ||
		strcmp(backend->title, visit->route_rest) != 0) {
		visit_note(visit, "made for backend %s, which is another or gone",
			visit->note->backend);
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

/* -- a session at a provider has ended (OpenID Connect Back-Channel Logout 1.0) -- */

static enum auth_verdict read_ending(struct call *call)
{
	call->ending.secrets = call->secrets;
	call->ending.error = &call->error;
	return call->backend->driver->ended(call->backend->instance, &call->ending);
}

/* Kept until every session that it ends would have ended by itself, those too whose sign-in is
 * under way. */
static int void_sessions(struct visit *visit, const uint8_t key[STATE_KEY_SIZE])
{
	const struct settings *settings = visit->service->settings;

	return state_revoke(visit->station->state, key, visit->now,
		visit->now + settings->session_lifetime + settings->ticket_lifetime + SESSION_SKEW +
			LOWERED_S);
}

static int end_provider_session(
	struct visit *visit, const struct call *call, const char *subject, const char *id)
{
	const struct identity who = {.backend = (char *)call->backend->title,
		.subject = (char *)subject,
		.provider_session = (char *)id};
	uint8_t key[STATE_KEY_SIZE];

	session_provider_key(store_hash_key(visit->files->store), &who, key);
	return void_sessions(visit, key);
}

/* Voids what the message names (section 2.7): one session at the provider, and with it those of
 * the person that the provider gave no id for; or, without an id, all of the person's. 0 or -1. */
static int end_sessions(struct visit *visit, const struct call *call)
{
	const struct auth_ending *ending = &call->ending;
	const char *subject = ending->subject[0] != '\0' ? ending->subject : NULL;
	uint8_t key[STATE_KEY_SIZE];

	if (ending->provider_session[0] == '\0') {
		session_revoke_key(
			store_hash_key(visit->files->store), call->backend->title, subject, key);
		return void_sessions(visit, key);
	}
	if (subject != NULL && end_provider_session(visit, call, subject, NULL) != 0)
		return -1;
	return end_provider_session(visit, call, subject, ending->provider_session);
}

/* Section 2.8: 200 for what was done, 400 for what is not good. */
static enum step answer_ending(struct call *call)
{
	struct visit *visit = call->visit;
	uint8_t key[STATE_KEY_SIZE];

	if (call->verdict == AUTH_UNAVAILABLE)
		return fail(call);
	if (call->verdict != AUTH_GRANT) {
		visit_note(visit, "logout token: %s", call->error.text);
		visit->parameter = "logout_token";
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	seal_hash(store_hash_key(visit->files->store), key, "logout-token", call->backend->title,
		call->ending.id, NULL);
	if (state_claim(visit->station->state, key, LOGOUT_TOKEN_S, visit->now) ==
		STATE_CLAIM_LOST) {
		visit_note(visit, "logout token: came before");
		visit->parameter = "logout_token";
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (end_sessions(visit, call) != 0) {
		state_unclaim(visit->station->state, key); /* the provider tries again */
		visit_note(visit, "the state does not answer: the sessions could not be ended");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	logout_log(visit, call->ending.subject, call->backend->title, "told by the provider");
	pages_plain(visit, 200, "text/plain; charset=utf-8", "ok\n");
	return STEP_DONE;
}

static void on_ending(struct call *call)
{
	struct visit *visit = call->visit;
	enum step step = answer_ending(call);

	call_release(call);
	visit_continue(visit, step);
}

enum step backchannel_end(struct visit *visit)
{
	struct service_backend *backend = service_backend(visit->service, visit->route_rest);
	struct call *call;
	enum step step = STEP_WAIT;

	if (backend == NULL || backend->driver->ended == NULL)
		return visit_fail(visit, FAILURE_NOT_FOUND);
	call = call_new(visit);
	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (params_get(visit->form, "logout_token", &call->ending.token) != PARAM_ONCE) {
		visit->parameter = "logout_token";
		step = visit_fail(visit, FAILURE_BAD_REQUEST);
	} else if (call_start(call, backend, read_ending, on_ending) != 0) {
		step = fail(call);
	}
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}
