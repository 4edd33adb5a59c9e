/* SPDX-License-Identifier: MIT
 *
 * The platform "livekit": the room, the rights in the token, what browsers and applications get.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

extern const struct platform_driver platform_livekit;

#define HOST   "livekit.example.org"
#define KEY    "a-secret-of-LiveKit's,-32-bytes-or-more"
#define SECRET "APIkey1:" KEY

static void *open_livekit(struct fixture *fixture, const char *options)
{
	return open_driver(fixture, &platform_livekit, HOST, options);
}

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {
		{"server = \"https://" HOST "\"", "must be wss://host"},
		{"server = \"ws://" HOST "\"", "server: "}, {"server = \"wss://\"", "server: "},
		{"server = \"wss://" HOST "/x\"", "server: "},
		{"server = \"wss://u@" HOST "\"", "server: "}, {"server = \"\"", "server: "},
		{"site = \"ftp://x\"", "site: "}, {"lifetime = \"1s\"", "lifetime: "},
		{"allowed-origins = {\"*\"}", "allowed-origins: \"*\""},
		{"app = \"https://app.example.org/\"", "app: is on none of"},
		{"allowed-origins = {\"null\"}", "allowed-origins: "},
		{"allowed-origins = {\"https://x.example/\"}", "allowed-origins: "},
		{"allowed-origins = {\"https://X.example\"}", "capital letters"},
		{"allowed-origins = {\"http://x.example\"}", "allowed-origins: "}};

	refuses_options(*state, &platform_livekit, HOST, cases, COUNT(cases));
}

static void the_title_is_the_default_of_both_addresses(void **state)
{
	void *livekit = open_livekit(*state, "");
	const struct platform_peer *peer = platform_peer(livekit);

	assert_string_equal(peer->site, "https://" HOST);
	assert_string_equal(peer->api, "https://" HOST);
	assert_int_equal(peer->origins.count, 0);
	platform_close(&platform_livekit, &livekit);
	livekit = open_livekit(*state,
		"server = \"ws://127.0.0.1:7880\" site = \"https://meet.example.org\" "
		"allowed-origins = {\"https://app.example.org\", \"http://localhost:3000\"}");
	peer = platform_peer(livekit);
	assert_string_equal(peer->api, "http://127.0.0.1:7880");
	assert_string_equal(peer->site, "https://meet.example.org");
	assert_int_equal(peer->origins.count, 2);
	platform_close(&platform_livekit, &livekit);
}

static void a_room_is_named_once(void **state)
{
	void *livekit = open_livekit(*state, "");
	static const char *const bad[] = {
		"", "a b", "a/b", "*", "..", "r\xc3\xa4um", "a%2f", "a:b"};

	arrives_at(&platform_livekit, livekit, "Daily.stand-up_1~", QUERY(), "Daily.stand-up_1~");
	arrives_at(&platform_livekit, livekit, "", QUERY({"room_name", "daily"}), "daily");
	arrives_at(&platform_livekit, livekit, "daily",
		QUERY({"participant_identity", "admin"}, {"room_config", "x"}), "daily");
	for (size_t i = 0; i < COUNT(bad); i++)
		is_refused(&platform_livekit, livekit, bad[i], QUERY(), "room_name");
	is_refused(&platform_livekit, livekit, "a", QUERY({"room_name", "b"}), "room_name");
	is_refused(&platform_livekit, livekit, "", QUERY({"room_name", "b"}, {"room_name", "b"}),
		"room_name");
	platform_close(&platform_livekit, &livekit);
}

static json_t *claims_for(void *livekit, const char *role)
{
	struct join join = {.meeting_id = (char *)"daily"};
	struct granted granted = grant_for(&platform_livekit, livekit, &join, &alice, role, SECRET);
	json_t *claims;

	assert_int_equal(granted.verdict, PLATFORM_GRANTED);
	is_signed_with(granted.token.data, KEY, strlen(KEY));
	claims = part_of(granted.token.data, 1);
	buffer_wipe(&granted.token);
	return claims;
}

static void the_token_is_for_one_room_and_one_person(void **state)
{
	void *livekit = open_livekit(*state, "lifetime = \"90s\"");
	json_t *claims = claims_for(livekit, "");

	assert_string_equal(text_of(claims, "iss"), "APIkey1");
	assert_string_equal(text_of(claims, "sub"), "staff/alice#01234567");
	assert_string_equal(text_of(claims, "name"), "Alice K\xc3\xb6nig");
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 90);
	assert_true(json_integer_value(json_object_get(claims, "nbf")) <= NOW);
	json_decref(claims);
	platform_close(&platform_livekit, &livekit);
	livekit = open_livekit(*state, "prefill = false");
	claims = claims_for(livekit, "");
	assert_null(json_object_get(claims, "name"));
	json_decref(claims);
	platform_close(&platform_livekit, &livekit);
}

static void the_role_decides_on_every_right(void **state)
{
	static const struct {
		const char *role;
		bool admin, publish;
	} cases[] = {{"", false, true}, {"participant", false, true}, {"moderator", true, true},
		{"observer", false, false}, {"roomAdmin", false, true}};
	void *livekit = open_livekit(*state, "");

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *claims = claims_for(livekit, cases[i].role);
		json_t *video = json_object_get(claims, "video");

		assert_int_equal(json_object_size(video), 6);
		assert_string_equal(text_of(video, "room"), "daily");
		assert_true(json_is_true(json_object_get(video, "roomJoin")));
		assert_true(json_is_true(json_object_get(video, "canSubscribe")));
		assert_int_equal(json_is_true(json_object_get(video, "roomAdmin")), cases[i].admin);
		assert_int_equal(
			json_is_true(json_object_get(video, "canPublish")), cases[i].publish);
		assert_int_equal(
			json_is_true(json_object_get(video, "canPublishData")), cases[i].publish);
		json_decref(claims);
	}
	platform_close(&platform_livekit, &livekit);
}

static void a_secret_that_is_no_pair_is_named(void **state)
{
	static const char *const bad[] = {KEY, (":" KEY), "APIkey1:", "APIkey1:short",
		"APIkey1: " KEY, "APIkey1 :" KEY, " APIkey1:" KEY, "APIkey1:" KEY " "};
	struct join join = {.meeting_id = (char *)"daily"};
	void *livekit = open_livekit(*state, "");

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error error = {""};
		struct granted granted =
			grant_for(&platform_livekit, livekit, &join, &alice, "", bad[i]);

		assert_int_equal(granted.verdict, PLATFORM_UNABLE);
		assert_int_equal(
			platform_livekit.secret->validate_secret(livekit, bad[i], &error), -1);
		if (strchr(bad[i], ' ') != NULL)
			assert_non_null(strstr(error.text, "without spaces"));
		buffer_wipe(&granted.token);
	}
	platform_close(&platform_livekit, &livekit);
}

static void browsers_are_sent_to_livekit_meet(void **state)
{
	void *livekit = open_livekit(*state, "site = \"https://meet.example.org\"");
	struct buffer url = BUFFER_INIT(4096);
	struct join join = {.meeting_id = (char *)"daily"};

	platform_redirect_url(&platform_livekit, livekit, &join, "to.k-e_n&x", &alice, &url);
	assert_string_equal(url.data, "https://meet.example.org/custom?liveKitUrl=wss%3A%2F%2F" HOST
				      "&token=to.k-e_n%26x");
	buffer_release(&url);
	platform_close(&platform_livekit, &livekit);
}

static void a_script_asks_by_the_name_of_the_room(void **state)
{
	void *livekit = open_livekit(*state, "app = \"https://app.example.org/join\" "
					     "allowed-origins = {\"https://app.example.org\"}");
	struct join join = {.meeting_id = (char *)"daily~1"};
	const char *value;

	assert_string_equal(platform_livekit.script->meeting_parameter(&join, &value), "room_name");
	assert_string_equal(value, "daily~1");
	assert_string_equal(platform_peer(livekit)->app_url, "https://app.example.org/join");
	platform_close(&platform_livekit, &livekit);
}

static void applications_get_what_livekits_clients_read(void **state)
{
	void *livekit = open_livekit(*state, "");
	struct buffer body = BUFFER_INIT(4096);
	struct platform_token_response reply = {200, "application/json", &body};
	struct join join = {.meeting_id = (char *)"daily"};
	json_t *document;

	platform_write_token(&platform_livekit, livekit, &join, "to.k-e_n", &reply);
	assert_int_equal(reply.status, 201);
	assert_string_equal(reply.media_type, "application/json");
	document = json_loads(body.data, JSON_REJECT_DUPLICATES, NULL);
	assert_string_equal(text_of(document, "server_url"), "wss://" HOST);
	assert_string_equal(text_of(document, "participant_token"), "to.k-e_n");
	json_decref(document);
	buffer_release(&body);
	platform_close(&platform_livekit, &livekit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(the_title_is_the_default_of_both_addresses),
		TEST(a_room_is_named_once),
		TEST(the_token_is_for_one_room_and_one_person),
		TEST(the_role_decides_on_every_right),
		TEST(a_secret_that_is_no_pair_is_named),
		TEST(browsers_are_sent_to_livekit_meet),
		TEST(a_script_asks_by_the_name_of_the_room),
		TEST(applications_get_what_livekits_clients_read),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
