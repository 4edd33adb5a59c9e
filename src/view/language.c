/* SPDX-License-Identifier: MIT */
#include "view/language.h"

#include "base/text.h"
#include "visit/fail.h"

enum { COOKIE_AGE = 365 * 24 * 3600, ADDRESS_MAX = 20 * 1024 };

/* Appends a path that nginx has decoded, encoded again. */
static void append_path(struct buffer *url, const char *path)
{
	while (*path != '\0') {
		size_t length = strcspn(path, "/");
		char *segment = strndup(path, length);

		buffer_percent(url, segment != NULL ? segment : "");
		free(segment);
		path += length;
		if (*path == '/')
			buffer_text(url, "/");
		path += *path == '/';
	}
}

/* Writes the address of the page that the form was on. It is always on this host and below the
 * mount. */
static void append_address(const struct visit *visit, struct buffer *url)
{
	const struct settings *settings = visit->service->settings;
	size_t mount = strlen(settings->mount);
	static const char *const tickets[] = {"ticket", "challenge"};
	const char *path = NULL, *query = NULL, *ticket = NULL;

	params_get(visit->form, "path", &path);
	params_get(visit->form, "query", &query);
	if (path == NULL || strncmp(path, settings->mount, mount) != 0 ||
		(path[mount] != '\0' && path[mount] != '/') || text_has_dot_segment(path)) {
		buffer_text(url, visit->service->open_url);
		return;
	}
	buffer_text(url, settings->base_url);
	append_path(url, path + mount);
	if (query != NULL && text_is_visible_ascii(query) && strchr(query, '#') == NULL) {
		buffer_text(url, "?");
		buffer_text(url, query);
	}
	for (size_t i = 0; query == NULL && i < sizeof tickets / sizeof *tickets; i++)
		if (params_get(visit->form, tickets[i], &ticket) == PARAM_ONCE) {
			buffer_printf(url, "?%s=", tickets[i]);
			buffer_percent(url, ticket);
			return;
		}
}

enum step language_choose(struct visit *visit)
{
	const char *code = NULL;
	const struct lang *lang;
	struct buffer url = BUFFER_INIT(ADDRESS_MAX);

	lang = params_get(visit->form, "language", &code) == PARAM_ONCE
		       ? langs_find(visit->files->langs, code)
		       : NULL;
	if (lang == NULL)
		return visit_refuse(visit, "language", "not one of the pages' languages");
	append_address(visit, &url);
	response_begin(&visit->response, 303, visit->request.id);
	response_header(
		&visit->response, "Location", url.failed ? visit->service->open_url : url.data);
	response_cookie(&visit->response, REQUEST_LANGUAGE_COOKIE, lang_code(lang), COOKIE_AGE);
	buffer_wipe(&url);
	return STEP_DONE;
}
