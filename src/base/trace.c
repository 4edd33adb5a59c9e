/* SPDX-License-Identifier: MIT */
#include "base/trace.h"

#include "base/text.h"

#include <sodium.h>

/* "VERSION-TRACE-PARENT-FLAGS", in lower-case hex digits. */
enum { VERSION_AT = 0, ID_AT = 3, PARENT_AT = 36, FLAGS_AT = 53, LENGTH = TRACE_PARENT_SIZE - 1 };

/* The flags that are passed on, "sampled" and "random"; the specification wants others cleared. */
enum { KNOWN_FLAGS = 0x03 };

static _Thread_local const struct trace *used;

static bool is_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

static bool is_zero(const char *text, size_t length)
{
	return strspn(text, "0") >= length;
}

/* A comma joins two header fields, and nobody can tell which one is meant. */
static bool has_length(const char *text)
{
	if (strnlen(text, LENGTH) < LENGTH)
		return false;
	if (text[LENGTH] == '\0')
		return true;
	return strncmp(text, "00", 2) != 0 && text[LENGTH] == '-' && strchr(text, ',') == NULL;
}

static bool is_valid(const char *text)
{
	return has_length(text) && is_hex(text + VERSION_AT, 2) && text[ID_AT - 1] == '-' &&
	       is_hex(text + ID_AT, 32) && text[PARENT_AT - 1] == '-' &&
	       is_hex(text + PARENT_AT, 16) && text[FLAGS_AT - 1] == '-' &&
	       is_hex(text + FLAGS_AT, 2) && strncmp(text, "ff", 2) != 0 &&
	       !is_zero(text + ID_AT, 32) && !is_zero(text + PARENT_AT, 16);
}

bool trace_parse(struct trace *trace, const char *traceparent)
{
	*trace = (struct trace){0};
	if (!is_valid(traceparent))
		return false;
	memcpy(trace->id, traceparent + ID_AT, TRACE_ID_SIZE - 1);
	trace->flags = (uint8_t)(strtoul(traceparent + FLAGS_AT, NULL, 16) & KNOWN_FLAGS);
	return true;
}

void trace_format(const struct trace *trace, char traceparent[TRACE_PARENT_SIZE])
{
	uint8_t parent[8];
	char hex[2 * sizeof parent + 1];

	do
		randombytes_buf(parent, sizeof parent);
	while (sodium_is_zero(parent, sizeof parent));
	text_hex(parent, sizeof parent, hex);
	snprintf(traceparent, TRACE_PARENT_SIZE, "00-%s-%s-%02x", trace->id, hex, trace->flags);
}

void trace_use(const struct trace *trace)
{
	used = trace != NULL && trace->id[0] != '\0' ? trace : NULL;
}

const struct trace *trace_used(void)
{
	return used;
}
