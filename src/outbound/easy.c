/* SPDX-License-Identifier: MIT */
#include "outbound/easy.h"

#include <ctype.h>
#include <strings.h>

void easy_set_safety(CURL *easy, bool tls, const char *ca_file)
{
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
	curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* not from the environment either */
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	/* With HTTP/2 a request that the server did not process looks like one that it broke. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	/* Asks for none; libcurl decodes what is sent all the same. */
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "identity");
	if (!tls)
		return;
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca_file[0] != '\0')
		curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
}

void easy_aim(CURL *easy, struct aim *aim, const char *address)
{
	bool six = strchr(address, ':') != NULL;

	snprintf(aim->address, sizeof aim->address, "%s", address);
	snprintf(aim->text, sizeof aim->text, six ? "::[%s]:" : "::%s:", address);
	aim->list = (struct curl_slist){.data = aim->text};
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &aim->list);
}

int64_t easy_share_ms(int64_t left_ms, size_t others)
{
	int64_t share = left_ms / (int64_t)(others + 1);

	if (share < EASY_SHARE_MIN_MS)
		share = EASY_SHARE_MIN_MS;
	return share < left_ms ? share : left_ms;
}

bool easy_is_connected(CURL *easy)
{
	curl_off_t when = 0;

	return curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &when) == CURLE_OK && when > 0;
}

bool easy_has_written(CURL *easy)
{
	long bytes = 0;

	return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &bytes) != CURLE_OK || bytes > 0;
}

bool easy_may_write(CURL *easy, bool sent)
{
	return !sent || !easy_has_written(easy);
}

/* RFC 9112, C.2.2 refers to RFC 2068, 19.7.1.1: parameters by commas. */
int64_t easy_keep_ms(const char *line, size_t length, int64_t keep_ms)
{
	static const char name[] = "keep-alive:", parameter[] = "timeout=";
	char text[128];
	const char *at;
	int64_t seconds = 0;

	if (length < sizeof name || length >= sizeof text ||
		strncasecmp(line, name, sizeof name - 1) != 0)
		return keep_ms;
	memcpy(text, line, length);
	text[length] = '\0';
	at = strcasestr(text, parameter);
	if (at == NULL || !isdigit((unsigned char)at[sizeof parameter - 1]))
		return keep_ms;
	for (at += sizeof parameter - 1; isdigit((unsigned char)*at) && seconds < 3600; at++)
		seconds = seconds * 10 + (*at - '0');
	seconds = seconds > 1 ? seconds * 1000 - 1000 : seconds * 500;
	return seconds < keep_ms ? seconds : keep_ms;
}
