/* SPDX-License-Identifier: MIT */
#include "base/fold.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void fold_ascii(const char *name, char folded[FOLD_SIZE])
{
	size_t length = 0;

	for (; *name != '\0' && length + 1 < FOLD_SIZE; name++)
		if (*name != ' ')
			folded[length++] =
				(char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
	folded[length] = '\0';
}

#ifdef HAVE_UNISTRING

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

static bool counts(ucs4_t character)
{
	return !uc_is_general_category(character, UC_MARK) &&
	       !uc_is_property_white_space(character) &&
	       !uc_is_property_default_ignorable_code_point(character);
}

/* Copies the characters that are kept. */
static void pick(const uint8_t *text, size_t length, char folded[FOLD_SIZE])
{
	size_t used = 0;

	while (length > 0) {
		ucs4_t character;
		int size = u8_mbtouc(&character, text, length);

		if (counts(character) && used + (size_t)size < FOLD_SIZE) {
			memcpy(folded + used, text, (size_t)size);
			used += (size_t)size;
		}
		text += size;
		length -= (size_t)size;
	}
	folded[used] = '\0';
}

/* Most names are, and need no tables. */
static bool is_printable_ascii(const char *name)
{
	while (*name >= ' ' && *name <= '~')
		name++;
	return *name == '\0';
}

void fold_name(const char *name, char folded[FOLD_SIZE])
{
	size_t length = 0;
	uint8_t *text = NULL;

	if (!is_printable_ascii(name))
		text = u8_casefold(
			(const uint8_t *)name, strlen(name), NULL, UNINORM_NFKD, NULL, &length);
	if (text == NULL) { /* ASCII, not UTF-8, or no memory */
		fold_ascii(name, folded);
		return;
	}
	pick(text, length, folded);
	free(text);
}

static void normalize(uninorm_t form, const char *text, char *normal, size_t size)
{
	size_t length = 0;
	uint8_t *made = u8_normalize(form, (const uint8_t *)text, strlen(text), NULL, &length);

	if (made != NULL && length < size) {
		memcpy(normal, made, length);
		normal[length] = '\0';
	}
	if (made != NULL)
		explicit_bzero(made, length);
	free(made);
}

void fold_compose(const char *text, char *composed, size_t size)
{
	normalize(UNINORM_NFC, text, composed, size);
}

void fold_decompose(const char *text, char *decomposed, size_t size)
{
	normalize(UNINORM_NFD, text, decomposed, size);
}

#else

void fold_compose(const char *text, char *composed, size_t size)
{
}

void fold_decompose(const char *text, char *decomposed, size_t size)
{
}

void fold_name(const char *name, char folded[FOLD_SIZE])
{
	fold_ascii(name, folded);
}

#endif
