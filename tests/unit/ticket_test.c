/* SPDX-License-Identifier: MIT
 *
 * Tickets, and the cookie that binds them to a browser. Numbers in names are those of the table of
 * attacks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "secret/secret.h"
#include "session/session.h"
#include "session/ticket.h"

enum { NOW = 1800000000 };

static struct seal_ring ring;

static int set_up(void **state)
{
	(void)state;
	ring = (struct seal_ring){.count = 1, .keys = {{.id = 1}}};
	seal_random(ring.keys[0].bytes, SEAL_KEY_SIZE);
	return secret_init(NULL);
}

static const uint8_t browser[TICKET_BROWSER_SIZE] = "this browser ...";
enum { TICKET_LIFETIME = 600 };

/* A join with so many forwards of that length; the test releases it. */
static struct join make_join(size_t forwards, size_t length)
{
	struct join join = JOIN_INIT;
	char *value = calloc(length + 1, 1);

	memset(value, 'v', length);
	join.platform = strdup("meeting.example.org");
	join.meeting_id = strdup("5f521a93c20ff6721fbb6a6c");
	join.meeting_token = strdup("8320-2640-2482-3499");
	join.request_token = strdup("dedf1722-661f-4004-9aaf-d3e56c498859");
	for (size_t i = 0; i < forwards; i++)
		assert_int_equal(join_add_forward(&join, "culture", value), 0);
	free(value);
	return join;
}

static struct buffer seal_ticket(enum ticket_kind kind, const struct join *join, int64_t now)
{
	struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX);

	assert_int_equal(
		ticket_seal(&ring, kind, browser, now, TICKET_LIFETIME, join, NULL, &text), 0);
	return text;
}

/* Whether the ticket opens for that browser, that kind, at that time. */
static bool ticket_opens(const char *text, enum ticket_kind kind, const uint8_t *whose, int64_t now)
{
	struct join join;
	bool good = ticket_open(&ring, kind, text, whose, now, TICKET_LIFETIME, &join, NULL) ==
		    TICKET_GOOD;

	assert_true(!good || (kind == TICKET_JOIN) == (join.request_token != NULL));
	join_release(&join);
	return good;
}

/* For the log: what it was for, also where it does not open any more. */
static void test_what_became_of_a_ticket(void **state)
{
	static const uint8_t another[TICKET_BROWSER_SIZE] = {9};
	static const struct {
		enum ticket_kind kind;
		const uint8_t *whose;
		int64_t when;
		enum ticket_result result;
	} rows[] = {
		{TICKET_JOIN, browser, NOW, TICKET_GOOD},
		{TICKET_JOIN, browser, NOW + TICKET_LIFETIME, TICKET_LATE},
		{TICKET_JOIN, browser, NOW - TICKET_SKEW - 1, TICKET_LATE},
		{TICKET_JOIN, another, NOW, TICKET_FOREIGN},
		{TICKET_JOIN, another, NOW + TICKET_LIFETIME, TICKET_FOREIGN},
		{TICKET_LOGOUT, browser, NOW, TICKET_BAD},
	};
	struct join join = make_join(2, 3);
	struct buffer text = seal_ticket(TICKET_JOIN, &join, NOW);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct join opened;

		assert_int_equal(ticket_open(&ring, rows[i].kind, text.data, rows[i].whose,
					 rows[i].when, TICKET_LIFETIME, &opened, NULL),
			rows[i].result);
		assert_true((rows[i].result != TICKET_BAD) == (opened.meeting_id != NULL));
		if (opened.meeting_id != NULL)
			assert_string_equal(opened.meeting_id, join.meeting_id);
		join_release(&opened);
	}
	buffer_release(&text);
	join_release(&join);
}

static void test_ticket_to_a_page_of_ours_says_which(void **state)
{
	const struct join *const joins[] = {join_to_desk(), join_to_me()};

	(void)state;
	for (size_t i = 0; i < sizeof joins / sizeof *joins; i++) {
		struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX);
		struct join opened;

		assert_int_equal(ticket_seal(&ring, TICKET_JOIN, browser, NOW, TICKET_LIFETIME,
					 joins[i], NULL, &text),
			0);
		assert_int_equal(ticket_open(&ring, TICKET_JOIN, text.data, browser, NOW,
					 TICKET_LIFETIME, &opened, NULL),
			TICKET_GOOD);
		assert_string_equal(opened.platform, joins[i]->platform);
		assert_string_equal(opened.meeting_id, joins[i]->platform);
		join_release(&opened);
		buffer_release(&text);
	}
}

static void test_ticket_comes_back_whole(void **state)
{
	struct join join = make_join(2, 3), opened;
	struct buffer text;

	(void)state;
	free(join.forward[1].value);
	join.forward[1].value = strdup(""); /* "&culture=" */
	text = seal_ticket(TICKET_JOIN, &join, NOW);
	assert_int_equal(ticket_open(&ring, TICKET_JOIN, text.data, browser, NOW + 1,
				 TICKET_LIFETIME, &opened, NULL),
		TICKET_GOOD);
	assert_string_equal(opened.platform, join.platform);
	assert_string_equal(opened.meeting_id, join.meeting_id);
	assert_string_equal(opened.meeting_token, join.meeting_token);
	assert_string_equal(opened.request_token, join.request_token);
	assert_int_equal(opened.forward_count, 2);
	assert_string_equal(opened.forward[0].name, "culture");
	assert_string_equal(opened.forward[0].value, "vvv");
	assert_string_equal(opened.forward[1].value, "");
	join_release(&join);
	join_release(&opened);
	buffer_release(&text);
}

static struct pending make_pending(void)
{
	struct pending pending = PENDING_INIT;

	pending.backend = strdup("directory");
	pending.name = strdup("anna");
	pending.prompt = strdup("Next token");
	pending.echo = true;
	pending.state_length = TICKET_STATE_MAX;
	memset(pending.state, 'x', sizeof pending.state);
	memset(pending.id, 1, sizeof pending.id);
	memset(pending.seed, 2, sizeof pending.seed);
	assert_int_equal(identity_set(&pending.who.subject, "anna", IDENTITY_SUBJECT_MAX), 0);
	assert_int_equal(identity_add_group(&pending.who, "staff"), 0);
	pending.who.second_factor = true;
	return pending;
}

static void test_note_comes_back_whole(void **state)
{
	struct pending pending = make_pending(), opened;
	struct join join = make_join(0, 0), back;
	struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX);

	(void)state;
	assert_int_equal(ticket_seal(&ring, TICKET_CHALLENGE, browser, NOW, TICKET_LIFETIME, &join,
				 &pending, &text),
		0);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, text.data, browser, NOW,
				 TICKET_LIFETIME, &back, &opened),
		TICKET_GOOD);
	assert_string_equal(back.request_token, join.request_token);
	assert_string_equal(opened.backend, "directory");
	assert_string_equal(opened.name, "anna");
	assert_string_equal(opened.prompt, "Next token");
	assert_true(opened.echo);
	assert_int_equal(opened.state_length, TICKET_STATE_MAX);
	assert_memory_equal(opened.state, pending.state, TICKET_STATE_MAX);
	assert_memory_equal(opened.id, pending.id, sizeof pending.id);
	assert_memory_equal(opened.seed, pending.seed, sizeof pending.seed);
	assert_string_equal(opened.who.subject, "anna");
	assert_true(identity_has_group(&opened.who, "staff"));
	assert_true(opened.who.second_factor);
	assert_false(opened.who.guest);
	/* A challenge is no way back from a provider. */
	pending_release(&opened);
	join_release(&back);
	assert_int_equal(ticket_open(&ring, TICKET_REDIRECT, text.data, browser, NOW,
				 TICKET_LIFETIME, &back, &opened),
		TICKET_BAD);
	assert_null(opened.backend);
	pending_release(&pending);
	join_release(&join);
	buffer_release(&text);
}

/* A form that is shown again after a wrong answer does not make the question younger. */
static void test_A42_a_note_that_is_sealed_again_keeps_its_age(void **state)
{
	struct pending pending = make_pending(), opened;
	struct join join = make_join(0, 0), back;
	struct buffer first = BUFFER_INIT(TICKET_TEXT_MAX), again = BUFFER_INIT(TICKET_TEXT_MAX);
	const int64_t last = NOW + TICKET_LIFETIME - 1;

	(void)state;
	pending.made = NOW;
	assert_int_equal(ticket_seal(&ring, TICKET_CHALLENGE, browser, NOW, TICKET_LIFETIME, &join,
				 &pending, &first),
		0);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, first.data, browser, last,
				 TICKET_LIFETIME, &back, &opened),
		TICKET_GOOD);
	assert_int_equal(opened.made, NOW);
	assert_int_equal(ticket_seal(&ring, TICKET_CHALLENGE, browser, last, TICKET_LIFETIME, &back,
				 &opened, &again),
		0);
	pending_release(&opened);
	join_release(&back);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, again.data, browser, last,
				 TICKET_LIFETIME, &back, &opened),
		TICKET_GOOD);
	pending_release(&opened);
	join_release(&back);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, again.data, browser, last + 1,
				 TICKET_LIFETIME, &back, &opened),
		TICKET_LATE);
	join_release(&back);
	pending_release(&pending);
	join_release(&join);
	buffer_release(&first);
	buffer_release(&again);
}

/* An invitation leads to a meeting before there is a request token. */
static void test_join_without_a_request_token(void **state)
{
	struct pending pending = make_pending(), opened;
	struct join join = make_join(0, 0), back;
	struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX);

	(void)state;
	free(join.request_token);
	join.request_token = NULL;
	assert_int_equal(ticket_seal(&ring, TICKET_INVITE, browser, NOW, TICKET_LIFETIME, &join,
				 &pending, &text),
		0);
	assert_int_equal(ticket_open(&ring, TICKET_INVITE, text.data, browser, NOW, TICKET_LIFETIME,
				 &back, &opened),
		TICKET_GOOD);
	assert_string_equal(back.request_token, "");
	pending_release(&opened);
	pending_release(&pending);
	join_release(&back);
	join_release(&join);
	buffer_release(&text);
}

static void test_A42_ticket_of_another_browser_is_refused(void **state)
{
	struct join join = make_join(0, 0);
	struct buffer text = seal_ticket(TICKET_JOIN, &join, NOW);
	uint8_t other[TICKET_BROWSER_SIZE];

	(void)state;
	assert_true(ticket_opens(text.data, TICKET_JOIN, browser, NOW));
	for (size_t bit = 0; bit < sizeof other * 8; bit++) {
		memcpy(other, browser, sizeof other);
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(ticket_opens(text.data, TICKET_JOIN, other, NOW));
	}
	join_release(&join);
	buffer_release(&text);
}

/* Any process can finish it, and two tabs do not disturb each other: nothing but the ring is
 * needed. */
static void test_A42_tickets_of_two_tabs_are_independent(void **state)
{
	struct join one = make_join(0, 0), other = make_join(1, 1), opened;
	struct buffer first = seal_ticket(TICKET_JOIN, &one, NOW);
	struct buffer second = seal_ticket(TICKET_JOIN, &other, NOW);

	(void)state;
	assert_true(ticket_opens(second.data, TICKET_JOIN, browser, NOW));
	assert_int_equal(ticket_open(&ring, TICKET_JOIN, first.data, browser, NOW, TICKET_LIFETIME,
				 &opened, NULL),
		TICKET_GOOD);
	assert_int_equal(opened.forward_count, 0);
	join_release(&opened);
	join_release(&one);
	join_release(&other);
	buffer_release(&first);
	buffer_release(&second);
}

static void test_ticket_of_another_kind_is_refused(void **state)
{
	struct join join = make_join(0, 0);
	struct buffer text = seal_ticket(TICKET_JOIN, &join, NOW);
	struct buffer logout = seal_ticket(TICKET_LOGOUT, NULL, NOW);

	(void)state;
	assert_true(ticket_opens(logout.data, TICKET_LOGOUT, browser, NOW));
	assert_false(ticket_opens(logout.data, TICKET_JOIN, browser, NOW));
	assert_false(ticket_opens(text.data, TICKET_LOGOUT, browser, NOW));
	assert_false(ticket_opens(text.data, TICKET_NONE, browser, NOW));
	join_release(&join);
	buffer_release(&text);
	buffer_release(&logout);
}

/* Nor does a form that is sealed again then. */
static void test_p12_later_lifetimes_bring_no_ticket_back(void **state)
{
	const int64_t longer = 100 * TICKET_LIFETIME, last = NOW + TICKET_LIFETIME - 1;
	struct pending pending = make_pending(), opened;
	struct join join = make_join(0, 0), back;
	struct buffer text = seal_ticket(TICKET_JOIN, &join, NOW);
	struct buffer first = BUFFER_INIT(TICKET_TEXT_MAX), again = BUFFER_INIT(TICKET_TEXT_MAX);

	(void)state;
	assert_int_equal(
		ticket_open(&ring, TICKET_JOIN, text.data, browser, last, longer, &back, NULL),
		TICKET_GOOD);
	join_release(&back);
	assert_int_equal(
		ticket_open(&ring, TICKET_JOIN, text.data, browser, last + 1, longer, &back, NULL),
		TICKET_LATE);
	join_release(&back);
	assert_int_equal(ticket_seal(&ring, TICKET_CHALLENGE, browser, NOW, TICKET_LIFETIME, &join,
				 &pending, &first),
		0);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, first.data, browser, last, longer,
				 &back, &opened),
		TICKET_GOOD);
	assert_int_equal(opened.ends, NOW + TICKET_LIFETIME);
	assert_int_equal(
		ticket_seal(&ring, TICKET_CHALLENGE, browser, last, longer, &back, &opened, &again),
		0);
	pending_release(&opened);
	join_release(&back);
	assert_int_equal(ticket_open(&ring, TICKET_CHALLENGE, again.data, browser, last + 1, longer,
				 &back, &opened),
		TICKET_LATE);
	join_release(&back);
	pending_release(&pending);
	join_release(&join);
	buffer_release(&text);
	buffer_release(&first);
	buffer_release(&again);
}

static void test_ticket_has_its_time(void **state)
{
	struct buffer text = seal_ticket(TICKET_LOGOUT, NULL, NOW);
	struct buffer never = seal_ticket(TICKET_LOGOUT, NULL, INT64_MAX - TICKET_LIFETIME);
	struct buffer before = seal_ticket(TICKET_LOGOUT, NULL, INT64_MIN);

	(void)state;
	assert_true(ticket_opens(text.data, TICKET_LOGOUT, browser, NOW + TICKET_LIFETIME - 1));
	assert_false(ticket_opens(text.data, TICKET_LOGOUT, browser, NOW + TICKET_LIFETIME));
	assert_true(ticket_opens(text.data, TICKET_LOGOUT, browser, NOW - TICKET_SKEW));
	assert_false(ticket_opens(text.data, TICKET_LOGOUT, browser, NOW - TICKET_SKEW - 1));
	assert_false(ticket_opens(never.data, TICKET_LOGOUT, browser, NOW));
	assert_false(ticket_opens(before.data, TICKET_LOGOUT, browser, NOW));
	buffer_release(&text);
	buffer_release(&never);
	buffer_release(&before);
}

static void test_oversize_ticket_is_not_sealed(void **state)
{
	struct join join = make_join(JOIN_FORWARD_MAX, 512);
	struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX * 2);
	struct join huge = make_join(1, 70000);

	(void)state;
	assert_int_equal(
		ticket_seal(&ring, TICKET_JOIN, browser, NOW, TICKET_LIFETIME, &join, NULL, &text),
		-1);
	assert_int_equal(
		ticket_seal(&ring, TICKET_JOIN, browser, NOW, TICKET_LIFETIME, &huge, NULL, &text),
		-1);
	assert_int_equal(text.length, 0);
	join_release(&join);
	join_release(&huge);
	join = make_join(JOIN_FORWARD_MAX, 240);
	assert_int_equal(
		ticket_seal(&ring, TICKET_JOIN, browser, NOW, TICKET_LIFETIME, &join, NULL, &text),
		0);
	assert_true(text.length <= TICKET_TEXT_MAX);
	assert_true(ticket_opens(text.data, TICKET_JOIN, browser, NOW));
	join_release(&join);
	buffer_release(&text);
}

/* The id stands once where it is the token too; 0.2.0 wrote it twice. */
static void test_a_ticket_of_the_version_before_opens(void **state)
{
	static const uint8_t before[] = "\4\1"
					"\0\0\0\0\x6b\x49\xd2\0"
					"\0\0\0\0\x6b\x49\xd4\x58"
					"this browser ..."
					"\0\1m\0\6t/room\0\6t/room\0\0\2"
					"\0\4safe\0\4room\0\4room\0\4Room";
	struct buffer text = BUFFER_INIT(TICKET_TEXT_MAX), again = BUFFER_INIT(TICKET_TEXT_MAX);
	struct join join, opened;

	(void)state;
	assert_int_equal(seal_text(&ring, "ticket", before, sizeof before - 1, &text), 0);
	assert_int_equal(ticket_open(&ring, TICKET_JOIN, text.data, browser, NOW, TICKET_LIFETIME,
				 &join, NULL),
		TICKET_GOOD);
	assert_string_equal(join.meeting_id, "t/room");
	assert_string_equal(join.meeting_token, "t/room");
	assert_string_equal(join.forward[1].value, "Room");
	assert_int_equal(
		ticket_seal(&ring, TICKET_JOIN, browser, NOW, TICKET_LIFETIME, &join, NULL, &again),
		0);
	assert_true(again.length < text.length);
	assert_int_equal(ticket_open(&ring, TICKET_JOIN, again.data, browser, NOW, TICKET_LIFETIME,
				 &opened, NULL),
		TICKET_GOOD);
	assert_string_equal(opened.meeting_token, "t/room");
	join_release(&join);
	join_release(&opened);
	buffer_release(&text);
	buffer_release(&again);
}

static void test_A37_ticket_of_other_shape_is_refused(void **state)
{
	struct join join = make_join(1, 4);
	struct buffer text = seal_ticket(TICKET_JOIN, &join, NOW);
	struct buffer plain = BUFFER_INIT(8192), changed = BUFFER_INIT(8192);

	(void)state;
	assert_int_equal(seal_open(&ring, "ticket", text.data, &plain), 0);
	buffer_append(&plain, "", 1);
	for (size_t length = 0; length <= plain.length; length++) {
		buffer_clear(&changed);
		assert_int_equal(seal_text(&ring, "ticket", plain.data, length, &changed), 0);
		assert_int_equal(ticket_opens(changed.data, TICKET_JOIN, browser, NOW),
			length == plain.length - 1);
	}
	plain.data[0] = 1; /* another version */
	buffer_clear(&changed);
	seal_text(&ring, "ticket", plain.data, plain.length - 1, &changed);
	assert_false(ticket_opens(changed.data, TICKET_JOIN, browser, NOW));
	join_release(&join);
	buffer_release(&text);
	buffer_release(&plain);
	buffer_release(&changed);
}

static void test_A37_cookie_of_one_purpose_is_not_another(void **state)
{
	const struct session_limits limits = {1000, 1000};
	struct identity who = {.backend = strdup("staff"), .subject = strdup("alice")};
	struct session session, opened;
	struct buffer cookie = BUFFER_INIT(8192), ticket = seal_ticket(TICKET_LOGOUT, NULL, NOW);
	uint8_t id[TICKET_BROWSER_SIZE];

	(void)state;
	session_begin(&session, &who, limits, NOW);
	assert_int_equal(session_open(&ring, ticket.data, limits, NOW, &opened), -1);
	assert_int_equal(ticket_browser_open(&ring, ticket.data, id), -1);
	assert_int_equal(session_seal(&ring, &session, &cookie), 0);
	assert_int_equal(ticket_browser_open(&ring, cookie.data, id), -1);
	assert_false(ticket_opens(cookie.data, TICKET_LOGOUT, browser, NOW));
	buffer_clear(&cookie);
	assert_int_equal(ticket_browser_seal(&ring, browser, &cookie), 0);
	assert_int_equal(session_open(&ring, cookie.data, limits, NOW, &opened), -1);
	session_release(&session);
	buffer_release(&cookie);
	buffer_release(&ticket);
}

/* -- the cookie that binds a ticket -- */

static void test_browser_keeps_its_id(void **state)
{
	uint8_t id[TICKET_BROWSER_SIZE];
	struct buffer cookie = BUFFER_INIT(512);

	(void)state;
	assert_int_equal(ticket_browser_seal(&ring, browser, &cookie), 0);
	assert_false(ticket_browser(&ring, cookie.data, id));
	assert_memory_equal(id, browser, sizeof id);
	buffer_release(&cookie);
}

static void test_browser_without_a_cookie_of_ours_gets_a_new_id(void **state)
{
	static const char *const cookies[] = {NULL, "", "chosen-by-somebody"};
	uint8_t ids[3][TICKET_BROWSER_SIZE] = {{0}};
	struct buffer short_one = BUFFER_INIT(512);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(ticket_browser_open(&ring, cookies[i], ids[i]), -1);
		assert_true(ticket_browser(&ring, cookies[i], ids[i]));
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(ids[i], ids[j], TICKET_BROWSER_SIZE);
	}
	assert_int_equal(seal_text(&ring, "browser", "short", 5, &short_one), 0);
	assert_int_equal(ticket_browser_open(&ring, short_one.data, ids[0]), -1);
	buffer_release(&short_one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_became_of_a_ticket),
		cmocka_unit_test(test_ticket_to_a_page_of_ours_says_which),
		cmocka_unit_test(test_ticket_comes_back_whole),
		cmocka_unit_test(test_note_comes_back_whole),
		cmocka_unit_test(test_join_without_a_request_token),
		cmocka_unit_test(test_A42_ticket_of_another_browser_is_refused),
		cmocka_unit_test(test_A42_a_note_that_is_sealed_again_keeps_its_age),
		cmocka_unit_test(test_A42_tickets_of_two_tabs_are_independent),
		cmocka_unit_test(test_ticket_of_another_kind_is_refused),
		cmocka_unit_test(test_p12_later_lifetimes_bring_no_ticket_back),
		cmocka_unit_test(test_ticket_has_its_time),
		cmocka_unit_test(test_oversize_ticket_is_not_sealed),
		cmocka_unit_test(test_a_ticket_of_the_version_before_opens),
		cmocka_unit_test(test_A37_ticket_of_other_shape_is_refused),
		cmocka_unit_test(test_A37_cookie_of_one_purpose_is_not_another),
		cmocka_unit_test(test_browser_keeps_its_id),
		cmocka_unit_test(test_browser_without_a_cookie_of_ours_gets_a_new_id),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
