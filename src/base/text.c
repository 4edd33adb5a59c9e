/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <limits.h>
#include <strings.h>

enum {
	SPACE = TEXT_PRINTABLE,
	MARK = TEXT_VISIBLE | SPACE,
	UNRESERVED = TEXT_UNRESERVED | MARK,
	LETTER = TEXT_ALNUM | UNRESERVED,
};

const uint8_t text_classes[256] = {
	[' '] = SPACE,
	['!' ... ','] = MARK,
	['-' ... '.'] = UNRESERVED,
	['/'] = MARK,
	['0' ... '9'] = LETTER,
	[':' ... '@'] = MARK,
	['A' ... 'Z'] = LETTER,
	['[' ... '^'] = MARK,
	['_'] = UNRESERVED,
	['`'] = MARK,
	['a' ... 'z'] = LETTER,
	['{' ... '}'] = MARK,
	['~'] = UNRESERVED,
};

/* Length of the UTF-8 sequence at `c` if it is a printable character, else 0. */
static size_t printable_sequence(const unsigned char *c)
{
	if (c[0] < 0x80)
		return text_has_class((char)c[0], TEXT_PRINTABLE);
	if (c[0] >= 0xc2 && c[0] <= 0xdf && (c[1] & 0xc0) == 0x80)
		return c[0] == 0xc2 && c[1] < 0xa0 ? 0 : 2; /* U+0080..U+009F are controls */
	if ((c[0] & 0xf0) == 0xe0 && (c[1] & 0xc0) == 0x80 && (c[2] & 0xc0) == 0x80) {
		bool overlong = c[0] == 0xe0 && c[1] < 0xa0;
		bool surrogate = c[0] == 0xed && c[1] >= 0xa0;

		return overlong || surrogate ? 0 : 3;
	}
	if (c[0] >= 0xf0 && c[0] <= 0xf4 && (c[1] & 0xc0) == 0x80 && (c[2] & 0xc0) == 0x80 &&
		(c[3] & 0xc0) == 0x80) {
		bool overlong = c[0] == 0xf0 && c[1] < 0x90;
		bool beyond = c[0] == 0xf4 && c[1] >= 0x90;

		return overlong || beyond ? 0 : 4;
	}
	return 0;
}

bool text_is_printable(const char *text)
{
	for (;;) {
		size_t length;

		while (text_has_class(*text, TEXT_PRINTABLE))
			text++;
		if (*text == '\0')
			return true;
		length = printable_sequence((const unsigned char *)text);
		if (length == 0)
			return false;
		text += length;
	}
}

void text_clean(char *text)
{
	while (*text != '\0') {
		size_t length = printable_sequence((const unsigned char *)text);

		if (length == 0)
			*text++ = '?';
		else
			text += length;
	}
}

bool text_is_visible_ascii(const char *text)
{
	const char *c = text;

	while (text_has_class(*c, TEXT_VISIBLE))
		c++;
	return *c == '\0' && c > text;
}

bool text_is_token(const char *text, size_t minimum, size_t maximum, const char *others)
{
	size_t length = 0, dots = 0;
	char c;

	for (; (c = text[length]) != '\0'; length++) {
		if (length >= maximum)
			return false;
		if (text_has_class(c, TEXT_ALNUM))
			continue;
		if (strchr(others, c) == NULL)
			return false;
		dots += c == '.';
	}
	return length >= minimum && length > 0 && dots < length;
}

/* Length of the host name label at `text` (RFC 1123: 1 to 63, no hyphen at either end), or 0. */
static size_t label_length(const char *text)
{
	size_t length = 0;

	while (text_has_class(text[length], TEXT_ALNUM) || text[length] == '-')
		length++;
	if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
		return 0;
	return length;
}

bool text_is_host(const char *text)
{
	size_t at = 0;
	int64_t port;

	for (;;) {
		size_t length = label_length(text + at);

		if (length == 0)
			return false;
		at += length;
		if (at > 253)
			return false;
		if (text[at] != '.')
			break;
		at++;
	}
	if (text[at] == '\0')
		return true;
	return text[at] == ':' && text_to_number(text + at + 1, 1, 65535, &port) == 0;
}

static bool same(char a, char b, bool fold)
{
	if (fold && a >= 'A' && a <= 'Z')
		a = (char)(a + 32);
	if (fold && b >= 'A' && b <= 'Z')
		b = (char)(b + 32);
	return a == b;
}

bool text_matches(const char *pattern, const char *text, bool fold)
{
	const char *star = NULL, *resume = NULL;

	/* On a mismatch only the last star can help: linear steps, no recursion. */
	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern != '\0' && same(*pattern, *text, fold)) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

bool text_matches_any(const char *const *patterns, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (text_matches(patterns[i], text, true))
			return true;
	return false;
}

/* Parses the digits at *text and advances *text. */
static int read_digits(const char **text, int64_t maximum, int64_t *number_r)
{
	int64_t number = 0;
	const char *c = *text;

	if (*c < '0' || *c > '9' || (c[0] == '0' && c[1] >= '0' && c[1] <= '9'))
		return -1;
	for (; *c >= '0' && *c <= '9'; c++) {
		if (number > maximum / 10 || number * 10 > maximum - (*c - '0'))
			return -1;
		number = number * 10 + (*c - '0');
	}
	*text = c;
	*number_r = number;
	return 0;
}

int text_to_number(const char *text, int64_t minimum, int64_t maximum, int64_t *number_r)
{
	if (read_digits(&text, maximum, number_r) != 0 || *text != '\0')
		return -1;
	return *number_r < minimum ? -1 : 0;
}

int text_to_duration(const char *text, int64_t *milliseconds_r)
{
	static const struct {
		const char *suffix;
		int64_t milliseconds;
	} units[] = {
		{"", 1000},
		{"ms", 1},
		{"s", 1000},
		{"m", 60 * 1000},
		{"h", 3600000},
		{"d", 24 * 3600000},
	};
	const int64_t ten_years = (int64_t)3650 * 24 * 3600000;
	int64_t number;

	if (read_digits(&text, ten_years, &number) != 0)
		return -1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(text, units[i].suffix) != 0)
			continue;
		if (number > ten_years / units[i].milliseconds)
			return -1;
		*milliseconds_r = number * units[i].milliseconds;
		return 0;
	}
	return -1;
}

/* Whether `text` has digits where `shape` has them and otherwise equals it. strptime() alone also
 * accepts blanks and missing digits. */
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape != '\0'; shape++, text++)
		if (*shape == '0' ? *text < '0' || *text > '9' : *text != *shape)
			return false;
	return *text == '\0';
}

int text_to_time(const char *text, int64_t *seconds_r)
{
	static const struct {
		const char *shape, *form;
	} forms[] = {
		{"0000-00-00T00:00:00Z", "%Y-%m-%dT%H:%M:%SZ"},
		{"0000-00-00T00:00Z", "%Y-%m-%dT%H:%MZ"},
		{"0000-00-00", "%Y-%m-%d"},
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct tm tm = {0}, carried;

		if (!has_shape(text, forms[i].shape))
			continue;
		if (strptime(text, forms[i].form, &tm) == NULL)
			return -1;
		/* timegm() silently turns 31 February or second 60 into another date */
		carried = tm;
		*seconds_r = (int64_t)timegm(&carried);
		return carried.tm_mday == tm.tm_mday && carried.tm_sec == tm.tm_sec ? 0 : -1;
	}
	return -1;
}

void text_lower(const char *text, char *lower, size_t size)
{
	size_t i = 0;

	for (; text[i] != '\0' && i + 1 < size; i++)
		lower[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	lower[i] = '\0';
}

size_t text_strip(char *text, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf";
	size_t from = length >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0, to = 0;

	for (; from < length; from++)
		if (text[from] != '\r' || (from + 1 < length && text[from + 1] != '\n'))
			text[to++] = text[from];
	explicit_bzero(text + to, length - to);
	text[to] = '\0';
	return to;
}

void text_hex(const uint8_t *bytes, size_t length, char *hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		*hex++ = digits[bytes[i] >> 4];
		*hex++ = digits[bytes[i] & 15];
	}
	*hex = '\0';
}

const char *text_from_time(int64_t seconds, char text[TEXT_TIME_SIZE])
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(text, TEXT_TIME_SIZE, "%FT%TZ", &tm) == 0)
		snprintf(text, TEXT_TIME_SIZE, "?");
	return text;
}

int text_copy(char *to, size_t size, const char *from, size_t length)
{
	if (length == 0 || length >= size)
		return -1;
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

char *text_trim(char *text)
{
	size_t length;

	text += strspn(text, " ");
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		text[--length] = '\0';
	return text;
}

const char *text_after_url(const char *url, const char *start)
{
	const char *host = strstr(start, "://");
	size_t length = strlen(start), origin;

	origin = host != NULL ? (size_t)(host + 3 - start) + strcspn(host + 3, "/?#") : 0;
	if (strncasecmp(url, start, origin) != 0 ||
		strncmp(url + origin, start + origin, length - origin) != 0)
		return NULL;
	return url + length;
}

bool text_has_dot_segment(const char *path)
{
	for (const char *segment = path;; segment++) {
		size_t length = strcspn(segment, "/");

		if (length > 0 && length <= 2 && strspn(segment, ".") >= length)
			return true;
		segment += length;
		if (*segment == '\0')
			return false;
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_hex_byte(const char *digits)
{
	int high = hex_digit(digits[0]), low = high < 0 ? -1 : hex_digit(digits[1]);

	return low < 0 ? -1 : high << 4 | low;
}

int text_unpercent(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			int byte = text_hex_byte(text + 1);

			if (byte <= 0)
				return -1;
			*to++ = (char)byte;
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return 0;
}
