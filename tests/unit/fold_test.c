/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fold.h"

static void folds(const char *name, const char *expected)
{
	char folded[FOLD_SIZE];

	fold_name(name, folded);
	assert_string_equal(folded, expected);
}

static void a31_capitals_and_blanks_make_no_other_name(void **state)
{
	(void)state;
	folds("alice", "alice");
	folds("ALICE", "alice");
	folds(" alice ", "alice");
	folds("ali  ce", "alice");
	folds("alice@Example.ORG", "alice@example.org");
	folds("", "");
}

static void what_differs_stays_different(void **state)
{
	(void)state;
	folds("alice1", "alice1");
	folds("alice.b", "alice.b");
	folds("al-ice", "al-ice");
}

#ifdef HAVE_UNISTRING
static void a31_other_spellings_make_no_other_name(void **state)
{
	(void)state;
	folds("\xef\xbd\x81lice", "alice");		       /* full width */
	folds("\xf0\x9d\x90\x9a\xf0\x9d\x93\x81ice", "alice"); /* mathematical bold, script */
	folds("M\xc3\xbcller", "muller");		       /* NFC */
	folds("Mu\xcc\x88ller", "muller");		       /* NFD */
	folds("M\xc3\x9cLLER", "muller");
	folds("stra\xc3\x9f\x65", "strasse");
	folds("STRASSE", "strasse");
	folds("\xce\xa3\xce\x91\xce\xa3", "\xcf\x83\xce\xb1\xcf\x83"); /* final sigma */
	folds("\xcf\x83\xce\xb1\xcf\x82", "\xcf\x83\xce\xb1\xcf\x83");
	folds("al\xe2\x80\x8bice", "alice"); /* zero width space */
	folds("al\xc2\xadice", "alice");     /* soft hyphen */
	folds("al\xe2\x80\xaeice", "alice"); /* right to left */
	folds("al\xc2\xa0ice", "alice");     /* no-break space */
}
#endif

/* A character may become eighteen: what does not fit is cut, and nothing else happens. */
static void long_names_are_cut(void **state)
{
	char name[1024] = "", folded[FOLD_SIZE];

	(void)state;
	for (size_t i = 0; i + 4 < sizeof name; i += 3)
		memcpy(name + i, "\xef\xb7\xba", 4);
	fold_name(name, folded);
	assert_in_range(strlen(folded), 1, FOLD_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a31_capitals_and_blanks_make_no_other_name),
		cmocka_unit_test(what_differs_stays_different),
#ifdef HAVE_UNISTRING
		cmocka_unit_test(a31_other_spellings_make_no_other_name),
#endif
		cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
