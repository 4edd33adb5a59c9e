/* SPDX-License-Identifier: MIT */
#include "base/site.h"

#include "base/banned.h"

#include <string.h>
#include <strings.h>

/* The host of an address and where it ends; NULL: it has none. */
static const char *host_of(const char *address, size_t *length_r)
{
	const char *host = strstr(address, "://");

	if (host == NULL)
		return NULL;
	host += 3;
	*length_r = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	return host;
}

static bool is_same_scheme(const char *a, const char *b)
{
	size_t length = strcspn(a, ":");

	return strcspn(b, ":") == length && strncasecmp(a, b, length) == 0;
}

/* Second labels below which countries register names. */
static bool is_registry(const char *label, size_t length)
{
	static const char *const labels[] = {"ac", "co", "com", "ed", "edu", "go", "gob", "gouv",
		"gov", "gv", "id", "ltd", "me", "mil", "ne", "net", "nhs", "nom", "or", "org",
		"plc", "sch"};

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (strlen(labels[i]) == length && strncasecmp(labels[i], label, length) == 0)
			return true;
	return false;
}

/* Where the registrable domain of a name begins: its last two labels, or three. */
static size_t domain_of(const char *host, size_t length)
{
	size_t at = length, dots[2] = {0, 0}, count = 0;

	while (at > 0 && count < 3) {
		at--;
		if (host[at] != '.')
			continue;
		if (count < 2)
			dots[count] = at;
		else
			return at + 1; /* of three labels */
		count++;
		if (count == 2 &&
			!(length - dots[0] == 3 && is_registry(host + at + 1, dots[0] - at - 1)))
			return at + 1;
	}
	return 0;
}

static bool is_number(const char *host, size_t length)
{
	return host[0] == '[' || strspn(host, "0123456789.") >= length;
}

bool site_is_same(const char *address, const char *other)
{
	size_t length = 0, other_length = 0, from, other_from;
	const char *host = host_of(address, &length), *other_host = host_of(other, &other_length);

	if (host == NULL || other_host == NULL || !is_same_scheme(address, other))
		return false;
	if (length == other_length && strncasecmp(host, other_host, length) == 0)
		return true;
	if (is_number(host, length) || is_number(other_host, other_length))
		return false;
	from = domain_of(host, length);
	other_from = domain_of(other_host, other_length);
	/* One label is a name of the local network, and no domain that others share. */
	return memchr(host + from, '.', length - from) != NULL &&
	       length - from == other_length - other_from &&
	       strncasecmp(host + from, other_host + other_from, length - from) == 0;
}
