/* SPDX-License-Identifier: MIT */
#include "view/link.h"

/* Appends MOUNT/ENTRY/MEETING, or MOUNT/ENTRY?PARAMETER=ADDRESS for an id that is an address. */
static void append_entry(const struct visit *visit, const struct service_platform *platform,
	const char *id, struct buffer *url)
{
	const struct platform_entry_ops *entry = platform->driver->entry;
	const char *parameter = entry->parameter;

	buffer_printf(url, "%s/%s", visit->service->settings->base_url, entry->name);
	if (parameter != NULL && strstr(id, "://") != NULL) {
		buffer_printf(url, "?%s=", parameter);
		buffer_percent(url, id);
		buffer_printf(url, "&platform=%s", platform->title);
		return;
	}
	while (*id != '\0') {
		size_t length = strcspn(id, "/");
		char *segment = strndup(id, length);

		buffer_text(url, "/");
		buffer_percent(url, segment != NULL ? segment : "");
		free(segment);
		id += length + (id[length] == '/');
	}
	buffer_printf(url, "?platform=%s", platform->title);
}

/* A driver with an entry of its own has no page that leads here. Otherwise the page is the redirect
 * address without its query. */
void link_to_join(const struct visit *visit, const struct service_platform *platform,
	const struct join *join, struct buffer *url)
{
	if (!platform_takes_browsers(platform->driver, platform->peer))
		return;
	if (platform->driver->entry != NULL) {
		append_entry(visit, platform, join->meeting_id, url);
		return;
	}
	platform_redirect_url(platform->driver, platform->instance, join, "", NULL, url);
	if (url->data != NULL)
		url->data[strcspn(url->data, "?")] = '\0';
}

/* The visit's platform, or that of its lost join. NULL: not known, or not configured any more. */
static const struct service_platform *platform_of(const struct visit *visit)
{
	const char *lost = visit->report.lost.platform;

	if (visit->platform != NULL || lost == NULL)
		return visit->platform;
	return service_platform(visit->service, lost);
}

void link_to_meeting(const struct visit *visit, struct buffer *url)
{
	const struct join *lost = &visit->report.lost;
	const struct service_platform *platform = platform_of(visit);

	if (platform == NULL)
		return;
	if (visit->join.meeting_token != NULL)
		link_to_join(visit, platform, &visit->join, url);
	else if (lost->meeting_token != NULL)
		link_to_join(visit, platform, lost, url);
}

const char *link_to_site(const struct visit *visit)
{
	const struct service_platform *platform = platform_of(visit);

	if (platform == NULL || !platform_takes_browsers(platform->driver, platform->peer) ||
		platform->peer->site == NULL || platform->peer->site[0] == '\0')
		return NULL;
	return platform->peer->site;
}
