/* SPDX-License-Identifier: MIT
 *
 * Calendar files, read back as a calendar program reads them (RFC 5545).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"
#include "desk/calendar.h"

#define LINK                                                                                       \
	"https://external.example.org/auth/invite?token="                                          \
	"0123456789012345678901234567890123456789012345678901234567890123"
#define UMLAUTS                                                                                    \
	"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6" \
	"\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\xc3\xb6\xc3\xbc"

static const struct calendar_event event = {.uid = "invite-1",
	.title = "T",
	.link = LINK,
	.made = 1700000000,
	.begins = 1798567200,
	.ends = 1798570800};

/* Checks the form of each line, and joins the lines that continue another. */
static char *unfold(const struct buffer *text)
{
	char *whole = strdup(text->data), *to = whole;
	const char *line = text->data, *end;

	assert_non_null(whole);
	for (; *line != '\0'; line = end + 2) {
		char alone[80];

		end = strstr(line, "\r\n");
		assert_non_null(end);
		assert_true(end - line <= 75);
		snprintf(alone, sizeof alone, "%.*s", (int)(end - line), line);
		assert_true(text_is_printable(alone)); /* whole characters of UTF-8 */
		if (*line == ' ')
			line++;
		else if (to != whole)
			*to++ = '\n';
		memcpy(to, line, (size_t)(end - line));
		to += end - line;
	}
	*to = '\0';
	return whole;
}

/* Returns the value of a field, which occurs once, without its escapes. The caller frees it. */
static char *field(const struct buffer *text, const char *name)
{
	char *whole = unfold(text), *rest = whole, *line, *value = NULL;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t length = strlen(name);
		char *to;

		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		assert_null(value);
		value = to = strdup(line + length + 1);
		assert_non_null(value);
		for (const char *c = value; *c != '\0'; c++) {
			bool is_escaped = *c == '\\';

			c += is_escaped;
			assert_true(is_escaped || strchr(";,", *c) == NULL);
			*to++ = is_escaped && *c == 'n' ? '\n' : *c;
		}
		*to = '\0';
	}
	free(whole);
	assert_non_null(value);
	return value;
}

static void assert_field(const struct buffer *text, const char *name, const char *wanted)
{
	char *value = field(text, name);

	assert_string_equal(value, wanted);
	free(value);
}

static void an_event_has_its_times_in_utc_and_its_link(void **state)
{
	struct buffer text = BUFFER_INIT(1 << 16);

	(void)state;
	calendar_write(&event, &text);
	assert_false(text.failed);
	assert_int_equal(strncmp(text.data, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:", 37), 0);
	assert_non_null(strstr(text.data, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"));
	assert_field(&text, "UID", "invite-1");
	assert_field(&text, "DTSTAMP", "20231114T221320Z");
	assert_field(&text, "DTSTART", "20261229T180000Z");
	assert_field(&text, "DTEND", "20261229T190000Z");
	assert_field(&text, "URL", LINK);
	assert_field(&text, "LOCATION", LINK);
	buffer_release(&text);
}

/* Each title comes back, wherever its lines are split, and none makes a field of its own. */
static void every_title_is_read_back(void **state)
{
	static const char *const titles[] = {"", "Weekly, with; \\n \"Example\"",
		"two\nDTSTART:19700101T000000Z", "\\", UMLAUTS, "x" UMLAUTS UMLAUTS,
		"\xe4\xbc\x9a\xe8\xad\xb0 "
		"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80" UMLAUTS};

	(void)state;
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		for (size_t before = 0; before < 80; before++) {
			struct calendar_event titled = event;
			struct buffer text = BUFFER_INIT(1 << 16);
			char title[400];

			snprintf(title, sizeof title, "%0*d%s", (int)before + 1, 0, titles[i]);
			titled.title = title;
			calendar_write(&titled, &text);
			assert_field(&text, "SUMMARY", title);
			assert_field(&text, "DTSTART", "20261229T180000Z");
			buffer_release(&text);
		}
}

static void a_file_that_does_not_fit_is_said_so(void **state)
{
	struct buffer text = BUFFER_INIT(100);

	(void)state;
	calendar_write(&event, &text);
	assert_true(text.failed);
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_has_its_times_in_utc_and_its_link),
		cmocka_unit_test(every_title_is_read_back),
		cmocka_unit_test(a_file_that_does_not_fit_is_said_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
