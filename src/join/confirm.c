/* SPDX-License-Identifier: MIT
 *
 * With the option `confirm`, somebody who would get into a meeting without having seen a page is
 * first told which meeting it is and as whom they join. Nothing is exchanged before they press the
 * button.
 */
#include "join/steps.h"

#include "base/text.h"
#include "signin/authenticate.h"
#include "view/pages.h"
#include "visit/ticket.h"

enum {
	FRESH_S = 60, /* whoever has signed in since then has just seen a page */
	TOKEN_SIZE = 2 * SEAL_HASH_SIZE + 1,
};

/* A button holds for one browser, session, person and join. The web server names the person with
 * each request, without a session. */
static void make_token(struct visit *visit, char token[TOKEN_SIZE])
{
	char browser[2 * TICKET_BROWSER_SIZE + 1], id[2 * SESSION_ID_SIZE + 1] = "";
	const struct session *session = &visit->session;
	uint8_t hash[SEAL_HASH_SIZE];

	visit_know_browser(visit);
	text_hex(visit->browser.id, TICKET_BROWSER_SIZE, browser);
	if (!visit->signin.is_ambient)
		text_hex(session->id, SESSION_ID_SIZE, id);
	seal_hash(store_hash_key(visit->files->store), hash, "confirmed", browser, id,
		session->who.backend, session->who.subject, visit->join.platform,
		visit->join.meeting_id, visit->join.request_token, NULL);
	text_hex(hash, sizeof hash, token);
}

/* Whether a page of this service has led to the join. A provider may show none. */
static bool has_seen_a_page(const struct visit *visit)
{
	/* When a session began is by the clock of the state. */
	int64_t now = state_shared_time(visit->server->state, visit->now);

	return visit->form != NULL ||
	       (!visit->signin.is_ambient &&
		       authenticate_has_page(visit->service, visit->session.who.backend) &&
		       now - visit->session.began < FRESH_S);
}

enum step confirm_join(struct visit *visit)
{
	const char *given = NULL;
	char token[TOKEN_SIZE];

	if (!visit->service->settings->confirm || visit->platform->driver->page != NULL)
		return STEP_NEXT; /* its page is the last step of the join */
	if (visit->form != NULL)
		params_get(visit->form, "confirm", &given);
	if (given == NULL && has_seen_a_page(visit))
		return STEP_NEXT;
	make_token(visit, token);
	if (given != NULL && strlen(given) == strlen(token) &&
		seal_equal(given, token, strlen(token)))
		return STEP_NEXT;
	visit->outcome = OUTCOME_ANSWERED;
	return pages_confirm(visit, token) == 0 ? STEP_DONE : visit_refuse_long_join(visit);
}
