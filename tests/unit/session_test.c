/* SPDX-License-Identifier: MIT
 *
 * Sessions. Numbers in names are those of the table of attacks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "secret/secret.h"
#include "session/session.h"
#include "session/wire.h"

enum { NOW = 1800000000, LIFETIME = 12 * 3600, IDLE = 3600 };

static const struct session_limits limits = {LIFETIME, IDLE};
static struct seal_ring ring;

static int set_up(void **state)
{
	(void)state;
	ring = (struct seal_ring){.count = 1, .keys = {{.id = 1}}};
	seal_random(ring.keys[0].bytes, SEAL_KEY_SIZE);
	return secret_init(NULL);
}

/* -- sessions -- */

/* A session of alice with so many groups of that length; the test releases it. */
static struct session begin(size_t groups, size_t length)
{
	struct identity who = IDENTITY_INIT;
	struct session session;
	char group[IDENTITY_GROUP_MAX + 1];

	assert_int_equal(identity_set(&who.backend, "staff", 64), 0);
	assert_int_equal(identity_set(&who.subject, "alice", IDENTITY_SUBJECT_MAX), 0);
	assert_int_equal(identity_set(&who.name, "Alicé", IDENTITY_NAME_MAX), 0);
	for (size_t i = 0; i < groups; i++) {
		memset(group, 'g', sizeof group);
		snprintf(group + length - 2, 3, "%02zu", i);
		assert_int_equal(identity_add_group(&who, group), 0);
	}
	session_begin(&session, &who, limits, NOW);
	assert_null(who.subject);
	return session;
}

/* Whether a session that began and was last used then opens at `now`. */
static bool opens_at(int64_t began, int64_t used, int64_t now)
{
	struct session session = begin(0, 0), opened;
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX);
	int rc;

	session.began = began;
	session.used = used;
	session.ends = session.idle_until = INT64_MAX; /* what counts is the present limits */
	session.read = began;
	assert_int_equal(session_seal(&ring, &session, &text), 0);
	rc = session_open(&ring, text.data, limits, now, &opened);
	assert_true((rc >= 0) == (opened.who.subject != NULL)); /* 1: for the caller to end */
	session_release(&opened);
	session_release(&session);
	buffer_release(&text);
	return rc == 0;
}

static void test_session_comes_back_whole(void **state)
{
	struct session session = begin(2, 8), opened;
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX);

	(void)state;
	session.used = NOW + 5;
	session.who.groups_digest = UINT64_MAX - 7;
	assert_int_equal(session_seal(&ring, &session, &text), 0);
	assert_int_equal(session_open(&ring, text.data, limits, NOW + 9, &opened), 0);
	assert_true(opened.who.groups_digest == UINT64_MAX - 7);
	assert_memory_equal(opened.id, session.id, SESSION_ID_SIZE);
	assert_int_equal(opened.began, NOW);
	assert_int_equal(opened.used, NOW + 5);
	assert_string_equal(opened.who.backend, "staff");
	assert_string_equal(opened.who.subject, "alice");
	assert_string_equal(opened.who.name, "Alicé");
	assert_null(opened.who.email);
	assert_int_equal(opened.who.group_count, 2);
	assert_string_equal(opened.who.groups[1], "gggggg01");
	session_release(&opened);
	assert_null(opened.who.subject);
	session_release(&session);
	buffer_release(&text);
}

/* Whether a session that began at NOW with these limits, and was used then or again a minute later,
 * opens with others. */
static bool opens_with(
	struct session_limits then, bool again, struct session_limits now_limits, int64_t now)
{
	struct identity who = IDENTITY_INIT;
	struct session session, opened;
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX);
	bool good;

	assert_int_equal(identity_set(&who.backend, "staff", 64), 0);
	assert_int_equal(identity_set(&who.subject, "alice", IDENTITY_SUBJECT_MAX), 0);
	session_begin(&session, &who, then, NOW);
	if (again)
		session_use(&session, then, NOW + 60);
	assert_int_equal(session_seal(&ring, &session, &text), 0);
	good = session_open(&ring, text.data, now_limits, now, &opened) == 0;
	session_release(&opened);
	session_release(&session);
	buffer_release(&text);
	return good;
}

static void test_p12_later_limits_bring_no_session_back(void **state)
{
	const struct session_limits small = {600, 300}, even = {600, 600}, large = {864000, 864000};

	(void)state;
	assert_true(opens_with(even, false, large, NOW + 599));
	assert_false(opens_with(even, false, large, NOW + 600));
	assert_true(opens_with(small, false, large, NOW + 299));
	assert_false(opens_with(small, false, large, NOW + 300));
	/* Use makes it last longer, up to its end. */
	assert_true(opens_with(small, true, large, NOW + 359));
	assert_false(opens_with(small, true, large, NOW + 360));
	assert_false(opens_with(even, true, large, NOW + 600));
	/* Later limits may be shorter. */
	assert_true(opens_with(large, false, small, NOW + 299));
	assert_false(opens_with(large, false, small, NOW + 300));
}

static void test_A36_every_login_has_a_new_id(void **state)
{
	struct session one = begin(0, 0), other = begin(0, 0);
	static const uint8_t zero[SESSION_ID_SIZE];

	(void)state;
	assert_memory_not_equal(one.id, other.id, SESSION_ID_SIZE);
	assert_memory_not_equal(one.id, zero, SESSION_ID_SIZE);
	session_release(&one);
	session_release(&other);
}

static void test_session_ends_after_its_lifetime(void **state)
{
	(void)state;
	assert_true(opens_at(NOW, NOW + LIFETIME - 1, NOW + LIFETIME - 1));
	assert_false(opens_at(NOW, NOW + LIFETIME - 1, NOW + LIFETIME));
}

static void test_session_ends_after_idling(void **state)
{
	(void)state;
	assert_true(opens_at(NOW, NOW, NOW + IDLE - 1));
	assert_false(opens_at(NOW, NOW, NOW + IDLE));
	assert_true(opens_at(NOW, NOW + IDLE, NOW + 2 * IDLE - 1));
}

static void test_session_from_the_future_is_refused(void **state)
{
	(void)state;
	assert_true(opens_at(NOW + SESSION_SKEW, NOW + SESSION_SKEW, NOW));
	assert_false(opens_at(NOW + SESSION_SKEW + 1, NOW + SESSION_SKEW + 1, NOW));
	assert_false(opens_at(NOW, NOW + SESSION_SKEW + 1, NOW));
	assert_false(opens_at(INT64_MAX, INT64_MAX, NOW));
}

static void test_session_with_impossible_times_is_refused(void **state)
{
	(void)state;
	/* the server's clock says when it began, and may be ahead */
	assert_true(opens_at(NOW + 2 * SESSION_SKEW, NOW, NOW));
	assert_false(opens_at(NOW, NOW - IDLE, NOW));
	assert_false(opens_at(-1, NOW, NOW));
	assert_false(opens_at(INT64_MIN, INT64_MIN, NOW));
	assert_false(opens_at(0, 0, NOW));
}

static void test_oversize_identity_is_not_sealed(void **state)
{
	struct session session = begin(60, IDENTITY_GROUP_MAX);
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX * 2);

	(void)state;
	assert_int_equal(session_seal(&ring, &session, &text), -1);
	assert_int_equal(text.length, 0);
	session_release(&session);
	buffer_release(&text);
}

/* The header promises both: what fits is sealed, and what is sealed fits in a cookie. */
static void test_largest_session_fits_in_a_cookie(void **state)
{
	bool refused = false;

	(void)state;
	for (size_t groups = 1; groups <= IDENTITY_GROUPS_MAX && !refused; groups++) {
		struct session session = begin(groups, IDENTITY_GROUP_MAX), opened;
		struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX * 2);

		refused = session_seal(&ring, &session, &text) != 0;
		assert_true(session_fits(&session.who) == !refused);
		if (!refused) {
			assert_true(text.length <= SESSION_TEXT_MAX);
			assert_int_equal(session_open(&ring, text.data, limits, NOW, &opened), 0);
			assert_int_equal(opened.who.group_count, groups);
			session_release(&opened);
		} else {
			assert_true(groups > 15);
		}
		session_release(&session);
		buffer_release(&text);
	}
	assert_true(refused);
}

/* Seals what is there, less or more a few bytes, as a session. */
static bool opens_as_session(const void *bytes, size_t length)
{
	struct buffer text = BUFFER_INIT(8192);
	struct session opened;
	bool good;

	assert_int_equal(seal_text(&ring, "session", bytes, length, &text), 0);
	good = session_open(&ring, text.data, limits, NOW, &opened) == 0;
	session_release(&opened);
	buffer_release(&text);
	return good;
}

static void test_A37_session_of_other_shape_is_refused(void **state)
{
	struct session session = begin(3, 5);
	struct buffer text = BUFFER_INIT(8192), plain = BUFFER_INIT(8192);

	(void)state;
	assert_int_equal(session_seal(&ring, &session, &text), 0);
	assert_int_equal(seal_open(&ring, "session", text.data, &plain), 0);
	assert_true(opens_as_session(plain.data, plain.length));
	for (size_t length = 0; length < plain.length; length++)
		assert_false(opens_as_session(plain.data, length));
	buffer_append(&plain, "", 1);
	assert_false(opens_as_session(plain.data, plain.length)); /* something left over */
	plain.length--;
	plain.data[0] = 1;
	assert_false(opens_as_session(plain.data, plain.length)); /* another version */
	plain.data[0] = 2;
	plain.data[42] = (char)200;
	assert_false(
		opens_as_session(plain.data, plain.length)); /* more groups than there can be */
	plain.data[42] = 3;
	plain.data[46] = '\0';
	assert_false(opens_as_session(plain.data, plain.length)); /* a NUL in the backend's title */
	session_release(&session);
	buffer_release(&text);
	buffer_release(&plain);
}

static void test_A37_what_is_no_cookie_of_ours_is_refused(void **state)
{
	static const char *const texts[] = {"", "x", "AAAA", "{}", "deleted"};
	struct session session = begin(0, 0), opened;
	struct buffer text = BUFFER_INIT(SESSION_TEXT_MAX);
	struct seal_ring other = ring;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(session_open(&ring, texts[i], limits, NOW, &opened), -1);
	assert_int_equal(session_seal(&ring, &session, &text), 0);
	other.keys[0].bytes[0] ^= 1;
	assert_int_equal(session_open(&other, text.data, limits, NOW, &opened), -1);
	assert_null(opened.who.subject);
	session_release(&session);
	buffer_release(&text);
}

static void test_session_is_stale_after_a_tenth_of_idling(void **state)
{
	struct session session = {.used = NOW};

	(void)state;
	assert_false(session_is_stale(&session, limits, NOW));
	assert_false(session_is_stale(&session, limits, NOW + IDLE / 10 - 1));
	assert_true(session_is_stale(&session, limits, NOW + IDLE / 10));
}

static void test_keys_of_revocations_differ(void **state)
{
	const uint8_t key[SEAL_KEY_SIZE] = {1};
	uint8_t keys[4][SEAL_HASH_SIZE];

	(void)state;
	session_revoke_key(key, NULL, "alice", keys[0]);
	session_revoke_key(key, "staff", "alice", keys[1]);
	session_revoke_key(key, "staffa", "lice", keys[2]);
	session_revoke_key(key, NULL, "staff", keys[3]);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(keys[i], keys[j], SEAL_HASH_SIZE);
}

/* -- the encoding -- */

static void test_wire_refuses_what_does_not_fit(void **state)
{
	uint8_t bytes[6];
	struct wire_out out = {.bytes = bytes, .capacity = sizeof bytes};

	(void)state;
	wire_put_number(&out, 0x0102, 2);
	wire_put_text(&out, "ab");
	assert_false(out.failed);
	assert_memory_equal(bytes, "\1\2\0\2ab", 6);
	wire_put_bytes(&out, "c", 1);
	assert_true(out.failed);
	assert_int_equal(out.length, 6);
}

static void test_wire_reads_no_further_than_there_is(void **state)
{
	struct wire_in in = {.at = (const uint8_t *)"\0\3ab", .left = 4};

	(void)state;
	assert_null(wire_get_text(&in));
	assert_true(in.failed);
	assert_int_equal(wire_get_number(&in, 1), 0); /* nothing more after a failure */
	assert_false(wire_is_done(&in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session_comes_back_whole),
		cmocka_unit_test(test_A36_every_login_has_a_new_id),
		cmocka_unit_test(test_session_ends_after_its_lifetime),
		cmocka_unit_test(test_session_ends_after_idling),
		cmocka_unit_test(test_session_from_the_future_is_refused),
		cmocka_unit_test(test_session_with_impossible_times_is_refused),
		cmocka_unit_test(test_oversize_identity_is_not_sealed),
		cmocka_unit_test(test_largest_session_fits_in_a_cookie),
		cmocka_unit_test(test_A37_session_of_other_shape_is_refused),
		cmocka_unit_test(test_A37_what_is_no_cookie_of_ours_is_refused),
		cmocka_unit_test(test_p12_later_limits_bring_no_session_back),
		cmocka_unit_test(test_session_is_stale_after_a_tenth_of_idling),
		cmocka_unit_test(test_keys_of_revocations_differ),
		cmocka_unit_test(test_wire_refuses_what_does_not_fit),
		cmocka_unit_test(test_wire_reads_no_further_than_there_is),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
