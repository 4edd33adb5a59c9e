/* SPDX-License-Identifier: MIT
 *
 * Accept and Accept-Language, and a sentence with the names of values in it.
 */
#include "fuzz.h"

#include "http/accept.h"
#include "http/lang.h"

static void header(const char *text)
{
	const char *at = text, *end = text + strlen(text);
	struct accept_item item;

	while (accept_next(&at, &item) == ACCEPT_ITEM) {
		PROMISE(item.name >= text && item.name + item.length <= end && at <= end);
		PROMISE(item.length > 0 && item.quality >= 0 && item.quality <= 1000);
		accept_is(&item, "text/html");
	}
}

static void sentence(const char *text)
{
	const char *at = text, *part, *end = text + strlen(text);
	size_t length;

	while (sentence_next(&at, &part, &length) != SENTENCE_END)
		PROMISE(part >= text && part + length <= end && at <= end);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = copy_of(bytes, length);

	header(text);
	sentence(text);
	free(text);
	return 0;
}
