/* SPDX-License-Identifier: MIT
 *
 * Values of the configuration and of headers: addresses, hosts, networks, times, durations, numbers
 * and patterns. The line ends at the first newline; what is behind it is the text that a pattern is
 * compared with.
 */
#include "fuzz.h"

#include "base/network.h"
#include "base/text.h"
#include "config/config.h"
#include "http/page.h"
#include "platform/shared/conference.h"
#include "platform/shared/links.h"

static void network_of(const char *text)
{
	struct network network, around[NETWORK_AROUND_MAX];
	size_t count = network_around(text, around);

	if (network_parse(text, &network) == NULL)
		PROMISE(network_covers(&network, &network));
	for (size_t i = 1; i < count; i++)
		PROMISE(network_covers(&around[i], &around[i - 1]));
}

static void address_of(const char *text)
{
	static const char *const hosts[] = {"example.org", "other.example:8443"};
	const struct links links = {{hosts, 2}, "hosts"};
	char host[LINKS_HOST_MAX];
	struct error error = {""};
	struct buffer url = BUFFER_INIT(LINK_MAX);
	int64_t port;
	char *copy = strdup(text);

	if (config_check_url(text, &error) == 0)
		config_to_origin(copy);
	config_check_front(text, &error);
	if (links_allow(&links, text)) {
		PROMISE(links_split(text, host, &port) == 0 && port > 0 && port < 65536);
		PROMISE(links_is_below(host, "example.org") ||
			(strcmp(host, "other.example") == 0 && port == 8443) ||
			links_is_below(host, "other.example"));
	}
	if (links_follow(&links, "link", "https://a.example.org/b/c", text, &url, &error) == 0)
		PROMISE(links_allow(&links, url.data));
	buffer_release(&url);
	free(copy);
}

static void number_of(const char *text)
{
	char again[TEXT_TIME_SIZE];
	int64_t value, same;

	if (text_to_number(text, -5, 1000000, &value) == 0)
		PROMISE(value >= -5 && value <= 1000000);
	if (text_to_duration(text, &value) == 0)
		PROMISE(value >= 0);
	if (text_to_time(text, &value) == 0 && value > 0 && text_from_time(value, again)[0] != '?')
		PROMISE(text_to_time(again, &same) == 0 && same == value);
	text_is_host(text);
}

static void conference_of(const char *text)
{
	char uri[CONFERENCE_TEXT_MAX], name[CONFERENCE_TEXT_MAX], again[CONFERENCE_TEXT_MAX];
	struct conference conference, same;

	if (conference_read(text, &conference) != 0)
		return;
	conference_write(&conference, uri);
	conference_name(&conference, name);
	PROMISE(conference_read(uri, &same) == 0);
	conference_name(&same, again);
	PROMISE(strcmp(name, again) == 0);
	PROMISE(conference_read(name, &same) == 0);
	conference_name(&same, again);
	PROMISE(strcmp(name, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *line = take_until('\n', &bytes, &length), *rest = copy_of(bytes, length);
	struct buffer html = BUFFER_INIT(1 << 20);

	network_of(line);
	address_of(line);
	number_of(line);
	conference_of(line);
	PROMISE(text_matches(line, rest, false) <= text_matches(line, rest, true));
	PROMISE(text_matches("*", rest, false));
	page_escape(&html, rest);
	PROMISE(html.data == NULL || strpbrk(html.data, "<>\"'") == NULL);
	buffer_release(&html);
	rest[text_strip(rest, strlen(rest))] = '\0';
	free(rest);
	free(line);
	return 0;
}
