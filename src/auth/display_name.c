/* SPDX-License-Identifier: MIT */
#include "auth/display_name.h"

#include "base/text.h"

/* Ranges of invisible characters in UTF-8. Joiners (U+200C, U+200D) are allowed, since names in
 * some scripts need them. */
static const char *const unseen[][2] = {
	{"\xc2\xad", "\xc2\xad"},	  /* soft hyphen */
	{"\xe2\x80\x8b", "\xe2\x80\x8b"}, /* zero width space */
	{"\xe2\x80\x8e", "\xe2\x80\x8f"}, /* direction marks */
	{"\xe2\x80\xa8", "\xe2\x80\xae"}, /* line separators, direction embeddings and overrides */
	{"\xe2\x81\xa0", "\xe2\x81\xaf"}, /* invisible operators, direction isolates */
	{"\xef\xbb\xbf", "\xef\xbb\xbf"}, /* byte order mark */
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

int display_name(const char *typed, char name[DISPLAY_NAME_SIZE])
{
	size_t length, characters = 0;

	name[0] = '\0';
	typed += strspn(typed, " ");
	length = strlen(typed);
	while (length > 0 && typed[length - 1] == ' ')
		length--;
	if (length == 0 || length >= DISPLAY_NAME_SIZE || !text_is_printable(typed))
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (is_unseen(typed + i))
			return -1;
		characters +=
			((unsigned char)typed[i] & 0xc0) != 0x80; /* not a continuation byte */
	}
	if (characters > DISPLAY_NAME_MAX)
		return -1;
	memcpy(name, typed, length);
	name[length] = '\0';
	return 0;
}
