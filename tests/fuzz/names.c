/* SPDX-License-Identifier: MIT
 *
 * What people type: names, passwords, codes. A form that is canonical is so when it is made again,
 * and two spellings that share an account share a counter of tries.
 */
#include "fuzz.h"

#include "base/display_name.h"
#include "base/fold.h"
#include "base/identity.h"
#include "base/text.h"
#include "base/typed.h"

static void canonical(const char *text)
{
	char once[IDENTITY_SUBJECT_MAX + 1], twice[IDENTITY_SUBJECT_MAX + 1];
	char folded[FOLD_SIZE], again[FOLD_SIZE];

	if (identity_canonical_name(text, once) == 0) {
		PROMISE(identity_canonical_name(once, twice) == 0 && strcmp(once, twice) == 0);
		fold_name(text, folded);
		fold_name(once, again);
		PROMISE(strcmp(folded, again) == 0);
	}
	if (identity_plain_name(text, once) == 0) {
		PROMISE(identity_plain_name(once, twice) == 0 && strcmp(once, twice) == 0);
		fold_name(text, folded);
		fold_name(once, again);
		PROMISE(strcmp(folded, again) == 0);
	}
}

static void typed(char *text, size_t length)
{
	char *password = malloc(length + 1);
	char code[9], name[DISPLAY_NAME_SIZE], again[DISPLAY_NAME_SIZE];

	if (password == NULL)
		abort();
	typed_password(text, password, length + 1);
	PROMISE(strlen(password) <= length);
	if (typed_code(text, TYPED_DIGITS, 8, code))
		PROMISE(strlen(code) == 8 && strspn(code, TYPED_DIGITS) == 8);
	else
		PROMISE(code[0] == '\0');
	if (display_name(text, name) == 0) {
		PROMISE(text_is_printable(name));
		PROMISE(display_name(name, again) == 0 && strcmp(name, again) == 0);
	}
	typed_clean(text);
	PROMISE(strlen(text) <= length);
	free(password);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = copy_of(bytes, length);

	/* As the door lets nothing else in. */
	if (text_is_printable(text)) {
		canonical(text);
		typed(text, strlen(text));
	}
	free(text);
	return 0;
}
