/* SPDX-License-Identifier: MIT */
#include "telemetry/log.h"

#include "base/clock.h"
#include "telemetry/journal.h"
#include "telemetry/sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <syslog.h>

enum {
	VALUE_MAX = 512,
	MESSAGE_MAX = 2048, /* longest message; an error may quote a path */
	END_ROOM = 16,	    /* for the longest end: ,"cut":true} and a newline */
};

static _Atomic enum log_target log_target = LOG_TO_STDERR;
static _Atomic enum log_format log_format = LOG_AS_LOGFMT;

void log_setup(enum log_target target, enum log_format format)
{
	/* The lines say who signed in from where. Distributions file LOG_AUTHPRIV so that only
	 * administrators can read it; more people may read LOG_DAEMON. */
	if (target == LOG_TO_SYSLOG)
		openlog(NULL, LOG_PID | LOG_NDELAY, LOG_AUTHPRIV);
	else if (log_target == LOG_TO_SYSLOG)
		closelog();
	log_target = target;
	log_format = target == LOG_TO_JOURNAL ? LOG_AS_LOGFMT : format;
}

void log_how(enum log_target *target_r, enum log_format *format_r)
{
	*target_r = log_target;
	*format_r = log_format;
}

/* ---- one line ---- */

static void put(struct log_line *line, const char *bytes, size_t length)
{
	if (line->overflow || length > LOG_LINE_MAX - END_ROOM - line->length) {
		line->overflow = true;
		return;
	}
	memcpy(line->text + line->length, bytes, length);
	line->length += length;
}

static void put_key(struct log_line *line, const char *key)
{
	bool json = line->format == LOG_AS_JSON;

	if (line->length > 0)
		put(line, json ? "," : " ", 1);
	else if (json)
		put(line, "{", 1);
	if (json)
		put(line, "\"", 1);
	put(line, key, strlen(key));
	put(line, json ? "\":" : "=", json ? 2 : 1);
}

/* A field is written whole or not at all; later, shorter ones may still fit. */
static void end_field(struct log_line *line, size_t start)
{
	if (line->overflow) {
		line->length = start;
		line->full = true;
	}
	line->overflow = false;
}

enum { SPECIAL = 0, QUOTED, BARE };

/* Where a byte needs no escape: BARE in a logfmt value without quotes, QUOTED within quotes. */
static const uint8_t byte_class[256] = {
	[' '] = QUOTED,
	['!'] = BARE,
	['#' ... '<'] = BARE,
	['='] = QUOTED,
	['>' ... '['] = BARE,
	[']' ... '~'] = BARE,
};

/* Length of the UTF-8 sequence at `bytes` and its code point; 0 if it is not one (RFC 3629). */
static size_t decode(const unsigned char *bytes, size_t left, uint32_t *code_r)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = bytes[0];
	size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t code = first & (0x7fu >> length);

	if (first < 0xc2 || first > 0xf4 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_r = code;
	return length;
}

/* Whether the character ends a line, moves a terminal's cursor or changes the text direction. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069);
}

static void put_code(struct log_line *line, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	char text[] = {'\\', 'u', hex[code >> 12 & 15], hex[code >> 8 & 15], hex[code >> 4 & 15],
		hex[code & 15]};

	if (code == '\n')
		put(line, "\\n", 2);
	else if (code == '\t')
		put(line, "\\t", 2);
	else if (code == '\r')
		put(line, "\\r", 2);
	else
		put(line, text, sizeof text);
}

/* Writes a character that needs an escape and returns its length. */
static size_t put_special(struct log_line *line, const unsigned char *bytes, size_t left)
{
	uint32_t code = bytes[0];
	size_t length = code < 0x80 ? 1 : decode(bytes, left, &code);

	if (code == '"' || code == '\\')
		put(line, code == '"' ? "\\\"" : "\\\\", 2);
	else if (length == 0)
		put(line, "\xef\xbf\xbd", 3); /* U+FFFD */
	else if (is_control(code))
		put_code(line, code);
	else
		put(line, (const char *)bytes, length);
	return length > 0 ? length : 1;
}

static void put_quoted(struct log_line *line, const unsigned char *bytes, size_t length)
{
	put(line, "\"", 1);
	for (size_t at = 0; at < length && !line->overflow;) {
		size_t start = at;

		while (at < length && byte_class[bytes[at]] != SPECIAL)
			at++;
		put(line, (const char *)bytes + start, at - start);
		if (at < length)
			at += put_special(line, bytes + at, length - at);
	}
	put(line, "\"", 1);
}

static bool is_bare(const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length && byte_class[bytes[at]] == BARE)
		at++;
	return at == length && length > 0;
}

/* Length of `value`, cut to `maximum` bytes between characters. */
static size_t cut_length(const char *value, size_t maximum)
{
	size_t length = strnlen(value, maximum + 1);

	if (length <= maximum)
		return length;
	length = maximum;
	while (length > maximum - 3 && ((unsigned char)value[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void add_text(struct log_line *line, const char *key, const char *value, size_t maximum)
{
	size_t start = line->length, length = cut_length(value, maximum);

	put_key(line, key);
	if (line->format == LOG_AS_LOGFMT && is_bare((const unsigned char *)value, length))
		put(line, value, length);
	else
		put_quoted(line, (const unsigned char *)value, length);
	end_field(line, start);
}

static void put_number(struct log_line *line, uint64_t number)
{
	char digits[20];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	put(line, digits + at, sizeof digits - at);
}

/* Caches all but the milliseconds, which alone change between most lines. */
static void add_time(struct log_line *line)
{
	static _Thread_local char text[] = "2000-01-01T00:00:00.000Z";
	static _Thread_local time_t second = -1;
	enum { MILLISECONDS = 20 };
	int64_t now = clock_wall_ms();
	struct tm tm;

	if (now / 1000 != second) {
		second = (time_t)(now / 1000);
		gmtime_r(&second, &tm);
		strftime(text, MILLISECONDS, "%Y-%m-%dT%H:%M:%S", &tm);
		text[MILLISECONDS - 1] = '.'; /* overwrites strftime's NUL */
	}
	text[MILLISECONDS] = (char)('0' + now / 100 % 10);
	text[MILLISECONDS + 1] = (char)('0' + now / 10 % 10);
	text[MILLISECONDS + 2] = (char)('0' + now % 10);
	add_text(line, "time", text, VALUE_MAX);
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
	static const char *const names[] = {"debug", "info", "warning", "error"};

	line->length = 0;
	line->full = line->overflow = false;
	line->level = level;
	line->target = log_target;
	line->format = log_format;
	if (line->target == LOG_TO_STDERR) /* the others add their own */
		add_time(line);
	add_text(line, "level", names[level], VALUE_MAX);
	add_text(line, "event", event, VALUE_MAX);
}

void log_text(struct log_line *line, const char *key, const char *value)
{
	if (value != NULL)
		add_text(line, key, value, VALUE_MAX);
}

void log_number(struct log_line *line, const char *key, int64_t value)
{
	size_t start = line->length;

	put_key(line, key);
	if (value < 0)
		put(line, "-", 1);
	put_number(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
	end_field(line, start);
}

/* ---- where it goes ---- */

void log_end(struct log_line *line)
{
	static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERR};
	bool json = line->format == LOG_AS_JSON;
	const char *end = json ? (line->full ? ",\"cut\":true}\n" : "}\n")
			       : (line->full ? " cut=true\n" : "\n");
	size_t length = strlen(end);
	int saved = errno;
	bool in_journal;

	memcpy(line->text + line->length, end, length); /* fits: END_ROOM is reserved */
	line->length += length;
	in_journal = line->target == LOG_TO_JOURNAL &&
		     journal_put(line->text, line->length - 1, priorities[line->level]) == 0;
	if (line->target == LOG_TO_SYSLOG)
		syslog(priorities[line->level], "%.*s", (int)line->length - 1, line->text);
	else if (!in_journal)
		sink_put(line->text, line->length);
	errno = saved;
}

void log_flush(void)
{
	int saved = errno;

	sink_flush();
	journal_flush();
	errno = saved;
}

void log_message(enum log_level level, const char *event, const char *format, ...)
{
	struct log_line line;
	char text[MESSAGE_MAX + 1];
	int saved = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_begin(&line, level, event);
	add_text(&line, "message", text, MESSAGE_MAX);
	log_end(&line);
	log_flush();
	errno = saved;
}
