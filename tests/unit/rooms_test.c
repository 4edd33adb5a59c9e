/* SPDX-License-Identifier: MIT
 *
 * Pools of rooms, as the platform "webex" has them: what its section may say, and which meetings
 * visitors may name then. Leases are in state_test.c.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

#include "platform/webex.h"

extern const struct platform_driver platform_webex;

#define HOST "example.webex.com"
#define APP  "client-id = \"C1\" host-email = \"host@example.org\" "
#define ID   "98d8c2212c9d62b162b9565932735e59"
#define LINK "https://example.webex.com/meet/room1"

static void wrong_pools_are_named(void **state)
{
	char many[4096] = APP "rooms = {\"100000000\"";
	struct bad_option cases[] = {
		{APP "rooms = {\"board\"}", "rooms: \"board\" names no meeting"},
		{APP "rooms = {\"\"}", "rooms: "},
		{APP "rooms = {\"https://evil.example/meet/x\"}", "rooms: "},
		{APP "rooms = {\"123456789\", \"123456788\", \"123456789\"}", "twice"},
		{APP "rooms = {\"123456789\"} room-lease = \"0s\"", "room-lease: "},
		{APP "rooms = {\"123456789\"} room-lease = \"1500ms\"", "room-lease: "},
		{APP "rooms = {\"123456789\"} room-lease = \"8d\"", "room-lease: "},
		{many, "more than 64"}};

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
	const struct platform_peer *peer = platform_webex.peer(webex);

	assert_int_equal(peer->room_count, 3);
	assert_string_equal(peer->rooms[1], ID);
	assert_int_equal(peer->room_lease, 5400);
	platform_webex.close(webex);
	webex = open_driver(*state, &platform_webex, HOST, APP);
	peer = platform_webex.peer(webex);
	assert_int_equal(peer->room_count, 0);
	assert_int_equal(peer->room_lease, 4 * 3600);
	platform_webex.close(webex);
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
	platform_webex.close(webex);
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
