/* SPDX-License-Identifier: MIT
 *
 * Keys of meetings and guests: guests/meeting_keys.c, base/display_name.c, and the backends
 * "meeting-key" and "guest".
 */
#include "backend_fixture.h"

#include "base/display_name.h"
#include "base/clock.h"
#include "guests/meeting_keys.h"

#include <time.h>

extern const struct auth_backend auth_meeting_key;
extern const struct auth_backend auth_guest;

#define HOST "meeting.example.org"

/* Cheap ones, of "correct horse" and "other secret". */
#define HORSE                                                                                      \
	"$argon2id$v=19$m=8,t=1,p=1$SYhnt1yho6XMGutRlE3jXQ$"                                       \
	"qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ"
#define OTHER                                                                                      \
	"$argon2id$v=19$m=8,t=1,p=1$0f5z/i8mfAdjaJoFu63qfg$"                                       \
	"CF2N0SYOjD4H2sSRPyCIRNM+kiSjUA5FrSfyGAq+DOQ"

static void set(
	const struct fixture *fixture, const char *meeting, const char *hash, int64_t expires)
{
	struct meeting_key key = {.id = "",
		.platform = HOST,
		.meeting = meeting,
		.hash = hash,
		.created = 1700000000,
		.expires = expires};
	struct error error = {""};

	if (meeting_keys_set(fixture->users, &key, &error) != 0)
		fail_msg("%s", error.text);
}

static struct records *load(const struct fixture *fixture)
{
	struct error error = {""};
	struct records *keys = records_load(&meeting_keys_type, fixture->users, &error);

	if (keys == NULL)
		fail_msg("%s", error.text);
	return keys;
}

/* ---- the file ---- */

static void a_meeting_has_one_key_and_another_takes_its_place(void **state)
{
	struct fixture *fixture = *state;
	const struct meeting_key *key;
	struct records *keys;
	char first[RECORDS_ID_SIZE];

	set(fixture, "m1", HORSE, 0);
	set(fixture, "m2", HORSE, clock_wall() + 60);
	keys = load(fixture);
	key = meeting_keys_find(keys, HOST, "m1");
	assert_string_equal(key->hash, HORSE);
	assert_int_equal(key->created, 1700000000);
	assert_int_equal(key->expires, 0);
	snprintf(first, sizeof first, "%s", key->id);
	assert_ptr_equal(records_by_id(keys, first), key);
	records_free(&keys);
	set(fixture, "m1", OTHER, 0);
	keys = load(fixture);
	assert_string_equal(meeting_keys_find(keys, HOST, "m1")->hash, OTHER);
	assert_null(records_by_id(keys, first));
	assert_string_equal(meeting_keys_find(keys, HOST, "m2")->hash, HORSE);
	assert_non_null(records_at(keys, 1));
	assert_null(records_at(keys, 2));
	records_free(&keys);
}

static void meetings_are_compared_exactly(void **state)
{
	struct records *keys;

	set(*state, "AbC", HORSE, 0);
	keys = load(*state);
	assert_non_null(meeting_keys_find(keys, HOST, "AbC"));
	assert_null(meeting_keys_find(keys, HOST, "abc"));
	assert_null(meeting_keys_find(keys, HOST, "AbCd"));
	assert_null(meeting_keys_find(keys, HOST, "Ab"));
	assert_null(meeting_keys_find(keys, "other.example.org", "AbC"));
	records_free(&keys);
}

static void a_removed_key_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct records *keys;
	bool found = true;

	assert_int_equal(meeting_keys_remove(fixture->users, HOST, "m1", &found, NULL), 0);
	assert_false(found);
	set(fixture, "m1", HORSE, 0);
	set(fixture, "m2", HORSE, 0);
	assert_int_equal(meeting_keys_remove(fixture->users, HOST, "m1", &found, NULL), 0);
	assert_true(found);
	keys = load(fixture);
	assert_null(meeting_keys_find(keys, HOST, "m1"));
	assert_non_null(meeting_keys_find(keys, HOST, "m2"));
	records_free(&keys);
}

static void what_ended_long_ago_is_forgotten_with_the_next(void **state)
{
	struct records *keys;

	set(*state, "old", HORSE, clock_wall() - RECORDS_KEPT - 10);
	set(*state, "recent", HORSE, clock_wall() - 10);
	set(*state, "new", HORSE, 0);
	keys = load(*state);
	assert_null(meeting_keys_find(keys, HOST, "old"));
	assert_non_null(meeting_keys_find(keys, HOST, "recent"));
	assert_non_null(meeting_keys_find(keys, HOST, "new"));
	records_free(&keys);
}

#define HEAD "{\"format\": \"meetauth meeting keys 1\", \"entries\": ["
#define ID   "\"id\": \"0123456789abcdef0123456789abcdef\", "
#define ID2  "\"id\": \"0123456789abcdef0123456789abcdee\", "
#define OF_M "\"platform\": \"a.example\", \"meeting\": \"m\", "
#define HASH "\"hash\": \"" HORSE "\""

/* A53: no hash is taken that could not be one of ours, or would cost too much. */
static void a53_a_bad_file_is_refused_as_a_whole(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {{"", ":1: "}, {HEAD "{}]}", "entry 1: id: expected 32 hex"},
		{HEAD "{" ID OF_M "\"hash\": \"secret\"}]}", "entry 1: the password hash"},
		{HEAD "{" ID OF_M "\"hash\": \"$2y$10$abcdefghijklmnopqrstuv\"}]}", "hash"},
		{HEAD "{" ID OF_M "\"hash\": \"$argon2id$v=19$m=4194304,t=1,p=1$"
		      "SYhnt1yho6XMGutRlE3jXQ$qWOfG8a74AvLs7F6AtQv0qxB6OASy7hZV+Jp3Z2UAqQ\"}]}",
			"more memory"},
		{HEAD "{" ID OF_M "\"hash\": null}]}", "hash: expected printable"},
		{HEAD "{" ID OF_M HASH ", \"expires\": \"2026-02-30\"}]}",
			"expires: expected a time"},
		{HEAD "{" ID OF_M HASH "}, {" ID2 OF_M HASH "}]}", "have the same meeting"},
		{HEAD "{" ID OF_M HASH "}, {" ID
		      "\"platform\": \"a.example\", \"meeting\": \"n\", " HASH "}]}",
			"have the same id"},
		{HEAD "{" ID "\"platform\": \"A.example\", \"meeting\": \"m\", " HASH "}]}",
			"lower case"},
		{HEAD "{" ID "\"platform\": \"a.example\", \"meeting\": \"a b\", " HASH "}]}",
			"meeting id"}};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct meeting_key key = {"", HOST, "m1", HORSE, 1, 0};

		put(fixture->users, cases[i].text, strlen(cases[i].text), 0600);
		assert_null(records_load(&meeting_keys_type, fixture->users, &error));
		if (strstr(error.text, cases[i].words) == NULL)
			fail_msg("%zu: \"%s\" expected: %s", i, cases[i].words, error.text);
		assert_int_equal(meeting_keys_set(fixture->users, &key, &error), -1);
	}
}

/* ---- the backend "meeting-key" ---- */

static void *open_keys(struct fixture *fixture, const struct auth_backend *backend)
{
	char options[256];

	snprintf(options, sizeof options, "keys = \"%s\"", fixture->users);
	return open_backend(fixture, backend, backend == &auth_guest ? "" : options);
}

static enum auth_verdict try(const struct auth_backend *backend, void *instance,
	const char *meeting, const char *name, const char *key, struct identity *who)
{
	char id[64], platform[] = HOST, token[] = "8320", request[] = "12345678";
	struct join join = {.platform = platform,
		.meeting_id = id,
		.meeting_token = token,
		.request_token = request};
	struct error error = {""};
	struct auth_attempt attempt = {.name = name,
		.password = key,
		.join = &join,
		.client = "192.0.2.1",
		.who = who,
		.error = &error};

	snprintf(id, sizeof id, "%s", meeting);
	return backend->check(instance, &attempt);
}

static void the_right_key_gives_a_guest(void **state)
{
	struct identity one = IDENTITY_INIT, other = IDENTITY_INIT;
	const struct auth_backend *backend = &auth_meeting_key;
	void *instance;

	set(*state, "m1", HORSE, 0);
	instance = open_keys(*state, backend);
	assert_int_equal(
		try(backend, instance, "m1", " Zo\xc3\xab ", "correct horse", &one), AUTH_GRANT);
	assert_string_equal(one.name, "Zo\xc3\xab");
	assert_true(one.guest);
	assert_null(one.email);
	assert_int_equal(strncmp(one.subject, "key-", 4), 0);
	assert_true(stands(backend, instance, one.subject));
	/* Two of one name are two people. */
	assert_int_equal(
		try(backend, instance, "m1", "Zo\xc3\xab", "correct horse", &other), AUTH_GRANT);
	assert_string_not_equal(one.subject, other.subject);
	identity_release(&one);
	identity_release(&other);
	auth_close(backend, instance);
}

/* Read out on the telephone, pasted with what stands around it. */
static void a_key_is_read_however_it_is_written(void **state)
{
	const struct auth_backend *backend = &auth_meeting_key;
	static const char *const made[] = {"abcd-efgh-jk23", " abcd-efgh-jk23 ", "ABCD EFGH JK23",
		"abcdefghjk23", "ABCD\xe2\x80\x93\x65\x66gh\xe2\x80\x93jk23\xc2\xa0",
		"Abcd-Efgh-\xef\xbc\xaa\xef\xbc\xab\xef\xbc\x92\xef\xbc\x93"};
	char hash[PASSWORD_HASH_SIZE], key[MEETING_KEY_MADE_SIZE];
	struct identity who = IDENTITY_INIT;
	void *instance;

	meeting_keys_make(key);
	assert_int_equal(strlen(key), strlen(made[0]));
	assert_true(key[4] == '-' && key[9] == '-');
	assert_int_equal(password_hash(made[0], hash), 0);
	set(*state, "m1", hash, 0);
	set(*state, "m2", HORSE, 0);
	instance = open_keys(*state, backend);
	for (size_t i = 0; i < COUNT(made); i++) {
		assert_int_equal(try(backend, instance, "m1", "Zoe", made[i], &who), AUTH_GRANT);
		assert_true(meeting_keys_is_made(made[i], key));
		assert_string_equal(key, made[0]);
		identity_release(&who);
		who = IDENTITY_INIT;
	}
	assert_int_equal(
		try(backend, instance, "m2", "Zoe", "correct horse\xc2\xa0", &who), AUTH_GRANT);
	identity_release(&who);
	assert_false(meeting_keys_is_made("abcd-efgh-jk2", key));
	assert_false(meeting_keys_is_made("abcd-efgh-jk230", key));
	assert_false(meeting_keys_is_made("abcd-efgh-jkl0", key)); /* not in the alphabet */
	auth_close(backend, instance);
}

/* Keys that somebody chose may have blanks around them, and are as they are then. */
static void a_key_with_blanks_around_opens(void **state)
{
	struct identity who = IDENTITY_INIT;
	char hash[PASSWORD_HASH_SIZE];
	void *instance;

	assert_int_equal(password_hash(" my own key ", hash), 0);
	set(*state, "m1", hash, 0);
	instance = open_keys(*state, &auth_meeting_key);
	assert_int_equal(
		try(&auth_meeting_key, instance, "m1", "Zoe", " my own key ", &who), AUTH_GRANT);
	identity_release(&who);
	auth_close(&auth_meeting_key, instance);
}

static void no_other_key_opens_and_no_other_meeting(void **state)
{
	static const struct {
		const char *meeting, *name, *key;
	} cases[] = {{"m1", "Zoe", "other secret"}, {"m1", "Zoe", "correct  horse"},
		{"m1", "Zoe", "Correct horse"}, {"m1", "Zoe", "x"}, {"m1", "Zoe", HORSE},
		{"m2", "Zoe", "correct horse"}, {"M1", "Zoe", "correct horse"},
		{"none", "Zoe", "correct horse"}, {"over", "Zoe", "correct horse"},
		{"m1", "\xe2\x80\xaeZoe", "correct horse"}, {"m1", "  ", "correct horse"}};
	const struct auth_backend *backend = &auth_meeting_key;
	struct identity who = IDENTITY_INIT;
	void *instance;

	set(*state, "m1", HORSE, clock_wall() + 3600);
	set(*state, "m2", OTHER, 0);
	set(*state, "over", HORSE, clock_wall() - 1);
	instance = open_keys(*state, backend);
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
			try(backend, instance, cases[i].meeting, cases[i].name, cases[i].key, &who),
			AUTH_UNKNOWN);
		assert_null(who.subject);
	}
	auth_close(backend, instance);
}

/* Processor time, which other programs do not stretch. */
static clock_t fastest_of_three(void *instance, const char *meeting)
{
	struct identity who = IDENTITY_INIT;
	clock_t fastest = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		clock_t began = clock(), took;

		assert_int_equal(try(&auth_meeting_key, instance, meeting, "Zoe", "wrong", &who),
			AUTH_UNKNOWN);
		took = (clock() - began) * 1000 / CLOCKS_PER_SEC;
		fastest = took < fastest ? took : fastest;
	}
	return fastest;
}

/* Without the work for meetings that have no key the second would take no time at all. */
static void a35_a_meeting_without_a_key_takes_as_long(void **state)
{
	char hash[PASSWORD_HASH_SIZE];
	clock_t with, without, none;
	void *instance = open_keys(*state, &auth_meeting_key);

	none = fastest_of_three(instance, "m2");
	auth_close(&auth_meeting_key, instance);
	assert_int_equal(password_hash("correct horse", hash), 0);
	set(*state, "m1", hash, 0);
	instance = open_keys(*state, &auth_meeting_key);
	with = fastest_of_three(instance, "m1");
	without = fastest_of_three(instance, "m2");
	assert_true(with > 4);
	assert_true(without > with / 4 && without < with * 4);
	assert_true(none > with / 4 && none < with * 4);
	auth_close(&auth_meeting_key, instance);
}

static void sessions_end_with_their_key(void **state)
{
	struct fixture *fixture = *state;
	const struct auth_backend *backend = &auth_meeting_key;
	struct identity who = IDENTITY_INIT;
	struct error error;
	void *instance;

	set(fixture, "m1", HORSE, 0);
	instance = open_keys(fixture, backend);
	assert_int_equal(try(backend, instance, "m1", "Zoe", "correct horse", &who), AUTH_GRANT);
	assert_int_equal(backend->refresh(instance, &error), 0);
	assert_false(stands(backend, instance, "key-"));
	assert_false(stands(backend, instance, ""));
	assert_false(stands(backend, instance, who.subject + 1));
	set(fixture, "m2", HORSE, 0);
	assert_int_equal(backend->refresh(instance, &error), 1);
	assert_true(stands(backend, instance, who.subject));
	set(fixture, "m1", HORSE, 0); /* the same key, told to others */
	assert_int_equal(backend->refresh(instance, &error), 1);
	assert_false(stands(backend, instance, who.subject));
	identity_release(&who);
	auth_close(backend, instance);
}

/* ---- names, and the backend "guest" ---- */

static void names_are_what_they_look_like(void **state)
{
	static const char *const good[] = {"Zoe", "Zo\xc3\xab K.",
		"\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e", "O'Brien <x>", "a\xe2\x80\x8c\x62",
		"\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac"};
	static const char *const bad[] = {"", " ", "      ", "a\nb", "a\x7f", "\xff", "a\xc2\x85",
		"\xe2\x80\xaegro.elpmaxe", "a\xe2\x80\x8b\x62", "a\xe2\x80\xa8\x62",
		"\xe2\x81\xa6x", "\xef\xbb\xbfx", "x\xc2\xad", "x\xe2\x80\x8f", "x\xd8\x9c",
		"\xe3\x85\xa4", "\xe2\xa0\x80"};
	char name[DISPLAY_NAME_SIZE], typed[DISPLAY_NAME_SIZE + 8] = "";

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(display_name(good[i], name), 0);
		assert_string_equal(name, good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (display_name(bad[i], name) != -1)
			fail_msg("%zu", i);
		assert_string_equal(name, "");
	}
	assert_int_equal(display_name("   Zoe K  ", name), 0);
	assert_string_equal(name, "Zoe K");
	for (size_t i = 0; i < DISPLAY_NAME_MAX; i++)
		memcpy(typed + 4 * i, "\xf0\x9f\x91\xa9", 5);
	assert_int_equal(display_name(typed, name), 0);
	memcpy(typed, "    ", 4);
	assert_int_equal(display_name(typed, name), 0);
	memcpy(typed, "abcd", 4);
	assert_int_equal(display_name(typed, name), -1);
}

static void a_guest_has_a_name_and_nothing_else(void **state)
{
	struct identity one = IDENTITY_INIT, other = IDENTITY_INIT;
	void *instance = open_keys(*state, &auth_guest);

	assert_int_equal(try(&auth_guest, instance, "m", " Zoe ", "", &one), AUTH_GRANT);
	assert_int_equal(try(&auth_guest, instance, "m", "Zoe", "", &other), AUTH_GRANT);
	assert_string_equal(one.name, "Zoe");
	assert_int_equal(strncmp(one.subject, "guest-", 6), 0);
	assert_int_equal(strlen(one.subject), 6 + 32);
	assert_string_not_equal(one.subject, other.subject);
	assert_true(one.guest);
	assert_null(one.email);
	assert_null(one.acr);
	assert_int_equal(one.group_count, 0);
	identity_release(&one);
	identity_release(&other);
	assert_int_equal(try(&auth_guest, instance, "m", "a\tb", "", &one), AUTH_UNKNOWN);
	assert_null(one.subject);
	auth_close(&auth_guest, instance);
}

static void both_are_for_one_meeting_only(void **state)
{
	(void)state;
	assert_true(auth_guest.one_meeting);
	assert_true(auth_meeting_key.one_meeting);
	assert_int_equal(auth_kind(&auth_guest), AUTH_FORM);
	assert_null(auth_guest.form->password_label);
	assert_non_null(auth_meeting_key.form->password_label);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_meeting_has_one_key_and_another_takes_its_place),
		TEST(meetings_are_compared_exactly),
		TEST(a_removed_key_is_gone),
		TEST(what_ended_long_ago_is_forgotten_with_the_next),
		TEST(a53_a_bad_file_is_refused_as_a_whole),
		TEST(the_right_key_gives_a_guest),
		TEST(a_key_is_read_however_it_is_written),
		TEST(a_key_with_blanks_around_opens),
		TEST(no_other_key_opens_and_no_other_meeting),
		TEST(a35_a_meeting_without_a_key_takes_as_long),
		TEST(sessions_end_with_their_key),
		TEST(names_are_what_they_look_like),
		TEST(a_guest_has_a_name_and_nothing_else),
		TEST(both_are_for_one_meeting_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
