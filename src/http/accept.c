/* SPDX-License-Identifier: MIT */
#include "http/accept.h"

#include <strings.h>

static const char blanks[] = " \t";

/* RFC 9110 12.4.2: "0" to "1" with at most three digits behind the point. -1 for anything else. */
static int read_quality(const char *text, size_t length)
{
	int quality = 0, weight = 1000;

	if (length == 0 || length > 5 || (text[0] != '0' && text[0] != '1'))
		return -1;
	if (length > 1 && text[1] != '.')
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (i == 1)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return -1;
		quality += (text[i] - '0') * weight;
		weight /= 10;
	}
	return quality <= 1000 ? quality : -1;
}

/* Reads one ";name=value" at *at. 0 or -1. */
static int read_parameter(const char **at, struct accept_item *item)
{
	const char *name = *at + 1 + strspn(*at + 1, blanks);
	size_t length = strcspn(name, "=,; \t"), value_length;

	if (name[length] != '=')
		return -1;
	value_length = strcspn(name + length + 1, ",; \t");
	*at = name + length + 1 + value_length;
	if (length != 1 || (name[0] | 0x20) != 'q')
		return 0;
	item->quality = read_quality(name + 2, value_length);
	return item->quality < 0 ? -1 : 0;
}

enum accept accept_next(const char **at, struct accept_item *item)
{
	*at += strspn(*at, " \t,"); /* empty elements are allowed (RFC 9110 5.6.1.2) */
	if (**at == '\0')
		return ACCEPT_END;
	item->name = *at;
	item->length = strcspn(*at, ",; \t");
	item->quality = 1000;
	*at += item->length;
	if (item->length == 0)
		return ACCEPT_BAD;
	for (;;) {
		*at += strspn(*at, blanks);
		if (**at == ',' || **at == '\0')
			return ACCEPT_ITEM;
		if (**at != ';' || read_parameter(at, item) != 0)
			return ACCEPT_BAD;
	}
}

bool accept_is(const struct accept_item *item, const char *name)
{
	return strlen(name) == item->length && strncasecmp(item->name, name, item->length) == 0;
}
