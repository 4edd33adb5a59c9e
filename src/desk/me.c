/* SPDX-License-Identifier: MIT
 *
 * The page of one's own meetings: the account, when and how the person signed in, and the meetings
 * that they may join. This file makes no decisions of its own. The meetings come from guests'
 * records and from the rules that name meetings, and the policy decides about each as for a join.
 */
#include "desk/me.h"

#include "base/text.h"
#include "desk/choices.h"
#include "desk/desk.h"
#include "desk/steps.h"
#include "view/link.h"
#include "view/values.h"
#include "visit/fail.h"
#include "visit/ticket.h"

enum { OFFERS_MAX = 64, CELLS = 11 };

/* A meeting that the person may join, now or later. */
struct offer {
	struct page_value cells[CELLS + 1];
	struct join join;
	char *host, *ends; /* ends: value of the button End; NULL: the person is not the host */
	int64_t opens, expires;
	char opens_text[DESK_TIME_SIZE], until_text[DESK_TIME_SIZE];
	char opens_time[TEXT_TIME_SIZE], until_time[TEXT_TIME_SIZE];
	struct buffer link;
};

struct offers {
	const struct visit *visit;
	struct me_result result;
	char by[2 * IDENTITY_SUBJECT_MAX + 2];
	struct choices choices;
	struct buffer ticket;
	struct offer list[OFFERS_MAX];
	size_t count;
	const struct page_value *meetings[OFFERS_MAX + 1]; /* open meetings first */
};

/* ---- collecting the meetings ---- */

static bool is_known(const struct offers *offers, const char *platform, const char *meeting)
{
	for (size_t i = 0; i < offers->count; i++)
		if (strcmp(offers->list[i].join.platform, platform) == 0 &&
			strcmp(offers->list[i].join.meeting_id, meeting) == 0)
			return true;
	return false;
}

static bool is_same(const char *whole, const char *platform, const char *meeting)
{
	size_t length = strlen(platform);

	return strncmp(whole, platform, length) == 0 && whole[length] == '/' &&
	       strcmp(whole + length + 1, meeting) == 0;
}

/* Whether the form has just ended this meeting. This process may not have reloaded the records. */
static bool is_ended(const struct offers *offers, const struct auth_meeting *meeting)
{
	return offers->result.ended != NULL &&
	       is_same(offers->result.ended, meeting->platform, meeting->meeting_id);
}

/* Returns when the policy allows the person to join: now, a later time, or 0 for never. */
static int64_t opening(const struct visit *visit, const char *platform,
	const struct auth_meeting *meeting, const char *token)
{
	return policy_opens(
		&visit->service->settings->policy, &(struct policy_question){
							   .who = &visit->session.who,
							   .platform = platform,
							   .meeting_id = meeting->meeting_id,
							   .meeting_token = token,
							   .client = visit->request.client,
							   .now = visit->now,
						   });
}

static void add_offer(void *context, const struct auth_meeting *meeting)
{
	struct offers *offers = context;
	const struct service_platform *platform =
		service_platform(offers->visit->service, meeting->platform);
	const char *token =
		meeting->meeting_token[0] != '\0' ? meeting->meeting_token : meeting->meeting_id;
	struct offer *offer = &offers->list[offers->count];
	int64_t opens;

	if (platform == NULL || offers->count == OFFERS_MAX || is_ended(offers, meeting) ||
		is_known(offers, platform->title, meeting->meeting_id))
		return;
	opens = opening(offers->visit, platform->title, meeting, token);
	if (opens == 0 || (meeting->expires != 0 && opens >= meeting->expires))
		return;
	*offer = (struct offer){.opens = opens, .expires = meeting->expires};
	offer->join.platform = strdup(platform->title);
	offer->join.meeting_id = strdup(meeting->meeting_id);
	offer->join.meeting_token = strdup(token);
	offer->join.title = meeting->title[0] != '\0' ? strdup(meeting->title) : NULL;
	offer->host = strdup(meeting->host);
	if (strcmp(meeting->by, offers->by) == 0 &&
		asprintf(&offer->ends, "%s/%s", meeting->platform, meeting->meeting_id) < 0)
		offer->ends = NULL;
	offer->link = BUFFER_INIT(4096);
	if (offer->join.platform != NULL && offer->join.meeting_id != NULL &&
		offer->join.meeting_token != NULL) {
		link_to_join(offers->visit, platform, &offer->join, &offer->link);
		offers->count++;
		return;
	}
	join_release(&offer->join);
	free(offer->host);
	free(offer->ends);
}

/* Adds a meeting that a rule names. */
static void add_named(void *context, const struct config_list *platforms, const char *meeting_id)
{
	struct offers *offers = context;
	const struct service *service = offers->visit->service;
	struct auth_meeting meeting = {
		.meeting_id = meeting_id, .meeting_token = "", .title = "", .host = "", .by = ""};

	for (size_t i = 0; platforms->count == 0 && i < service->platform_count; i++) {
		meeting.platform = service->platforms[i].title;
		add_offer(offers, &meeting);
	}
	for (size_t i = 0; i < platforms->count; i++) {
		meeting.platform = platforms->items[i];
		add_offer(offers, &meeting);
	}
}

/* Adds the meeting of a session whose backend has no records. */
static void add_of_session(struct offers *offers, const struct identity *who)
{
	for (size_t i = 0; i < who->meeting_count; i++) {
		const char *slash = strchr(who->meetings[i], '/');
		char *platform = strndup(who->meetings[i], (size_t)(slash - who->meetings[i]));

		if (platform != NULL)
			add_offer(offers,
				&(struct auth_meeting){platform, slash + 1, "", "", "", "", 0});
		free(platform);
	}
}

static void add_of_host(struct offers *offers, const struct section *section)
{
	struct service_backend *backend =
		section != NULL ? service_backend(offers->visit->service, section_title(section))
				: NULL;

	if (backend != NULL && backend->driver->meetings != NULL)
		backend->driver->meetings->of_host(
			backend->instance, offers->by, add_offer, offers);
}

static void find_offers(struct offers *offers)
{
	const struct visit *visit = offers->visit;
	const struct settings *settings = visit->service->settings;
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend = service_backend(visit->service, who->backend);

	snprintf(offers->by, sizeof offers->by, "%s/%s", who->backend, who->subject);
	if (backend != NULL && backend->driver->meetings != NULL) {
		backend->driver->meetings->of_guest(backend->instance, who, add_offer, offers);
		return;
	}
	if (who->meeting_count > 0) {
		add_of_session(offers, who);
		return;
	}
	if (desk_is_host(visit)) {
		add_of_host(offers, settings->desk.accounts);
		add_of_host(offers, settings->desk.invitations);
	}
	policy_each_meeting(&settings->policy, add_named, offers);
}

/* Adds the meeting that the form has just started. This process may not have reloaded the records.
 */
static void add_started(struct offers *offers)
{
	const char *started = offers->result.started;
	const char *slash = started != NULL ? strchr(started, '/') : NULL;
	char *platform = slash != NULL ? strndup(started, (size_t)(slash - started)) : NULL;

	if (platform != NULL)
		add_offer(offers, &(struct auth_meeting){platform, slash + 1, "", "",
					  values_account(offers->visit), offers->by, 0});
	free(platform);
}

/* ---- the page ---- */

static void put_time(int64_t seconds, char text[DESK_TIME_SIZE], char time[TEXT_TIME_SIZE])
{
	if (seconds <= 0)
		return;
	desk_show_time(seconds, ' ', text);
	text_from_time(seconds, time);
}

static void fill_cells(struct offer *offer, const struct visit *visit)
{
	const char *id = offer->join.meeting_id,
		   *title = service_meeting_title(visit->service, &offer->join);
	bool later = offer->opens > visit->now;

	if (later)
		put_time(offer->opens, offer->opens_text, offer->opens_time);
	put_time(offer->expires, offer->until_text, offer->until_time);
	const struct page_value cells[] = {
		{.name = "meeting", .text = title != NULL ? title : id},
		{.name = "number", .text = title != NULL ? id : NULL},
		{.name = "platform", .text = offer->join.platform},
		{.name = "host", .text = offer->host},
		{.name = "opens", .text = offer->opens_text},
		{.name = "opens_time", .text = offer->opens_time},
		{.name = "until", .text = offer->until_text},
		{.name = "until_time", .text = offer->until_time},
		{.name = "link", .text = later ? NULL : offer->link.data},
		{.name = "ends", .text = offer->ends},
	};

	memcpy(offer->cells, cells, sizeof cells);
}

static void sort_offers(struct offers *offers)
{
	int64_t now = offers->visit->now;
	size_t count = 0;

	for (int later = 0; later < 2; later++)
		for (size_t i = 0; i < offers->count; i++) {
			struct offer *offer = &offers->list[i];

			if ((offer->opens > now) != later)
				continue;
			fill_cells(offer, offers->visit);
			offers->meetings[count++] = offer->cells;
		}
}

/* Fills in the result of a form and the values for the forms. Returns 0, or -1 if no ticket can be
 * made. */
static int put_forms(
	struct visit *visit, const struct lang *lang, struct offers *offers, struct values *values)
{
	const struct me_result *result = &offers->result;
	const char *fault = result->fault;

	values_put(values, "fault", fault != NULL ? lang_text(lang, fault) : NULL);
	values_put(values, "started", result->started);
	values_put(values, "ended", result->ended);
	values_put(values, "freed", result->freed ? "1" : NULL);
	values_put(values, "action", visit->service->me_url);
	if (visit_seal_ticket(visit, TICKET_DESK, &offers->ticket) != 0)
		return -1;
	values_put(values, "ticket", offers->ticket.data);
	choices_put(&offers->choices, values);
	return 0;
}

static int status(const struct offers *offers)
{
	if (offers->result.fault != NULL)
		return 400;
	if (offers->choices.wait_ms != 0)
		return offers->choices.wait_ms > 0 ? 429 : 503;
	return 200;
}

static int show(struct visit *visit, struct offers *offers)
{
	const struct service_backend *backend =
		service_backend(visit->service, visit->session.who.backend);
	const struct lang *lang = values_language(visit);
	char since[DESK_TIME_SIZE] = "", since_time[TEXT_TIME_SIZE] = "", seconds[24];
	struct values values = {0};

	values_put_common(&values, visit, lang);
	values_put(&values, "account", values_account(visit));
	values_put(
		&values, "way", backend != NULL ? service_label(backend, lang_code(lang)) : NULL);
	if (!visit->signin.is_ambient) { /* otherwise the web server authenticates every request */
		put_time(visit->session.began, since, since_time);
		values_put(&values, "logout", visit->service->logout_url);
	}
	values_put(&values, "since", since);
	values_put(&values, "since_time", since_time);
	values_put(&values, "desk", desk_is_host(visit) ? visit->service->desk_url : NULL);
	values_put(&values, "none", offers->count == 0 ? "1" : NULL);
	values_put_rows(&values, "meetings", offers->meetings);
	if (put_forms(visit, lang, offers, &values) != 0)
		return -1;
	values_answer(visit, PAGE_ME, status(offers), visit->service->page_policy, lang, &values);
	if (offers->choices.wait_ms > 0) {
		snprintf(seconds, sizeof seconds, "%lld",
			(long long)offers->choices.wait_ms / 1000 + 1);
		response_header(&visit->response, "Retry-After", seconds);
	}
	return 0;
}

static void free_offers(struct offers *offers)
{
	for (size_t i = 0; i < offers->count; i++) {
		join_release(&offers->list[i].join);
		free(offers->list[i].host);
		free(offers->list[i].ends);
		buffer_release(&offers->list[i].link);
	}
	choices_release(&offers->choices);
	buffer_wipe(&offers->ticket);
	free(offers);
}

/* ---- steps ---- */

enum step me_enter(struct visit *visit)
{
	visit->destination = DESTINATION_ME;
	return STEP_NEXT;
}

enum step me_page(struct visit *visit, struct me_result result)
{
	struct offers *offers = calloc(1, sizeof *offers);
	int rc;

	if (offers == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	offers->visit = visit;
	offers->result = result;
	offers->ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	find_offers(offers);
	add_started(offers);
	sort_offers(offers);
	choices_find(&offers->choices, visit);
	rc = show(visit, offers);
	free_offers(offers);
	return rc == 0 ? STEP_DONE : visit_fail(visit, FAILURE_INTERNAL);
}

enum step me_show(struct visit *visit)
{
	return me_page(visit, (struct me_result){.fault = NULL});
}

enum step me_return(struct visit *visit)
{
	visit->outcome = OUTCOME_SIGNED_IN;
	response_begin(&visit->response, 303, visit->request.id);
	response_header(&visit->response, "Location", visit->service->me_url);
	return STEP_DONE;
}
