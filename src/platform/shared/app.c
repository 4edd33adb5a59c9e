/* SPDX-License-Identifier: MIT */
#include "platform/shared/app.h"

void app_redirect_url(
	const struct platform_peer *peer, const char *name, const char *value, struct buffer *url)
{
	buffer_printf(url, "%s%c%s=", peer->app_url, strchr(peer->app_url, '?') != NULL ? '&' : '?',
		name);
	buffer_percent(url, value);
}
