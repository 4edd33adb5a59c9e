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

/* Whether the session was revoked after it began: for this backend, for all backends, or, if it has
 * no id, by a logout at the provider. 1, 0, or -1 if the state does not answer. */
static int is_revoked(struct visit *visit)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	const struct session *session = &visit->session;
	int64_t last = state_last_revocation(visit->server->state);
	uint8_t keys[3][STATE_KEY_SIZE];

	if (last < session->began)
		return last < 0 ? -1 : 0;
	session_revoke_key(hash_key, NULL, session->who.subject, keys[0]);
	session_revoke_key(hash_key, session->who.backend, session->who.subject, keys[1]);
	session_provider_key(hash_key, &session->who, keys[2]);
	return state_is_revoked(
		visit->server->state, (const uint8_t(*)[STATE_KEY_SIZE])keys, 3, session->began);
}

/* Whether the provider has ended the session that this one began with. When this one began does not
 * matter: the authorization code may have been on its way when the provider reported the end. 1, 0,
 * or -1 if the state does not answer. */
static int is_ended_by_provider(struct visit *visit)
{
	uint8_t key[STATE_KEY_SIZE];
	int64_t ended;

	if (visit->session.who.provider_session == NULL)
		return 0;
	session_provider_key(store_hash_key(visit->files->store), &visit->session.who, key);
	ended = state_marked(visit->server->state, key);
	return ended < 0 ? -1 : ended > 0;
}

/* Anybody can make up guests. So the ends of their sessions are stored among the claims and cannot
 * fill the space for other people's. */
static int was_ended(const struct visit *visit, const struct session *session)
{
	return session->who.guest ? state_known(visit->server->state, session->id)
				  : state_ended(visit->server->state, session->id);
}

/* Whether the session ended early. 1, 0, or -1 if the state does not answer. */
static int is_over(struct visit *visit)
{
	int ended = was_ended(visit, &visit->session);
	/* Only now: a process that has just started waits above for its server. */
	int64_t born = state_born(visit->server->state);

	if (born == STATE_BORN_UNKNOWN)
		return -1;
	/* A state younger than the session may have lost its revocation (a reboot). */
	if (visit->session.began < born)
		return 1;
	if (ended == 0)
		ended = is_ended_by_provider(visit);
	return ended != 0 ? ended : is_revoked(visit);
}

int signin_end_session(const struct visit *visit, const struct session *session)
{
	struct state *state = visit->server->state;
	int64_t wait;

	if (was_ended(visit, session) == 1)
		return 0;
	wait = join_rate_take_end(visit, &session->who);
	if (wait != 0)
		return wait < 0 ? -1 : 1;
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

/* Ends the browser's previous session, so that a copy of its cookie is worthless. 0, or as
 * signin_end_session(). */
static int end_replaced(const struct visit *visit)
{
	struct session old;
	int rc = 0;

	if (open_cookie(visit, &old) < 0)
		return 0;
	if (was_ended(visit, &old) != 1) {
		rc = signin_end_session(visit, &old);
		if (rc == 0)
			logout_log(visit, &old.who, "another sign-in in the same browser");
	}
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
