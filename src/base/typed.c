/* SPDX-License-Identifier: MIT */
#include "base/typed.h"

#include "base/fold.h"

#include <stdint.h>

/* The first character of a text; 0 at its end. */
static uint32_t first(const char *text, size_t *length_r)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = c[0] < 0x80 ? 1 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;
	uint32_t character = length == 1 ? c[0] : c[0] & (0xffU >> (length + 1));

	*length_r = 1;
	for (size_t i = 1; i < length; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return c[0]; /* not UTF-8: matches nothing */
		character = character << 6 | (c[i] & 0x3f);
	}
	*length_r = length;
	return character;
}

struct range {
	uint32_t first, last;
};

static bool is_in(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

#define IS_IN(character, ranges) is_in(character, ranges, sizeof(ranges) / sizeof *(ranges))

/* White_Space, and characters that mail programs, chats and Windows dialogs put around copied
 * text. */
static bool is_blank(uint32_t character)
{
	static const struct range blanks[] = {
		{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0xad, 0xad}, /* soft hyphen */
		{0x1680, 0x1680}, {0x2000, 0x200b}, /* spaces of every width; zero width space */
		{0x200e, 0x200f},		    /* direction marks */
		{0x2028, 0x202c}, /* line separators, embeddings, but no override of direction */
		{0x202f, 0x202f}, /* narrow no-break space */
		{0x205f, 0x206f}, /* invisible operators, direction isolates */
		{0x3000, 0x3000}, {0xfeff, 0xfeff}, /* byte order mark */
	};

	return IS_IN(character, blanks);
}

static bool is_dash(uint32_t character)
{
	static const struct range dashes[] = {{'-', '-'}, {0x2010, 0x2015}, {0x2212, 0x2212},
		{0xfe58, 0xfe58}, {0xfe63, 0xfe63}, {0xff0d, 0xff0d}};

	return IS_IN(character, dashes);
}

static void trim(char *text)
{
	size_t length, start = 0, end = 0;

	while (is_blank(first(text + start, &length)))
		start += length;
	for (size_t at = start; text[at] != '\0'; at += length)
		if (!is_blank(first(text + at, &length)))
			end = at + length;
	end = end > start ? end : start;
	memmove(text, text + start, end - start);
	text[end - start] = '\0';
}

void typed_clean(char *text)
{
	trim(text);
	fold_compose(text, text, strlen(text) + 1);
}

bool typed_password(const char *typed, char *password, size_t size)
{
	memcpy(password, typed, strlen(typed) + 1);
	fold_compose(typed, password, size);
	return strcmp(typed, password) != 0;
}

/* The ASCII digit or small letter that is meant; NUL if neither. */
static char plain(uint32_t character)
{
	/* The zeros of Unicode's Nd that keyboards have; nine digits follow each. */
	static const uint32_t zeros[] = {'0', 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6,
		0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20, 0x1040, 0x17e0,
		0x1810};

	if (character >= 0xff01 && character <= 0xff5e) /* full width */
		character -= 0xff01 - '!';
	for (size_t i = 0; i < sizeof zeros / sizeof *zeros; i++)
		if (character >= zeros[i] && character < zeros[i] + 10)
			return (char)(character - zeros[i] + '0');
	if (character >= 'A' && character <= 'Z')
		return (char)(character - 'A' + 'a');
	return character >= 'a' && character <= 'z' ? (char)character : '\0';
}

bool typed_code(const char *typed, const char *alphabet, size_t count, char *code)
{
	size_t found = 0, length;
	bool good = true;

	memset(code, 0, count + 1);
	for (; *typed != '\0' && good; typed += length) {
		uint32_t character = first(typed, &length);
		char meant = plain(character);

		if (is_blank(character) || is_dash(character))
			continue;
		good = found < count && meant != '\0' && strchr(alphabet, meant) != NULL;
		if (good)
			code[found++] = meant;
	}
	good = good && found == count;
	if (!good)
		explicit_bzero(code, count + 1);
	return good;
}
