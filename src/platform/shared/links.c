/* SPDX-License-Identifier: MIT */
#include "platform/shared/links.h"

#include "base/text.h"
#include "config/config.h"

#include <strings.h>

enum { SHOWN_MAX = 81, SEGMENT_MAX = 200 };

bool links_is_below(const char *host, const char *domain)
{
	size_t length = strlen(host), tail = strlen(domain);

	if (length < tail || strcasecmp(host + length - tail, domain) != 0)
		return false;
	return length == tail || host[length - tail - 1] == '.';
}

/* The port is the URL's, or the default of the scheme. */
int links_split(const char *url, char host[LINKS_HOST_MAX], int64_t *port_r)
{
	const char *from = strstr(url, "://") + 3;
	size_t length = strcspn(from, "/?");
	char *colon;

	*port_r = strncasecmp(url, "https", 5) == 0 ? 443 : 80;
	if (length >= LINKS_HOST_MAX || from[0] == '[')
		return -1;
	text_lower(from, host, length + 1);
	colon = strchr(host, ':');
	if (colon == NULL)
		return 0;
	*colon = '\0';
	return text_to_number(colon + 1, 1, 65535, port_r);
}

static bool covers(const char *entry, const char *host, int64_t port, int64_t usual)
{
	char name[LINKS_HOST_MAX];
	size_t length = strcspn(entry, ":");
	int64_t wanted = usual;

	if (length >= sizeof name)
		return false;
	memcpy(name, entry, length);
	name[length] = '\0';
	if (entry[length] == ':' && text_to_number(entry + length + 1, 1, 65535, &wanted) != 0)
		return false;
	return port == wanted && links_is_below(host, name);
}

bool links_is_clean(const char *url)
{
	return text_is_visible_ascii(url) && strlen(url) < LINK_MAX &&
	       strpbrk(url, "\\\"<>^`{|}#") == NULL;
}

int links_trim(const char *url, char *trimmed, size_t size)
{
	size_t length = strcspn(url, "?");

	if (!links_is_clean(url) || length >= size)
		return -1;
	if (length > 0 && url[length - 1] == '/')
		length--;
	memcpy(trimmed, url, length);
	trimmed[length] = '\0';
	return 0;
}

bool links_allow(const struct links *links, const char *url)
{
	char host[LINKS_HOST_MAX];
	int64_t port = 0, usual;

	if (!links_is_clean(url) || config_check_front(url, NULL) != 0 ||
		links_split(url, host, &port) != 0)
		return false;
	usual = strncasecmp(url, "https", 5) == 0 ? 443 : 80;
	for (size_t i = 0; i < links->hosts.count; i++)
		if (covers(links->hosts.items[i], host, port, usual))
			return true;
	return false;
}

/* Resolves the link and appends the URL if it is allowed. Returns 0 or -1. */
static int follow(const struct links *links, const char *base, const char *link, struct buffer *url)
{
	char whole[LINK_MAX];
	const char *host = strstr(base, "://");
	int length;

	if (link == NULL || host == NULL)
		return -1;
	if (link[0] == '/' && link[1] != '/')
		length = snprintf(whole, sizeof whole, "%.*s%s",
			(int)(host + 3 - base + (int)strcspn(host + 3, "/?")), base, link);
	else
		length = snprintf(whole, sizeof whole, "%s", link);
	if (length >= (int)sizeof whole || !links_allow(links, whole))
		return -1;
	buffer_text(url, whole);
	return url->failed ? -1 : 0;
}

/* Writes the host and port of a link for the log, never its user name or password. The link may be
 * malformed. */
static void show_host(const char *link, char text[SHOWN_MAX])
{
	const char *from = strstr(link, "//");
	size_t length, used = 0;

	from = from != NULL ? from + 2 : link + strlen(link);
	length = strcspn(from, "/?#\\");
	for (size_t i = 0; i < length; i++)
		if (from[i] == '@')
			used = i + 1;
	from += used;
	length -= used;
	snprintf(text, SHOWN_MAX, "%.*s", (int)(length < SHOWN_MAX ? length : SHOWN_MAX - 1), from);
	for (char *at = text; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' || *at == '"')
			*at = '?';
}

int links_follow(const struct links *links, const char *what, const char *base, const char *link,
	struct buffer *url, struct error *error)
{
	char host[SHOWN_MAX];

	if (link == NULL)
		return error_set(error, "%s is missing, or not a string", what);
	if (follow(links, base, link, url) == 0)
		return 0;
	show_host(link, host);
	if (host[0] == '\0')
		return error_set(error, "%s is not an https URL", what);
	return error_set(error, "%s leads to %s, which is not https or not in %s", what, host,
		links->called);
}

bool links_have_domain(const struct config_list *domains, const char *domain)
{
	for (size_t i = 0; i < domains->count; i++)
		if (strcasecmp(domains->items[i], domain) == 0)
			return true;
	return false;
}

void links_host_of(const char *url, char host[PLATFORM_URL_MAX])
{
	const char *from = strstr(url, "://") + 3;
	size_t length = from[0] == '[' ? strcspn(from, "]") + 1 : strcspn(from, ":/");

	text_lower(from, host, length + 1);
}

size_t links_segments(const char *path, size_t maximum, const char *others)
{
	char segment[SEGMENT_MAX + 1];
	size_t count = 0;

	for (;; path++) {
		size_t length = strcspn(path, "/");

		if (length > SEGMENT_MAX)
			return 0;
		memcpy(segment, path, length);
		segment[length] = '\0';
		if (!text_is_token(segment, 1, maximum, others))
			return 0;
		count++;
		path += length;
		if (path[0] == '\0')
			return count;
	}
}
