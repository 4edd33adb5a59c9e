/* SPDX-License-Identifier: MIT
 *
 * A session at a provider has ended (OpenID Connect Back-Channel Logout 1.0).
 */
#include "signin/steps.h"

#include "signin/call.h"
#include "signin/log.h"
#include "visit/answer.h"
#include "visit/fail.h"

/* For how long a logout token is remembered: longer than one is taken, whatever the clocks say. */
enum { LOGOUT_TOKEN_S = 3600 };

/* How much longer than session-lifetime a logout at the provider is kept, for sessions that began
 * when the option was longer: a copy of one would come back with it. */
enum { LOWERED_S = 7 * 24 * 3600 };

static enum auth_verdict read_ending(struct call *call)
{
	call->ending.secrets = call->secrets;
	call->ending.error = &call->error;
	return call->backend->driver->redirect->backchannel_logout(
		call->backend->instance, &call->ending);
}

/* Kept until every session that it ends would have ended by itself, those too whose sign-in is
 * under way. */
static int void_sessions(struct visit *visit, const uint8_t key[STATE_KEY_SIZE])
{
	const struct settings *settings = visit->service->settings;

	return state_revoke(visit->server->state, key, visit->now,
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
		return call_log_and_fail(call);
	if (call->verdict != AUTH_GRANT) {
		visit_set_detail(visit, "logout token: %s", call->error.text);
		visit->report.parameter = "logout_token";
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	seal_hash(store_hash_key(visit->files->store), key, "logout-token", call->backend->title,
		call->ending.id, NULL);
	if (state_claim(visit->server->state, key, LOGOUT_TOKEN_S, visit->now) ==
		STATE_CLAIM_LOST) {
		visit_set_detail(visit, "logout token: came before");
		visit->report.parameter = "logout_token";
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (end_sessions(visit, call) != 0) {
		state_unclaim(visit->server->state, key); /* the provider tries again */
		visit_set_detail(
			visit, "the state does not answer: the sessions could not be ended");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	logout_log(visit, call->ending.subject, call->backend->title, "told by the provider");
	visit_answer_plain(visit, 200, "text/plain; charset=utf-8", "ok\n");
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

	if (backend == NULL || auth_kind(backend->driver) != AUTH_REDIRECT ||
		backend->driver->redirect->backchannel_logout == NULL)
		return visit_fail(visit, FAILURE_NOT_FOUND);
	call = call_new(visit);
	if (call == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	if (params_get(visit->form, "logout_token", &call->ending.token) != PARAM_ONCE) {
		visit->report.parameter = "logout_token";
		step = visit_fail(visit, FAILURE_BAD_REQUEST);
	} else if (call_start(call, backend, read_ending, on_ending) != 0) {
		step = call_log_and_fail(call);
	}
	if (step != STEP_WAIT)
		call_release(call);
	return step;
}
