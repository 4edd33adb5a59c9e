/* SPDX-License-Identifier: MIT
 *
 * Pools of rooms, as the platform "webex" has them: what its section may say, and which meetings
 * visitors may name then. Leases are in state_test.c.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

#include "platform/webex/webex.h"
#include "secret/seal.h"
#include "service/rooms.h"

extern const struct platform_driver platform_webex;

#define HOST "example.webex.com"
#define APP  "client-id = \"C1\" host-email = \"host@example.org\" "
#define ID   "98d8c2212c9d62b162b9565932735e59"
#define LINK "https://example.webex.com/meet/room1"

static void wrong_pools_are_named(void **state)
{
	char many[4096] = APP "rooms = {\"100000000\"";
	struct bad_option cases[] = {
		{APP "rooms = {\"board\"}", "rooms: \"board\" does not name a meeting"},
		{APP "rooms = {\"\"}", "rooms: "},
		{APP "rooms = {\"123 456 7890\"}", "8 to 15 digits, without spaces"},
		{APP "rooms = {\"" LINK "\", \"https://Example.webex.com/meet/Room1/\"}",
			"twice, first as \"" LINK "\""},
		{APP "rooms = {\"https://evil.example/meet/x\"}", "rooms: "},
		{APP "rooms = {\"123456789\", \"123456788\", \"123456789\"}", "twice"},
		{APP "rooms = {\"123456789\"} room-lease = \"0s\"", "room-lease: "},
		{APP "rooms = {\"123456789\"} room-lease = \"299s\"",
			"room-lease: is shorter than lifetime (5 minutes)"},
		{APP "rooms = {\"123456789\"} room-lease = \"1500ms\"", "room-lease: "},
		{APP "rooms = {\"123456789\"} room-lease = \"8d\"", "room-lease: "},
		{many, "expected 0 to 64 entries"}};

	for (int i = 0; i < PLATFORM_ROOMS_MAX; i++)
		snprintf(
			many + strlen(many), sizeof many - strlen(many), ", \"%d\"", 200000000 + i);
	snprintf(many + strlen(many), sizeof many - strlen(many), "}");
	refuses_options(*state, &platform_webex, HOST, cases, COUNT(cases));
}

static void a_pool_is_as_it_was_written(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST,
		APP "rooms = {\"123456789\", \"" ID "\", \"" LINK "\"} room-lease = \"90m\"");
	const struct platform_peer *peer = platform_peer(webex);

	assert_int_equal(peer->rooms.count, 3);
	assert_string_equal(peer->rooms.items[1], ID);
	assert_int_equal(peer->room_lease, 5400);
	platform_close(&platform_webex, &webex);
	webex = open_driver(*state, &platform_webex, HOST, APP);
	peer = platform_peer(webex);
	assert_int_equal(peer->rooms.count, 0);
	assert_int_equal(peer->room_lease, 4 * 3600);
	platform_close(&platform_webex, &webex);
}

/* Leases go by it: two sections that have one room must agree, and two rooms must not. */
static void a_room_is_known_by_one_name_in_every_section(void **state)
{
	static const struct {
		const char *room, *other_title, *other;
		bool same;
	} cases[] = {
		{"123456789", "partners", "123456789", true},
		{"123456789", "partners", "123456788", false},
		{"123456789", "partners", ID, false},
		{LINK, "partners", "https://EXAMPLE.webex.com/meet/Room1", true},
		{LINK, "partners", LINK "/", true},
		{LINK, "partners", "https://example.webex.com/meet/room2", false},
		{ID, "partners", ID, true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char options[300];
		void *one, *two;

		snprintf(options, sizeof options, APP "rooms = {\"%s\"}", cases[i].room);
		one = open_driver(*state, &platform_webex, HOST, options);
		snprintf(options, sizeof options,
			APP "site = \"https://Example.WEBEX.com:443\" rooms = {\"%s\"}",
			cases[i].other);
		two = open_driver(*state, &platform_webex, cases[i].other_title, options);
		assert_int_equal(strcmp(platform_peer(one)->room_names[0],
					 platform_peer(two)->room_names[0]) == 0,
			cases[i].same);
		platform_close(&platform_webex, &one);
		platform_close(&platform_webex, &two);
	}
}

/* ---- an early end ---- */

static bool take(
	struct state *shared, const struct state_resource *room, int64_t now, int64_t until)
{
	size_t index;

	return state_lease(shared, room, 1, now, until, &index) == STATE_LEASE_HELD;
}

/* A link that was given before the end leads nobody into the next meeting. */
static void a_room_whose_meeting_was_ended_rests_until_the_last_link_has_ended(void **state)
{
	static const uint8_t key[SEAL_KEY_SIZE] = {1};
	static const struct platform_peer peer = {.room_lease = 3600, .room_rest = 300};
	struct state *shared = state_open(&(struct state_options){.address = "memory:"}, NULL);
	struct room_leases first, second;
	int64_t now = clock_wall(), free_at;
	bool is_its;

	(void)state;
	rooms_name(key, HOST, "room", "first", &first);
	rooms_name(key, HOST, "room", "second", &second);
	assert_int_equal(rooms_end(shared, &first, &peer, now, &free_at), 0);
	assert_true(take(shared, &first.taken, now, now + peer.room_lease));
	assert_true(take(shared, &first.cleared, now, now + peer.room_lease));
	assert_int_equal(rooms_taken_until(shared, &first, now, &is_its), now + 3600);
	assert_true(is_its);
	rooms_taken_until(shared, &second, now, &is_its);
	assert_false(is_its);
	/* A minute after the last join: four are left to its link. */
	assert_int_equal(rooms_end(shared, &second, &peer, now + 60, &free_at), 1);
	assert_int_equal(free_at, now + 300);
	/* Whoever ends it once more does not cut that short. */
	assert_int_equal(rooms_is_ended(shared, &first, now + 61), 1);
	assert_int_equal(rooms_end(shared, &first, &peer, now + 61, &free_at), 1);
	assert_int_equal(free_at, now + 300);
	assert_false(take(shared, &second.taken, now + 299, now + 400));
	assert_false(take(shared, &first.taken, now + 299, now + 400));
	assert_true(take(shared, &second.taken, now + 301, now + 301 + peer.room_lease));
	assert_int_equal(state_leased_until(shared, &second.cleared, now + 301, &is_its), 0);
	assert_true(take(shared, &second.cleared, now + 301, now + 301 + peer.room_lease));
	assert_int_equal(rooms_is_ended(shared, &second, now + 301), 0);
	/* An hour less a minute later all links have ended. */
	assert_int_equal(rooms_end(shared, &first, &peer, now + 301 + 3540, &free_at), 1);
	assert_int_equal(free_at, now + 301 + 3540);
	assert_true(take(shared, &first.taken, now + 301 + 3540, now + 5000));
	state_close(&shared);
}

static void visitors_name_meetings_of_their_own(void **state)
{
	void *webex = open_driver(*state, &platform_webex, HOST, APP "rooms = {\"123456789\"}");

	arrives_at(&platform_webex, webex, "board-2026.1", QUERY(), "board-2026.1");
	arrives_at(&platform_webex, webex, "", QUERY({"meetingId", "Board"}), "Board");
	is_refused(&platform_webex, webex, "", QUERY(), "meetingNumber");
	is_refused(&platform_webex, webex, "a/b", QUERY(), "meetingNumber");
	is_refused(&platform_webex, webex, "..", QUERY(), "meetingNumber");
	is_refused(&platform_webex, webex, "", QUERY({"webLink", LINK}), "webLink");
	is_refused(&platform_webex, webex, "board", QUERY({"meetingId", "team"}), "meetingId");
	platform_close(&platform_webex, &webex);
}

static void a_call_is_about_the_room(void **state)
{
	struct join join = {.meeting_id = (char *)"board"};

	(void)state;
	assert_string_equal(webex_meeting_of(&join), "board");
	join.room = (char *)"123456789";
	assert_string_equal(webex_meeting_of(&join), "123456789");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_pools_are_named),
		TEST(a_pool_is_as_it_was_written),
		TEST(a_room_is_known_by_one_name_in_every_section),
		TEST(a_room_whose_meeting_was_ended_rests_until_the_last_link_has_ended),
		TEST(visitors_name_meetings_of_their_own),
		TEST(a_call_is_about_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
