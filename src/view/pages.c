/* SPDX-License-Identifier: MIT */
#include "view/pages.h"

#include "view/values.h"
#include "visit/ticket.h"

enum { WAYS_MAX = 32, WAY_VALUES = 20 };

/* A way to sign in: a row of the login page. */
struct way {
	struct page_value values[WAY_VALUES + 1];
	size_t count;
	char number[4];
	struct buffer label, name_label, password_label, wrong, address;
};

/* The ways to sign in, in the order of the configuration. The password form has the place of the
 * first backend that takes passwords. */
struct ways {
	struct way *list; /* WAYS_MAX; NULL without memory */
	const struct page_value *rows[WAYS_MAX + 1];
	size_t count;
	const char *form_label; /* of the first way, if it has a form of its own */
	bool focused;		/* a way has the first field */
};

/* What to show after a wrong answer. */
struct wrong {
	bool is_there;
	const char *backend; /* the title of the form's backend; NULL: the password form */
	const char *name;    /* as typed; NULL: none */
};

/* -- signing in -- */

static void release_ways(struct ways *ways)
{
	for (size_t i = 0; i < ways->count; i++) {
		struct way *way = &ways->list[i];

		buffer_release(&way->label);
		buffer_release(&way->name_label);
		buffer_release(&way->password_label);
		buffer_release(&way->wrong);
		buffer_wipe(&way->address);
	}
	free(ways->list);
}

static void way_put(struct way *way, const char *name, const char *text)
{
	way->values[way->count++] = (struct page_value){.name = name, .text = text};
}

static void way_put_sentence(struct way *way, const char *name, const struct lang *lang,
	const char *key, struct buffer *text)
{
	static const struct page_value none[] = {{0}};

	*text = BUFFER_INIT(1024);
	if (key != NULL)
		lang_format(lang, key, none, text);
	way_put(way, name, text->data);
}

/* The first way is the primary one. */
static struct way *add_way(struct ways *ways)
{
	struct way *way = &ways->list[ways->count];

	snprintf(way->number, sizeof way->number, "%zu", ways->count % 100);
	ways->rows[ways->count++] = way->values;
	way_put(way, "way", way->number);
	way_put(way, "second", ways->count == 2 ? "1" : NULL);
	way_put(way, "other", ways->count > 1 ? "1" : NULL);
	return way;
}

/* The fields of a form: its labels, and what browsers are told of them. */
static void put_fields(struct ways *ways, struct way *way, const struct lang *lang,
	const struct auth_form *form, const struct wrong *wrong)
{
	static const struct {
		const char *type, *autocomplete, *capitals, *direction;
	} names[] = {
		[AUTH_NAME_ACCOUNT] = {"text", "username", "none", "auto"},
		[AUTH_NAME_PERSON] = {"text", "name", "words", "auto"},
		[AUTH_NAME_EMAIL] = {"email", "email", "none", "ltr"},
	};
	bool focus = wrong->is_there || !ways->focused;

	ways->focused = true;
	way_put(way, "form", "1");
	way_put_sentence(way, "name_label", lang, form->name_label, &way->name_label);
	way_put_sentence(way, "password_label", lang, form->password_label, &way->password_label);
	way_put_sentence(way, "wrong", lang,
		!wrong->is_there      ? NULL
		: form->wrong != NULL ? form->wrong
				      : "login.failed.form",
		&way->wrong);
	way_put(way, "name", wrong->name);
	way_put(way, "type", names[form->name].type);
	way_put(way, "autocomplete", names[form->name].autocomplete);
	way_put(way, "capitals", names[form->name].capitals);
	way_put(way, "direction", names[form->name].direction);
	/* After a wrong password the name is right more often than not. */
	way_put(way, "focus_name",
		focus && (!wrong->is_there || form->password_label == NULL) ? "1" : NULL);
	way_put(way, "focus_password",
		focus && form->password_label != NULL &&
				(wrong->is_there || form->name_label == NULL)
			? "1"
			: NULL);
}

static void add_passwords(struct ways *ways, const struct lang *lang, const struct wrong *wrong)
{
	static const struct auth_form form = {.name_label = "login.name",
		.password_label = "login.password",
		.wrong = "login.failed"};
	struct way *way = add_way(ways);

	way_put_sentence(way, "label", lang, "login.passwords", &way->label);
	way_put(way, "passwords", "1");
	put_fields(ways, way, lang, &form, wrong);
}

static void add_form(struct ways *ways, const struct lang *lang,
	const struct service_backend *backend, const struct wrong *wrong)
{
	struct way *way = add_way(ways);
	const char *label = service_label(backend, lang_code(lang));

	if (ways->count == 1)
		ways->form_label = label;
	way_put(way, "label", label);
	way_put(way, "backend", backend->title);
	put_fields(ways, way, lang, backend->driver->form, wrong);
}

static void add_button(struct ways *ways, const struct visit *visit, const struct lang *lang,
	const struct service_backend *backend, const char *ticket)
{
	struct way *way = add_way(ways);

	way->address = BUFFER_INIT(TICKET_TEXT_MAX + 4096);
	buffer_text(&way->address, visit->service->login_url);
	buffer_text(&way->address, backend->path);
	buffer_text(&way->address, visit->signin.reauthenticate ? "&again=1&ticket=" : "&ticket=");
	buffer_text(&way->address, ticket);
	way_put(way, "label", service_label(backend, lang_code(lang)));
	way_put(way, "address", way->address.data);
}

static void add_ways(struct ways *ways, const struct visit *visit, const struct lang *lang,
	const char *ticket, const struct wrong *wrong)
{
	const struct wrong right = {0};
	bool passwords = false;

	ways->focused = wrong->is_there; /* the wrong one has it */
	for (size_t i = 0; i < visit->service->backend_count && ways->count < WAYS_MAX; i++) {
		const struct service_backend *backend = &visit->service->backends[i];
		enum auth_kind kind = auth_kind(backend->driver);
		bool is_it = wrong->is_there && wrong->backend != NULL &&
			     strcmp(wrong->backend, backend->title) == 0;

		if (kind == AUTH_PASSWORD && !passwords) {
			passwords = true;
			add_passwords(ways, lang, wrong->backend == NULL ? wrong : &right);
		}
		if (kind == AUTH_FORM && (visit->destination == DESTINATION_MEETING ||
						 !backend->driver->one_meeting))
			add_form(ways, lang, backend, is_it ? wrong : &right);
		if (kind == AUTH_REDIRECT || backend->login[0] != '\0')
			add_button(ways, visit, lang, backend, ticket);
	}
}

const char *pages_certain_meeting(const struct visit *visit)
{
	bool is_certain = visit->platform != NULL && visit->platform->driver->entry != NULL;

	return is_certain ? visit->join.meeting_id : NULL;
}

static void take_title(void *context, const struct auth_meeting *meeting)
{
	struct join *join = context;

	if (join->title == NULL && meeting->title[0] != '\0' &&
		strcmp(meeting->platform, join->platform) == 0 &&
		strcmp(meeting->meeting_id, join->meeting_id) == 0)
		join->title = strdup(meeting->title);
}

/* Finds the title in the invitation by which the visitor came. */
static void find_title(struct visit *visit)
{
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend =
		who->subject != NULL ? service_backend(visit->service, who->backend) : NULL;

	if (backend != NULL && backend->driver->meetings != NULL)
		backend->driver->meetings->of_guest(
			backend->instance, who, take_title, &visit->join);
}

/* The meeting by its title, or by its id without one. Behind it the number that is printed in an
 * invitation (NULL: the id), unless it is the same. An id of NULL is not certain. */
static void put_meeting(
	struct values *values, struct visit *visit, const char *id, const char *printed)
{
	const char *title, *name, *number = printed != NULL ? printed : id;
	bool differs;

	find_title(visit);
	title = service_meeting_title(visit->service, &visit->join);
	name = title != NULL ? title : id;
	differs = name != NULL && number != NULL && strcmp(name, number) != 0;
	values_put(values, "meeting", name);
	values_put(values, "number", differs ? number : NULL);
}

static void put_join(struct values *values, struct visit *visit, const char *action,
	const struct buffer *ticket, const char *id, const char *printed)
{
	values_put(values, "action", action);
	values_put(values, "ticket", ticket->data);
	if (visit->destination != DESTINATION_MEETING) {
		values_put(values, visit->destination == DESTINATION_DESK ? "desk" : "me", "1");
		return;
	}
	values_put(values, "platform", visit->platform->title);
	put_meeting(values, visit, id, printed);
}

/* Chromium applies form-action to the redirect that answers a form, which for a join goes to the
 * platform. */
static const char *join_policy(const struct visit *visit)
{
	return visit->destination == DESTINATION_MEETING ? visit->platform->login_policy
							 : visit->service->page_policy;
}

/* A page with one form of its own is headed by what that does. */
static void put_heading(struct values *values, const struct visit *visit, const struct lang *lang,
	const struct ways *ways, struct buffer *text)
{
	static const char *const keys[] = {[DESTINATION_NONE] = "login.heading",
		[DESTINATION_MEETING] = "login.heading",
		[DESTINATION_DESK] = "login.heading.desk",
		[DESTINATION_ME] = "login.heading.me"};
	bool is_own = ways->count == 1 && ways->form_label != NULL;

	if (!is_own)
		lang_format(lang, keys[visit->destination], values->list, text);
	values_put(values, "heading", is_own ? ways->form_label : text->data);
	values_put(values, "form_label", is_own ? NULL : ways->form_label);
	values_put(values, "purpose",
		ways->form_label == NULL && visit->destination == DESTINATION_MEETING ? "1" : NULL);
}

/* How long the page of a sign-in to a meeting can be used, in minutes; NULL for less than one. The
 * limit is told, not extended: a ticket that is made anew would outlive the claim of its request
 * token (claim_of() in join/exchange.c). A visitor who is too late gets the link of the meeting. */
static const char *minutes_of(const struct visit *visit, char number[24])
{
	int64_t minutes = visit->service->settings->ticket_lifetime / 60;

	snprintf(number, 24, "%lld", (long long)minutes);
	return minutes > 0 && visit->destination == DESTINATION_MEETING ? number : NULL;
}

int pages_login(struct visit *visit, int status, const char *name, const char *backend)
{
	const struct wrong wrong = {.is_there = status == 401, .backend = backend, .name = name};
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct ways ways = {.list = calloc(WAYS_MAX, sizeof *ways.list)};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	struct buffer heading = BUFFER_INIT(1024);
	char minutes[24];
	int rc = ways.list != NULL ? visit_seal_ticket(visit, TICKET_JOIN, &ticket) : -1;

	if (rc == 0)
		add_ways(&ways, visit, lang, ticket.data, &wrong);
	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->login_url, &ticket, pages_certain_meeting(visit),
		NULL);
	put_heading(&values, visit, lang, &ways, &heading);
	values_put(&values, "failed", wrong.is_there ? "1" : NULL);
	values_put(&values, "minutes", minutes_of(visit, minutes));
	values_put_rows(&values, "ways", ways.rows);
	values_answer(visit, PAGE_LOGIN, status, join_policy(visit), lang, &values);
	release_ways(&ways);
	buffer_release(&heading);
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
	put_join(&values, visit, visit->service->login_url, &ticket, pages_certain_meeting(visit),
		NULL);
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

int pages_confirm(struct visit *visit, const char *token)
{
	const struct identity *who = &visit->session.who;
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_JOIN, &ticket);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->confirm_url, &ticket, pages_certain_meeting(visit),
		NULL);
	values_put(&values, "confirm", token);
	values_put(&values, "account", who->name != NULL ? who->name : values_account(visit));
	values_put(&values, "switch_action", visit->service->logout_url);
	values_answer(visit, PAGE_CONFIRM, 200, join_policy(visit), lang, &values);
	buffer_wipe(&ticket);
	return rc;
}

/* The invitation is good for the id; guests know the number that is printed in it. */
int pages_invite(struct visit *visit)
{
	const struct lang *lang = values_language(visit);
	struct values values = {0};
	struct buffer ticket = BUFFER_INIT(TICKET_TEXT_MAX + 1);
	int rc = visit_seal_ticket(visit, TICKET_INVITE, &ticket);

	values_put_common(&values, visit, lang);
	put_join(&values, visit, visit->service->invite_url, &ticket, visit->join.meeting_id,
		visit->join.meeting_token);
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
	put_meeting(&values, visit, visit->join.meeting_id, NULL);
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
	char *policy = service_page_policy(visit->service, origin);
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
