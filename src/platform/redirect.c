/* SPDX-License-Identifier: MIT */
#include "platform/redirect.h"

#include "base/text.h"
#include "config/config.h"

#include <strings.h>

enum { REDIRECT_MAX = 2000 };

/* Numeric only: "localhost" may resolve to another interface (RFC 8252 section 8.3). */
static const char *const loopbacks[] = {"http://127.0.0.1", "http://[::1]"};

/* Returns the length of the loopback origin that a URL begins with, or 0. */
static size_t loopback_length(const char *url)
{
	for (size_t i = 0; i < sizeof loopbacks / sizeof *loopbacks; i++)
		if (strncmp(url, loopbacks[i], strlen(loopbacks[i])) == 0)
			return strlen(loopbacks[i]);
	return 0;
}

static bool is_web(const char *url)
{
	return strncasecmp(url, "https:", 6) == 0 || strncasecmp(url, "http:", 5) == 0;
}

bool redirect_is_native(const char *url)
{
	return loopback_length(url) > 0 || !is_web(url);
}

/* ---- the option ---- */

/* Whether a scheme is a reversed domain name, "org.example.app" (RFC 8252 section 7.1). Other
 * schemes have no owner, or are the browser's own ("javascript", "data"). */
static bool is_scheme(const char *text, size_t length)
{
	char scheme[64];

	if (length >= sizeof scheme || memchr(text, '.', length) == NULL || text[0] < 'a' ||
		text[0] > 'z')
		return false;
	memcpy(scheme, text, length);
	scheme[length] = '\0';
	for (const char *at = scheme; *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			return false;
	return text_is_token(scheme, 3, sizeof scheme - 1, ".-+");
}

static bool is_clean(const char *url)
{
	return text_is_visible_ascii(url) && strlen(url) < REDIRECT_MAX &&
	       strpbrk(url, "\\\"<>^`{|}#;,'") == NULL;
}

int option_check_redirect(const char *text, struct error *why)
{
	size_t length = loopback_length(text);

	if (!is_clean(text))
		return error_set(why,
			"has a #, is too long, or has characters that must be percent-encoded");
	if (length > 0 && text[length] == ':')
		return error_set(why, "has a port: leave it out, every port is allowed");
	if (length > 0 && text[length] != '/')
		return error_set(why, "has no path: write at least http://127.0.0.1/");
	if (strncasecmp(text, "http:", 5) == 0 && length == 0)
		return error_set(why, "is http: pages need https, and native applications "
				      "http://127.0.0.1/ or http://[::1]/");
	if (is_web(text))
		return config_check_front(text, why);
	length = strcspn(text, ":");
	if (text[length] == ':' && is_scheme(text, length) && text[length + 1] == '/')
		return 0;
	return error_set(why, "must be https://host/path, http://127.0.0.1/path or a private "
			      "scheme like org.example.app:/path");
}

/* ---- finding a target ---- */

const char *redirect_origin_of(const struct platform_peer *peer, const char *page)
{
	for (size_t i = 0; i < peer->origins.count; i++) {
		size_t length = strlen(peer->origins.items[i]);

		if (strncmp(page, peer->origins.items[i], length) == 0 &&
			(page[length] == '\0' || page[length] == '/' || page[length] == '?'))
			return peer->origins.items[i];
	}
	return NULL;
}

const char *redirect_page_of(const struct platform_peer *peer, const char *origin)
{
	if (peer->app_url != NULL && strcmp(peer->site, origin) == 0)
		return peer->app_url;
	for (size_t i = 0; i < peer->redirects.count; i++) {
		const char *of = redirect_origin_of(peer, peer->redirects.items[i]);

		if (of != NULL && strcmp(of, origin) == 0)
			return peer->redirects.items[i];
	}
	return NULL;
}

/* Whether a URL is the listed loopback URL, with any port. */
static bool is_at_loopback(const char *listed, const char *url)
{
	size_t length = loopback_length(listed);
	char port[8];
	size_t digits;
	int64_t number;

	if (length == 0 || strncmp(url, listed, length) != 0)
		return false;
	if (url[length] != ':')
		return strcmp(url + length, listed + length) == 0;
	digits = strspn(url + length + 1, "0123456789");
	if (digits >= sizeof port)
		return false;
	memcpy(port, url + length + 1, digits);
	port[digits] = '\0';
	return text_to_number(port, 1, 65535, &number) == 0 &&
	       strcmp(url + length + 1 + digits, listed + length) == 0;
}

enum redirect_kind redirect_find(
	const struct platform_peer *peer, const char *url, const char **origin_r)
{
	*origin_r = "";
	if (peer->app_url != NULL && strcmp(peer->app_url, url) == 0) {
		*origin_r = peer->site;
		return REDIRECT_PAGE;
	}
	for (size_t i = 0; i < peer->redirects.count; i++) {
		const char *listed = peer->redirects.items[i];
		bool native = redirect_is_native(listed);

		if (!is_at_loopback(listed, url) && strcmp(listed, url) != 0)
			continue;
		if (!native)
			*origin_r = redirect_origin_of(peer, listed);
		return native ? REDIRECT_NATIVE : REDIRECT_PAGE;
	}
	return REDIRECT_UNKNOWN;
}

/* A Content-Security-Policy cannot name [::1]. Current browsers need none of this: they receive a
 * page that navigates by itself instead of a redirect (view/onward.c). */
void redirect_append_sources(const struct platform_peer *peer, struct buffer *sources)
{
	for (size_t i = 0; i < peer->redirects.count; i++) {
		const char *listed = peer->redirects.items[i];

		if (strncmp(listed, "http://[", 8) == 0)
			continue;
		if (loopback_length(listed) > 0)
			buffer_text(sources, " http://127.0.0.1:*");
		else if (redirect_is_native(listed))
			buffer_printf(sources, " %.*s:", (int)strcspn(listed, ":"), listed);
		else
			buffer_printf(sources, " %s", redirect_origin_of(peer, listed));
	}
}
