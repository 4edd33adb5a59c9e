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
	return langs_choose(visit->files->langs, visit->request.accept_language);
}

void values_put_common(struct values *values, const struct visit *visit, const struct lang *lang)
{
	const struct settings *settings = visit->service->settings;

	values_put(values, "lang", lang_code(lang));
	values_put(values, "dir", lang_is_right_to_left(lang) ? "rtl" : "ltr");
	values_put(values, "static", visit->service->static_url);
	values_put(values, "brand", settings->brand_name);
	values_put(values, "logo", settings->brand_logo);
	values_put(values, "style", visit->service->brand.style);
	values_put(values, "help", settings->brand_help);
	values_put(values, "privacy", settings->brand_privacy);
	values_put(values, "open", visit->service->open_url);
	values_put(values, "version", PACKAGE_VERSION_TEXT);
	values_put(values, "request_id", visit->request.id);
}

void values_answer(struct visit *visit, enum page_id id, int status, const char *policy,
	const struct lang *lang, const struct values *values)
{
	struct response *response = &visit->response;

	response_begin(response, status, visit->request.id);
	response_header(response, "Content-Type", "text/html; charset=utf-8");
	response_header(response, "Content-Language", lang_code(lang));
	response_header(response, "Content-Security-Policy", policy);
	page_render(visit->files->pages[id], lang, values->list, &response->body);
}
