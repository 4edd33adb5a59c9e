/* SPDX-License-Identifier: MIT */
#include "view/values.h"

void values_put(struct values *values, const char *name, const char *text)
{
	if (values->count < VALUES_MAX)
		values->list[values->count++] = (struct page_value){.name = name, .text = text};
}

void values_put_rows(struct values *values, const char *name, const struct page_value *const *rows)
{
	if (values->count < VALUES_MAX && rows[0] != NULL)
		values->list[values->count++] = (struct page_value){.name = name, .rows = rows};
}

const char *values_account(const struct visit *visit)
{
	const struct identity *who = &visit->session.who;
	const struct service_backend *backend =
		who->backend != NULL ? service_backend(visit->service, who->backend) : NULL;

	if (!who->guest && (backend == NULL || auth_kind(backend->driver) != AUTH_REDIRECT))
		return who->subject;
	if (who->name != NULL)
		return who->name;
	return who->email != NULL ? who->email : who->backend;
}

const struct lang *values_language(const struct visit *visit)
{
	const struct langs *langs = visit->files->langs;
	const struct lang *chosen = langs_find(langs, visit->request.language);
	const char *culture = join_remembered(&visit->join, "culture");

	if (chosen == NULL && culture != NULL)
		chosen = langs_look_up(langs, culture);
	return chosen != NULL ? chosen : langs_choose(langs, visit->request.accept_language);
}

void values_put_common(struct values *values, const struct visit *visit, const struct lang *lang)
{
	const struct settings *settings = visit->service->settings;

	values_put(values, "lang", lang_code(lang));
	values_put(values, "dir", lang_is_right_to_left(lang) ? "rtl" : "ltr");
	values_put(values, "static", visit->service->static_url);
	values_put(values, "brand", settings->brand_name);
	values_put(values, "logo", settings->brand_logo);
	values_put(values, "logo_dark", settings->brand_logo_dark);
	values_put(values, "icon", visit->service->icon_url);
	values_put(values, "style", visit->service->brand.style);
	values_put(values, "help", settings->brand_help);
	values_put(values, "privacy", settings->brand_privacy);
	values_put(values, "open", visit->service->open_url);
	values_put(values, "version", PACKAGE_VERSION_TEXT);
	values_put(values, "request_id", visit->request.id);
}

/* -- the switch of languages -- */

/* Its options; must live until the page is rendered. */
struct language_switch {
	struct page_value values[LANGUAGES_MAX][5];
	const struct page_value *rows[LANGUAGES_MAX + 1];
};

static const char *ticket_of(const struct visit *visit, const struct values *values)
{
	const char *ticket = NULL;

	for (size_t i = 0; i < values->count; i++)
		if (strcmp(values->list[i].name, "ticket") == 0)
			return values->list[i].text;
	if (visit->form != NULL)
		params_get(visit->form, "ticket", &ticket);
	return ticket;
}

/* The page's own address. A page that answers a form of a sign-in opens again by its ticket, also
 * an error after a second question. */
static void put_address(struct values *values, const struct visit *visit, enum page_id id)
{
	bool is_form = visit->request.method == HTTP_POST;
	bool is_question =
		id == PAGE_CHALLENGE || (visit->pending != NULL && visit->pending->prompt != NULL);
	const char *query = visit->request.query;

	values_put(values, "here_path", visit->request.path);
	values_put(values, "here_query", is_form || query[0] == '\0' ? NULL : query);
	if (is_form)
		values_put(values, is_question ? "here_challenge" : "here_ticket",
			ticket_of(visit, values));
}

/* Whether a redirect to the page's address shows the page again. That of other forms than a
 * sign-in's would lose what it says: the link of an invitation is shown once. An address that is
 * not known any more (request_shrink()) is empty. */
static bool can_come_back(const struct visit *visit)
{
	const char *path = visit->request.path, *mount = visit->service->settings->mount;
	size_t length = strlen(mount);

	if (path[0] == '\0' || strncmp(path, mount, length) != 0)
		return false;
	return visit->request.method != HTTP_POST || strcmp(path + length, "/login") == 0;
}

/* Adds the switch of languages, if there are several and the switch can lead back to the page. */
static void put_switch(struct values *values, struct language_switch *options,
	const struct visit *visit, enum page_id id, const struct lang *lang)
{
	const struct langs *langs = visit->files->langs;
	size_t count = langs_count(langs);

	if (count < 2 || !can_come_back(visit))
		return;
	for (size_t i = 0; i < count && i < LANGUAGES_MAX; i++) {
		const struct lang *one = langs_at(langs, i);
		struct page_value *value = options->values[i];

		value[0] = (struct page_value){"code", lang_code(one), NULL};
		value[1] = (struct page_value){"name", lang_text(one, "language.name"), NULL};
		value[2] = (struct page_value){"chosen", one == lang ? "1" : NULL, NULL};
		value[3] = (struct page_value){
			"direction", lang_is_right_to_left(one) ? "rtl" : "ltr", NULL};
		options->rows[i] = value;
	}
	put_address(values, visit, id);
	values_put(values, "language_action", visit->service->language_url);
	values_put_rows(values, "languages", options->rows);
}

void values_answer(struct visit *visit, enum page_id id, int status, const char *policy,
	const struct lang *lang, const struct values *values)
{
	struct response *response = &visit->response;
	struct values all = *values;
	struct language_switch options = {0};

	response_begin(response, status, visit->request.id);
	response_header(response, "Content-Type", "text/html; charset=utf-8");
	response_header(response, "Content-Language", lang_code(lang));
	response_header(response, "Content-Security-Policy", policy);
	response_header(response, "Vary", "Cookie, Accept-Language");
	put_switch(&all, &options, visit, id, lang);
	page_render(visit->files->pages[id], lang, all.list, &response->body);
}
