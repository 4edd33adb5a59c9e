/* SPDX-License-Identifier: MIT */
#include "platform/shared/app.h"

#include "config/config.h"
#include "platform/shared/links.h"

enum { APP_MAX = 2000 };

/* The allowed origin that the address is of; NULL where it is of none. */
static const char *origin_of(const struct platform_peer *peer, const char *app)
{
	for (size_t i = 0; i < peer->origin_count; i++) {
		size_t length = strlen(peer->origins[i]);

		if (strncmp(app, peer->origins[i], length) == 0 &&
			(app[length] == '\0' || app[length] == '/' || app[length] == '?'))
			return peer->origins[i];
	}
	return NULL;
}

/* Any query is the page's own; config_check_url() has no say in it. */
static int check_app_url(const char *app, struct error *why)
{
	if (strlen(app) >= APP_MAX || !links_is_clean(app))
		return error_set(why,
			"has a #, characters that an address has percent-encoded, or too many");
	return config_check_front(app, why);
}

int app_read(const struct section *section, struct platform_peer *peer, struct error *error)
{
	const char *app = section_string(section, "app");
	struct error why;

	if (app[0] == '\0')
		return 0;
	if (check_app_url(app, &why) != 0)
		return section_error(section, "app", error, "%s", why.text);
	peer->site = origin_of(peer, app);
	if (peer->site == NULL)
		return section_error(section, "app", error,
			"is on none of the allowed-origins, as they are written: its script could "
			"ask for nothing");
	peer->app_url = app;
	return 0;
}

void app_redirect_url(
	const struct platform_peer *peer, const char *name, const char *value, struct buffer *url)
{
	buffer_printf(url, "%s%c%s=", peer->app_url, strchr(peer->app_url, '?') != NULL ? '&' : '?',
		name);
	buffer_percent(url, value);
}
