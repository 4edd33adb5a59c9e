/* SPDX-License-Identifier: MIT */
#include "platform/shared/person.h"

#include "base/text.h"

#include <sodium.h>

enum { PERSON_MAX = 2048, HASH_BYTES = 10 };

const char *person_name(const struct identity *who)
{
	return who->name != NULL ? who->name : who->subject;
}

const char *person_account_name(const struct identity *who)
{
	return who->guest ? person_name(who) : who->subject;
}

size_t person_cut_characters(const char *text, size_t maximum)
{
	size_t characters = 0, length = 0;

	for (; text[length] != '\0'; length++) {
		characters += ((unsigned char)text[length] & 0xc0) != 0x80;
		if (characters > maximum)
			break;
	}
	return length;
}

size_t person_cut_bytes(const char *text, size_t maximum)
{
	size_t length = strnlen(text, maximum + 1);

	if (length <= maximum)
		return length;
	for (length = maximum; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

void person_put_id(
	const struct identity *who, person_cut *cut, size_t maximum, struct buffer *person)
{
	struct buffer whole = BUFFER_INIT(PERSON_MAX);
	unsigned char hash[crypto_generichash_BYTES_MIN];
	char hex[2 * HASH_BYTES + 1];

	buffer_printf(&whole, "%s/%s", who->backend, who->subject);
	if (whole.failed) {
		person->failed = true;
	} else if (cut(whole.data, maximum) == whole.length) {
		buffer_append(person, whole.data, whole.length);
	} else {
		crypto_generichash(hash, sizeof hash, (const unsigned char *)whole.data,
			whole.length, NULL, 0);
		text_hex(hash, HASH_BYTES, hex);
		buffer_append(person, whole.data, cut(whole.data, maximum - sizeof hex));
		buffer_printf(person, "~%s", hex);
	}
	buffer_release(&whole);
}

bool person_is_moderator(const struct platform_grant *grant)
{
	return strcmp(grant->role, "moderator") == 0;
}

bool person_is_observer(const struct platform_grant *grant)
{
	return strcmp(grant->role, "observer") == 0;
}
