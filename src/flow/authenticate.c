/* SPDX-License-Identifier: MIT
 *
 * Step 2: who is it? A session is enough; else the login page. Passwords are in login.c.
 */
#include "flow/pages.h"
#include "flow/steps.h"

static struct session_limits limits_of(const struct visit *visit)
{
	const struct settings *settings = visit->service->settings;

	return (struct session_limits){settings->session_lifetime, settings->session_idle};
}

/* Whether the person was revoked, as this backend's or whosesoever, when the session had begun. 1,
 * 0, or -1 when the state does not answer. */
static int is_revoked(struct visit *visit)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	struct state *state = visit->station->state;
	const struct session *session = &visit->session;
	int64_t last = state_last_revocation(state), by_subject, by_backend;
	uint8_t key[STATE_KEY_SIZE];

	if (last < session->began)
		return last < 0 ? -1 : 0;
	session_revoke_key(hash_key, NULL, session->who.subject, key);
	by_subject = state_marked(state, key);
	session_revoke_key(hash_key, session->who.backend, session->who.subject, key);
	by_backend = state_marked(state, key);
	if (by_subject < 0 || by_backend < 0)
		return -1;
	return session->began <= by_subject || session->began <= by_backend;
}

/* Ended before its time: 1, 0, or -1 when the state does not answer. */
static int is_over(struct visit *visit)
{
	int ended;

	/* A state that is younger than the session may have lost its revocation (a reboot). */
	if (visit->session.began < state_born(visit->station->state))
		return 1;
	ended = state_ended(visit->station->state, visit->session.id);
	return ended != 0 ? ended : is_revoked(visit);
}

/* The backend that vouched for the person must still be there and know them. */
static bool stands(const struct visit *visit)
{
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend = service_backend(visit->service, who->backend);

	if (backend == NULL)
		return false;
	return backend->driver->stands == NULL ||
	       backend->driver->stands(backend->instance, who->subject);
}

int authenticate_find_session(struct visit *visit)
{
	char cookie[SESSION_TEXT_MAX + 1];
	int over;

	if (cookie_get(visit->request.cookies, SESSION_COOKIE, cookie, sizeof cookie) != PARAM_ONCE)
		return 0;
	if (session_open(store_ring(visit->files->store), cookie, limits_of(visit), visit->now,
		    &visit->session) != 0)
		return 0;
	over = is_over(visit);
	if (over == 0 && stands(visit))
		return 1;
	session_release(&visit->session);
	return over < 0 ? -1 : 0;
}

/* To the login page, whose address carries none of the tokens in clear. */
enum step authenticate_again(struct visit *visit)
{
	struct buffer url = BUFFER_INIT(TICKET_TEXT_MAX + 2048);
	enum step step = STEP_DONE;

	buffer_text(&url, visit->service->login_url);
	buffer_text(&url, "?ticket=");
	if (visit_seal_ticket(visit, TICKET_JOIN, &url) != 0 || url.failed) {
		visit_note(visit, "the forwarded parameters are too long for a ticket");
		step = visit_fail(visit, FAILURE_BAD_REQUEST);
	} else {
		response_begin(&visit->response, 303, visit->request.id);
		response_header(&visit->response, "Location", url.data);
	}
	buffer_wipe(&url);
	return step;
}

enum step authenticate_by_session(struct visit *visit)
{
	int found = authenticate_find_session(visit);

	if (found < 0) {
		visit_note(visit, "the state does not answer");
		return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	}
	if (found == 0)
		return authenticate_again(visit);
	if (session_is_stale(&visit->session, limits_of(visit), visit->now)) {
		visit->session.used = visit->now;
		visit->session_is_new = true;
	}
	return STEP_NEXT;
}

enum step authenticate_show_login(struct visit *visit)
{
	if (pages_login(visit, 200, NULL) != 0)
		return visit_fail(visit, FAILURE_INTERNAL);
	return STEP_DONE;
}
