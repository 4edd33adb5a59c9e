/* SPDX-License-Identifier: MIT
 *
 * Requests that continue a sign-in: with a ticket that this service sealed, one of its forms, or a
 * message from a provider. Source of the rules for forms: contract section 3.1.
 */
#include "signin/steps.h"

#include "visit/fail.h"
#include "visit/ticket.h"

#include <strings.h>

enum step arrive_and_stop(struct visit *visit)
{
	response_begin(&visit->response, 200, visit->request.id);
	response_header(&visit->response, "Content-Type", "text/html; charset=utf-8");
	return STEP_DONE;
}

/* Fills the visit's join and pending sign-in from a ticket that was sealed for this browser. */
static enum step open_ticket(
	struct visit *visit, const struct params *from, const char *name, enum ticket_kind kind)
{
	const char *text = NULL;

	if (params_get(from, name, &text) != PARAM_ONCE)
		return visit_refuse(visit, name, "missing or given twice");
	if (visit_open_ticket(visit, kind, text) != 0)
		return visit_fail(visit, FAILURE_TICKET_EXPIRED);
	if (visit->destination != DESTINATION_MEETING)
		return STEP_NEXT;
	visit->platform = service_platform(visit->service, visit->join.platform);
	if (visit->platform != NULL)
		return STEP_NEXT;
	visit_set_detail(
		visit, "a reload has taken %s out of the configuration", visit->join.platform);
	return visit_fail(visit, FAILURE_UNKNOWN_PLATFORM);
}

/* Takes `query` over; NULL if it could not be parsed. */
static enum step open_query_ticket(
	struct visit *visit, struct params *query, const char *name, enum ticket_kind kind)
{
	enum step step = query != NULL ? open_ticket(visit, query, name, kind)
				       : visit_refuse(visit, "query", "malformed");

	params_free(&query);
	return step;
}

enum step arrive_with_ticket(struct visit *visit)
{
	struct params *query = params_parse(visit->request.query, strlen(visit->request.query));
	const char *text;

	/* The page of a second question has its own ticket; the switch of languages comes back. */
	if (query != NULL && params_get(query, "challenge", &text) != PARAM_MISSING)
		return open_query_ticket(visit, query, "challenge", TICKET_CHALLENGE);
	return open_query_ticket(visit, query, "ticket", TICKET_JOIN);
}

/* Microsoft Entra ID puts line ends into error descriptions, which the strict parser refuses.
 * Nobody reads the descriptions. */
enum step arrive_from_provider(struct visit *visit)
{
	const char *query = visit->request.query;

	return open_query_ticket(
		visit, params_parse_lenient(query, strlen(query)), "state", TICKET_REDIRECT);
}

/* Only pages of this service may post here. Browsers send the origin of a form in Sec-Fetch-Site.
 * Older ones send only Origin, which is "null" under this service's Referrer-Policy (Fetch
 * standard, "append a request Origin header"). If both are missing, the ticket still binds the form
 * to the browser. */
static bool is_cross_site(const struct visit *visit)
{
	const char *site = visit->request.fetch_site, *origin = visit->request.origin;

	if (site[0] != '\0')
		return strcmp(site, "same-origin") != 0;
	return origin[0] != '\0' && strcmp(origin, "null") != 0 &&
	       strcasecmp(origin, visit->service->settings->origin) != 0;
}

static bool is_form(const char *content_type)
{
	static const char form[] = "application/x-www-form-urlencoded";
	size_t length = sizeof form - 1;

	return strncasecmp(content_type, form, length) == 0 &&
	       (content_type[length] == '\0' || strchr("; \t", content_type[length]) != NULL);
}

static enum step read_form(
	struct visit *visit, struct params *(*parse)(const char *text, size_t length))
{
	if (!is_form(visit->request.content_type))
		return visit_refuse(visit, "Content-Type", "not application/x-www-form-urlencoded");
	visit->form = parse(visit->request.body, visit->request.body_length);
	return visit->form != NULL ? STEP_NEXT : visit_refuse(visit, "form", "malformed");
}

enum step arrive_with_form(struct visit *visit)
{
	if (is_cross_site(visit))
		return visit_refuse(visit, "Origin", "the form is from another site");
	return read_form(visit, params_parse);
}

enum step arrive_with_message(struct visit *visit)
{
	return read_form(visit, params_parse_lenient);
}

enum step arrive_with_form_ticket(struct visit *visit)
{
	const char *answer;
	bool is_answer = params_get(visit->form, "answer", &answer) != PARAM_MISSING;

	return open_ticket(
		visit, visit->form, "ticket", is_answer ? TICKET_CHALLENGE : TICKET_JOIN);
}

enum step arrive_with_invitation(struct visit *visit)
{
	return open_ticket(visit, visit->form, "ticket", TICKET_INVITE);
}
