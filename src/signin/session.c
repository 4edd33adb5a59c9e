/* SPDX-License-Identifier: MIT */
#include "signin/session.h"

#include "signin/admission.h"
#include "signin/join_rate.h"
#include "signin/log.h"
#include "visit/fail.h"

enum {
	END_MARGIN_S = 24 * 3600, /* the same as in state_end() */
	ENDS_WAIT_MS = 60000,	  /* join_rate_take_end() allows about one more a minute */
};

struct session_limits signin_limits(const struct visit *visit)
{
	const struct settings *settings = visit->service->settings;

	return (struct session_limits){settings->session_lifetime, settings->session_idle};
}

/* Anybody can open any number of guest sessions. Their ends are therefore stored among the claims,
 * where they cannot use up the space for the ends of accounts' sessions. */
static int was_ended(const struct visit *visit, const struct session *session)
{
	return session->who.guest ? state_known(visit->server->state, session->id)
				  : state_ended(visit->server->state, session->id);
}

/* For this backend, for all backends, or, if the session has no id, by a logout at the provider. */
static void make_revoked(uint8_t keys[STATE_REVOKED][STATE_KEY_SIZE], const void *context)
{
	const struct visit *visit = context;
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	const struct identity *who = &visit->session.who;

	session_revoke_key(hash_key, NULL, who->subject, keys[0]);
	session_revoke_key(hash_key, who->backend, who->subject, keys[1]);
	session_provider_key(hash_key, who, keys[2]);
}

/* Whether the session ended early. When it began does not matter if its provider has ended it: the
 * authorization code may have been on its way then. 1, 0, or -1 if the state does not answer. */
static int is_over(const struct visit *visit)
{
	const struct session *session = &visit->session;
	uint8_t provider[STATE_KEY_SIZE];
	struct state_session asked = {.id = session->id,
		.is_known = session->who.guest,
		.began = session->began,
		.make_revoked = make_revoked,
		.context = visit};

	if (session->who.provider_session != NULL) {
		session_provider_key(store_hash_key(visit->files->store), &session->who, provider);
		asked.provider = provider;
	}
	return state_is_over(visit->server->state, &asked);
}

int signin_end_session(const struct visit *visit, const struct session *session)
{
	struct state *state = visit->server->state;
	int64_t wait;

	/* An end that is there needs no room, but is stored again: replicas may lack it. */
	if (was_ended(visit, session) != 1) {
		wait = join_rate_take_end(visit, &session->who);
		if (wait != 0)
			return wait < 0 ? -1 : 1;
	}
	if (session->who.guest)
		return state_know(state, session->id, visit->now, session->ends + END_MARGIN_S);
	return state_end(state, session->id, visit->now, session->ends + SESSION_SKEW);
}

/* Opens the session in the browser's cookie. Returns as session_open(). */
static int open_cookie(const struct visit *visit, struct session *session)
{
	char cookie[SESSION_TEXT_MAX + 1];

	if (cookie_get(visit->request.cookies, SESSION_COOKIE, cookie, sizeof cookie) != PARAM_ONCE)
		return -1;
	return session_open(
		store_ring(visit->files->store), cookie, signin_limits(visit), visit->now, session);
}

int signin_check_session(struct visit *visit, bool is_within)
{
	int over = is_over(visit);

	if (over == 0 && is_within && admission_is_valid(visit, &visit->session.who))
		return 1;
	/* Ends it for good, or it would be valid again when the cause is gone: a disabled user
	 * enabled again, lifetimes that were shorter for a while. */
	if (over == 0 && service_backend(visit->service, visit->session.who.backend) != NULL) {
		if (is_within)
			login_log(visit, "gone", &visit->session.who,
				"the session ends: its account was disabled, removed or changed, "
				"or has expired");
		signin_end_session(visit, &visit->session);
	}
	session_release(&visit->session);
	return over < 0 ? -1 : 0;
}

int signin_find_session(struct visit *visit)
{
	int opened = open_cookie(visit, &visit->session);

	return opened < 0 ? 0 : signin_check_session(visit, opened == 0);
}

int signin_end_again(const struct visit *visit)
{
	struct session session;
	int rc = 0;

	if (open_cookie(visit, &session) < 0)
		return 0;
	if (was_ended(visit, &session) == 1)
		rc = signin_end_session(visit, &session);
	session_release(&session);
	return rc;
}

/* Ends the browser's previous session, so that a copy of its cookie is worthless. 0, or as
 * signin_end_session(). */
static int end_replaced(const struct visit *visit)
{
	struct session old;
	bool was_open;
	int rc;

	if (open_cookie(visit, &old) < 0)
		return 0;
	was_open = was_ended(visit, &old) != 1;
	rc = signin_end_session(visit, &old);
	if (rc == 0 && was_open)
		logout_log(visit, &old.who, "another sign-in in the same browser");
	if (rc > 0 && old.who.guest) /* other guests have used up the limit */
		rc = 0;
	session_release(&old);
	return rc;
}

enum step signin_fail_to_end(struct visit *visit, int rc)
{
	if (rc > 0)
		return join_rate_refuse(
			visit, ENDS_WAIT_MS, "this person has ended too many sessions lately");
	visit_set_detail(visit, "the state does not answer: the session could not be ended");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

enum step signin_begin_session(struct visit *visit, struct identity *who)
{
	int rc = end_replaced(visit);

	if (rc != 0)
		return signin_fail_to_end(visit, rc);
	session_release(&visit->session);
	session_begin(&visit->session, who, signin_limits(visit), visit->now);
	visit->session.began = state_shared_time(visit->server->state, visit->now);
	visit->signin.cookie = COOKIE_SET;
	return STEP_NEXT;
}
