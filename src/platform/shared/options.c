/* SPDX-License-Identifier: MIT */
#include "platform/shared/options.h"

#include "base/memory.h"
#include "base/text.h"
#include "config/config.h"
#include "platform/redirect.h"
#include "platform/shared/links.h"

enum { ROOM_NAME_MAX = 1024, CONNECT_TIMEOUT_MS = 2000, TIMEOUT_MS = 10000, APP_MAX = 2000 };

/* ---- rows ---- */

int option_check_visible(const char *text, struct error *why)
{
	if (text_is_visible_ascii(text))
		return 0;
	return error_set(why,
		"has a space or a character that is not ASCII: copy it as the platform shows it");
}

/* The page may have any query. */
int option_check_app(const char *text, struct error *why)
{
	if (strlen(text) < APP_MAX && links_is_clean(text))
		return 0;
	return error_set(
		why, "has a #, is too long, or has characters that must be percent-encoded");
}

int option_check_site(const char *text, struct error *why)
{
	if (strlen(text) < PLATFORM_URL_MAX && strchr(strstr(text, "://") + 3, '/') == NULL)
		return 0;
	return error_set(why, "must be https://host or https://host:port, without a path");
}

/* ---- completing the peer ---- */

static int complete_timeouts(
	const struct section *section, struct platform_peer *peer, struct error *error)
{
	if (!section_takes(section, "timeout")) {
		/* Without options for timeouts, only `check --connect` sends requests. */
		peer->timeout_ms = TIMEOUT_MS;
		peer->connect_timeout_ms = CONNECT_TIMEOUT_MS;
	}
	if (peer->connect_timeout_ms <= peer->timeout_ms)
		return 0;
	if (section_has(section, "connect-timeout"))
		return section_error(
			section, "connect-timeout", error, "must not be longer than timeout");
	peer->connect_timeout_ms = peer->timeout_ms;
	return 0;
}

/* Checks the origins of `app` and `redirects`, and sets peer->site to the page's origin. */
static int complete_app(
	const struct section *section, struct platform_peer *peer, struct error *error)
{
	if (peer->app_url != NULL && peer->app_url[0] == '\0')
		peer->app_url = NULL;
	if (peer->app_url == NULL)
		return 0;
	peer->site = redirect_origin_of(peer, peer->app_url);
	if (peer->site != NULL)
		return 0;
	return section_error(section, "app", error,
		"is on none of the allowed-origins (compared character by character), so its "
		"script could not request tokens");
}

static int complete_redirects(
	const struct section *section, const struct platform_peer *peer, struct error *error)
{
	for (size_t i = 0; i < peer->redirects.count; i++) {
		const char *listed = peer->redirects.items[i];

		if (!redirect_is_native(listed) && redirect_origin_of(peer, listed) == NULL)
			return section_error(section, "redirects", error,
				"\"%.100s\" is on none of the allowed-origins (compared character "
				"by character), so its script could not request tokens",
				listed);
	}
	return 0;
}

int options_complete(const struct section *section, struct platform_peer *peer, struct error *error)
{
	if (peer->api == NULL)
		peer->api = peer->site;
	if (peer->ca_file == NULL)
		peer->ca_file = "";
	if (complete_timeouts(section, peer, error) != 0 || complete_app(section, peer, error) != 0)
		return -1;
	return complete_redirects(section, peer, error);
}

/* ---- rooms ---- */

static int keep_room(const struct section *section, struct platform_peer *peer, size_t at,
	const struct buffer *name, const char *form, struct error *error)
{
	if (name->length == 0)
		return section_error(section, "rooms", error,
			"\"%.100s\" does not name a meeting of this platform: write %s",
			peer->rooms.items[at], form);
	for (size_t i = 0; i < at; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): set before */
		if (strcmp(peer->room_names[i], name->data) == 0)
			return section_error(section, "rooms", error,
				"\"%.100s\" is in the list twice, first as \"%.100s\"",
				peer->rooms.items[at], peer->rooms.items[i]);
	/* options_free_rooms() frees it. gcc -fanalyzer reports a leak here, since it does not
	 * follow a variable index. */
	peer->room_names[at] = xstrdup(name->data);
	return 0;
}

int options_name_rooms(const struct section *section, struct platform_peer *peer,
	options_name_room *name_room, const void *instance, const char *form, struct error *error)
{
	peer->room_names = xcalloc(PLATFORM_ROOMS_MAX, sizeof *peer->room_names);
	for (size_t i = 0; i < peer->rooms.count; i++) {
		struct buffer name = BUFFER_INIT(ROOM_NAME_MAX);
		int rc;

		if (name_room(instance, peer->rooms.items[i], &name) != 0)
			buffer_clear(&name);
		rc = keep_room(section, peer, i, &name, form, error);
		buffer_release(&name);
		if (rc != 0)
			return -1;
	}
	return 0;
}

void options_free_rooms(struct platform_peer *peer)
{
	for (size_t i = 0; peer->room_names != NULL && i < PLATFORM_ROOMS_MAX; i++)
		free(peer->room_names[i]);
	free(peer->room_names);
	peer->room_names = NULL;
}
