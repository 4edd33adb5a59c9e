/* SPDX-License-Identifier: MIT
 *
 * htpasswd files. The hashes are published ones (bcrypt: crypt_blowfish's own test; SHA-crypt: its
 * specification), yescrypt's is from crypt(3).
 */
#ifdef HAVE_CRYPT

#include "users_fixture.h"

#include "auth/registry.h"
#include "auth/htpasswd.h"

#include <time.h>

#define BCRYPT	 "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" /* U*U */
#define BCRYPT_B "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define BCRYPT_A "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define SHA256	 "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
#define SHA512_HASH_OF_HELLO                                                                       \
	"svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
#define SHA512 "$6$saltstring$" SHA512_HASH_OF_HELLO
#define SHA512_ROUNDS                                                                              \
	"$6$rounds=10000$saltstringsaltst$"                                                        \
	"OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v."
#define SLOW                                                                                       \
	"$6$rounds=200000$saltstring$"                                                             \
	"GJdKSK4lxUxLhNiE8U5zJQOTfTRGoySxiw6KMqjaSflHlqVhkSFPWJEacbl.GTyEsv9fX4DLBpLia5zZOId9q."
#define YESCRYPT_REST "k2XAnEHBqQ1Ct2aMXFKNa/$U714.Qb8scG3K4QGg/xKCyJYcAYtgz2YQfZyHILKld1"
#define YESCRYPT      "$y$j75$" YESCRYPT_REST
#define HELLO	      "Hello world!"

static struct users *load(struct fixture *fixture, const char *text, struct error *error)
{
	put(fixture->users, text, strlen(text), 0600);
	return users_load(fixture->users, USERS_HTPASSWD, error);
}

static struct users *load_good(struct fixture *fixture, const char *text)
{
	struct error error = {""};
	struct users *users = load(fixture, text, &error);

	if (users == NULL)
		fail_msg("refused: %s", error.text);
	return users;
}

static enum password_match try(const struct users *users, const char *name, const char *password)
{
	return users_verify(users, users_find(users, name), name, password);
}

static void test_hashes(void **state)
{
	static const char *const hashes[][2] = {{BCRYPT, "U*U"}, {BCRYPT_B, "U*U"},
		{BCRYPT_A, "U*U"}, {SHA256, HELLO}, {SHA512, HELLO}, {SHA512_ROUNDS, HELLO},
		{YESCRYPT, HELLO}};

	for (size_t i = 0; i < COUNT(hashes); i++) {
		char text[256];
		struct users *users;

		snprintf(text, sizeof text, "anna:%s\n", hashes[i][0]);
		users = load_good(*state, text);
		assert_int_equal(try(users, "anna", hashes[i][1]), PASSWORD_MATCH);
		assert_int_equal(try(users, "anna", "hello world!"), PASSWORD_MISMATCH);
		assert_int_equal(try(users, "anna", ""), PASSWORD_MISMATCH);
		assert_int_equal(try(users, "bert", hashes[i][1]), PASSWORD_MISMATCH);
		users_drop(&users);
	}
}

static void test_lines(void **state)
{
	struct users *users = load_good(*state, "# a comment\n\nanna:" SHA512 "\nAnna:" SHA256
						":with a comment\nBert Smith:" BCRYPT);
	char key[USERS_NAME_SIZE];

	assert_int_equal(users_find(users, "anna")->line, 3);
	assert_string_equal(users_find(users, "anna")->hash, SHA512);
	/* Another program tells the two apart, so they are two. */
	assert_string_equal(users_find(users, "Anna")->hash, SHA256);
	assert_null(users_find(users, "ANNA"));
	assert_non_null(users_find(users, "Bert Smith"));
	assert_null(users_at(users, 3));
	assert_int_equal(users_key(users, "Anna", key), 0);
	assert_string_equal(key, "Anna");
	assert_int_equal(users_key(users, " Anna", key), -1);
	assert_string_equal(key, "");
	users_drop(&users);
	users = load_good(*state, "");
	assert_null(users_at(users, 0));
	assert_int_equal(try(users, "anna", ""), PASSWORD_MISMATCH);
	users_drop(&users);
}

static void refused(struct fixture *fixture, const char *line, const char *words)
{
	struct error error = {""};
	char text[512];
	struct users *users;

	snprintf(text, sizeof text, "# first\n%s\n", line);
	users = load(fixture, text, &error);
	if (users != NULL)
		fail_msg("taken: %s", line);
	if (strstr(error.text, "users:2: ") == NULL || strstr(error.text, words) == NULL)
		fail_msg("%s: \"users:2: \" and \"%s\" expected: %s", line, words, error.text);
}

/* Windows and its editors (CR LF, a byte order mark); nginx takes the first. */
static void test_lines_of_windows(void **state)
{
	struct users *users =
		load_good(*state, "\xef\xbb\xbf"
				  "anna:" SHA512 "\r\n# a comment\r\n\r\n"
				  "bert:" SHA256 ":with a comment\r\ncarl:" BCRYPT "\r");

	assert_int_equal(try(users, "anna", HELLO), PASSWORD_MATCH);
	assert_int_equal(try(users, "bert", HELLO), PASSWORD_MATCH);
	assert_int_equal(try(users, "carl", "U*U"), PASSWORD_MATCH);
	assert_int_equal(users_find(users, "bert")->line, 4);
	assert_null(users_at(users, 3));
	users_drop(&users);
	refused(*state, "anna\r:" SHA512, "not printable");
}

static void test_a53_schemes_that_are_not_taken(void **state)
{
	static const char *const hashes[] = {"", "secret", "$apr1$salt$xxj31ZMTZzkVA.dOD3rGB/",
		"$1$salt$qJH7.N4xYta3aEG/dfqo/0", "rl.3StKT.4T8M",
		"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{SSHA}x", "{PLAIN}x",
		"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
		"$gy$j75$" YESCRYPT_REST, "!" SHA512, "*", "x",
		"$argon2id$v=19$m=8,t=1,p=1$SYhnt1yho6XMGutRlE3jXQ$"
		"qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ"};
	char line[256];

	for (size_t i = 0; i < COUNT(hashes); i++) {
		snprintf(line, sizeof line, "anna:%s", hashes[i]);
		refused(*state, line, "not hashed with bcrypt, SHA-crypt or yescrypt");
	}
}

static void test_a53_costs_that_are_too_high(void **state)
{
	refused(*state, "a:$2y$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"cost 14");
	refused(*state, "a:$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"cost 14");
	refused(*state, "a:$6$rounds=1000001$saltstring$" SHA512_HASH_OF_HELLO, "rounds=1000000");
	refused(*state, "a:$6$rounds=999999999$saltstring$" SHA512_HASH_OF_HELLO, "rounds=1000000");
	refused(*state, "a:$y$jET$" YESCRYPT_REST, "256 MiB");
	refused(*state, "a:$y$jzz$" YESCRYPT_REST, "256 MiB");
	refused(*state, "a:$y$jDU$" YESCRYPT_REST, "256 MiB");
}

/* The limits themselves are read; nobody signs in here. */
static void test_a53_costs_at_the_limit(void **state)
{
	struct users *users =
		load_good(*state, "a:$2y$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n"
				  "b:$6$rounds=1000000$saltstring$" SHA512_HASH_OF_HELLO "\n"
				  "c:$y$jDT$" YESCRYPT_REST "\n");

	assert_non_null(users_at(users, 2));
	users_drop(&users);
}

static void test_a53_hashes_that_are_damaged(void **state)
{
	static const char *const hashes[] = {
		"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", "$2y$", "$2y$5",
		"$2y$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW ",
		"$2y$0x$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "$5$", "$6$",
		"$6$saltstring$", "$6$saltstring", SHA512 "x",
		"$6$saltstringsaltstring$" SHA512_HASH_OF_HELLO,
		"$6$rounds=10$saltstring$" SHA512_HASH_OF_HELLO,
		"$6$rounds=$salt$" SHA512_HASH_OF_HELLO, "$6$rounds=5000",
		"$6$rounds=-1$s$" SHA512_HASH_OF_HELLO,
		"$6$rounds=99999999999999999999$s$" SHA512_HASH_OF_HELLO,
		"$5$saltstring$" SHA512_HASH_OF_HELLO, "$y$", "$y$j", "$y$j7", "$y$j75", "$y$j75$",
		"$y$j75$salt", "$y$j75$salt$", "$y$k75$" YESCRYPT_REST, "$y$j75.$" YESCRYPT_REST,
		"$y$j75$a$U714.Qb8scG3K4QGg/xKCyJYcAYtgz2YQfZyHILKld1",
		"$y$j75$zz$U714.Qb8scG3K4QGg/xKCyJYcAYtgz2YQfZyHILKld1", YESCRYPT "x", SHA256 "\rx",
		SHA256 "\t"};
	char line[256];

	for (size_t i = 0; i < COUNT(hashes); i++) {
		snprintf(line, sizeof line, "anna:%s", hashes[i]);
		refused(*state, line, "the password hash is damaged");
	}
}

static void test_other_lines_that_are_refused(void **state)
{
	struct error error = {""};

	refused(*state, "anna", "expected a colon");
	refused(*state, ":" SHA512, "the user name is empty");
	refused(*state, " anna:" SHA512, "spaces around it");
	refused(*state, "an\tna:" SHA512, "not printable");
	refused(*state, "an\xff:" SHA512, "not printable");
	assert_null(load(*state, "anna:" SHA512 "\nbert:" SHA512 "\nanna:" SHA256 "\n", &error));
	assert_non_null(strstr(error.text, "users:3: repeats the user of line 1"));
}

/* Processor time, the least of three tries. */
static double seconds_of(const struct users *users, const char *name)
{
	double least = 1e9;

	for (int i = 0; i < 3; i++) {
		struct timespec from, to;
		double taken;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		assert_int_equal(try(users, name, "wrong"), PASSWORD_MISMATCH);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		taken = (double)(to.tv_sec - from.tv_sec) +
			(double)(to.tv_nsec - from.tv_nsec) / 1e9;
		least = taken < least ? taken : least;
	}
	return least;
}

/* 200000 rounds are tens of milliseconds; nothing else here takes one. */
static void test_a53_an_unknown_name_takes_the_same_work(void **state)
{
	struct users *users = load_good(*state, "anna:" SLOW "\n");
	double known = seconds_of(users, "anna"), unknown = seconds_of(users, "bert");

	assert_int_equal(try(users, "anna", HELLO), PASSWORD_MATCH);
	if (unknown < known / 3 || unknown > known * 3)
		fail_msg("%.4f s for an unknown name, %.4f s for a known one", unknown, known);
	users_drop(&users);
}

static void test_passwords_that_crypt_does_not_take(void **state)
{
	struct users *users = load_good(*state, "anna:" SHA512 "\n");
	char longest[AUTH_PASSWORD_MAX + 1];

	memset(longest, 'x', sizeof longest);
	longest[AUTH_PASSWORD_MAX] = '\0';
	assert_int_equal(try(users, "anna", longest), PASSWORD_MISMATCH);
	users_drop(&users);
}

/* ---- the backend ---- */

static int open_backend(
	struct fixture *fixture, const char *format, void **instance_r, struct error *error)
{
	static const struct option none[] = {{0}};
	const struct section_type platforms[] = {{"veeting", none}, {0}};
	const struct section_type backends[] = {{"file", auth_file.options}, {0}};

	if (try_configure(fixture, (struct config_types){platforms, backends}, error,
		    "platform \"meeting.example.org\" { type = \"veeting\" }\n"
		    "backend \"staff\" {\n type = \"file\"\n users = \"%s\"\n format = \"%s\"\n}\n",
		    fixture->users, format) != 0)
		return -1;
	*instance_r = auth_open(&auth_file, fixture->settings->backends[0], error);
	return *instance_r != NULL ? 0 : -1;
}

static enum auth_verdict sign_in(void *instance, const char *name, const char *password)
{
	static const struct join join;
	struct identity who = IDENTITY_INIT;
	struct error error = {""};
	struct auth_attempt attempt = {.name = name,
		.password = password,
		.join = &join,
		.client = "",
		.who = &who,
		.error = &error};
	enum auth_verdict verdict = auth_file.check(instance, &attempt);

	if (verdict == AUTH_GRANT)
		assert_string_equal(who.subject, name);
	identity_release(&who);
	return verdict;
}

static bool stands_in(void *instance, const char *name)
{
	return users_session_goes_on(
		instance, USERS_HTPASSWD, "Anna:" SHA512 "\nbert:" SHA512 "\n", name);
}

static void test_backend(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};
	void *instance = NULL;

	put(fixture->users, "Anna:" SHA512 "\n", strlen("Anna:" SHA512 "\n"), 0640);
	if (open_backend(fixture, "htpasswd", &instance, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(sign_in(instance, "Anna", HELLO), AUTH_GRANT);
	assert_int_equal(sign_in(instance, "Anna", "wrong"), AUTH_DENY);
	assert_int_equal(sign_in(instance, "anna", HELLO), AUTH_UNKNOWN);
	assert_true(stands_in(instance, "Anna"));
	assert_false(stands_in(instance, "anna"));
	/* A new file counts, a bad one does not. */
	put(fixture->users, "bert:" SHA512 "\n", strlen("bert:" SHA512 "\n"), 0640);
	assert_int_equal(auth_file.refresh(instance, &error), 1);
	assert_false(stands_in(instance, "Anna"));
	assert_true(stands_in(instance, "bert"));
	put(fixture->users, "bert:plain\n", strlen("bert:plain\n"), 0640);
	assert_int_equal(auth_file.refresh(instance, &error), -1);
	assert_true(stands_in(instance, "bert"));
	auth_close(&auth_file, instance);
}

static void test_formats_are_not_guessed(void **state)
{
	struct fixture *fixture = *state;
	struct error error = {""};
	void *instance = NULL;

	put(fixture->users, "anna:" SHA512 "\n", strlen("anna:" SHA512 "\n"), 0600);
	assert_int_equal(open_backend(fixture, "users", &instance, &error), -1);
	assert_non_null(strstr(error.text, "write format = \"htpasswd\""));
	assert_int_equal(open_backend(fixture, "apache", &instance, &error), -1);
	assert_non_null(strstr(error.text, "conf:"));
	assert_non_null(strstr(error.text, "format: expected \"users\" or \"htpasswd\""));
	put(fixture->users, USERS_FIRST_LINE "anna:x:::::\n",
		strlen(USERS_FIRST_LINE "anna:x:::::\n"), 0600);
	assert_int_equal(open_backend(fixture, "htpasswd", &instance, &error), -1);
	unlink(fixture->users);
	assert_int_equal(open_backend(fixture, "htpasswd", &instance, &error), -1);
	assert_null(strstr(error.text, "user add"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hashes),
		TEST(test_lines),
		TEST(test_lines_of_windows),
		TEST(test_a53_schemes_that_are_not_taken),
		TEST(test_a53_costs_that_are_too_high),
		TEST(test_a53_costs_at_the_limit),
		TEST(test_a53_hashes_that_are_damaged),
		TEST(test_other_lines_that_are_refused),
		TEST(test_a53_an_unknown_name_takes_the_same_work),
		TEST(test_passwords_that_crypt_does_not_take),
		TEST(test_backend),
		TEST(test_formats_are_not_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no libcrypt */
}

#endif
