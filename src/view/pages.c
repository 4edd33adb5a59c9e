/* SPDX-License-Identifier: MIT */
#include "view/pages.h"

#include "view/values.h"
#include "visit/ticket.h"

enum { ROWS_MAX = 16, ROW_VALUES = 5 };

/* The forms or the buttons of the login page, one row each, ended by NULL. */
struct rows {
	struct page_value values[ROWS_MAX][ROW_VALUES + 1];
	const struct page_value *list[ROWS_MAX + 1];
	struct buffer texts[ROWS_MAX][2];
	size_t count;
};

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

/* Sets `name` in every row: without it the template would use the page's `name`. */
static void add_form(struct rows *rows, const struct lang *lang,
	const struct service_backend *backend, const char *name)
{
	struct page_value *values = rows->values[rows->count];
	struct buffer *texts = rows->texts[rows->count];

	values[0] = (struct page_value){.name = "backend", .text = backend->title};
	values[1] = (struct page_value){.name = "label", .text = backend->label};
	values[2] = (struct page_value){.name = "name_label"};
	values[2].text = sentence(lang, backend->driver->form->name_label, &texts[0]);
	values[3] = (struct page_value){.name = "password_label"};
	values[3].text = sentence(lang, backend->driver->form->password_label, &texts[1]);
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
	buffer_text(address, visit->signin.reauthenticate ? "&again=1&ticket=" : "&ticket=");
	buffer_text(address, ticket);
	values[0] = (struct page_value){.name = "backend", .text = backend->title};
	values[1] = (struct page_value){.name = "label", .text = backend->label};
	values[2] = (struct page_value){.name = "address", .text = address->data};
	rows->list[rows->count++] = values;
}

/* Adds a form or a button for each backend. True if the page needs the password form. */
static bool add_ways(const struct visit *visit, const struct lang *lang, const char *ticket,
	const char *name, const char *whose, struct rows *forms, struct rows *buttons)
{
	bool passwords = false;

	for (size_t i = 0; i < visit->service->backend_count; i++) {
		const struct service_backend *backend = &visit->service->backends[i];
		bool is_it = whose != NULL && strcmp(whose, backend->title) == 0;

		passwords |= auth_kind(backend->driver) == AUTH_PASSWORD;
		if (auth_kind(backend->driver) == AUTH_FORM && forms->count < ROWS_MAX &&
			(visit->destination == DESTINATION_MEETING ||
				!backend->driver->one_meeting))
			add_form(forms, lang, backend, is_it ? name : NULL);
		if (auth_kind(backend->driver) == AUTH_REDIRECT && buttons->count < ROWS_MAX)
			add_button(buttons, visit, backend, ticket);
	}
	return passwords;
}

const char *pages_certain_meeting(const struct visit *visit)
{
	bool is_certain = visit->platform != NULL && visit->platform->driver->entry != NULL;

	return is_certain ? visit->join.meeting_id : NULL;
}

static void put_join(struct values *values, const struct visit *visit, const char *action,
	const struct buffer *ticket, const char *meeting)
{
	values_put(values, "action", action);
	values_put(values, "ticket", ticket->data);
	if (visit->destination != DESTINATION_MEETING) {
		values_put(values, visit->destination == DESTINATION_DESK ? "desk" : "me", "1");
		return;
	}
	values_put(values, "platform", visit->platform->title);
	values_put(values, "meeting", meeting);
}

/* Chromium applies form-action to the redirect that answers a form, which for a join goes to the
 * platform. */
static const char *join_policy(const struct visit *visit)
{
	return visit->destination == DESTINATION_MEETING ? visit->platform->login_policy
							 : visit->service->page_policy;
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
	put_join(&values, visit, visit->service->login_url, &ticket, pages_certain_meeting(visit));
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
	const struct pending *pending = visit->pending;
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_FORM_MAX + 1);
	struct buffer again = BUFFER_INIT(TICKET_TEXT_MAX + 1024);
	int rc = visit_seal_ticket(visit, TICKET_CHALLENGE, &ticket);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->login_url, &ticket, pages_certain_meeting(visit));
	values_put(&values, "failed", failed ? "1" : NULL);
	values_put(&values, "prompt", pending->prompt);
	values_put(&values, "code", pending->prompt == NULL ? "1" : NULL);
	/* A RADIUS server may have forgotten its challenge after a wrong answer: link to a new
	 * start. */
	buffer_text(&again, visit->service->login_url);
	buffer_text(&again, "?ticket=");
	rc |= visit_seal_ticket(visit, TICKET_JOIN, &again);
	values_put(&values, "address", again.data);
	values_put(&values, "hidden", pending->prompt != NULL && !pending->echo ? "1" : NULL);
	values_answer(visit, PAGE_CHALLENGE,
		failed ? failure_row(FAILURE_LOGIN_FAILED)->status : 200, join_policy(visit), lang,
		&values);
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
	put_join(&values, visit, visit->service->invite_url, &ticket, visit->join.meeting_id);
	values_put(&values, "guest", visit->pending->who.name);
	values_answer(visit, PAGE_INVITE, 200, join_policy(visit), lang, &values);
	buffer_wipe(&ticket);
	return rc;
}

int pages_meeting(struct visit *visit)
{
	const struct service_platform *platform = visit->platform;
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct platform_meeting_page page = {
		BUFFER_INIT(8192), BUFFER_INIT(8192), BUFFER_INIT(8192)};
	bool failed;

	platform->driver->page(platform->instance, &visit->join, visit->exchange.token.data, &page);
	values_put_common(&values, visit, lang);
	values_put(&values, "platform", platform->title);
	values_put(&values, "meeting", visit->join.meeting_id);
	values_put(&values, "link", page.link.data);
	values_put(&values, "live", page.live.data);
	values_put(&values, "key", page.key.data);
	values_answer(visit, PAGE_MEETING, 200, visit->service->page_policy, lang, &values);
	failed = page.link.failed || page.live.failed || page.key.failed;
	buffer_wipe(&page.link);
	buffer_wipe(&page.live);
	buffer_wipe(&page.key);
	return failed ? -1 : 0;
}

/* -- signing out -- */

/* The origin of an address; the caller frees it. NULL for "" and without memory. */
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
	char *policy = service_page_policy(origin);
	int rc = visit_seal_ticket(visit, TICKET_LOGOUT, &ticket);

	values_put_common(&values, visit, lang);
	values_put(&values, "action", visit->service->logout_url);
	values_put(&values, "ticket", ticket.data);
	values_put(&values, "account", values_account(visit));
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
