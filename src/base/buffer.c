/* SPDX-License-Identifier: MIT */
#include "base/buffer.h"

#include "base/text.h"

#include <stdarg.h>

/* Makes room for `more` bytes and a NUL. Not with realloc(), which would leave a copy behind of
 * what may have to be wiped. */
static bool reserve(struct buffer *buffer, size_t more)
{
	size_t wanted, capacity;
	char *data;

	if (buffer->failed)
		return false;
	if (more > buffer->maximum || buffer->length > buffer->maximum - more)
		goto fail;
	wanted = buffer->length + more + 1;
	if (wanted <= buffer->capacity)
		return true;
	capacity = buffer->capacity ? buffer->capacity : 64;
	while (capacity < wanted)
		capacity *= 2;
	data = malloc(capacity);
	if (data == NULL)
		goto fail;
	if (buffer->data != NULL) {
		memcpy(data, buffer->data, buffer->length);
		explicit_bzero(buffer->data, buffer->capacity);
		free(buffer->data);
	}
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
fail:
	buffer->failed = true;
	return false;
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	if (!reserve(buffer, length))
		return;
	if (length > 0)
		memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !reserve(buffer, (size_t)length)) {
		buffer->failed = true;
		return;
	}
	va_start(args, format);
	vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, args);
	va_end(args);
	buffer->length += (size_t)length;
}

void buffer_percent(struct buffer *buffer, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	while (*text != '\0') {
		const char *start = text;

		while (text_has_class(*text, TEXT_UNRESERVED))
			text++;
		buffer_append(buffer, start, (size_t)(text - start));
		if (*text != '\0') {
			unsigned char c = (unsigned char)*text++;

			buffer_append(buffer, (char[3]){'%', hex[c >> 4], hex[c & 15]}, 3);
		}
	}
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

void buffer_release(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = BUFFER_INIT(buffer->maximum);
}

void buffer_wipe(struct buffer *buffer)
{
	if (buffer->data != NULL)
		explicit_bzero(buffer->data, buffer->capacity);
	buffer_release(buffer);
}
