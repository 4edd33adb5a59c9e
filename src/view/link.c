/* SPDX-License-Identifier: MIT */
#include "view/link.h"

/* Appends MOUNT/ENTRY/MEETING, or MOUNT/ENTRY?PARAMETER=ADDRESS for an id that is an address. */
static void append_entry(const struct visit *visit, const char *entry, struct buffer *url)
{
	const char *id = visit->join.meeting_id,
		   *parameter = visit->platform->driver->entry->parameter;

	buffer_printf(url, "%s/%s", visit->service->settings->base_url, entry);
	if (parameter != NULL && strstr(id, "://") != NULL) {
		buffer_printf(url, "?%s=", parameter);
		buffer_percent(url, id);
		buffer_printf(url, "&platform=%s", visit->join.platform);
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
	buffer_printf(url, "?platform=%s", visit->join.platform);
}

/* A driver with an entry of its own has no page that leads here. Otherwise the page is the redirect
 * address without its query. */
void link_to_meeting(const struct visit *visit, struct buffer *url)
{
	if (visit->platform == NULL || visit->join.meeting_token == NULL)
		return;
	if (!platform_takes_browsers(visit->platform->driver, visit->platform->peer))
		return;
	if (visit->platform->driver->entry != NULL) {
		append_entry(visit, visit->platform->driver->entry->name, url);
		return;
	}
	platform_redirect_url(
		visit->platform->driver, visit->platform->instance, &visit->join, "", NULL, url);
	if (url->data != NULL)
		url->data[strcspn(url->data, "?")] = '\0';
}
