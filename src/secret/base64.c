/* SPDX-License-Identifier: MIT */
#include "secret/base64.h"

#include <stdbool.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of each character by its code, 16 per row; 64: not in the alphabet. */
/* clang-format off */
static const uint8_t values[256] = {
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
	64,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 63,
	64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};
/* clang-format on */

size_t base64_encode(char *text, const uint8_t *bytes, size_t length)
{
	char *at = text;
	size_t i = 0;

	for (; i + 3 <= length; i += 3) {
		uint32_t three =
			(uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		*at++ = alphabet[three >> 18];
		*at++ = alphabet[three >> 12 & 63];
		*at++ = alphabet[three >> 6 & 63];
		*at++ = alphabet[three & 63];
	}
	if (i < length) {
		bool two = i + 2 == length;
		uint32_t rest = (uint32_t)bytes[i] << 16 | (two ? (uint32_t)bytes[i + 1] << 8 : 0);

		*at++ = alphabet[rest >> 18];
		*at++ = alphabet[rest >> 12 & 63];
		if (two)
			*at++ = alphabet[rest >> 6 & 63];
	}
	return (size_t)(at - text);
}

/* Decodes the last two or three characters. Their bits beyond whole bytes must be zero. */
static int decode_rest(uint8_t *bytes, const uint8_t *text, size_t length)
{
	uint32_t a = values[text[0]], b = values[text[1]], c = length == 3 ? values[text[2]] : 0;

	if ((a | b | c) > 63 || (length == 2 ? b & 15 : c & 3) != 0)
		return -1;
	bytes[0] = (uint8_t)(a << 2 | b >> 4);
	if (length == 3)
		bytes[1] = (uint8_t)(b << 4 | c >> 2);
	return 0;
}

int base64_decode(uint8_t *bytes, size_t size, size_t *length_r, const char *text, size_t length)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t rest = length % 4;

	*length_r = length / 4 * 3 + (rest != 0 ? rest - 1 : 0);
	if (rest == 1 || *length_r > size)
		return -1;
	for (const uint8_t *end = at + length - rest; at < end; at += 4, bytes += 3) {
		uint32_t a = values[at[0]], b = values[at[1]], c = values[at[2]], d = values[at[3]];

		if ((a | b | c | d) > 63)
			return -1;
		bytes[0] = (uint8_t)(a << 2 | b >> 4);
		bytes[1] = (uint8_t)(b << 4 | c >> 2);
		bytes[2] = (uint8_t)(c << 6 | d);
	}
	return rest == 0 ? 0 : decode_rest(bytes, at, rest);
}
