/* SPDX-License-Identifier: MIT
 *
 * Step 2: who is it? A session is enough, or what the web server says; else the login page. What
 * comes from there is in login.c, challenge.c and redirect.c.
 */
#include "signin/join_rate.h"
#include "view/pages.h"
#include "visit/steps.h"

#include "service/groups.h"

enum {
	END_MARGIN_S = 24 * 3600, /* as state_end() has it */
	ENDS_WAIT_MS = 60000,	  /* join_rate_take_end(): about one more a minute */
};

static struct session_limits limits_of(const struct visit *visit)
{
	const struct settings *settings = visit->service->settings;

	return (struct session_limits){settings->session_lifetime, settings->session_idle};
}

/* Whether the person was revoked, as this backend's or whosesoever, or signed out at a provider
 * that gave the session no id, when the session had begun. 1, 0, or -1 when the state does not
 * answer. */
static int is_revoked(struct visit *visit)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	struct state *state = visit->station->state;
	const struct session *session = &visit->session;
	int64_t last = state_last_revocation(state), by_subject, by_backend, by_provider;
	uint8_t key[STATE_KEY_SIZE];

	if (last < session->began)
		return last < 0 ? -1 : 0;
	session_revoke_key(hash_key, NULL, session->who.subject, key);
	by_subject = state_marked(state, key);
	session_revoke_key(hash_key, session->who.backend, session->who.subject, key);
	by_backend = state_marked(state, key);
	session_provider_key(hash_key, &session->who, key);
	by_provider = state_marked(state, key);
	if (by_subject < 0 || by_backend < 0 || by_provider < 0)
		return -1;
	return session->began <= by_subject || session->began <= by_backend ||
	       session->began <= by_provider;
}

/* Whether the provider's session that it began with is over, whenever ours began: its code may have
 * been on the way when the provider told. 1, 0, or -1 when the state does not answer. */
static int is_ended_by_provider(struct visit *visit)
{
	uint8_t key[STATE_KEY_SIZE];
	int64_t ended;

	if (visit->session.who.provider_session == NULL)
		return 0;
	session_provider_key(store_hash_key(visit->files->store), &visit->session.who, key);
	ended = state_marked(visit->station->state, key);
	return ended < 0 ? -1 : ended > 0;
}

/* Guests are as many as somebody likes to make up: the ends of their sessions go where claims go,
 * and leave the room for those of others alone. */
static int was_ended(const struct visit *visit, const struct session *session)
{
	return session->who.guest ? state_known(visit->station->state, session->id)
				  : state_ended(visit->station->state, session->id);
}

/* Ended before its time: 1, 0, or -1 when the state does not answer. */
static int is_over(struct visit *visit)
{
	int ended;

	/* A state that is younger than the session may have lost its revocation (a reboot). */
	if (visit->session.began < state_born(visit->station->state))
		return 1;
	ended = was_ended(visit, &visit->session);
	if (ended == 0)
		ended = is_ended_by_provider(visit);
	return ended != 0 ? ended : is_revoked(visit);
}

int authenticate_end_session(const struct visit *visit, const struct session *session)
{
	struct state *state = visit->station->state;
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

bool authenticate_stands(const struct visit *visit, const struct identity *who)
{
	const struct service_backend *backend = service_backend(visit->service, who->backend);

	if (backend == NULL)
		return false;
	if (backend->driver->holds != NULL && !backend->driver->holds(backend->instance, who))
		return false;
	if (backend->driver->stands != NULL &&
		!backend->driver->stands(backend->instance, who->subject))
		return false;
	return !backend->driver->second_factor || challenge_is_same_factor(visit, who);
}

/* What the browser brought; as session_open(). */
static int open_cookie(const struct visit *visit, struct session *session)
{
	char cookie[SESSION_TEXT_MAX + 1];

	if (cookie_get(visit->request.cookies, SESSION_COOKIE, cookie, sizeof cookie) != PARAM_ONCE)
		return -1;
	return session_open(
		store_ring(visit->files->store), cookie, limits_of(visit), visit->now, session);
}

int authenticate_find_session(struct visit *visit)
{
	int opened = open_cookie(visit, &visit->session), over;

	if (opened < 0)
		return 0;
	over = is_over(visit);
	if (over == 0 && opened == 0 && authenticate_stands(visit, &visit->session.who))
		return 1;
	/* It does not come back with what ended it (a user disabled, and enabled again; lifetimes
	 * that were shorter for a while). */
	if (over == 0 && service_backend(visit->service, visit->session.who.backend) != NULL) {
		if (opened == 0)
			login_log(visit, "gone", &visit->session.who,
				"the session ends: its account was disabled, removed or changed, "
				"or has expired");
		authenticate_end_session(visit, &visit->session);
	}
	session_release(&visit->session);
	return over < 0 ? -1 : 0;
}

/* What can be spared goes first: groups that nothing names, then what the backend would need to
 * read them again without the person. */
int authenticate_fit(const struct visit *visit, struct identity *who)
{
	const struct service *service = visit->service;

	if (session_fits(who))
		return 0;
	if (who->groups_digest == 0)
		groups_trim(service->settings, service->groups_digest, who);
	if (!session_fits(who) && who->kept != NULL) {
		explicit_bzero(who->kept, strlen(who->kept));
		identity_set(&who->kept, NULL, IDENTITY_KEPT_MAX);
	}
	return session_fits(who) ? 0 : -1;
}

bool authenticate_groups_are_whole(const struct visit *visit, const struct identity *who)
{
	return who->groups_digest == 0 || who->groups_digest == visit->service->groups_digest;
}

/* The session that the browser had so far: a copy of its cookie is worth nothing from now on. 0, or
 * as authenticate_end_session(). */
static int end_replaced(const struct visit *visit)
{
	struct session old;
	int rc = 0;

	if (open_cookie(visit, &old) < 0)
		return 0;
	if (was_ended(visit, &old) != 1) {
		rc = authenticate_end_session(visit, &old);
		if (rc == 0)
			logout_log(visit, old.who.subject, old.who.backend,
				"another sign-in in the same browser");
	}
	if (rc > 0 && old.who.guest) /* others made the ends that there may be */
		rc = 0;
	session_release(&old);
	return rc;
}

enum step authenticate_fail_to_end(struct visit *visit, int rc)
{
	if (rc > 0)
		return join_rate_refuse(
			visit, ENDS_WAIT_MS, "too many sessions of theirs have ended lately");
	visit_note(visit, "the state does not answer: the session could not be ended");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

enum step authenticate_begin_session(struct visit *visit, struct identity *who)
{
	int rc = end_replaced(visit);

	if (rc != 0)
		return authenticate_fail_to_end(visit, rc);
	session_release(&visit->session);
	session_begin(&visit->session, who, limits_of(visit), visit->now);
	visit->session_is_new = true;
	return STEP_NEXT;
}

/* What people can choose from. */
struct choice {
	unsigned forms, redirects;
	struct service_backend *redirect; /* the first */
};

static struct choice choice_of(struct service *service)
{
	struct choice choice = {0};

	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];
		enum auth_kind kind = backend->driver->kind;

		choice.forms += kind == AUTH_PASSWORD || kind == AUTH_FORM;
		choice.redirects += kind == AUTH_REDIRECT;
		if (kind == AUTH_REDIRECT && choice.redirect == NULL)
			choice.redirect = backend;
	}
	return choice;
}

/* To the login page, whose address carries none of the tokens in clear. */
static enum step go_to_login(struct visit *visit)
{
	struct buffer url = BUFFER_INIT(TICKET_TEXT_MAX + 2048);
	enum step step = STEP_DONE;

	buffer_text(&url, visit->service->login_url);
	buffer_text(&url, visit->reauthenticate ? "?again=1&ticket=" : "?ticket=");
	if (visit_seal_ticket(visit, TICKET_JOIN, &url) != 0 || url.failed) {
		step = visit_refuse_long_join(visit);
	} else {
		response_begin(&visit->response, 303, visit->request.id);
		response_header(&visit->response, "Location", url.data);
	}
	buffer_wipe(&url);
	return step;
}

enum step authenticate_again(struct visit *visit)
{
	struct choice choice = choice_of(visit->service);

	if (visit->origin != NULL) { /* a script shows no page */
		visit_note(visit, "no session");
		return visit_fail(visit, FAILURE_LOGIN_FAILED);
	}
	if (choice.forms == 0 && choice.redirects == 1)
		return redirect_begin(visit, choice.redirect);
	if (choice.forms + choice.redirects > 0)
		return go_to_login(visit);
	visit_note(visit, "the web server names nobody, and there is no other way to sign in");
	return visit_fail(visit, FAILURE_LOGIN_FAILED);
}

static const char *request_value(const void *request, const char *name)
{
	return request_param(request, name);
}

/* What the web server found out holds for this request, and makes no session: the next request
 * brings it again. */
static enum step look_around(struct visit *visit)
{
	struct service *service = visit->service;

	for (size_t i = 0; i < service->backend_count; i++) {
		struct service_backend *backend = &service->backends[i];
		struct identity who = IDENTITY_INIT;
		enum auth_verdict verdict = AUTH_UNAVAILABLE;
		struct error error = {0};

		if (backend->driver->kind != AUTH_AMBIENT)
			continue;
		if (identity_set(&who.backend, backend->title, IDENTITY_SUBJECT_MAX) == 0)
			verdict = backend->driver->look(
				backend->instance, request_value, &visit->request, &who, &error);
		if (verdict == AUTH_GRANT) {
			session_begin(&visit->session, &who, limits_of(visit), visit->now);
			visit->is_ambient = true;
			if (visit->platform != NULL && visit->platform->driver->grant != NULL)
				visit_know_browser(visit); /* for `rejoin`: its cookie goes soon */
		}
		identity_release(&who);
		if (verdict == AUTH_GRANT)
			return STEP_NEXT;
		if (verdict != AUTH_UNKNOWN) {
			login_log_nobody(visit, "failed", backend->title, error.text);
			visit_note(visit, "%s", error.text);
			return visit_fail(visit, verdict == AUTH_DENY
							 ? FAILURE_LOGIN_FAILED
							 : FAILURE_BACKEND_UNAVAILABLE);
		}
	}
	return authenticate_again(visit);
}

enum step authenticate_by_session(struct visit *visit)
{
	int found = authenticate_find_session(visit);

	if (found < 0) {
		visit_note(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	/* One that is good for other meetings only does not say who it is here. */
	if (found > 0 && !identity_is_good_for(&visit->session.who, visit->join.platform,
				 visit->join.meeting_id)) {
		session_release(&visit->session);
		found = 0;
	}
	if (found == 0)
		return look_around(visit);
	if (session_is_stale(&visit->session, limits_of(visit), visit->now)) {
		session_use(&visit->session, limits_of(visit), visit->now);
		visit->session_is_new = true;
	}
	return authenticate_renew(visit);
}

/* The button of a provider leads to the login page too, with the backend it is for. 0 or -1. */
static int read_button(struct visit *visit, struct service_backend **backend_r)
{
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	const char *title = NULL, *again = "";
	int rc = -1;

	*backend_r = NULL;
	if (query != NULL && params_get(query, "backend", &title) != PARAM_REPEATED &&
		params_get(query, "again", &again) != PARAM_REPEATED)
		rc = 0;
	visit->reauthenticate = strcmp(again, "1") == 0;
	if (rc == 0 && title != NULL) {
		*backend_r = service_backend(visit->service, title);
		rc = *backend_r != NULL && (*backend_r)->driver->kind == AUTH_REDIRECT ? 0 : -1;
	}
	params_free(&query);
	return rc;
}

enum step authenticate_at_login(struct visit *visit)
{
	struct service_backend *backend;

	if (read_button(visit, &backend) != 0) {
		visit->parameter = "backend";
		visit_note(visit, "backend: not the title of a provider, or stands twice");
		return visit_fail(visit, FAILURE_BAD_REQUEST);
	}
	if (backend != NULL && visit->request.method == HTTP_GET)
		return redirect_begin(visit, backend);
	if (pages_login(visit, 200, NULL, NULL) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	return STEP_DONE;
}
