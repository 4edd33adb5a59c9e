/* SPDX-License-Identifier: MIT */
#include "service/pasted.h"

#include "base/text.h"
#include "http/params.h"
#include "http/route.h"
#include "platform/registry.h"

#include <strings.h>

enum { PASTED_MAX = 4096 };

/* Returns the first link of a text, which the caller frees, or NULL. Mail programs and people put
 * quotes, brackets and full stops around it. */
static char *cut_link(const char *text)
{
	const char *at = strcasestr(text, "https://");
	size_t length;

	if (at == NULL)
		at = strcasestr(text, "http://");
	if (at == NULL)
		return NULL;
	length = strcspn(at, " <>\"\\^`{|}");
	while (strchr(".,;:!?)]'", at[length - 1]) != NULL)
		length--;
	return length <= PASTED_MAX ? strndup(at, length) : NULL;
}

/* ---- pages of this service ---- */

static const char *value_of(const struct params *query, const char *name)
{
	const char *value = NULL;

	return query != NULL && params_get(query, name, &value) == PARAM_ONCE ? value : NULL;
}

static void take_meeting(
	struct pasted *pasted, const struct service_platform *platform, const char *text)
{
	struct error error;

	if (platform == NULL || text == NULL || text[0] == '\0' ||
		platform_meeting_id(platform->driver, platform->instance, text, &pasted->meeting_id,
			&error) != 0)
		return;
	pasted->platform = platform;
	pasted->meeting_token = strdup(pasted->meeting_id);
}

/* MOUNT?hostname=…&meetingId=…&meetingToken=… */
static void read_entry(
	const struct service *service, const struct params *query, struct pasted *pasted)
{
	const char *host = value_of(query, "hostname"), *token = value_of(query, "meetingToken");

	take_meeting(pasted, host != NULL ? service_platform(service, host) : NULL,
		value_of(query, "meetingId"));
	if (pasted->platform == NULL || token == NULL || !join_is_meeting_token(token))
		return;
	free(pasted->meeting_token);
	pasted->meeting_token = strdup(token);
}

/* MOUNT/ENTRY/MEETING?platform=…, or MOUNT/ENTRY?PARAMETER=ADDRESS&platform=… */
static void read_platform(const struct service *service, const char *rest,
	const struct params *query, struct pasted *pasted)
{
	const struct service_platform *platform =
		service_platform_at(service, rest, value_of(query, "platform"));
	const char *name = platform != NULL ? platform->driver->entry->parameter : NULL;
	const char *address = name != NULL ? value_of(query, name) : NULL;
	const char *meeting = strchr(rest, '/');

	take_meeting(pasted, platform,
		address != NULL	  ? address
		: meeting != NULL ? meeting + 1
				  : NULL);
}

/* Whether visitors come to such a page by themselves. */
static bool is_for_visitors(enum route route)
{
	return route == ROUTE_ENTRY || route == ROUTE_PLATFORM || route == ROUTE_INVITE ||
	       route == ROUTE_LOGIN || route == ROUTE_ME || route == ROUTE_DESK;
}

/* `rest`: what follows base-url in the link. */
static void read_own(const struct service *service, const char *rest, struct pasted *pasted)
{
	size_t path_length = strcspn(rest, "?#");
	const char *question = rest[path_length] == '?' ? rest + path_length + 1 : "";
	struct params *query = params_parse(question, strcspn(question, "#"));
	struct route_found found;
	char *path;

	if (asprintf(&path, "%s%.*s", service->settings->mount, (int)path_length, rest) < 0) {
		params_free(&query);
		return;
	}
	if (text_unpercent(path) == 0 && !text_has_dot_segment(path) && query != NULL) {
		found = route_find(service->settings->mount, path, service->entries, HTTP_GET);
		if (found.route == ROUTE_ENTRY)
			read_entry(service, query, pasted);
		if (found.route == ROUTE_PLATFORM)
			read_platform(service, found.rest, query, pasted);
		if (is_for_visitors(found.route) &&
			(found.route != ROUTE_ENTRY || pasted->platform != NULL) &&
			asprintf(&pasted->own, "%s%.*s", service->settings->base_url,
				(int)strcspn(rest, "#"), rest) < 0)
			pasted->own = NULL;
	}
	free(path);
	params_free(&query);
}

/* ---- links ---- */

int pasted_read(const struct service *service, const char *text, struct pasted *pasted)
{
	char *link = cut_link(text);
	const char *rest;

	*pasted = (struct pasted){.platform = NULL};
	if (link == NULL || !text_is_printable(link)) {
		free(link);
		return -1;
	}
	rest = text_after_url(link, service->settings->base_url);
	if (rest != NULL && strchr("/?#", rest[0]) != NULL && text_is_visible_ascii(link))
		read_own(service, rest, pasted);
	for (size_t i = 0;
		pasted->platform == NULL && pasted->own == NULL && i < service->platform_count;
		i++) {
		const struct service_platform *platform = &service->platforms[i];

		if (platform_meeting_link(platform->driver, platform->instance, link,
			    &pasted->meeting_id, &pasted->meeting_token) == 0)
			pasted->platform = platform;
	}
	free(link);
	return pasted->platform != NULL || pasted->own != NULL ? 0 : -1;
}

void pasted_release(struct pasted *pasted)
{
	free(pasted->meeting_id);
	free(pasted->meeting_token);
	free(pasted->own);
	*pasted = (struct pasted){.platform = NULL};
}
