/* SPDX-License-Identifier: MIT */
#include "flow/pages.h"

#include <jansson.h>

enum { VALUES_MAX = 20 };

/* Values for a template, filled one by one. */
struct values {
	struct page_value list[VALUES_MAX + 1]; /* the last one stays empty: the end */
	size_t count;
};

static void put(struct values *values, const char *name, const char *text)
{
	if (values->count < VALUES_MAX)
		values->list[values->count++] = (struct page_value){.name = name, .text = text};
}

static const struct lang *language(const struct visit *visit)
{
	return langs_choose(visit->files->langs, visit->request.accept_language);
}

static void put_common(struct values *values, const struct visit *visit, const struct lang *lang)
{
	const struct settings *settings = visit->service->settings;

	put(values, "lang", lang_code(lang));
	put(values, "static", visit->service->static_url);
	put(values, "brand", settings->brand_name);
	put(values, "logo", settings->brand_logo);
	put(values, "request_id", visit->request.id);
}

static void answer_page(struct visit *visit, enum page_id id, int status, const char *policy,
	const struct lang *lang, const struct values *values)
{
	struct response *response = &visit->response;

	response_begin(response, status, visit->request.id);
	response_header(response, "Content-Type", "text/html; charset=utf-8");
	response_header(response, "Content-Language", lang_code(lang));
	response_header(response, "Content-Security-Policy", policy);
	page_render(visit->files->pages[id], lang, values->list, &response->body);
}

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

/* What every failure carries, whatever its form. */
static void add_failure_headers(struct visit *visit)
{
	char seconds[24];

	if (visit->retry_after > 0) {
		snprintf(seconds, sizeof seconds, "%lld", (long long)visit->retry_after);
		response_header(&visit->response, "Retry-After", seconds);
	}
	if (visit->failure == FAILURE_METHOD_NOT_ALLOWED)
		response_header(&visit->response, "Allow", visit->allow);
}

/* Where a new request token is to be had: the platform's own page of the meeting, which is the
 * landing address without its query. */
static void meeting_link(const struct visit *visit, struct buffer *url)
{
	if (visit->platform == NULL || visit->join.meeting_token == NULL)
		return;
	visit->platform->driver->landing(visit->platform->instance, &visit->join, "", NULL, url);
	if (url->data != NULL)
		url->data[strcspn(url->data, "?")] = '\0';
}

static bool wants_fresh_link(enum failure failure)
{
	return failure == FAILURE_ALREADY_USED || failure == FAILURE_EXCHANGE_REFUSED ||
	       failure == FAILURE_EXCHANGE_BAD_ANSWER || failure == FAILURE_EXCHANGE_UNREACHABLE ||
	       failure == FAILURE_EXCHANGE_TIMEOUT;
}

struct failure_texts {
	char status[8], retry_after[24];
	struct buffer title, message, link, ticket;
};

static void put_failure(struct values *values, struct visit *visit, struct failure_texts *texts)
{
	snprintf(texts->status, sizeof texts->status, "%d", failure_status(visit->failure));
	snprintf(texts->retry_after, sizeof texts->retry_after, "%lld",
		(long long)visit->retry_after);
	put(values, "status", texts->status);
	put(values, "code", failure_code(visit->failure));
	put(values, "account", visit->session.who.subject);
	put(values, "platform", visit->platform != NULL ? visit->platform->title : NULL);
	put(values, "meeting", visit->join.meeting_token);
	put(values, "parameter", visit->parameter);
	put(values, "retry_after", visit->retry_after > 0 ? texts->retry_after : NULL);
	if (wants_fresh_link(visit->failure)) {
		meeting_link(visit, &texts->link);
		put(values, "meeting_link", texts->link.data);
	}
	if (visit->failure == FAILURE_DENIED &&
		visit_seal_ticket(visit, TICKET_JOIN, &texts->ticket) == 0) {
		put(values, "switch_action", visit->service->logout_url);
		put(values, "ticket", texts->ticket.data);
	}
}

/* A bad request that no single parameter is to blame for has a sentence of its own. */
static const char *message_of(const struct visit *visit)
{
	return visit->failure == FAILURE_BAD_REQUEST && visit->parameter == NULL ? "other"
										 : "message";
}

static void put_sentence(struct values *values, const struct lang *lang, const char *code,
	const char *sentence, const char *name, struct buffer *text)
{
	char key[64];

	snprintf(key, sizeof key, "error.%s.%s", code, sentence);
	lang_format(lang, key, values->list, text);
	put(values, name, text->data);
}

void pages_failure(struct visit *visit)
{
	const struct lang *lang = language(visit);
	const char *code = failure_code(visit->failure);
	struct values values = {0};
	struct failure_texts texts = {
		.title = BUFFER_INIT(1024),
		.message = BUFFER_INIT(4096),
		.link = BUFFER_INIT(4096),
		.ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1),
	};

	put_common(&values, visit, lang);
	put_failure(&values, visit, &texts);
	put_sentence(&values, lang, code, "title", "title", &texts.title);
	put_sentence(&values, lang, code, message_of(visit), "message", &texts.message);
	if (request_wants_json(&visit->request))
		answer_json(visit, failure_status(visit->failure), code,
			texts.message.data != NULL ? texts.message.data : code);
	else
		answer_page(visit, PAGE_ERROR, failure_status(visit->failure),
			visit->service->page_policy, lang, &values);
	add_failure_headers(visit);
	buffer_release(&texts.title);
	buffer_release(&texts.message);
	buffer_release(&texts.link);
	buffer_wipe(&texts.ticket);
}

int pages_login(struct visit *visit, int status, const char *name)
{
	const struct lang *lang = language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_JOIN, &ticket);

	put_common(&values, visit, lang);
	put(&values, "action", visit->service->login_url);
	put(&values, "ticket", ticket.data);
	put(&values, "platform", visit->platform->title);
	put(&values, "meeting", visit->join.meeting_token);
	put(&values, "failed", status == 401 ? "1" : NULL);
	put(&values, "name", name);
	answer_page(visit, PAGE_LOGIN, status, visit->platform->login_policy, lang, &values);
	buffer_wipe(&ticket);
	return rc;
}

int pages_logout(struct visit *visit)
{
	const struct lang *lang = language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_LOGOUT, &ticket);

	put_common(&values, visit, lang);
	put(&values, "action", visit->service->logout_url);
	put(&values, "ticket", ticket.data);
	put(&values, "account", visit->session.who.subject);
	answer_page(visit, PAGE_LOGOUT, 200, visit->service->page_policy, lang, &values);
	buffer_wipe(&ticket);
	return rc;
}

void pages_signed_out(struct visit *visit)
{
	const struct lang *lang = language(visit);
	struct values values = {0};

	put_common(&values, visit, lang);
	answer_page(visit, PAGE_SIGNED_OUT, 200, visit->service->page_policy, lang, &values);
}

void pages_plain(struct visit *visit, int status, const char *content_type, const char *text)
{
	response_begin(&visit->response, status, visit->request.id);
	response_header(&visit->response, "Content-Type", content_type);
	buffer_text(&visit->response.body, text);
}
