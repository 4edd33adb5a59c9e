/* SPDX-License-Identifier: MIT */
#include "view/failure.h"

#include "view/link.h"
#include "view/pages.h"
#include "view/script.h"
#include "view/values.h"
#include "visit/ticket.h"

#include <jansson.h>

static void answer_json(struct visit *visit, int status, const char *code, const char *message)
{
	struct response *response = &visit->response;
	json_t *body = json_pack("{s:s, s:s, s:s}", "error", code, "message", message, "requestId",
		visit->request.id);
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	response_begin(response, status, visit->request.id);
	response_header(response, "Content-Type", "application/json");
	if (text != NULL)
		buffer_text(&response->body, text);
	free(text);
	json_decref(body);
}

static void add_failure_headers(struct visit *visit)
{
	char seconds[24];

	if (visit->report.retry_after > 0) {
		snprintf(seconds, sizeof seconds, "%lld", (long long)visit->report.retry_after);
		response_header(&visit->response, "Retry-After", seconds);
	}
	if (visit->failure == FAILURE_METHOD_NOT_ALLOWED)
		response_header(&visit->response, "Allow", visit->report.allow);
	script_add_headers(visit);
}

/* Whether the same request, sent again, can do better: nothing of it was used up. */
static bool can_be_repeated(const struct visit *visit)
{
	return visit->request.method == HTTP_GET && visit->pending == NULL &&
	       !visit->exchange.holds_claim;
}

/* The sentence for a visitor who may not open the guest desk or /auth/me, whose page there has
 * expired, or whose browser keeps no cookies; NULL for others. */
static const char *own_message_of(const struct visit *visit)
{
	bool is_desk = visit->destination == DESTINATION_DESK;

	if (is_desk && visit->failure == FAILURE_DENIED)
		return visit->session.who.guest ? "guest.message" : "desk.message";
	if (visit->failure != FAILURE_TICKET_EXPIRED)
		return NULL;
	if (visit->report.no_cookie)
		return "cookies.message";
	if (is_desk)
		return "desk.message";
	return visit->destination == DESTINATION_ME ? "me.message" : NULL;
}

/* Whether the visitor came by a wrong address, and may have the right one to paste. */
static bool may_paste(const struct visit *visit)
{
	switch (visit->failure) {
	case FAILURE_BAD_REQUEST:
	case FAILURE_INVITATION_OVER:
	case FAILURE_METHOD_NOT_ALLOWED:
	case FAILURE_NO_LINK:
	case FAILURE_NOT_FOUND:
	case FAILURE_UNKNOWN_PLATFORM:
		return visit->destination != DESTINATION_DESK;
	default:
		return false;
	}
}

/* One link, or a button for the same request again. */
static void put_way_on(struct values *values, struct visit *visit, struct buffer *link)
{
	const struct service *service = visit->service;
	enum remedy remedy = failure_row(visit->failure)->remedy;

	if (remedy == REMEDY_TRY_AGAIN && can_be_repeated(visit)) {
		values_put(values, "again", "1");
		return;
	}
	if (remedy != REMEDY_LEAVE && visit->destination == DESTINATION_DESK) {
		values_put(values, "desk_link", service->desk_url);
		return;
	}
	if (remedy != REMEDY_LEAVE)
		link_to_meeting(visit, link);
	if (link->length > 0)
		values_put(values, "meeting_link", link->data);
	else if (visit->destination < DESTINATION_DESK && link_to_site(visit) != NULL)
		values_put(values, "site_link", link_to_site(visit));
	else
		values_put(values, "me_link", service->me_url);
}

/* How long to wait, as people say it: "seconds" up to a minute and a half, then "minutes" or
 * "hours", rounded up. */
static const char *wait_in_words(int64_t seconds, char number[24])
{
	int64_t many = seconds;
	const char *unit = "seconds";

	if (seconds > 90 * 60) {
		many = (seconds + 3599) / 3600;
		unit = "hours";
	} else if (seconds > 90) {
		many = (seconds + 59) / 60;
		unit = "minutes";
	}
	snprintf(number, 24, "%lld", (long long)many);
	return unit;
}

struct failure_texts {
	char status[8], retry_after[24];
	struct buffer title, message, link, wait, ticket;
};

static void put_sentence(struct values *values, const struct lang *lang, const char *code,
	const char *sentence, const char *name, struct buffer *text)
{
	char key[64];

	snprintf(key, sizeof key, "error.%s.%s", code, sentence);
	lang_format(lang, key, values->list, text);
	values_put(values, name, text->data);
}

static void put_wait(struct values *values, const struct lang *lang, int64_t seconds,
	struct failure_texts *texts)
{
	const char *unit = wait_in_words(seconds, texts->retry_after);

	values_put(values, "retry_after", texts->retry_after);
	put_sentence(values, lang, "wait", unit, "wait", &texts->wait);
}

/* The icon says what the visitor can do. */
static const char *icon_of(enum failure failure)
{
	if (failure == FAILURE_DENIED)
		return "icon_locked";
	switch (failure_row(failure)->remedy) {
	case REMEDY_TRY_AGAIN:
		return "icon_wait";
	case REMEDY_OPEN_LINK:
		return "icon_again";
	case REMEDY_LEAVE:
		break;
	}
	return "icon_stop";
}

static void put_failure(struct values *values, struct visit *visit, const struct lang *lang,
	struct failure_texts *texts)
{
	snprintf(texts->status, sizeof texts->status, "%d", failure_row(visit->failure)->status);
	values_put(values, "status", texts->status);
	values_put(values, "code", failure_row(visit->failure)->code);
	values_put(values, icon_of(visit->failure), "1");
	values_put(values, "account", values_account(visit));
	values_put(values, "platform", visit->platform != NULL ? visit->platform->title : NULL);
	values_put(values, "meeting", pages_certain_meeting(visit));
	values_put(values, "parameter", visit->report.parameter);
	if (visit->report.retry_after > 0)
		put_wait(values, lang, visit->report.retry_after, texts);
	values_put(values, "paste", may_paste(visit) ? "1" : NULL);
	put_way_on(values, visit, &texts->link);
	if (visit->failure == FAILURE_DENIED &&
		visit_seal_ticket(visit, TICKET_JOIN, &texts->ticket) == 0) {
		values_put(values, "switch_action", visit->service->logout_url);
		values_put(values, "ticket", texts->ticket.data);
	}
}

/* The failure's sentence. Variants exist for a bad request without a single bad parameter, a login
 * without a form of this service, and a script without a session. */
static const char *message_of(const struct visit *visit)
{
	if (own_message_of(visit) != NULL)
		return own_message_of(visit);
	if (visit->failure == FAILURE_BAD_REQUEST &&
		(visit->report.parameter == NULL || visit->destination == DESTINATION_DESK ||
			visit->destination == DESTINATION_ME))
		return "other";
	if (visit->failure == FAILURE_LOGIN_FAILED && visit->form == NULL)
		return visit->script.asks ? "script" : "other";
	return failure_row(visit->failure)->message;
}

static const char *title_of(const struct visit *visit)
{
	if (visit->destination == DESTINATION_DESK && visit->failure == FAILURE_DENIED)
		return "desk.title";
	if (visit->failure == FAILURE_TICKET_EXPIRED && visit->report.no_cookie)
		return "cookies.title";
	return failure_row(visit->failure)->title;
}

void failure_show(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	const char *code = failure_row(visit->failure)->code;
	struct values values = {0};
	struct failure_texts texts = {
		.title = BUFFER_INIT(1024),
		.message = BUFFER_INIT(4096),
		.link = BUFFER_INIT(4096),
		.wait = BUFFER_INIT(1024),
		.ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1),
	};

	values_put_common(&values, visit, lang);
	put_failure(&values, visit, lang, &texts);
	put_sentence(&values, lang, code, title_of(visit), "title", &texts.title);
	put_sentence(&values, lang, code, message_of(visit), "message", &texts.message);
	if (request_wants_json(&visit->request))
		answer_json(visit, failure_row(visit->failure)->status, code,
			texts.message.data != NULL ? texts.message.data : code);
	else
		values_answer(visit, PAGE_ERROR, failure_row(visit->failure)->status,
			visit->service->page_policy, lang, &values);
	add_failure_headers(visit);
	buffer_release(&texts.title);
	buffer_release(&texts.message);
	buffer_release(&texts.link);
	buffer_release(&texts.wait);
	buffer_wipe(&texts.ticket);
}
