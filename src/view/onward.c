/* SPDX-License-Identifier: MIT */
#include "view/onward.h"

#include "view/values.h"

#include <strings.h>

/* An address for a program on the visitor's machine ends the redirects. */
static bool is_web_address(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

void onward_show(struct visit *visit, const char *url)
{
	const struct lang *lang = values_language(visit);
	const char *host = strstr(url, "://") + 3;
	char *name = strndup(host, strcspn(host, "/?#"));
	struct buffer refresh = BUFFER_INIT(RESPONSE_HEAD_MAX);
	struct values values = {0};

	buffer_text(&refresh, "0; url=");
	buffer_text(&refresh, url);

	values_put_common(&values, visit, lang);
	values_put(&values, "address", url);
	values_put(&values, "refresh", refresh.data);
	values_put(&values, "host", name);
	values_answer(visit, PAGE_ONWARD, 200, visit->service->page_policy, lang, &values);
	buffer_wipe(&refresh);
	free(name);
}

void onward_redirect(struct visit *visit, int status, const char *url)
{
	if (visit->request.method == HTTP_POST && is_web_address(url) &&
		visit->request.fetch_site[0] != '\0' && request_wants_page(&visit->request)) {
		onward_show(visit, url);
		return;
	}
	response_begin(&visit->response, status, visit->request.id);
	response_header(&visit->response, "Location", url);
}
