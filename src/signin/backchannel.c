/* SPDX-License-Identifier: MIT
 *
 * A provider reports the end of a session (OpenID Connect Back-Channel Logout 1.0).
 */
#include "signin/steps.h"

#include "signin/call.h"
#include "signin/log.h"
#include "visit/answer.h"
#include "visit/fail.h"

/* How long a logout token is remembered: longer than any token is accepted, whatever the clocks
 * say. */
enum { LOGOUT_TOKEN_S = 3600 };

/* A logout at the provider is remembered this much longer than session-lifetime, for sessions that
 * began while the option was longer. Otherwise a copy of such a session's cookie would work
 * again. */
enum { LOWERED_S = 7 * 24 * 3600 };

static enum auth_verdict read_ending(struct call *call)
{
	call->ending.secrets = call->secrets;
	call->ending.error = &call->error;
	return call->backend->driver->redirect->backchannel_logout(
		call->backend->instance, &call->ending);
}

/* Revokes until every session concerned would have expired by itself, including sessions whose
 * sign-in is under way. */
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

/* Ends the sessions that the token names (section 2.7). With a session id: that session at the
 * provider, and the person's sessions that have no id. Without one: all of the person's sessions. 0
 * or -1. */
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

/* Section 2.8: 200 when the sessions have ended, 400 for a token that is not valid. */
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
		visit_set_detail(visit, "logout token: was used before");
		visit->report.parameter = "logout_token";
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (end_sessions(visit, call) != 0) {
		state_unclaim(visit->server->state, key); /* so that the provider can try again */
		visit_set_detail(
			visit, "the state does not answer: the sessions could not be ended");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	logout_log(visit,
		&(struct identity){.backend = (char *)(uintptr_t)call->backend->title,
			.subject = call->ending.subject},
		"told by the provider");
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
