/* SPDX-License-Identifier: MIT */
#include "session/wire.h"

void wire_put_bytes(struct wire_out *out, const void *bytes, size_t length)
{
	if (length > out->capacity - out->length)
		out->failed = true;
	if (out->failed)
		return;
	if (length > 0)
		memcpy(out->bytes + out->length, bytes, length);
	out->length += length;
}

void wire_put_number(struct wire_out *out, uint64_t number, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(number >> 8 * (size - 1 - i));
	wire_put_bytes(out, bytes, size);
}

void wire_put_text(struct wire_out *out, const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);

	if (length > UINT16_MAX)
		out->failed = true;
	wire_put_number(out, length, 2);
	wire_put_bytes(out, text, length);
}

/* Skips the next `length` bytes and returns where they are; NULL if there are fewer. */
static const uint8_t *skip(struct wire_in *in, size_t length)
{
	const uint8_t *bytes = in->at;

	if (length > in->left)
		in->failed = true;
	if (in->failed)
		return NULL;
	in->at += length;
	in->left -= length;
	return bytes;
}

uint64_t wire_get_number(struct wire_in *in, size_t size)
{
	const uint8_t *bytes = skip(in, size);
	uint64_t number = 0;

	for (size_t i = 0; bytes != NULL && i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

void wire_get_bytes(struct wire_in *in, void *bytes, size_t length)
{
	const uint8_t *from = skip(in, length);

	if (from != NULL)
		memcpy(bytes, from, length);
}

char *wire_get_text(struct wire_in *in)
{
	size_t length = (size_t)wire_get_number(in, 2);
	const uint8_t *from = skip(in, length);
	char *text;

	if (from == NULL || length == 0)
		return NULL;
	text = malloc(length + 1);
	if (text == NULL || memchr(from, '\0', length) != NULL) {
		in->failed = true;
		free(text);
		return NULL;
	}
	memcpy(text, from, length);
	text[length] = '\0';
	return text;
}

bool wire_is_done(const struct wire_in *in)
{
	return !in->failed && in->left == 0;
}
