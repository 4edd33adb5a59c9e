/* SPDX-License-Identifier: MIT */
#include "state/redis/address.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

enum { PORT_DEFAULT = 6379, PORT_SENTINEL = 26379, PORT_MAX = 65535 };

static const struct {
	const char *start;
	bool is_tls, is_socket;
} schemes[] = {
	{"redis://", false, false},
	{"rediss://", true, false},
	{"redis+unix://", false, true},
};

enum { SCHEMES = sizeof schemes / sizeof *schemes };

static size_t find_scheme(const char *text)
{
	size_t i = 0;

	while (i < SCHEMES && strncmp(text, schemes[i].start, strlen(schemes[i].start)) != 0)
		i++;
	return i;
}

bool redis_is_address(const char *text)
{
	return strncmp(text, "redis", 5) == 0;
}

/* Takes "user@" off the front of `text`. NULL with an error. */
static const char *take_user(const char *text, struct redis_address *address, struct error *error)
{
	const char *end = text + strcspn(text, "/?");
	const char *at = memrchr(text, '@', (size_t)(end - text));

	if (at == NULL)
		return text;
	if (memchr(text, ':', (size_t)(at - text)) != NULL) {
		error_set(error, "the password must not be in the address: store it with "
				 "\"meetauthctl secret set state\"");
		return NULL;
	}
	if (text_copy(address->user, sizeof address->user, text, (size_t)(at - text)) != 0 ||
		!text_is_visible_ascii(address->user)) {
		error_set(error, "the user before the @ is not a user name of the server");
		return NULL;
	}
	return at + 1;
}

static int take_number(const char *text, int64_t max, unsigned *number_r)
{
	int64_t number;

	if (text_to_number(text, 0, max, &number) != 0)
		return -1;
	*number_r = (unsigned)number;
	return 0;
}

static int parse_db(const char *text, struct redis_address *address, struct error *error)
{
	if (take_number(text, REDIS_DB_MAX, &address->db) == 0)
		return 0;
	return error_set(error, "\"%.40s\": the database is not a number", text);
}

/* The host ends before ':' or '/', or at the bracket of an IPv6 address. */
static int parse_host(const char *text, struct redis_address *address, struct error *error)
{
	bool bracket = text[0] == '[';
	const char *from = bracket ? text + 1 : text, *rest;
	size_t length = strcspn(from, bracket ? "]" : ":/?");
	char port[8];

	if (text_copy(address->host, sizeof address->host, from, length) != 0 ||
		!text_is_visible_ascii(address->host) || (bracket && from[length] != ']'))
		return error_set(error, "expected a host, as in \"redis://127.0.0.1:6379/0\"");
	rest = from + length + (bracket ? 1 : 0);
	if (rest[0] == ':') {
		length = strcspn(rest + 1, "/?");
		if (text_copy(port, sizeof port, rest + 1, length) != 0 ||
			take_number(port, PORT_MAX, &address->port) != 0 || address->port == 0)
			return error_set(error, "the port is not a number from 1 to %d", PORT_MAX);
		rest += 1 + length;
	}
	if (rest[0] == '/' && rest[1] != '\0')
		return parse_db(rest + 1, address, error);
	if (rest[0] == '\0' || rest[0] == '/')
		return 0;
	return error_set(error, "\"%.40s\": expected nothing behind the database", rest);
}

static int parse_socket(const char *text, struct redis_address *address, struct error *error)
{
	size_t length = strcspn(text, "?");

	if (text[0] != '/' || text_copy(address->path, sizeof address->path, text, length) != 0)
		return error_set(error,
			"expected the path of a socket, at most %d bytes, as in "
			"\"redis+unix:///run/redis/redis.sock\"",
			REDIS_PATH_MAX);
	if (text[length] == '\0')
		return 0;
	if (strncmp(text + length, "?db=", 4) == 0)
		return parse_db(text + length + 4, address, error);
	return error_set(error, "\"%.40s\": expected \"?db=NUMBER\"", text + length);
}

int redis_address_parse(const char *text, struct redis_address *address, struct error *error)
{
	size_t scheme = find_scheme(text);

	memset(address, 0, sizeof *address);
	if (scheme == SCHEMES)
		return error_set(error,
			"expected \"redis://HOST\", \"rediss://HOST\" or \"redis+unix:///PATH\"");
	address->port = PORT_DEFAULT;
	address->is_tls = schemes[scheme].is_tls;
	text = take_user(text + strlen(schemes[scheme].start), address, error);
	if (text == NULL)
		return -1;
	return schemes[scheme].is_socket ? parse_socket(text, address, error)
					 : parse_host(text, address, error);
}

int redis_sentinel_parse(const char *text, struct redis_address *address, struct error *error)
{
	memset(address, 0, sizeof *address);
	address->port = PORT_SENTINEL;
	return parse_host(text, address, error);
}
