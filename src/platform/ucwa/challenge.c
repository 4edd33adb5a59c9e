/* SPDX-License-Identifier: MIT
 *
 * Parser for WWW-Authenticate (RFC 9110 sections 11.2 and 11.6.1). Commas separate challenges as
 * well as parameters; a word is a scheme unless "=" follows it. One of Microsoft's documents shows
 * URLs without quotes, so an unquoted value ends at a comma or a space.
 */
#include "platform/ucwa/ucwa.h"

#include <strings.h>

/* Copies a value, or "" if it is too long, and returns what follows it. */
static const char *read_value(const char *at, char *value, size_t size)
{
	bool quoted = *at == '"';
	size_t length = 0;

	for (at += quoted; *at != '\0' && *at != '\n'; at++) {
		if (quoted ? *at == '"' : strchr(", \t", *at) != NULL)
			break;
		if (quoted && *at == '\\' && at[1] != '\0' && at[1] != '\n')
			at++;
		if (length < size)
			value[length++] = *at;
	}
	value[length < size ? length : 0] = '\0';
	return at + (quoted && *at == '"');
}

static const char *skip(const char *at)
{
	return at + strspn(at, " \t\n,");
}

int ucwa_challenge(
	const char *lines, const char *scheme, const char *parameter, char *value, size_t size)
{
	static const char ends[] = " \t\n,=";
	bool inside = false;
	char ignored[8];

	for (const char *at = skip(lines); *at != '\0'; at = skip(at)) {
		size_t length = strcspn(at, ends);
		const char *behind = at + length + strspn(at + length, " \t");
		bool wanted;

		if (*behind != '=') { /* a scheme */
			inside = length == strlen(scheme) && strncasecmp(at, scheme, length) == 0;
			at = length > 0 ? at + length : at + 1;
			continue;
		}
		wanted = inside && length == strlen(parameter) &&
			 strncasecmp(at, parameter, length) == 0;
		at = behind + 1 + strspn(behind + 1, " \t");
		at = wanted ? read_value(at, value, size) : read_value(at, ignored, sizeof ignored);
		if (wanted)
			return value[0] != '\0' ? 0 : -1;
	}
	return -1;
}

bool ucwa_list_has(const char *list, const char *word)
{
	while (*list != '\0') {
		size_t length;

		list += strspn(list, " \t,");
		length = strcspn(list, " \t,");
		if (length == strlen(word) && strncmp(list, word, length) == 0)
			return true;
		list += length;
	}
	return false;
}
