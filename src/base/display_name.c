/* SPDX-License-Identifier: MIT */
#include "base/display_name.h"

#include "base/text.h"

/* Ranges of invisible characters in UTF-8. Joiners (U+200C, U+200D) are allowed, since names in
 * some scripts need them. */
static const char *const unseen[][2] = {
	{"\xc2\xad", "\xc2\xad"},	  /* soft hyphen */
	{"\xcd\x8f", "\xcd\x8f"},	  /* grapheme joiner */
	{"\xd8\x9c", "\xd8\x9c"},	  /* Arabic letter mark, which is a direction mark */
	{"\xe1\x85\x9f", "\xe1\x85\xa0"}, /* Hangul fillers, here and below */
	{"\xe1\xa0\x8e", "\xe1\xa0\x8e"}, /* Mongolian vowel separator */
	{"\xe2\x80\x8b", "\xe2\x80\x8b"}, /* zero width space */
	{"\xe2\x80\x8e", "\xe2\x80\x8f"}, /* direction marks */
	{"\xe2\x80\xa8", "\xe2\x80\xae"}, /* line separators, direction embeddings and overrides */
	{"\xe2\x81\xa0", "\xe2\x81\xaf"}, /* invisible operators, direction isolates */
	{"\xe2\xa0\x80", "\xe2\xa0\x80"}, /* empty Braille pattern */
	{"\xe3\x85\xa4", "\xe3\x85\xa4"},
	{"\xef\xbb\xbf", "\xef\xbb\xbf"}, /* byte order mark */
	{"\xef\xbe\xa0", "\xef\xbe\xa0"},
};

static bool is_unseen(const char *c)
{
	for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++) {
		size_t length = strlen(unseen[i][0]);

		if (strncmp(c, unseen[i][0], length) >= 0 && strncmp(c, unseen[i][1], length) <= 0)
			return true;
	}
	return false;
}

bool display_name_hides(const char *text)
{
	for (; *text != '\0'; text++)
		if (is_unseen(text))
			return true;
	return false;
}

const char *display_name_fault(const char *text)
{
	char name[DISPLAY_NAME_SIZE];

	return display_name(text, name) == 0
		       ? NULL
		       : "the name is empty, longer than 64 characters, or has characters that "
			 "cannot be seen or change the direction of the text";
}

int display_name(const char *typed, char name[DISPLAY_NAME_SIZE])
{
	size_t length, characters = 0;

	name[0] = '\0';
	typed += strspn(typed, " ");
	length = strlen(typed);
	while (length > 0 && typed[length - 1] == ' ')
		length--;
	if (length == 0 || length >= DISPLAY_NAME_SIZE || !text_is_printable(typed) ||
		display_name_hides(typed))
		return -1;
	for (size_t i = 0; i < length; i++)
		characters +=
			((unsigned char)typed[i] & 0xc0) != 0x80; /* not a continuation byte */
	if (characters > DISPLAY_NAME_MAX)
		return -1;
	memcpy(name, typed, length);
	name[length] = '\0';
	return 0;
}
