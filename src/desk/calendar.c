/* SPDX-License-Identifier: MIT */
#include "desk/calendar.h"

#include "base/text.h"

enum {
	LINE_MAX_BYTES = 75, /* without its end (RFC 5545, section 3.1) */
	FIELD_MAX = 16 * 1024,
};

/* Splits a long line; those that continue it begin with a space. No character is cut. */
static void append_folded(const char *line, struct buffer *text)
{
	size_t left = strlen(line), room = LINE_MAX_BYTES;

	while (left > room) {
		size_t length = room;

		while (((unsigned char)line[length] & 0xc0) == 0x80)
			length--;
		buffer_append(text, line, length);
		buffer_text(text, "\r\n ");
		line += length;
		left -= length;
		room = LINE_MAX_BYTES - 1;
	}
	buffer_text(text, line);
	buffer_text(text, "\r\n");
}

static void append_field(const char *name, const char *value, struct buffer *text)
{
	struct buffer line = BUFFER_INIT(FIELD_MAX);

	buffer_printf(&line, "%s:%s", name, value);
	if (line.failed || line.data == NULL)
		text->failed = true;
	else
		append_folded(line.data, text);
	buffer_wipe(&line);
}

/* Appends a field of the type TEXT (section 3.3.11). */
static void append_text(const char *name, const char *value, struct buffer *text)
{
	struct buffer escaped = BUFFER_INIT(FIELD_MAX);

	buffer_text(&escaped, "");
	for (const char *c = value; *c != '\0'; c++) {
		if (strchr("\\;,\n", *c) != NULL)
			buffer_text(&escaped, "\\");
		buffer_append(&escaped, *c == '\n' ? "n" : c, 1);
	}
	if (escaped.failed)
		text->failed = true;
	else
		append_field(name, escaped.data, text);
	buffer_wipe(&escaped);
}

/* "20261231T180000Z": the time of RFC 3339 without its separators. */
static void append_time(const char *name, int64_t seconds, struct buffer *text)
{
	char time[TEXT_TIME_SIZE], *end = time;

	text_from_time(seconds, time);
	for (const char *c = time; *c != '\0'; c++)
		if (*c != '-' && *c != ':')
			*end++ = *c;
	*end = '\0';
	append_field(name, time, text);
}

void calendar_write(const struct calendar_event *event, struct buffer *text)
{
	append_field("BEGIN", "VCALENDAR", text);
	append_field("VERSION", "2.0", text);
	append_field("PRODID", "-//meetauth//guest desk//EN", text);
	append_field("BEGIN", "VEVENT", text);
	append_text("UID", event->uid, text);
	append_time("DTSTAMP", event->made, text);
	append_time("DTSTART", event->begins, text);
	append_time("DTEND", event->ends, text);
	append_text("SUMMARY", event->title, text);
	append_text("LOCATION", event->link, text); /* many programs do not show the URL */
	append_field("URL", event->link, text);
	append_field("END", "VEVENT", text);
	append_field("END", "VCALENDAR", text);
}
