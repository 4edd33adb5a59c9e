/* SPDX-License-Identifier: MIT
 *
 * A query or form, and a Cookie header. What is read strictly is read leniently as well, and has
 * the same values, all of them printable.
 */
#include "fuzz.h"

#include "base/text.h"
#include "http/params.h"

static void query(const uint8_t *bytes, size_t length)
{
	static const char *const names[] = {"a", "requestToken", "meetingId", ""};
	struct params *strict = params_parse((const char *)bytes, length);
	struct params *lenient = params_parse_lenient((const char *)bytes, length);

	PROMISE(strict == NULL || lenient != NULL);
	for (size_t i = 0; strict != NULL && i < sizeof names / sizeof *names; i++) {
		const char *value = NULL, *other = NULL;
		enum params_count count = params_get(strict, names[i], &value);

		PROMISE(params_get(lenient, names[i], &other) == count);
		PROMISE(count != PARAM_ONCE || strcmp(value, other) == 0);
		PROMISE(count == PARAM_MISSING || text_is_printable(value));
		params_clean(strict, names[i]);
	}
	params_free(&strict);
	params_free(&lenient);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *header = copy_of(bytes, length);
	char small[8], large[4096];

	query(bytes, length);
	if (cookie_get(header, "a", small, sizeof small) == PARAM_ONCE) {
		PROMISE(cookie_get(header, "a", large, sizeof large) == PARAM_ONCE);
		PROMISE(strcmp(small, large) == 0);
	}
	free(header);
	return 0;
}
