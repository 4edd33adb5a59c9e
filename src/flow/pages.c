/* SPDX-License-Identifier: MIT */
#include "flow/pages.h"

#include "flow/values.h"

#include <jansson.h>

enum { ROWS_MAX = 16, ROW_VALUES = 5 };

/* The forms or the buttons of the login page, a row each, ended by an empty one. */
struct rows {
	struct page_value values[ROWS_MAX][ROW_VALUES + 1];
	const struct page_value *list[ROWS_MAX + 1];
	struct buffer texts[ROWS_MAX][2];
	size_t count;
};

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
	script_add_headers(visit);
}

/* MOUNT/ENTRY/MEETING: drivers read their own ids there. */
static void append_entry(const struct visit *visit, const char *entry, struct buffer *url)
{
	const char *id = visit->join.meeting_id;

	buffer_printf(url, "%s/%s", visit->service->settings->base_url, entry);
	while (*id != '\0') {
		size_t length = strcspn(id, "/");
		char *segment = strndup(id, length);

		buffer_text(url, "/");
		buffer_percent(url, segment != NULL ? segment : "");
		free(segment);
		id += length + (id[length] == '/');
	}
	buffer_printf(url, "?platform=%s", visit->join.platform);
}

/* Where the platform has no page that leads here, the entry; else the landing address without its
 * query. */
void pages_meeting_link(const struct visit *visit, struct buffer *url)
{
	if (visit->platform == NULL || visit->join.meeting_token == NULL)
		return;
	if (visit->platform->driver->entry != NULL) {
		append_entry(visit, visit->platform->driver->entry, url);
		return;
	}
	if (visit->platform->driver->landing == NULL)
		return; /* it is for scripts */
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
	values_put(values, "status", texts->status);
	values_put(values, "code", failure_code(visit->failure));
	values_put(values, "account", visit->session.who.subject);
	values_put(values, "platform", visit->platform != NULL ? visit->platform->title : NULL);
	values_put(values, "meeting", visit->join.meeting_token);
	values_put(values, "parameter", visit->parameter);
	values_put(values, "retry_after", visit->retry_after > 0 ? texts->retry_after : NULL);
	if (wants_fresh_link(visit->failure)) {
		pages_meeting_link(visit, &texts->link);
		values_put(values, "meeting_link", texts->link.data);
	}
	if (visit->failure == FAILURE_DENIED &&
		visit_seal_ticket(visit, TICKET_JOIN, &texts->ticket) == 0) {
		values_put(values, "switch_action", visit->service->logout_url);
		values_put(values, "ticket", texts->ticket.data);
	}
}

static const char *title_of(const struct visit *visit)
{
	if (visit->no_room)
		return "room.title";
	return visit->to_desk && visit->failure == FAILURE_DENIED ? "desk.title" : "title";
}

/* Which sentence of the failure fits: a bad request that no single parameter is to blame for has
 * one of its own, and so has a login without a form of ours. */
static const char *message_of(const struct visit *visit)
{
	if (visit->to_desk &&
		(visit->failure == FAILURE_DENIED || visit->failure == FAILURE_TICKET_EXPIRED))
		return "desk.message";
	if (visit->no_room)
		return "room.message";
	if (visit->failure == FAILURE_BAD_REQUEST && (visit->parameter == NULL || visit->to_desk))
		return "other";
	if (visit->failure == FAILURE_TICKET_EXPIRED && visit->invitation)
		return "other";
	return visit->failure == FAILURE_LOGIN_FAILED && visit->form == NULL ? "other" : "message";
}

static void put_sentence(struct values *values, const struct lang *lang, const char *code,
	const char *sentence, const char *name, struct buffer *text)
{
	char key[64];

	snprintf(key, sizeof key, "error.%s.%s", code, sentence);
	lang_format(lang, key, values->list, text);
	values_put(values, name, text->data);
}

void pages_failure(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	const char *code = failure_code(visit->failure);
	struct values values = {0};
	struct failure_texts texts = {
		.title = BUFFER_INIT(1024),
		.message = BUFFER_INIT(4096),
		.link = BUFFER_INIT(4096),
		.ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1),
	};

	values_put_common(&values, visit, lang);
	put_failure(&values, visit, &texts);
	put_sentence(&values, lang, code, title_of(visit), "title", &texts.title);
	put_sentence(&values, lang, code, message_of(visit), "message", &texts.message);
	if (request_wants_json(&visit->request))
		answer_json(visit, failure_status(visit->failure), code,
			texts.message.data != NULL ? texts.message.data : code);
	else
		values_answer(visit, PAGE_ERROR, failure_status(visit->failure),
			visit->service->page_policy, lang, &values);
	add_failure_headers(visit);
	buffer_release(&texts.title);
	buffer_release(&texts.message);
	buffer_release(&texts.link);
	buffer_wipe(&texts.ticket);
}

/* -- signing in -- */

static void release_rows(struct rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		for (size_t j = 0; j < 2; j++)
			buffer_wipe(&rows->texts[i][j]);
}

static const char *sentence(const struct lang *lang, const char *key, struct buffer *text)
{
	static const struct page_value none[] = {{0}};

	*text = BUFFER_INIT(1024);
	if (key != NULL)
		lang_format(lang, key, none, text);
	return text->data;
}

/* `name` is set in every row, or that of the page would stand there. */
static void add_form(struct rows *rows, const struct lang *lang,
	const struct service_backend *backend, const char *name)
{
	struct page_value *values = rows->values[rows->count];
	struct buffer *texts = rows->texts[rows->count];

	values[0] = (struct page_value){.name = "backend", .text = backend->title};
	values[1] = (struct page_value){.name = "label", .text = backend->label};
	values[2] = (struct page_value){.name = "name_label"};
	values[2].text = sentence(lang, backend->driver->name_label, &texts[0]);
	values[3] = (struct page_value){.name = "password_label"};
	values[3].text = sentence(lang, backend->driver->password_label, &texts[1]);
	values[4] = (struct page_value){.name = "name", .text = name};
	rows->list[rows->count++] = values;
}

static void add_button(struct rows *rows, const struct visit *visit,
	const struct service_backend *backend, const char *ticket)
{
	struct page_value *values = rows->values[rows->count];
	struct buffer *address = &rows->texts[rows->count][0];

	*address = BUFFER_INIT(TICKET_TEXT_MAX + 4096);
	buffer_text(address, visit->service->login_url);
	buffer_text(address, backend->path);
	buffer_text(address, visit->reauthenticate ? "&again=1&ticket=" : "&ticket=");
	buffer_text(address, ticket);
	values[0] = (struct page_value){.name = "backend", .text = backend->title};
	values[1] = (struct page_value){.name = "label", .text = backend->label};
	values[2] = (struct page_value){.name = "address", .text = address->data};
	rows->list[rows->count++] = values;
}

/* What the page offers. True: also the form for passwords. */
static bool add_ways(const struct visit *visit, const struct lang *lang, const char *ticket,
	const char *name, const char *whose, struct rows *forms, struct rows *buttons)
{
	bool passwords = false;

	for (size_t i = 0; i < visit->service->backend_count; i++) {
		const struct service_backend *backend = &visit->service->backends[i];
		bool is_it = whose != NULL && strcmp(whose, backend->title) == 0;

		passwords |= backend->driver->kind == AUTH_PASSWORD;
		if (backend->driver->kind == AUTH_FORM && forms->count < ROWS_MAX &&
			!(visit->to_desk && backend->driver->one_meeting))
			add_form(forms, lang, backend, is_it ? name : NULL);
		if (backend->driver->kind == AUTH_REDIRECT && buttons->count < ROWS_MAX)
			add_button(buttons, visit, backend, ticket);
	}
	return passwords;
}

/* What all pages with a form for a pending join say. */
static void put_join(struct values *values, const struct visit *visit, const char *action,
	const struct buffer *ticket)
{
	values_put(values, "action", action);
	values_put(values, "ticket", ticket->data);
	if (visit->to_desk) {
		values_put(values, "desk", "1");
		return;
	}
	values_put(values, "platform", visit->platform->title);
	values_put(values, "meeting", visit->join.meeting_token);
}

/* Chromium applies form-action to the redirect that answers a form, which for a join leads to the
 * platform. */
static const char *join_policy(const struct visit *visit)
{
	return visit->to_desk ? visit->service->page_policy : visit->platform->login_policy;
}

int pages_login(struct visit *visit, int status, const char *name, const char *backend)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct rows forms = {0}, buttons = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_JOIN, &ticket);
	bool passwords =
		rc == 0 && add_ways(visit, lang, ticket.data, name, backend, &forms, &buttons);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->login_url, &ticket);
	values_put(&values, "failed", status == 401 ? "1" : NULL);
	values_put(&values, "failed_form", status == 401 && backend != NULL ? "1" : NULL);
	values_put(&values, "failed_password", status == 401 && backend == NULL ? "1" : NULL);
	values_put(&values, "name", backend == NULL ? name : NULL);
	values_put(&values, "passwords", passwords ? "1" : NULL);
	values_put_rows(&values, "forms", forms.list);
	values_put(&values, "any_buttons", buttons.count > 0 ? "1" : NULL);
	values_put_rows(&values, "buttons", buttons.list);
	values_answer(visit, PAGE_LOGIN, status, join_policy(visit), lang, &values);
	release_rows(&forms);
	release_rows(&buttons);
	buffer_wipe(&ticket);
	return rc;
}

int pages_challenge(struct visit *visit, bool failed)
{
	const struct lang *lang = values_language(visit);
	const struct ticket_note *note = visit->note;
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	struct buffer again = BUFFER_INIT(TICKET_TEXT_MAX + 1024);
	int rc = visit_seal_ticket(visit, TICKET_CHALLENGE, &ticket);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->login_url, &ticket);
	values_put(&values, "failed", failed ? "1" : NULL);
	values_put(&values, "prompt", note->prompt);
	values_put(&values, "code", note->prompt == NULL ? "1" : NULL);
	/* A server may have forgotten its question after a wrong answer. */
	buffer_text(&again, visit->service->login_url);
	buffer_text(&again, "?ticket=");
	rc |= visit_seal_ticket(visit, TICKET_JOIN, &again);
	values_put(&values, "address", again.data);
	values_put(&values, "hidden", note->prompt != NULL && !note->echo ? "1" : NULL);
	values_answer(visit, PAGE_CHALLENGE, failed ? failure_status(FAILURE_LOGIN_FAILED) : 200,
		join_policy(visit), lang, &values);
	buffer_wipe(&again);
	buffer_wipe(&ticket);
	return rc;
}

int pages_invite(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_INVITE, &ticket);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->invite_url, &ticket);
	values_put(&values, "guest", visit->note->who.name);
	values_answer(visit, PAGE_INVITE, 200, join_policy(visit), lang, &values);
	buffer_wipe(&ticket);
	return rc;
}

int pages_meeting(struct visit *visit)
{
	const struct service_platform *platform = visit->platform;
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct buffer link = BUFFER_INIT(8192), key = BUFFER_INIT(8192);
	bool failed;

	platform->driver->show(platform->instance, &visit->join, visit->token.data, &link, &key);
	values_put_common(&values, visit, lang);
	values_put(&values, "platform", platform->title);
	values_put(&values, "meeting", visit->join.meeting_id);
	values_put(&values, "link", link.data);
	values_put(&values, "key", key.data);
	values_answer(visit, PAGE_MEETING, 200, visit->service->page_policy, lang, &values);
	failed = link.failed || key.failed;
	buffer_wipe(&link);
	buffer_wipe(&key);
	return failed ? -1 : 0;
}

/* -- signing out -- */

/* The scheme and host that an address begins with; NULL for "" and without memory. */
static char *origin_of(const char *url)
{
	const char *host = strstr(url, "://");

	return host != NULL ? strndup(url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#"))
			    : NULL;
}

int pages_logout(struct visit *visit, const char *leave)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	char *origin = origin_of(leave);
	char *policy = service_page_policy(visit->service->settings, origin);
	int rc = visit_seal_ticket(visit, TICKET_LOGOUT, &ticket);

	values_put_common(&values, visit, lang);
	values_put(&values, "action", visit->service->logout_url);
	values_put(&values, "ticket", ticket.data);
	values_put(&values, "account", visit->session.who.subject);
	values_answer(visit, PAGE_LOGOUT, 200,
		policy != NULL ? policy : visit->service->page_policy, lang, &values);
	free(policy);
	free(origin);
	buffer_wipe(&ticket);
	return rc;
}

void pages_signed_out(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};

	values_put_common(&values, visit, lang);
	values_answer(visit, PAGE_SIGNED_OUT, 200, visit->service->page_policy, lang, &values);
}

void pages_plain(struct visit *visit, int status, const char *content_type, const char *text)
{
	response_begin(&visit->response, status, visit->request.id);
	response_header(&visit->response, "Content-Type", content_type);
	buffer_text(&visit->response.body, text);
}
