/* SPDX-License-Identifier: MIT
 *
 * The backend "file", the registry and the mock; the format of the users file is users_test.c's.
 */
#define MEETAUTH_MOCK
#include "auth/mock.c"
#include "auth/registry.c"

#include "backend_fixture.h"
#include "users_fixture.h"

#include "auth/users.h"
#include "base/file.h"
#include "platform/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

/* Cheap ones, of "correct horse" and "other secret". */
#define HORSE                                                                                      \
	"$argon2id$v=19$m=8,t=1,p=1$SYhnt1yho6XMGutRlE3jXQ$"                                       \
	"qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ"
#define OTHER                                                                                      \
	"$argon2id$v=19$m=8,t=1,p=1$0f5z/i8mfAdjaJoFu63qfg$"                                       \
	"CF2N0SYOjD4H2sSRPyCIRNM+kiSjUA5FrSfyGAq+DOQ"

#define FILE_OF_FOUR                                                                               \
	USERS_FIRST_LINE "anna:" HORSE ":Anna Kov\xc3\xa1\x63s:anna@example.org:staff,hosts:\n"    \
			 "bert:" OTHER "::::\n"                                                    \
			 "carl:!" HORSE ":Carl:::\n"                                               \
			 "dora:" HORSE ":Dora:::2000-01-01T00:00:00Z\n"

static void put_users(const struct fixture *fixture, const char *text)
{
	put(fixture->users, text, strlen(text), 0600);
}

static const char *options_of(struct fixture *fixture)
{
	static char options[160];

	snprintf(options, sizeof options, "users = \"%s\"", fixture->users);
	return options;
}

static void *open_with(struct fixture *fixture, const char *text)
{
	put_users(fixture, text);
	return open_backend(fixture, &auth_file, options_of(fixture));
}

static enum auth_verdict try(
	void *instance, const char *name, const char *password, struct identity *who)
{
	struct error error = {""};
	struct auth_attempt attempt = {
		.name = name, .password = password, .who = who, .error = &error};

	return auth_file.check(instance, &attempt);
}

/* ---- check ---- */

static void a_right_password_gives_a_whole_identity(void **state)
{
	void *instance = open_with(*state, FILE_OF_FOUR);
	struct identity who = IDENTITY_INIT;

	identity_set(&who.backend, "staff", IDENTITY_NAME_MAX);
	assert_int_equal(try(instance, "anna", "correct horse", &who), AUTH_GRANT);
	assert_string_equal(who.backend, "staff");
	assert_string_equal(who.subject, "anna");
	assert_string_equal(who.name, "Anna Kov\xc3\xa1\x63s");
	assert_string_equal(who.email, "anna@example.org");
	assert_int_equal(who.group_count, 2);
	assert_true(identity_has_group(&who, "staff"));
	assert_true(identity_has_group(&who, "hosts"));
	identity_release(&who);
	assert_int_equal(try(instance, "bert", "other secret", &who), AUTH_GRANT);
	assert_null(who.name);
	assert_null(who.email);
	assert_int_equal(who.group_count, 0);
	identity_release(&who);
	auth_close(&auth_file, instance);
}

static void everybody_else_gets_another_verdict(void **state)
{
	static const struct {
		const char *name, *password;
		enum auth_verdict verdict;
	} cases[] = {{"anna", "wrong", AUTH_DENY}, {"anna", "correct horse ", AUTH_DENY},
		{"anna", "Correct horse", AUTH_DENY}, {"anna", "other secret", AUTH_DENY},
		{"bert", "correct horse", AUTH_DENY},
		{"carl", "correct horse", AUTH_DENY}, /* disabled */
		{"dora", "correct horse", AUTH_DENY}, /* expired */
		{"emil", "correct horse", AUTH_UNKNOWN}, {"ann", "correct horse", AUTH_UNKNOWN},
		{"anna:", "correct horse", AUTH_UNKNOWN}, {"an na", "correct horse", AUTH_UNKNOWN},
		/* counted by the throttle as other names: so they are none of hers */
		{" anna", "correct horse", AUTH_UNKNOWN}, {"anna ", "correct horse", AUTH_UNKNOWN},
		{"anna%00", "correct horse", AUTH_UNKNOWN}, {" ", "correct horse", AUTH_UNKNOWN},
		{"\xef\xbc\xa1nna", "correct horse", AUTH_UNKNOWN}, /* full-width A */
		{"*", "correct horse", AUTH_UNKNOWN}};
	void *instance = open_with(*state, FILE_OF_FOUR);
	struct identity who = IDENTITY_INIT;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			try(instance, cases[i].name, cases[i].password, &who), cases[i].verdict);
		/* The account is named, for the log: never what was typed for nobody. */
		assert_int_equal(who.subject != NULL, cases[i].verdict == AUTH_DENY);
		if (who.subject != NULL)
			assert_string_equal(who.subject, cases[i].name);
		assert_null(who.name);
		assert_int_equal(who.group_count, 0);
		identity_release(&who);
	}
	auth_close(&auth_file, instance);
}

static void capitals_make_no_other_name(void **state)
{
	static const char *const names[] = {"anna", "Anna", "ANNA"};
	void *instance = open_with(*state, FILE_OF_FOUR);

	for (size_t i = 0; i < COUNT(names); i++) {
		struct identity who = IDENTITY_INIT;

		assert_int_equal(try(instance, names[i], "correct horse", &who), AUTH_GRANT);
		assert_string_equal(who.subject, "anna");
		identity_release(&who);
	}
	auth_close(&auth_file, instance);
}

static bool stands_in(void *instance, const char *name)
{
	return users_session_goes_on(
		instance, USERS_OWN, FILE_OF_FOUR "emil:" HORSE "::::\n", name);
}

static void an_empty_file_knows_nobody(void **state)
{
	void *instance = open_with(*state, USERS_FIRST_LINE);
	struct identity who = IDENTITY_INIT;

	assert_int_equal(try(instance, "anna", "correct horse", &who), AUTH_UNKNOWN);
	assert_false(stands_in(instance, "anna"));
	auth_close(&auth_file, instance);
}

/* Processor time, which other programs do not stretch. */
static clock_t fastest_of_three(void *instance, const char *name, enum auth_verdict verdict)
{
	struct identity who = IDENTITY_INIT;
	clock_t fastest = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		clock_t began = clock(), took;

		assert_int_equal(try(instance, name, "wrong", &who), verdict);
		took = (clock() - began) * 1000 / CLOCKS_PER_SEC;
		fastest = took < fastest ? took : fastest;
		identity_release(&who); /* a denial says whom it is about */
	}
	identity_release(&who);
	return fastest;
}

/* Without the work for names that are not there the second would take no time at all. */
static void an_unknown_name_takes_as_long_as_a_known_one(void **state)
{
	char text[512], hash[PASSWORD_HASH_SIZE];
	clock_t known, disabled, unknown;
	void *instance;

	assert_int_equal(password_hash("correct horse", hash), 0);
	snprintf(text, sizeof text, USERS_FIRST_LINE "anna:%s::::\nbert:!%s::::\n", hash, hash);
	instance = open_with(*state, text);
	known = fastest_of_three(instance, "anna", AUTH_DENY);
	disabled = fastest_of_three(instance, "bert", AUTH_DENY);
	unknown = fastest_of_three(instance, "nobody", AUTH_UNKNOWN);
	assert_true(known > 4);
	assert_true(unknown > known / 4 && unknown < known * 4);
	assert_true(disabled > known / 4 && disabled < known * 4);
	auth_close(&auth_file, instance);
}

/* ---- open ---- */

static void refused(struct fixture *fixture, const char *words)
{
	refuses(fixture, &auth_file, options_of(fixture), 5, words);
}

static void a_file_that_is_not_there_says_how_to_make_it(void **state)
{
	refused(*state, "meetauthctl user add");
}

static void a_file_that_others_can_read_is_refused(void **state)
{
	struct fixture *fixture = *state;

	put(fixture->users, FILE_OF_FOUR, strlen(FILE_OF_FOUR), 0644);
	refused(fixture, "chmod 0640");
	assert_int_equal(chmod(fixture->users, 0640), 0);
	auth_close(&auth_file, open_with(fixture, FILE_OF_FOUR));
}

static void a_bad_line_is_named_with_its_place(void **state)
{
	struct fixture *fixture = *state;
	char words[256];

	put_users(fixture, FILE_OF_FOUR "emil:secret::::\n");
	snprintf(words, sizeof words, "%s:6: the password hash does not begin", fixture->users);
	refused(fixture, words);
}

static void a_relative_path_is_refused(void **state)
{
	struct fixture *fixture = *state;

	snprintf(fixture->users, sizeof fixture->users, "users.passwd");
	refused(fixture, "absolute");
}

/* ---- stands and refresh ---- */

static void only_active_users_stand(void **state)
{
	void *instance = open_with(*state, FILE_OF_FOUR);

	assert_true(stands_in(instance, "anna"));
	assert_true(stands_in(instance, "bert"));
	assert_false(stands_in(instance, "carl"));
	assert_false(stands_in(instance, "dora"));
	assert_false(stands_in(instance, "emil"));
	assert_false(stands_in(instance, ""));
	auth_close(&auth_file, instance);
}

static void a_changed_file_is_read_again(void **state)
{
	struct fixture *fixture = *state;
	void *instance = open_with(fixture, FILE_OF_FOUR);
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	assert_int_equal(auth_file.refresh(instance, &error), 0);
	put_users(fixture, USERS_FIRST_LINE "anna:" OTHER "::::\nemil:" HORSE "::::\n");
	assert_int_equal(auth_file.refresh(instance, &error), 1);
	assert_int_equal(auth_file.refresh(instance, &error), 0);
	assert_false(stands_in(instance, "bert"));
	assert_true(stands_in(instance, "emil"));
	assert_int_equal(try(instance, "anna", "correct horse", &who), AUTH_DENY);
	assert_int_equal(try(instance, "anna", "other secret", &who), AUTH_GRANT);
	identity_release(&who);
	auth_close(&auth_file, instance);
}

/* A session of somebody holds while they are who they were when it began. */
static void other_groups_end_a_session(void **state)
{
	static const char *const others[] = {"anna:" HORSE ":Anna::staff:\n",
		"anna:" HORSE ":Anna::staff,hosts,others:\n",
		"anna:" HORSE ":Anna::staff,others:\n", "anna:" HORSE ":Anna:::\n",
		"anna:" HORSE ":Anna::staff,staff:\n", "bert:" HORSE "::::\n"};
	void *instance = open_with(*state, FILE_OF_FOUR);
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	assert_int_equal(try(instance, "anna", "correct horse", &who), AUTH_GRANT);
	assert_true(auth_file.session_valid(instance, &who));
	for (size_t i = 0; i < COUNT(others); i++) {
		char text[1024];

		snprintf(text, sizeof text, USERS_FIRST_LINE "%s", others[i]);
		put_users(*state, text);
		assert_int_equal(auth_file.refresh(instance, &error), 1);
		assert_false(auth_file.session_valid(instance, &who));
	}
	put_users(*state, USERS_FIRST_LINE "anna:" HORSE ":Anne:a@example.org:hosts,staff:\n");
	assert_int_equal(auth_file.refresh(instance, &error), 1);
	assert_true(auth_file.session_valid(instance, &who)); /* whatever their order */
	identity_release(&who);
	auth_close(&auth_file, instance);
}

/* Whose account it was at sign-in is in the session; the account may be another one by now. */
static void p10_another_account_of_the_name_ends_a_session(void **state)
{
	static const char *const others[] = {"anna:" OTHER
					     ":Anna::staff,hosts:\n", /* a new password */
		"anna:!" HORSE ":Anna::staff,hosts:\n",		      /* disabled */
		"anna:" HORSE ":Anna::staff,hosts::1\n",	      /* and enabled again */
		"anna:" HORSE ":Anna::staff,hosts:2099-12-31:0\n",    /* no count: see below */
		"anna:" HORSE
		":Anna::staff,hosts:2099-12-31T18:00Z\n", /* ends, or ended, at a time */
		"anna:" HORSE ":Anna::staff,hosts:2099-12-31T18:00:00Z:7\n"};
	void *instance = open_with(*state, FILE_OF_FOUR);
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	assert_int_equal(try(instance, "anna", "correct horse", &who), AUTH_GRANT);
	assert_non_null(who.account);
	assert_null(strstr(HORSE, who.account));
	for (size_t i = 0; i < COUNT(others); i++) {
		char text[1024];
		int changed;

		snprintf(text, sizeof text, USERS_FIRST_LINE "%s", others[i]);
		put_users(*state, text);
		changed = auth_file.refresh(instance, &error);
		assert_int_equal(changed, i == 3 ? -1 : 1);
		assert_false(auth_file.session_valid(instance, &who));
	}
	put_users(*state, FILE_OF_FOUR);
	assert_int_equal(auth_file.refresh(instance, &error), 1);
	assert_true(auth_file.session_valid(instance, &who));
	free(who.account);
	who.account = NULL; /* a session that says nothing of it */
	assert_false(auth_file.session_valid(instance, &who));
	identity_release(&who);
	auth_close(&auth_file, instance);
}

static void a_bad_file_leaves_the_old_users_in_place(void **state)
{
	struct fixture *fixture = *state;
	void *instance = open_with(fixture, FILE_OF_FOUR);
	struct error error = {""};

	put_users(fixture, USERS_FIRST_LINE "emil:" HORSE "::::\nfranz:::::\n");
	assert_int_equal(auth_file.refresh(instance, &error), -1);
	assert_non_null(strstr(error.text, "users:3: "));
	assert_int_equal(auth_file.refresh(instance, &error), -1);
	assert_true(stands_in(instance, "anna"));
	assert_false(stands_in(instance, "emil")); /* nothing of a half-good file */
	unlink(fixture->users);
	assert_int_equal(auth_file.refresh(instance, &error), -1);
	assert_true(stands_in(instance, "anna"));
	put_users(fixture, USERS_FIRST_LINE "emil:" HORSE "::::\n");
	assert_int_equal(auth_file.refresh(instance, &error), 1);
	assert_false(stands_in(instance, "anna"));
	assert_true(stands_in(instance, "emil"));
	auth_close(&auth_file, instance);
}

static atomic_int granted;

static void *log_in_many_times(void *instance)
{
	for (int i = 0; i < 200; i++) {
		struct identity who = IDENTITY_INIT;

		if (try(instance, "anna", "correct horse", &who) == AUTH_GRANT)
			atomic_fetch_add(&granted, 1);
		identity_release(&who);
	}
	return NULL;
}

/* For the sanitizers: tables are swapped under the hands of those who check passwords. */
static void checks_and_refreshes_do_not_disturb_each_other(void **state)
{
	struct fixture *fixture = *state;
	void *instance = open_with(fixture, FILE_OF_FOUR);
	struct error error;
	pthread_t threads[2];

	atomic_store(&granted, 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_in_many_times, instance), 0);
	for (int i = 0; i < 50; i++) {
		put_users(fixture, i % 2 ? FILE_OF_FOUR : FILE_OF_FOUR "emil:" HORSE "::::\n");
		assert_int_equal(auth_file.refresh(instance, &error), 1);
		assert_true(stands_in(instance, "anna"));
	}
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&granted), 400);
	auth_close(&auth_file, instance);
}

/* ---- registry and mock ---- */

static void the_registry_finds_by_type(void **state)
{
	const struct section_type *types_found = auth_section_types();
	bool missing;

	(void)state;
	assert_ptr_equal(auth_find("file"), &auth_file);
	assert_null(auth_find("File"));
	assert_null(auth_find(""));
	assert_ptr_equal(auth_find("mock"), &auth_mock);
	assert_ptr_equal(auth_at(0), &auth_file);
	assert_string_equal(types_found[0].type, "file");
	assert_string_equal(types_found[0].options[0].name, "users");
	/* Each type is either built in or known to be missing. */
	for (; types_found->type != NULL; types_found++) {
		missing = false;
		for (size_t i = 0; auth_missing_at(i) != NULL; i++)
			missing |= strcmp(auth_missing_at(i), types_found->type) == 0;
		assert_true((auth_find(types_found->type) != NULL) != missing);
		assert_true((types_found->options == NULL) == missing);
	}
	assert_null(auth_at(1000));
	assert_null(auth_missing_at(1000));
}

static void the_mock_answers_as_it_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct identity who = IDENTITY_INIT;
	struct error error = {""};
	struct auth_attempt attempt = {
		.name = "bert", .password = "any", .who = &who, .error = &error};
	void *mock;

	configure(fixture, (struct config_types){platform_section_types(), auth_section_types()},
		"platform \"a.example\" { type = \"veeting\" }\nbackend \"test\" { type = \"mock\" "
		"users = {\"anna=grant\", \"bert=unavailable\", \"carl=deny\"} }");
	mock = auth_open(&auth_mock, fixture->settings->backends[0], &error);
	assert_non_null(mock);
	assert_int_equal(auth_mock.check(mock, &attempt), AUTH_UNAVAILABLE);
	assert_true(error.text[0] != '\0');
	attempt.name = "carl";
	assert_int_equal(auth_mock.check(mock, &attempt), AUTH_DENY);
	attempt.name = "ann";
	assert_int_equal(auth_mock.check(mock, &attempt), AUTH_UNKNOWN);
	attempt.name = "anna";
	assert_int_equal(auth_mock.check(mock, &attempt), AUTH_GRANT);
	assert_string_equal(who.subject, "anna");
	assert_true(stands(&auth_mock, mock, "anna"));
	assert_false(stands(&auth_mock, mock, "carl"));
	identity_release(&who);
	auth_close(&auth_mock, mock);
	configure(fixture, (struct config_types){platform_section_types(), auth_section_types()},
		"platform \"a.example\" { type = \"veeting\" }\n"
		"backend \"test\" { type = \"mock\" users = {\"anna=maybe\"} }");
	assert_null(auth_open(&auth_mock, fixture->settings->backends[0], &error));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_right_password_gives_a_whole_identity),
		TEST(everybody_else_gets_another_verdict),
		TEST(capitals_make_no_other_name),
		TEST(an_empty_file_knows_nobody),
		TEST(an_unknown_name_takes_as_long_as_a_known_one),
		TEST(a_file_that_is_not_there_says_how_to_make_it),
		TEST(a_file_that_others_can_read_is_refused),
		TEST(a_bad_line_is_named_with_its_place),
		TEST(a_relative_path_is_refused),
		TEST(only_active_users_stand),
		TEST(a_changed_file_is_read_again),
		TEST(other_groups_end_a_session),
		TEST(p10_another_account_of_the_name_ends_a_session),
		TEST(a_bad_file_leaves_the_old_users_in_place),
		TEST(checks_and_refreshes_do_not_disturb_each_other),
		TEST(the_registry_finds_by_type),
		TEST(the_mock_answers_as_it_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
