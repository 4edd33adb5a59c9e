/* SPDX-License-Identifier: MIT */
#include "visit/ticket.h"

#include "base/text.h"
#include "visit/fail.h"

void visit_know_browser(struct visit *visit)
{
	const struct seal_ring *ring = store_ring(visit->files->store);
	char cookie[512];
	bool there;

	if (visit->browser.known)
		return;
	there = cookie_get(visit->request.cookies, TICKET_COOKIE, cookie, sizeof cookie) ==
		PARAM_ONCE;
	visit->browser.is_new = ticket_browser(ring, there ? cookie : NULL, visit->browser.id);
	visit->browser.known = true;
}

void visit_drop_pending(struct visit *visit)
{
	if (visit->pending != NULL)
		pending_release(visit->pending);
	free(visit->pending);
	visit->pending = NULL;
}

/* Sets whom a ticket is bound to: the browser. A logout form is also bound to the person it was
 * shown to, or the next person in this browser could send it. A form of the desk is also bound to
 * the session, unless the web server identifies the person with each request. */
static void find_holder(
	const struct visit *visit, enum ticket_kind kind, uint8_t holder[TICKET_BROWSER_SIZE])
{
	const struct session *session = &visit->session;
	char browser[2 * TICKET_BROWSER_SIZE + 1], id[2 * SESSION_ID_SIZE + 1] = "";
	uint8_t hash[SEAL_HASH_SIZE];

	memcpy(holder, visit->browser.id, TICKET_BROWSER_SIZE);
	if (kind != TICKET_LOGOUT && kind != TICKET_DESK)
		return;
	text_hex(visit->browser.id, TICKET_BROWSER_SIZE, browser);
	if (kind == TICKET_DESK && !visit->signin.is_ambient)
		text_hex(session->id, SESSION_ID_SIZE, id);
	seal_hash(store_hash_key(visit->files->store), hash, "holder of a form", browser, id,
		session->who.backend != NULL ? session->who.backend : "",
		session->who.subject != NULL ? session->who.subject : "", NULL);
	memcpy(holder, hash, TICKET_BROWSER_SIZE);
}

/* A page of the desk may stay open as long as a session. */
static int64_t lifetime_of(const struct visit *visit, enum ticket_kind kind)
{
	const struct settings *settings = visit->service->settings;

	return kind == TICKET_DESK ? settings->session_idle : settings->ticket_lifetime;
}

const struct join *visit_goal(const struct visit *visit)
{
	switch (visit->destination) {
	case DESTINATION_DESK:
		return join_to_desk();
	case DESTINATION_ME:
		return join_to_me();
	case DESTINATION_MEETING:
	case DESTINATION_NONE:
		break;
	}
	return &visit->join;
}

/* Sets the visit's destination from the ticket's join: a meeting, the guest desk or /auth/me. */
static void find_destination(struct visit *visit)
{
	const char *platform = visit->join.platform;

	if (strcmp(platform, join_to_desk()->platform) == 0)
		visit->destination = DESTINATION_DESK;
	else if (strcmp(platform, join_to_me()->platform) == 0)
		visit->destination = DESTINATION_ME;
	else
		visit->destination = DESTINATION_MEETING;
	if (visit->destination != DESTINATION_MEETING)
		join_release(&visit->join);
}

/* Sets the detail for the log, and keeps which join was lost. */
static void explain_ticket(
	struct visit *visit, enum ticket_kind kind, enum ticket_result result, bool has_cookie)
{
	switch (result) {
	case TICKET_LATE:
		visit_set_detail(
			visit, "expired: older than %lld s", (long long)lifetime_of(visit, kind));
		break;
	case TICKET_FOREIGN:
		visit_set_detail(visit, has_cookie
						? "made for another browser or session"
						: "no cookie: the browser did not send the ticket "
						  "cookie");
		break;
	case TICKET_BAD:
	case TICKET_GOOD:
		visit_set_detail(visit,
			"not a ticket of ours: damaged, of another form, or sealed with a "
			"key that is gone");
		break;
	}
	if (visit->join.platform != NULL)
		find_destination(visit);
	if (visit->join.platform != NULL) {
		visit->report.lost.platform = visit->join.platform;
		visit->report.lost.meeting_id = visit->join.meeting_id;
		visit->join.platform = visit->join.meeting_id = NULL;
	}
	/* Whoever holds another browser's ticket is not told how to get to its meeting. */
	if (result == TICKET_LATE) {
		visit->report.lost.meeting_token = visit->join.meeting_token;
		visit->join.meeting_token = NULL;
	}
	visit->report.no_cookie = result == TICKET_FOREIGN && !has_cookie;
	join_release(&visit->join);
}

/* Sets the browser's id. Without a cookie it is random, so that no ticket matches. True if there
 * was a cookie. */
static bool find_browser(struct visit *visit)
{
	const struct seal_ring *ring = store_ring(visit->files->store);
	char cookie[512];

	visit->browser.known = cookie_get(visit->request.cookies, TICKET_COOKIE, cookie,
				       sizeof cookie) == PARAM_ONCE &&
			       ticket_browser_open(ring, cookie, visit->browser.id) == 0;
	if (!visit->browser.known)
		seal_random(visit->browser.id, sizeof visit->browser.id);
	return visit->browser.known;
}

int visit_open_ticket(struct visit *visit, enum ticket_kind kind, const char *text)
{
	uint8_t holder[TICKET_BROWSER_SIZE];
	enum ticket_result result;
	bool has_cookie = find_browser(visit);

	if (visit->pending == NULL)
		visit->pending = calloc(1, sizeof *visit->pending);
	if (visit->pending == NULL)
		return -1;
	pending_release(visit->pending);
	join_release(&visit->join);
	join_release(&visit->report.lost);
	find_holder(visit, kind, holder);
	result = ticket_open(store_ring(visit->files->store), kind, text, holder, visit->now,
		lifetime_of(visit, kind), &visit->join, visit->pending);
	if (visit->pending->backend == NULL)
		visit_drop_pending(visit);
	if (result == TICKET_GOOD) {
		if (kind != TICKET_LOGOUT && kind != TICKET_DESK)
			find_destination(visit);
		return 0;
	}
	explain_ticket(visit, kind, result, has_cookie);
	return -1;
}

int visit_seal_ticket(struct visit *visit, enum ticket_kind kind, struct buffer *text)
{
	uint8_t holder[TICKET_BROWSER_SIZE];

	visit_know_browser(visit);
	find_holder(visit, kind, holder);
	return ticket_seal(store_ring(visit->files->store), kind, holder, visit->now,
		lifetime_of(visit, kind), visit_goal(visit), visit->pending, text);
}

enum step visit_refuse_long_join(struct visit *visit)
{
	const struct join *join = &visit->join;
	const struct join_forward *longest = NULL;

	for (size_t i = 0; i < join->forward_count; i++)
		if (longest == NULL || strlen(join->forward[i].value) > strlen(longest->value))
			longest = &join->forward[i];
	if (longest == NULL) /* parameters of the URL fit, so memory ran out */
		return visit_fail(visit, FAILURE_INTERNAL);
	return visit_refuse_long(visit, longest->name, "does not fit into the ticket of a sign-in");
}

struct pending *visit_new_pending(struct visit *visit, const struct service_backend *backend)
{
	visit_drop_pending(visit);
	visit->pending = calloc(1, sizeof *visit->pending);
	if (visit->pending == NULL)
		return NULL;
	seal_random(visit->pending->id, sizeof visit->pending->id);
	seal_random(visit->pending->seed, sizeof visit->pending->seed);
	visit->pending->made = visit->now;
	visit->pending->ends = visit->now + visit->service->settings->ticket_lifetime;
	if (identity_set(&visit->pending->backend, backend->title, IDENTITY_SUBJECT_MAX) != 0)
		visit_drop_pending(visit);
	return visit->pending;
}

void visit_pending_key(const struct visit *visit, const char *purpose, uint8_t key[STATE_KEY_SIZE])
{
	char id[2 * TICKET_ID_SIZE + 1];

	text_hex(visit->pending->id, TICKET_ID_SIZE, id);
	seal_hash(store_hash_key(visit->files->store), key, "note", purpose, id, NULL);
}

bool visit_use_up_pending(struct visit *visit)
{
	int64_t seconds = visit->pending->ends - visit->now + TICKET_SKEW;
	uint8_t key[STATE_KEY_SIZE];

	visit_pending_key(visit, "granted", key);
	switch (state_claim(visit->server->state, key, seconds, visit->now)) {
	case STATE_CLAIM_WON:
		return true;
	case STATE_CLAIM_LOST:
		visit_set_detail(
			visit, "this sign-in is already finished: its form or link was sent twice");
		visit_fail(visit, FAILURE_ALREADY_USED);
		return false;
	case STATE_CLAIM_UNKNOWN:
		visit_set_detail(
			visit, "the state's answer was lost, so the sign-in counts as finished");
		visit_fail(visit, FAILURE_ALREADY_USED);
		return false;
	case STATE_CLAIM_LIMITED:
	case STATE_CLAIM_BROKEN:
		break;
	}
	visit_set_detail(visit, "the state does not answer");
	visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
	return false;
}
