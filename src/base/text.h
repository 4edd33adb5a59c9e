/* SPDX-License-Identifier: MIT
 *
 * Checks and conversions of text for several modules.
 */
#pragma once

#include "base/banned.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Classes of ASCII characters: letters and digits; RFC 3986's unreserved characters; visible
 * characters (0x21 to 0x7e); these and the space. */
enum {
	TEXT_ALNUM = 1 << 0,
	TEXT_UNRESERVED = 1 << 1,
	TEXT_VISIBLE = 1 << 2,
	TEXT_PRINTABLE = 1 << 3,
};
extern const uint8_t text_classes[256];

static inline bool text_has_class(char c, unsigned class)
{
	return (text_classes[(unsigned char)c] & class) != 0;
}

/* Valid UTF-8 (RFC 3629: no overlong forms, no surrogates) without control characters (C0, DEL,
 * C1). */
bool text_is_printable(const char *text);

/* Replaces by '?' each byte that text_is_printable() refuses. */
void text_clean(char *text);

/* Only visible ASCII (0x21 to 0x7e), at least one character. */
bool text_is_visible_ascii(const char *text);

/* `minimum` to `maximum` characters, all ASCII letters, digits or in `others`, but not "." or ".."
 * and the like: libcurl and browsers remove such path segments. */
bool text_is_token(const char *text, size_t minimum, size_t maximum, const char *others);

/* A host name or host:port: labels of RFC 1123 section 2.1, at most 253 characters, port 1 to
 * 65535; no IPv6 literal, no trailing dot, no userinfo. */
bool text_is_host(const char *text);

/* Matches the whole text with a pattern in which '*' stands for any run of characters. With `fold`,
 * ignores the case of ASCII letters. */
bool text_matches(const char *pattern, const char *text, bool fold);

/* Whether one of the patterns matches, ignoring case. */
bool text_matches_any(const char *const *patterns, size_t count, const char *text);

/* Decimal without sign, blanks or leading zeros in `minimum`..`maximum`. 0 or -1. */
int text_to_number(const char *text, int64_t minimum, int64_t maximum, int64_t *number_r);

/* "90", "90s", "10m", "12h", "7d" as seconds, at most 10 years; "250ms" is 0.25 s, so the result
 * is in milliseconds. 0 or -1. */
int text_to_duration(const char *text, int64_t *milliseconds_r);

/* "2026-01-01T08:00Z", with optional seconds, or a date alone (00:00): seconds since 1970. Only UTC
 * ("Z"), after RFC 3339. 0 or -1. */
int text_to_time(const char *text, int64_t *seconds_r);

/* Copies the first `length` bytes and ends them with a NUL. 0, or -1 if there are none or if `size`
 * is too small. */
int text_copy(char *to, size_t size, const char *from, size_t length);

/* Removes spaces at both ends, in place. Returns the rest, which points into `text`. */
char *text_trim(char *text);

/* Returns what follows `start`, an address, in `url`; NULL if `url` does not begin with it. Scheme
 * and host are compared without case. */
const char *text_after_url(const char *url, const char *start);

/* Whether a segment of a path is "." or "..", which browsers and servers remove with what is before
 * it. */
bool text_has_dot_segment(const char *path);

/* Decodes percent-encoded text in place. Returns 0, or -1 for a percent sign without two hex digits
 * or a NUL. */
int text_unpercent(char *text);

/* Copies with ASCII letters in lower case, cut to `size` bytes including the NUL. Both may be the
 * same text. */
void text_lower(const char *text, char *lower, size_t size);

/* Formats "2026-12-31T18:00:00Z" (RFC 3339); "?" for a year of more digits. Returns `text`. */
enum { TEXT_TIME_SIZE = 32 };
const char *text_from_time(int64_t seconds, char text[TEXT_TIME_SIZE]);

/* Removes a leading byte order mark (U+FEFF), and the CR of each CR LF and at the end, in place.
 * `text` has a NUL after `length` bytes. Returns the new length. */
size_t text_strip(char *text, size_t length);

/* Returns the byte that two hex digits of either case stand for, or -1. */
int text_hex_byte(const char *digits);

/* Writes two lower-case hex digits for each byte, and a NUL. */
void text_hex(const uint8_t *bytes, size_t length, char *hex);
