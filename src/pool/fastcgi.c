/* SPDX-License-Identifier: MIT */
#include "pool/fastcgi.h"

#include <fastcgi.h>

/* Copies the contents of the records of one stream, up to the empty record that ends it, and
 * advances `*at`. Returns where the next record begins. */
static const uint8_t *copy_stream(const uint8_t *record, char **at)
{
	size_t length;

	do {
		length = (size_t)(record[4] << 8 | record[5]);
		memcpy(*at, record + FCGI_HEADER_LEN, length);
		*at += length;
		record += FCGI_HEADER_LEN + length + record[6];
	} while (length > 0);
	return record;
}

static size_t take_length(const uint8_t **at)
{
	const uint8_t *c = *at;

	if (c[0] < 0x80) {
		*at += 1;
		return c[0];
	}
	*at += 4;
	return (size_t)(c[0] & 0x7f) << 24 | (size_t)c[1] << 16 | (size_t)c[2] << 8 | c[3];
}

/* Rewrites the pairs in their place as "NAME=value" and a NUL each: the two lengths before a pair
 * take at least the two bytes that '=' and NUL need. Returns the new size. */
static size_t decode_pairs(char *block, size_t length)
{
	const uint8_t *from = (const uint8_t *)block, *end = from + length;
	char *to = block;

	while (from < end) {
		size_t name = take_length(&from), value = take_length(&from);

		memmove(to, from, name);
		to[name] = '=';
		memmove(to + name + 1, from + name, value);
		from += name + value;
		to += name + 1 + value;
		*to++ = '\0';
	}
	return (size_t)(to - block);
}

int fastcgi_parse(
	const uint8_t *bytes, const struct framing_result *framing, struct request *request)
{
	bool whole = framing->end > 0;
	size_t body_length = whole ? framing->body_length : 0, params_size;
	char *block = malloc(framing->params_length + body_length + 1), *at = block;
	const uint8_t *begin = bytes;

	if (block == NULL)
		return -1;
	bytes += FCGI_HEADER_LEN + sizeof(FCGI_BeginRequestBody) + begin[6];
	bytes = copy_stream(bytes, &at);
	params_size = decode_pairs(block, framing->params_length);
	at = block + params_size;
	if (whole)
		copy_stream(bytes, &at);
	*at = '\0';
	request_init(request, block, params_size, body_length);
	return 0;
}
