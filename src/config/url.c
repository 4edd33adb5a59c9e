/* SPDX-License-Identifier: MIT */
#include "config/config.h"

#include "base/text.h"

#include <strings.h>
#include <uriparser/Uri.h>

/* longer than any sensible address */
enum { URL_MAX = 1024 };

static bool is_empty(const UriTextRangeA *range)
{
	return range->first == range->afterLast;
}

static bool equals(const UriTextRangeA *range, const char *text)
{
	size_t length = strlen(text);

	return range->first != NULL && (size_t)(range->afterLast - range->first) == length &&
	       strncmp(range->first, text, length) == 0;
}

static bool is_loopback(const UriUriA *uri)
{
	static const unsigned char loopback6[16] = {[15] = 1};

	if (uri->hostData.ip4 != NULL)
		return uri->hostData.ip4->data[0] == 127;
	if (uri->hostData.ip6 != NULL)
		return memcmp(uri->hostData.ip6->data, loopback6, sizeof loopback6) == 0;
	return uri->hostText.afterLast - uri->hostText.first == 9 &&
	       strncasecmp(uri->hostText.first, "localhost", 9) == 0;
}

static int check_scheme(const UriUriA *uri, struct error *error)
{
	if (equals(&uri->scheme, "https"))
		return 0;
	if (!equals(&uri->scheme, "http"))
		return error_set(error, "is not an address that starts with https://");
	if (!is_loopback(uri))
		return error_set(error,
			"names another host, and http:// is for this machine only (localhost, "
			"127.0.0.1, [::1]): write https://");
	return 0;
}

/* Host names are stricter than in RFC 3986: no percent encoding, no underscore. */
static bool is_host(const UriUriA *uri)
{
	char host[256];
	size_t length = (size_t)(uri->hostText.afterLast - uri->hostText.first);

	if (uri->hostData.ip4 != NULL || uri->hostData.ip6 != NULL)
		return true;
	if (uri->hostData.ipFuture.first != NULL || length == 0 || length >= sizeof host)
		return false;
	memcpy(host, uri->hostText.first, length);
	host[length] = '\0';
	return text_is_host(host);
}

static bool is_port(const UriTextRangeA *range)
{
	char port[8];
	size_t length = (size_t)(range->afterLast - range->first);
	int64_t number;

	if (range->first == NULL)
		return true;
	if (length == 0 || length >= sizeof port)
		return false;
	memcpy(port, range->first, length);
	port[length] = '\0';
	return text_to_number(port, 1, 65535, &number) == 0;
}

static int check_parts(const UriUriA *uri, struct error *error)
{
	if (check_scheme(uri, error) != 0)
		return -1;
	if (uri->hostText.first == NULL || is_empty(&uri->hostText) || !is_host(uri))
		return error_set(error, "has no valid host name");
	if (!is_port(&uri->portText))
		return error_set(error, "has a port that is not 1 to 65535");
	if (uri->userInfo.first != NULL)
		return error_set(error, "has a user name in it: remove everything up to the @");
	if (uri->query.first != NULL)
		return error_set(error, "has a query: remove the ? and what follows");
	if (uri->fragment.first != NULL)
		return error_set(error, "has a fragment: remove the # and what follows");
	return 0;
}

int config_check_url(const char *url, struct error *error)
{
	UriUriA uri;
	int rc;

	if (!text_is_visible_ascii(url) || strlen(url) > URL_MAX)
		return error_set(
			error, "is not an address of at most %d visible ASCII characters", URL_MAX);
	if (uriParseSingleUriA(&uri, url, NULL) != URI_SUCCESS)
		return error_set(error, "is not an address like https://host/path");
	rc = check_parts(&uri, error);
	uriFreeUriMembersA(&uri);
	return rc;
}

int config_check_front(const char *url, struct error *error)
{
	char *front = strndup(url, strcspn(url, "?"));
	int rc = front != NULL ? config_check_url(front, error) : error_set(error, "out of memory");

	free(front);
	return rc;
}

void config_to_origin(char *url)
{
	static const char *const ports[][2] = {{"https:", ":443"}, {"http:", ":80"}};
	size_t length = strlen(url);

	text_lower(url, url, strlen(url) + 1);
	for (size_t i = 0; i < 2; i++) {
		size_t end = strlen(ports[i][1]);

		if (strncmp(url, ports[i][0], strlen(ports[i][0])) == 0 && length > end &&
			strcmp(url + length - end, ports[i][1]) == 0)
			url[length - end] = '\0';
	}
}
