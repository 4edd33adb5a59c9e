/* SPDX-License-Identifier: MIT
 *
 * The page of whoever is signed in: who they are here, since when and by which way, and the
 * meetings that they may join. Which these are is never decided here: the records that let a guest
 * into a meeting say where they were invited to, the configuration which meetings its rules name,
 * and the policy is asked about each as a join would ask it.
 */
#include "desk/steps.h"

#include "base/text.h"
#include "desk/desk.h"
#include "policy/policy.h"
#include "view/link.h"
#include "view/values.h"
#include "visit/fail.h"

enum { OFFERS_MAX = 64, CELLS = 9 };

/* A meeting that they may join, now or later. */
struct offer {
	struct page_value cells[CELLS + 1];
	struct join join;
	char *host;
	int64_t opens, expires;
	char opens_text[DESK_TIME_SIZE], until_text[DESK_TIME_SIZE];
	char opens_time[TEXT_TIME_SIZE], until_time[TEXT_TIME_SIZE];
	struct buffer link;
};

struct offers {
	const struct visit *visit;
	struct offer list[OFFERS_MAX];
	size_t count;
	const struct page_value *open[OFFERS_MAX + 1], *later[OFFERS_MAX + 1];
};

/* ---- which meetings ---- */

static bool is_known(const struct offers *offers, const char *platform, const char *meeting)
{
	for (size_t i = 0; i < offers->count; i++)
		if (strcmp(offers->list[i].join.platform, platform) == 0 &&
			strcmp(offers->list[i].join.meeting_id, meeting) == 0)
			return true;
	return false;
}

/* When the policy lets them in: now, a time ahead, or 0 for never. */
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

	if (platform == NULL || offers->count == OFFERS_MAX ||
		is_known(offers, platform->title, meeting->meeting_id))
		return;
	opens = opening(offers->visit, platform->title, meeting, token);
	if (opens == 0 || (meeting->expires != 0 && opens >= meeting->expires))
		return;
	*offer = (struct offer){.opens = opens, .expires = meeting->expires};
	offer->join.platform = strdup(platform->title);
	offer->join.meeting_id = strdup(meeting->meeting_id);
	offer->join.meeting_token = strdup(token);
	offer->host = strdup(meeting->host);
	offer->link = BUFFER_INIT(4096);
	if (offer->join.platform != NULL && offer->join.meeting_id != NULL &&
		offer->join.meeting_token != NULL) {
		link_to_join(offers->visit, platform, &offer->join, &offer->link);
		offers->count++;
		return;
	}
	join_release(&offer->join);
	free(offer->host);
}

/* One that a rule names. */
static void add_named(void *context, const struct config_list *platforms, const char *meeting_id)
{
	struct offers *offers = context;
	const struct service *service = offers->visit->service;
	struct auth_meeting meeting = {.meeting_id = meeting_id, .meeting_token = "", .host = ""};

	for (size_t i = 0; platforms->count == 0 && i < service->platform_count; i++) {
		meeting.platform = service->platforms[i].title;
		add_offer(offers, &meeting);
	}
	for (size_t i = 0; i < platforms->count; i++) {
		meeting.platform = platforms->items[i];
		add_offer(offers, &meeting);
	}
}

/* What a session of a backend without records is good for. */
static void add_of_session(struct offers *offers, const struct identity *who)
{
	for (size_t i = 0; i < who->meeting_count; i++) {
		const char *slash = strchr(who->meetings[i], '/');
		char *platform = strndup(who->meetings[i], (size_t)(slash - who->meetings[i]));

		if (platform != NULL)
			add_offer(offers, &(struct auth_meeting){platform, slash + 1, "", "", 0});
		free(platform);
	}
}

static void add_of_host(struct offers *offers, const struct section *section, const char *host)
{
	struct service_backend *backend =
		section != NULL ? service_backend(offers->visit->service, section_title(section))
				: NULL;

	if (backend != NULL && backend->driver->meetings != NULL)
		backend->driver->meetings->of_host(backend->instance, host, add_offer, offers);
}

static void find_offers(struct offers *offers)
{
	const struct visit *visit = offers->visit;
	const struct settings *settings = visit->service->settings;
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend = service_backend(visit->service, who->backend);
	char host[2 * IDENTITY_SUBJECT_MAX + 2];

	if (backend != NULL && backend->driver->meetings != NULL) {
		backend->driver->meetings->of_guest(backend->instance, who, add_offer, offers);
		return;
	}
	if (who->meeting_count > 0) {
		add_of_session(offers, who);
		return;
	}
	snprintf(host, sizeof host, "%s/%s", who->backend, who->subject);
	if (desk_is_host(visit)) {
		add_of_host(offers, settings->desk.accounts, host);
		add_of_host(offers, settings->desk.invitations, host);
	}
	policy_each_meeting(&settings->policy, add_named, offers);
}

/* ---- the page ---- */

static void put_time(int64_t seconds, char text[DESK_TIME_SIZE], char time[TEXT_TIME_SIZE])
{
	if (seconds <= 0)
		return;
	desk_show_time(seconds, ' ', text);
	text_from_time(seconds, time);
}

static void fill_cells(struct offer *offer, int64_t now)
{
	if (offer->opens > now)
		put_time(offer->opens, offer->opens_text, offer->opens_time);
	put_time(offer->expires, offer->until_text, offer->until_time);
	const struct page_value cells[] = {
		{.name = "meeting", .text = offer->join.meeting_id},
		{.name = "platform", .text = offer->join.platform},
		{.name = "host", .text = offer->host},
		{.name = "opens", .text = offer->opens_text},
		{.name = "opens_time", .text = offer->opens_time},
		{.name = "until", .text = offer->until_text},
		{.name = "until_time", .text = offer->until_time},
		{.name = "link", .text = offer->link.data},
	};

	memcpy(offer->cells, cells, sizeof cells);
}

static void sort_offers(struct offers *offers)
{
	size_t open = 0, later = 0;

	for (size_t i = 0; i < offers->count; i++) {
		struct offer *offer = &offers->list[i];

		fill_cells(offer, offers->visit->now);
		if (offer->opens <= offers->visit->now)
			offers->open[open++] = offer->cells;
		else
			offers->later[later++] = offer->cells;
	}
}

static void show(struct visit *visit, struct offers *offers)
{
	const struct service_backend *backend =
		service_backend(visit->service, visit->session.who.backend);
	const struct lang *lang = values_language(visit);
	char since[DESK_TIME_SIZE] = "", since_time[TEXT_TIME_SIZE] = "";
	struct values values = {0};

	values_put_common(&values, visit, lang);
	values_put(&values, "account", values_account(visit));
	values_put(&values, "way", backend != NULL ? backend->label : NULL);
	if (!visit->signin.is_ambient) { /* else each request signs in anew */
		put_time(visit->session.began, since, since_time);
		values_put(&values, "logout", visit->service->logout_url);
	}
	values_put(&values, "since", since);
	values_put(&values, "since_time", since_time);
	values_put(&values, "desk", desk_is_host(visit) ? visit->service->desk_url : NULL);
	values_put(&values, "none", offers->count == 0 ? "1" : NULL);
	values_put_rows(&values, "open", offers->open);
	values_put_rows(&values, "later", offers->later);
	values_answer(visit, PAGE_ME, 200, visit->service->page_policy, lang, &values);
}

static void free_offers(struct offers *offers)
{
	for (size_t i = 0; i < offers->count; i++) {
		join_release(&offers->list[i].join);
		free(offers->list[i].host);
		buffer_release(&offers->list[i].link);
	}
	free(offers);
}

/* ---- steps ---- */

enum step me_enter(struct visit *visit)
{
	visit->destination = DESTINATION_ME;
	return STEP_NEXT;
}

enum step me_show(struct visit *visit)
{
	struct offers *offers = calloc(1, sizeof *offers);

	if (offers == NULL)
		return visit_fail(visit, FAILURE_INTERNAL);
	offers->visit = visit;
	find_offers(offers);
	sort_offers(offers);
	show(visit, offers);
	free_offers(offers);
	return STEP_DONE;
}

enum step me_return(struct visit *visit)
{
	visit->outcome = OUTCOME_SIGNED_IN;
	response_begin(&visit->response, 303, visit->request.id);
	response_header(&visit->response, "Location", visit->service->me_url);
	return STEP_DONE;
}
