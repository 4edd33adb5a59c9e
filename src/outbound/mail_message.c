/* SPDX-License-Identifier: MIT */
#include "outbound/mail_message.h"

#include <sodium.h>

enum {
	LINE_MAX_BYTES = 900, /* of a text that is sent unencoded; RFC 5322 2.1.1 allows 998 */
	WORD_BYTES = 39, /* 52 characters of base64; a line with them and a field's name has at most
			    76 (RFC 2047 2) */
	BODY_BYTES = 57, /* 76 characters of base64: the longest line (RFC 2045 6.8) */
};

static bool is_plain_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* How many bytes of `text` fit into `maximum` without cutting a UTF-8 character in two. */
static size_t whole_characters(const char *text, size_t maximum)
{
	size_t length = strnlen(text, maximum + 1);

	if (length <= maximum)
		return length;
	length = maximum;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void write_base64(struct buffer *message, const char *bytes, size_t length)
{
	char text[sodium_base64_ENCODED_LEN(BODY_BYTES, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(
		text, sizeof text, (const uint8_t *)bytes, length, sodium_base64_VARIANT_ORIGINAL);
	buffer_text(message, text);
	explicit_bzero(text, sizeof text);
}

/* Writes text as encoded words (RFC 2047), whatever it contains, so that no byte of it reaches the
 * header unencoded. */
static void write_words(struct buffer *message, const char *text)
{
	while (*text != '\0') {
		size_t length = whole_characters(text, WORD_BYTES);

		buffer_text(message, "=?UTF-8?B?");
		write_base64(message, text, length);
		buffer_text(message, "?=");
		text += length;
		if (*text != '\0')
			buffer_text(message, "\r\n ");
	}
}

static void write_header(struct buffer *message, const struct mail *mail)
{
	uint8_t random[16];
	char id[sizeof random * 2 + 1], date[64] = "";
	time_t now = time(NULL);
	struct tm tm;

	randombytes_buf(random, sizeof random);
	sodium_bin2hex(id, sizeof id, random, sizeof random);
	if (gmtime_r(&now, &tm) == NULL ||
		strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0)
		message->failed = true;
	buffer_printf(message, "Date: %s\r\nFrom: ", date);
	write_words(message, mail->from_name);
	buffer_printf(message,
		"%s<%s>\r\nTo: <%s>\r\nSubject: ", mail->from_name[0] != '\0' ? " " : "",
		mail->from, mail->to);
	write_words(message, mail->subject);
	buffer_printf(message, "\r\nMessage-ID: <%s@%s>\r\n", id, strchr(mail->from, '@') + 1);
	/* RFC 3834: asks servers not to send vacation notices to us. */
	buffer_text(message, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n");
	buffer_text(message, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n");
}

static bool has_long_line(const char *text)
{
	for (; *text != '\0'; text += text[0] == '\n') {
		size_t length = strcspn(text, "\n");

		if (length > LINE_MAX_BYTES)
			return true;
		text += length;
	}
	return false;
}

/* Writes the text with line ends of CRLF. */
static void write_lines(struct buffer *lines, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		buffer_append(lines, text, length);
		buffer_text(lines, "\r\n");
		text += length;
		text += text[0] == '\n';
	}
}

static void write_body(struct buffer *message, const char *text)
{
	struct buffer lines = BUFFER_INIT(message->maximum);
	bool as_it_is = is_plain_ascii(text) && !has_long_line(text);

	buffer_printf(
		message, "Content-Transfer-Encoding: %s\r\n\r\n", as_it_is ? "7bit" : "base64");
	write_lines(&lines, text);
	if (as_it_is) {
		buffer_append(message, lines.data != NULL ? lines.data : "", lines.length);
	} else {
		for (size_t at = 0; at < lines.length; at += BODY_BYTES) {
			size_t left = lines.length - at;

			write_base64(
				message, lines.data + at, left < BODY_BYTES ? left : BODY_BYTES);
			buffer_text(message, "\r\n");
		}
	}
	message->failed = message->failed || lines.failed;
	buffer_wipe(&lines);
}

void mail_write(const struct mail *mail, struct buffer *message)
{
	write_header(message, mail);
	write_body(message, mail->text);
}
