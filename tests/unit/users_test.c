/* SPDX-License-Identifier: MIT
 *
 * The users file: auth/users.c.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth/users.h"

#include <sodium.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A cheap one, of "correct horse". */
#define SALT  "SYhnt1yho6XMGutRlE3jXQ"
#define KEY   "qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ"
#define V19   "$argon2id$v=19$"
#define HORSE V19 "m=8,t=1,p=1$" SALT "$" KEY
#define FIRST USERS_FIRST_LINE

static struct users *parse_bytes(const void *text, size_t length, struct error *error)
{
	struct buffer buffer = BUFFER_INIT(USERS_FILE_MAX);
	struct users *users;

	buffer_append(&buffer, text, length);
	users = users_parse("users.passwd", &buffer, error);
	assert_null(buffer.data); /* taken over, whatever came of it */
	return users;
}

static struct users *parse(const char *text)
{
	struct error error = {""};
	struct users *users = parse_bytes(text, strlen(text), &error);

	if (users == NULL)
		fail_msg("%s", error.text);
	return users;
}

/* ---- reading ---- */

static void six_fields_make_a_user(void **state)
{
	struct users *users = parse(FIRST "# a comment: with colons\n\n"
					  "anna:" HORSE ":Anna K:a@example.org:staff,all hosts:"
					  "2026-12-31T18:00:00Z\n"
					  "bert:!" HORSE "::::");
	const struct user *anna = users_find(users, "anna"), *bert = users_find(users, "bert");

	(void)state;
	assert_non_null(anna);
	assert_string_equal(anna->hash, HORSE);
	assert_string_equal(anna->display, "Anna K");
	assert_string_equal(anna->email, "a@example.org");
	assert_int_equal(anna->group_count, 2);
	assert_string_equal(anna->groups, "staff");
	assert_string_equal(anna->groups + 6, "all hosts");
	assert_true(anna->expires == 1798740000);
	assert_false(anna->disabled);
	assert_int_equal(anna->line, 4);
	assert_non_null(bert);
	assert_true(bert->disabled);
	assert_string_equal(bert->hash, HORSE);
	assert_string_equal(bert->display, "");
	assert_string_equal(bert->email, "");
	assert_int_equal(bert->group_count, 0);
	assert_int_equal(bert->expires, 0);
	assert_int_equal(bert->line, 5);
	users_drop(&users);
	assert_null(users);
}

static void escapes_stand_for_bytes(void **state)
{
	struct users *users =
		parse(FIRST "%23an%3Ana:" HORSE ":100%25 %3a %C3%A1::a%2Cb,c%252C:\n");
	const struct user *user = users_find(users, "#an:na");

	(void)state;
	assert_non_null(user);
	assert_string_equal(user->display, "100% : \xc3\xa1");
	assert_int_equal(user->group_count, 2);
	assert_string_equal(user->groups, "a,b");
	assert_string_equal(user->groups + 4, "c%2C");
	users_drop(&users);
}

static void users_come_in_the_order_of_their_names(void **state)
{
	struct users *users =
		parse(FIRST "zoe:" HORSE "::::\nanna:" HORSE "::::\nmia:" HORSE "::::\n");

	(void)state;
	assert_string_equal(users_at(users, 0)->name, "anna");
	assert_string_equal(users_at(users, 1)->name, "mia");
	assert_string_equal(users_at(users, 2)->name, "zoe");
	assert_null(users_at(users, 3));
	assert_null(users_find(users, "Anna"));
	assert_null(users_find(users, "ann"));
	assert_null(users_find(users, ""));
	users_drop(&users);
}

static void a_bad_line_makes_the_file_bad(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {{"", "users.passwd:1: the first line must be"},
		{"anna:" HORSE "::::\n", "users.passwd:1: the first line must be"},
		{"# meetauth users 2\n", "users.passwd:1: the first line must be"},
		{"# meetauth users 1", "users.passwd:1: the first line must be"},
		{FIRST "anna\n", "users.passwd:2: too few fields"},
		{FIRST "anna:" HORSE ":::\n", "users.passwd:2: too few fields"},
		{FIRST "\n#\nanna:" HORSE ":::::\n", "users.passwd:4: field 6: expected a time"},
		{FIRST "anna:" HORSE "::::never\n", "users.passwd:2: field 6: expected a time"},
		{FIRST "anna:" HORSE "::::2026-02-30T00:00Z\n", "field 6: expected a time"},
		{FIRST "anna:" HORSE "::::1970-01-01T00:00Z\n", "field 6: expected a time"},
		{FIRST "anna:" HORSE "::::\r\n", "users.passwd:2: field 6: expected a time"},
		{FIRST "anna:" HORSE "::::x:1\n", "users.passwd:2: field 6: expected a time"},
		{FIRST "anna:" HORSE "::::1\n", "users.passwd:2: field 6: expected a time"},
		{FIRST "anna:" HORSE ":::::-1\n", "users.passwd:2: field 6: expected a time"},
		{FIRST ":" HORSE "::::\n", "the user name is empty"},
		{FIRST "Anna:" HORSE "::::\n", "lower case"},
		{FIRST " anna:" HORSE "::::\n", "spaces"},
		{FIRST "anna%20:" HORSE "::::\n", "spaces"},
		{FIRST "an\tna:" HORSE "::::\n", "not UTF-8, a control character"},
		{FIRST "an%0Ana:" HORSE "::::\n", "not UTF-8, a control character"},
		{FIRST "an%00na:" HORSE "::::\n", "without two hex digits"},
		{FIRST "an%2:" HORSE "::::\n", "without two hex digits"},
		{FIRST "an%zz:" HORSE "::::\n", "without two hex digits"},
		{FIRST "an\xff:" HORSE "::::\n", "not UTF-8"},
		{FIRST "anna:" HORSE ":%C3::::\n", "not UTF-8"},
		{FIRST "anna:" HORSE "::anna::\n", "the e-mail"},
		{FIRST "anna:" HORSE "::a@good@evil::\n", "the e-mail"},
		{FIRST "anna:" HORSE "::@example.org::\n", "the e-mail"},
		{FIRST "anna:" HORSE "::anna@::\n", "the e-mail"},
		{FIRST "anna:" HORSE "::a b@example.org::\n", "the e-mail"},
		{FIRST "anna:" HORSE ":::staff,:\n", "a group is empty"},
		{FIRST "anna:" HORSE ":::,:\n", "a group is empty"},
		{FIRST "bert:" HORSE "::::\nanna:" HORSE "::::\nbert:" HORSE "::::\n",
			"users.passwd:4: repeats the user of line 2"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		assert_null(parse_bytes(cases[i].text, strlen(cases[i].text), &error));
		if (strstr(error.text, cases[i].words) == NULL)
			fail_msg("\"%s\" expected: %s", cases[i].words, error.text);
		assert_null(strstr(error.text, KEY)); /* no hash in an error */
	}
}

static void what_is_too_long_is_refused(void **state)
{
	static const struct {
		const char *form;
		size_t fits;
	} cases[] = {{"%.*s:" HORSE "::::\n", 256}, {"a:" HORSE ":%.*s:::\n", 256},
		{"a:" HORSE "::x@%.*s::\n", 252}, {"a:" HORSE ":::%.*s:\n", 128}};
	char run[400], text[1024];

	(void)state;
	memset(run, 'x', sizeof run);
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t more = 0; more < 2; more++) {
			int length = snprintf(text, sizeof text, "%s", FIRST);
			struct users *users;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text + length, sizeof text - (size_t)length, cases[i].form,
				(int)(cases[i].fits + more), run);
#pragma GCC diagnostic pop
			users = parse_bytes(text, strlen(text), NULL);
			assert_int_equal(users != NULL, more == 0);
			users_drop(&users);
		}
}

static void a_nul_byte_is_refused(void **state)
{
	static const char text[] = FIRST "anna:" HORSE "::::\n\0bert:" HORSE "::::\n";
	struct error error = {""};

	(void)state;
	assert_null(parse_bytes(text, sizeof text - 1, &error));
	assert_non_null(strstr(error.text, "NUL"));
}

static void sixty_four_groups_fit(void **state)
{
	struct buffer text = BUFFER_INIT(10000);
	struct users *users;

	(void)state;
	buffer_text(&text, FIRST "anna:" HORSE ":::g0");
	for (int i = 1; i < IDENTITY_GROUPS_MAX; i++)
		buffer_printf(&text, ",g%d", i);
	buffer_text(&text, ":\n");
	users = parse(text.data);
	assert_int_equal(users_at(users, 0)->group_count, IDENTITY_GROUPS_MAX);
	users_drop(&users);
	text.length -= 2;
	buffer_text(&text, ",more:\n");
	assert_null(parse_bytes(text.data, text.length, NULL));
	buffer_release(&text);
}

static void a_hundred_thousand_users_are_read_quickly(void **state)
{
	struct buffer text = BUFFER_INIT(USERS_FILE_MAX);
	clock_t began; /* processor time */
	struct users *users;

	(void)state;
	buffer_text(&text, FIRST);
	for (int i = 0; i < 100000; i++)
		buffer_printf(&text, "user%06d:" HORSE ":N:u@e.org:g:\n", (i * 7919) % 100000);
	assert_false(text.failed);
	began = clock();
	users = users_parse("users.passwd", &text, NULL);
	assert_non_null(users);
	assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
	assert_string_equal(users_at(users, 99999)->name, "user099999");
	assert_non_null(users_find(users, "user054321"));
	assert_null(users_find(users, "user100000"));
	users_drop(&users);
}

static void the_last_holder_frees(void **state)
{
	struct users *users = parse(FIRST "anna:" HORSE "::::\n"), *other = users_hold(users);

	(void)state;
	users_drop(&users);
	assert_null(users);
	assert_non_null(users_find(other, "anna"));
	users_drop(&other);
	users_drop(&other);
}

/* ---- names ---- */

static void names_have_one_form(void **state)
{
	static const struct {
		const char *name, *canonical; /* NULL: none */
	} cases[] = {{"anna", "anna"}, {"Anna", "anna"}, {"ANNA@Example.ORG", "anna@example.org"},
		{" anna", NULL}, {"anna ", NULL}, {"anna k", "anna k"},
		{"\xc3\x81nna", "\xc3\x81nna"}, {"", NULL}, {"   ", NULL}, {"an\nna", NULL},
		{"\tanna", NULL}, {"\xff", NULL}};
	char canonical[USERS_NAME_SIZE], name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(identity_canonical_name(cases[i].name, canonical),
			cases[i].canonical != NULL ? 0 : -1);
		assert_string_equal(
			canonical, cases[i].canonical != NULL ? cases[i].canonical : "");
	}
	memset(name, 'A', sizeof name);
	name[IDENTITY_SUBJECT_MAX] = '\0';
	assert_int_equal(identity_canonical_name(name, canonical), 0);
	assert_int_equal(strlen(canonical), IDENTITY_SUBJECT_MAX);
	name[IDENTITY_SUBJECT_MAX] = 'A';
	name[IDENTITY_SUBJECT_MAX + 1] = '\0';
	assert_int_equal(identity_canonical_name(name, canonical), -1); /* never cut */
	assert_string_equal(canonical, "");
}

static void expiry_is_when_it_ends(void **state)
{
	struct user user = {.expires = 1000};

	(void)state;
	assert_true(users_is_active(&user, 999));
	assert_false(users_is_active(&user, 1000));
	user.expires = 0;
	assert_true(users_is_active(&user, INT64_MAX));
	user.disabled = true;
	assert_false(users_is_active(&user, 0));
}

/* ---- writing ---- */

static void a_line_is_read_as_it_was_written(void **state)
{
	static const char groups[] = "a,b\0c:d\0%2C\0#e\0\xe2\x82\xac";
	const struct user user = {.name = "#a:b%c,d",
		.hash = HORSE,
		.display = " : % # , \xf0\x9f\x98\x80 %3A ",
		.email = "a%:,#@example.org",
		.groups = groups,
		.group_count = 5,
		.expires = 1798740000,
		.enablings = 3,
		.disabled = true};
	struct buffer text = BUFFER_INIT(10000);
	struct users *users;
	const struct user *again;

	(void)state;
	buffer_text(&text, FIRST);
	users_format(&user, &text);
	assert_null(users_fault(&user));
	users = parse(text.data);
	again = users_find(users, user.name);
	assert_non_null(again);
	assert_string_equal(again->hash, user.hash);
	assert_string_equal(again->display, user.display);
	assert_string_equal(again->email, user.email);
	assert_int_equal(again->group_count, 5);
	assert_memory_equal(again->groups, groups, sizeof groups);
	assert_true(again->expires == user.expires);
	assert_int_equal(again->enablings, 3);
	assert_true(again->disabled);
	users_drop(&users);
	buffer_release(&text);
}

static void plain_text_is_written_plainly(void **state)
{
	const struct user user = {
		.name = "anna", .hash = HORSE, .display = "Anna K", .email = "", .groups = ""};
	struct buffer text = BUFFER_INIT(10000);

	(void)state;
	users_format(&user, &text);
	assert_string_equal(text.data, "anna:" HORSE ":Anna K:::\n");
	buffer_release(&text);
}

/* ---- passwords ---- */

static void nobody_has_the_password_of_nobody(void **state)
{
	struct users *users = parse(FIRST "anna:" HORSE "::::\n"), *empty = parse(FIRST);

	(void)state;
	assert_int_equal(
		users_verify(users, users_at(users, 0), "anna", "correct horse"), PASSWORD_MATCH);
	/* The work is that of anna's hash, and the password is hers; still nobody comes in by it.
	 */
	assert_int_equal(users_verify(users, NULL, "bert", "correct horse"), PASSWORD_MISMATCH);
	assert_int_equal(users_verify(empty, NULL, "bert", ""), PASSWORD_MISMATCH);
	users_drop(&users);
	users_drop(&empty);
}

static int start(void **state)
{
	(void)state;
	return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_fields_make_a_user),
		cmocka_unit_test(escapes_stand_for_bytes),
		cmocka_unit_test(users_come_in_the_order_of_their_names),
		cmocka_unit_test(a_bad_line_makes_the_file_bad),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(a_nul_byte_is_refused),
		cmocka_unit_test(sixty_four_groups_fit),
		cmocka_unit_test(a_hundred_thousand_users_are_read_quickly),
		cmocka_unit_test(the_last_holder_frees),
		cmocka_unit_test(names_have_one_form),
		cmocka_unit_test(expiry_is_when_it_ends),
		cmocka_unit_test(a_line_is_read_as_it_was_written),
		cmocka_unit_test(plain_text_is_written_plainly),
		cmocka_unit_test(nobody_has_the_password_of_nobody),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
