/* SPDX-License-Identifier: MIT
 *
 * The platform "jitsi": which room is meant, what stands in the token, where people are sent.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

extern const struct platform_driver platform_jitsi;

#define HOST   "meet.example.org"
#define SECRET "a secret of Jitsi's, 32 bytes or more"
#define APP    "app-id = \"meetauth\" "

static void *open_jitsi(struct fixture *fixture, const char *options)
{
	char text[512];

	snprintf(text, sizeof text, APP "%s", options);
	return open_driver(fixture, &platform_jitsi, HOST, text);
}

/* ---- opening ---- */

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"", "app-id: is missing"},
		{APP "audience = \"\"", "audience: "}, {APP "site = \"http://" HOST "\"", "site: "},
		{APP "site = \"https://" HOST "/x\"", "site: "},
		{APP "algorithm = \"none\"", "algorithm: expected \"HS256\""},
		{APP "algorithm = \"hs256\"", "algorithm: "},
		{APP "algorithm = \"ES256\"", "algorithm: "},
		{APP "lifetime = \"10s\"", "from 30s to 1d"},
		{APP "lifetime = \"25h\"", "lifetime: "},
		{APP "lifetime = \"1500ms\"", "lifetime: "}, {APP "domain = \"\"", "domain: "},
		{APP "domain = \"*\"", "domain: "},
		{APP "domain = \"https://" HOST "\"", "domain: expected a host name"},
		{APP "domain = \"" HOST ":5280\"", "domain: "}};

	refuses_options(*state, &platform_jitsi, HOST, cases, COUNT(cases));
}

/* ---- arriving ---- */

#define STATE(text) QUERY({"state", text})

static void a_room_comes_by_path_parameter_or_state(void **state)
{
	void *jitsi = open_jitsi(*state, "");

	arrives_at(&platform_jitsi, jitsi, "WeeklyReview", QUERY(), "weeklyreview");
	arrives_at(&platform_jitsi, jitsi, "Acme/WeeklyReview", QUERY(), "acme/weeklyreview");
	arrives_at(&platform_jitsi, jitsi, "", QUERY({"room", "A-b_c.d~e"}), "a-b_c.d~e");
	arrives_at(&platform_jitsi, jitsi, "", QUERY({"room", "R"}, {"tenant", "T"}), "t/r");
	arrives_at(
		&platform_jitsi, jitsi, "", STATE("{\"room\":\"Ab\",\"roomSafe\":\"ab\"}"), "ab");
	arrives_at(&platform_jitsi, jitsi, "Other",
		STATE("{\"room\":\"Ab\",\"roomSafe\":\"ab\",\"tenant\":\"/Acme/\"}"), "acme/ab");
	arrives_at(&platform_jitsi, jitsi, "", STATE("{\"room\":\"Ab\",\"tenant\":\"\"}"), "ab");
	arrives_at(&platform_jitsi, jitsi, "",
		QUERY({"state", "{\"room\":\"r\"}"}, {"code_challenge", "x"}, {"z", "y"}), "r");
	arrives_at(&platform_jitsi, jitsi, "",
		STATE("{\"room\":\"B\xc3\xbcro\",\"roomSafe\":\"b%c3%bcro\"}"), "b%c3%bcro");
	arrives_at(&platform_jitsi, jitsi, "acme/b%c3%bcro", QUERY(), "acme/b%c3%bcro");
	arrives_at(&platform_jitsi, jitsi, "Team Meeting", QUERY(), "team%20meeting");
	arrives_at(&platform_jitsi, jitsi, "", STATE("{\"room\":\"A b\",\"roomSafe\":\"a%20b\"}"),
		"a%20b");
	arrives_at(&platform_jitsi, jitsi, "team%20meeting", QUERY(), "team%20meeting");
	arrives_at(&platform_jitsi, jitsi, "",
		STATE("{\"room\":\"B\xc3\xbcro 1\",\"roomSafe\":\"b%c3%bcro%201\"}"),
		"b%c3%bcro%201");
	platform_close(&platform_jitsi, &jitsi);
}

static void what_is_no_room_is_refused(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	static const char *const rooms[] = {"", "*", "a*", "a/b/c", "..", ".", "a%zz", "a%C3",
		"a%2f", "%2e%2e", "a%2e", "a%21b", "a%e", "a?b", "a#b", "a&b", "[t]room",
		"b\xc3\xbcro", "a\"b", "a@b", "%2"};

	for (size_t i = 0; i < COUNT(rooms); i++)
		is_refused(&platform_jitsi, jitsi, "", QUERY({"room", rooms[i]}), "room");
	is_refused(&platform_jitsi, jitsi, "", QUERY(), "room");
	is_refused(&platform_jitsi, jitsi, "", QUERY({"room", "a"}, {"room", "a"}), "room");
	is_refused(&platform_jitsi, jitsi, "a/b/c", QUERY(), "tenant");
	is_refused(&platform_jitsi, jitsi, "*/c", QUERY(), "tenant");
	is_refused(&platform_jitsi, jitsi, "../c", QUERY(), "tenant");
	is_refused(&platform_jitsi, jitsi, "", QUERY({"room", "a"}, {"tenant", "a/b"}), "tenant");
	platform_close(&platform_jitsi, &jitsi);
}

/* "sub" of a room without a tenant is the domain: as a tenant it would be a second name of it. */
static void the_domain_is_no_tenant(void **state)
{
	void *jitsi = open_jitsi(*state, "domain = \"Meet.Jitsi\"");
	static const char *const domains[] = {HOST, "MEET.example.ORG", "meet.jitsi", "Meet.Jitsi"};

	for (size_t i = 0; i < COUNT(domains); i++) {
		char rest[64], text[64];

		snprintf(rest, sizeof rest, "%s/board", domains[i]);
		snprintf(text, sizeof text, "{\"room\":\"board\",\"tenant\":\"/%s/\"}", domains[i]);
		is_refused(&platform_jitsi, jitsi, rest, QUERY(), "tenant");
		is_refused(
			&platform_jitsi, jitsi, "board", QUERY({"tenant", domains[i]}), "tenant");
		is_refused(&platform_jitsi, jitsi, "", STATE(text), "tenant");
	}
	arrives_at(&platform_jitsi, jitsi, "jitsi/board", QUERY(), "jitsi/board");
	platform_close(&platform_jitsi, &jitsi);
}

/* The name that is signed is the one that people see, or the one that they see is left out. */
static void a_state_that_says_two_things_is_refused(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	static const char *const states[] = {"{\"room\":\"harmless\",\"roomSafe\":\"board\"}",
		"{\"room\":\"ab\",\"roomSafe\":\"Ab\"}", "{\"room\":\"a\",\"roomSafe\":\"*\"}",
		"{\"room\":\"\xc3\xbc\",\"roomSafe\":\"*\"}",
		"{\"room\":\"\xc3\xbc\",\"roomSafe\":\"a%C3\"}", "{\"room\":\"a\",\"room\":\"b\"}",
		"[]", "\"room\"", "{", "null", "{\"room\":\"a\"}x"};

	for (size_t i = 0; i < COUNT(states); i++)
		is_refused(&platform_jitsi, jitsi, "", STATE(states[i]), "state");
	is_refused(&platform_jitsi, jitsi, "", STATE("{\"room\":5}"), "room");
	is_refused(&platform_jitsi, jitsi, "", STATE("{}"), "room");
	is_refused(&platform_jitsi, jitsi, "",
		QUERY({"state", "{\"room\":\"a\"}"}, {"state", "{\"room\":\"a\"}"}), "state");
	platform_close(&platform_jitsi, &jitsi);
}

static struct join join_left;

/* Where the room is too long, that is said, and nothing is cut. */
static bool is_too_long(void *jitsi, const char *rest, const char *parameter)
{
	struct error error = {""};
	struct join join = JOIN_INIT;
	struct platform_arrival arrival = {rest, get_of, QUERY(), &join, NULL, &error, false};

	assert_int_equal(platform_jitsi.entry->arrive(jitsi, &arrival), -1);
	assert_string_equal(arrival.bad, parameter);
	join_release(&join);
	return arrival.too_long;
}

static void flow_F7_rooms_are_as_long_as_prosody_takes(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	char room[1100], rest[1200], id[1200], blanks[1100];

	memset(room, 'w', sizeof room);
	memset(blanks, ' ', sizeof blanks);
	room[1023] = '\0';
	arrives_at(&platform_jitsi, jitsi, room, QUERY(), room);
	room[1023] = 'w';
	room[1024] = '\0';
	assert_true(is_too_long(jitsi, room, "room"));
	/* The node of a room with a tenant is "[TENANT]ROOM". */
	room[1023 - 6] = '\0';
	snprintf(rest, sizeof rest, "Acme/%s", room);
	snprintf(id, sizeof id, "acme/%s", room);
	arrives_at(&platform_jitsi, jitsi, rest, QUERY(), id);
	snprintf(rest, sizeof rest, "Acme/%sw", room);
	assert_true(is_too_long(jitsi, rest, "room"));
	blanks[341] = '\0';
	assert_null(arrive_with(&platform_jitsi, jitsi, "", QUERY({"room", blanks}), &join_left));
	join_release(&join_left);
	blanks[341] = ' ';
	blanks[342] = '\0';
	assert_true(is_too_long(jitsi, blanks, "room"));
	memset(rest, 't', 65);
	snprintf(rest + 65, sizeof rest - 65, "/r");
	assert_true(is_too_long(jitsi, rest, "tenant"));
	assert_false(is_too_long(jitsi, "a*", "room"));
	platform_close(&platform_jitsi, &jitsi);
}

/* ---- the token ---- */

static json_t *claims_for(void *jitsi, const char *rest, const char *role)
{
	struct join join;
	struct granted granted;
	json_t *claims;

	assert_null(arrive_with(&platform_jitsi, jitsi, rest, QUERY(), &join));
	granted = grant_for(&platform_jitsi, jitsi, &join, &alice, role, SECRET);
	assert_int_equal(granted.verdict, PLATFORM_GRANTED);
	is_signed_with(granted.token.data, SECRET, strlen(SECRET));
	claims = part_of(granted.token.data, 1);
	buffer_wipe(&granted.token);
	join_release(&join);
	return claims;
}

static void the_token_is_for_one_room_and_minutes(void **state)
{
	void *jitsi = open_jitsi(*state, "lifetime = \"2m\"");
	json_t *claims = claims_for(jitsi, "Weekly", "");
	json_t *user = json_object_get(json_object_get(claims, "context"), "user");
	const char *name;
	json_t *value;

	assert_string_equal(text_of(claims, "iss"), "meetauth");
	assert_string_equal(text_of(claims, "aud"), "meetauth");
	assert_string_equal(text_of(claims, "sub"), HOST);
	assert_string_equal(text_of(claims, "room"), "weekly");
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 120);
	assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW);
	assert_true(json_integer_value(json_object_get(claims, "nbf")) < NOW);
	assert_string_equal(text_of(user, "id"), "staff/alice");
	assert_string_equal(text_of(user, "name"), "Alice K\xc3\xb6nig");
	assert_string_equal(text_of(user, "email"), "alice@example.org");
	assert_string_equal(text_of(user, "affiliation"), "member");
	assert_string_equal(text_of(user, "moderator"), "false");
	json_object_foreach(user, name, value) assert_true(json_is_string(value));
	json_decref(claims);
	platform_close(&platform_jitsi, &jitsi);
}

static void a_tenant_is_bound(void **state)
{
	void *jitsi = open_jitsi(*state, "audience = \"jitsi\" domain = \"X.example\"");
	json_t *claims = claims_for(jitsi, "Acme/Weekly", "");

	assert_string_equal(text_of(claims, "sub"), "acme");
	assert_string_equal(text_of(claims, "room"), "weekly");
	assert_string_equal(text_of(claims, "aud"), "jitsi");
	json_decref(claims);
	claims = claims_for(jitsi, "Weekly", "");
	assert_string_equal(text_of(claims, "sub"), "x.example");
	json_decref(claims);
	platform_close(&platform_jitsi, &jitsi);
}

static void only_the_role_makes_a_moderator(void **state)
{
	static const char *const others[] = {"", "participant", "observer", "moderators", "owner"};
	void *jitsi = open_jitsi(*state, "prefill = false");
	json_t *claims = claims_for(jitsi, "r", "moderator");
	json_t *user = json_object_get(json_object_get(claims, "context"), "user");

	assert_string_equal(text_of(user, "affiliation"), "owner");
	assert_string_equal(text_of(user, "moderator"), "true");
	assert_null(json_object_get(user, "name"));
	assert_null(json_object_get(user, "email"));
	json_decref(claims);
	for (size_t i = 0; i < COUNT(others); i++) {
		claims = claims_for(jitsi, "r", others[i]);
		user = json_object_get(json_object_get(claims, "context"), "user");
		assert_string_equal(text_of(user, "affiliation"), "member");
		json_decref(claims);
	}
	platform_close(&platform_jitsi, &jitsi);
}

static void the_header_says_jwt_and_the_algorithm(void **state)
{
	static const char *const names[] = {"HS256", "HS384", "HS512"};
	static const char secret[] =
		"64 bytes for HS512, 0123456789abcdef0123456789abcdef0123456789abcdef";

	for (size_t i = 0; i < COUNT(names); i++) {
		char option[64];
		void *jitsi;
		struct join join;
		struct granted granted;
		json_t *header;

		snprintf(option, sizeof option, "algorithm = \"%s\"", names[i]);
		jitsi = open_jitsi(*state, option);
		assert_null(arrive_with(&platform_jitsi, jitsi, "r", QUERY(), &join));
		granted = grant_for(&platform_jitsi, jitsi, &join, &alice, "", secret);
		assert_int_equal(granted.verdict, PLATFORM_GRANTED);
		header = part_of(granted.token.data, 0);
		assert_string_equal(text_of(header, "typ"), "JWT");
		assert_string_equal(text_of(header, "alg"), names[i]);
		json_decref(header);
		buffer_wipe(&granted.token);
		join_release(&join);
		platform_close(&platform_jitsi, &jitsi);
	}
}

static void a_secret_that_is_no_key_is_named_and_not_shown(void **state)
{
	static const struct {
		const char *option, *secret;
	} cases[] = {{"", "short"}, {"algorithm = \"RS256\"", SECRET},
		{"algorithm = \"RS256\"", "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"},
		{"algorithm = \"RS256\"", "{\"kty\":\"oct\",\"kid\":\"1\",\"k\":"
					  "\"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE\"}"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *jitsi = open_jitsi(*state, cases[i].option);
		struct error error = {""};
		struct granted granted;
		struct join join;

		assert_null(arrive_with(&platform_jitsi, jitsi, "r", QUERY(), &join));
		granted = grant_for(&platform_jitsi, jitsi, &join, &alice, "", cases[i].secret);
		assert_int_equal(granted.verdict, PLATFORM_UNABLE);
		assert_int_equal(granted.token.length, 0);
		assert_int_equal(
			platform_jitsi.secret->validate_secret(jitsi, cases[i].secret, &error), -1);
		assert_null(strstr(error.text, cases[i].secret));
		buffer_wipe(&granted.token);
		join_release(&join);
		platform_close(&platform_jitsi, &jitsi);
	}
}

/* A ticket that was made when the platform had another type: nothing that is for every room. */
static void a_join_of_another_type_gets_no_token(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	struct join join = {.meeting_id = (char *)"5f52", .meeting_token = (char *)"8320"};
	struct granted granted = grant_for(&platform_jitsi, jitsi, &join, &alice, "", SECRET);

	assert_int_equal(granted.verdict, PLATFORM_UNABLE);
	buffer_wipe(&granted.token);
	platform_close(&platform_jitsi, &jitsi);
}

/* A ticket of 0.2.0 has both names of the room beside the id. */
static void a_join_of_the_version_before_goes_on(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	struct join_forward forward[] = {{(char *)"tenant", (char *)"Acme"},
		{(char *)"safe", (char *)"weekly"}, {(char *)"room", (char *)"Weekly"}};
	struct join join = {.meeting_id = (char *)"acme/weekly",
		.meeting_token = (char *)"acme/weekly",
		.forward = forward,
		.forward_count = 3};
	struct granted granted = grant_for(&platform_jitsi, jitsi, &join, &alice, "", SECRET);
	struct buffer landed = BUFFER_INIT(16384);
	json_t *claims = part_of(granted.token.data, 1);

	assert_int_equal(granted.verdict, PLATFORM_GRANTED);
	assert_string_equal(text_of(claims, "room"), "weekly");
	assert_string_equal(text_of(claims, "sub"), "acme");
	platform_redirect_url(&platform_jitsi, jitsi, &join, "to.k-e_n", NULL, &landed);
	assert_string_equal(landed.data, "https://" HOST "/Acme/Weekly?jwt=to.k-e_n");
	json_decref(claims);
	buffer_release(&landed);
	buffer_wipe(&granted.token);
	platform_close(&platform_jitsi, &jitsi);
}

/* ---- the way back ---- */

static void lands_at(void *jitsi, const char *rest, const struct parameter *query, const char *url)
{
	struct buffer landed = BUFFER_INIT(16384);
	struct join join;

	assert_null(arrive_with(&platform_jitsi, jitsi, rest, query, &join));
	platform_redirect_url(&platform_jitsi, jitsi, &join, "to.k-e_n", NULL, &landed);
	assert_false(landed.failed);
	assert_string_equal(landed.data, url);
	buffer_release(&landed);
	join_release(&join);
}

static void people_land_in_the_room_as_they_know_it(void **state)
{
	void *jitsi = open_jitsi(*state, "");

	lands_at(jitsi, "Weekly", QUERY(), "https://" HOST "/Weekly?jwt=to.k-e_n");
	lands_at(jitsi, "Acme/Weekly", QUERY(), "https://" HOST "/Acme/Weekly?jwt=to.k-e_n");
	lands_at(jitsi, "", STATE("{\"room\":\"B\xc3\xbcro\",\"roomSafe\":\"b%c3%bcro\"}"),
		"https://" HOST "/b%c3%bcro?jwt=to.k-e_n");
	lands_at(jitsi, "", STATE("{\"room\":\"Team Meeting\",\"roomSafe\":\"team%20meeting\"}"),
		"https://" HOST "/Team%20Meeting?jwt=to.k-e_n");
	platform_close(&platform_jitsi, &jitsi);
}

static void overrides_go_along_and_nothing_else(void **state)
{
	void *jitsi = open_jitsi(*state, "");

	lands_at(jitsi, "",
		STATE("{\"room\":\"r\",\"config.prejoinConfig.enabled\":false,"
		      "\"config.subject\":\"\",\"config.x\":\"a b&c\",\"other.x\":1,"
		      "\"config.deep\":{\"a\":1},\"config.a b\":1,\"jwt\":\"evil\"}"),
		"https://" HOST "/r?jwt=to.k-e_n#config.prejoinConfig.enabled=false&config.x="
		"%22a%20b%26c%22");
	platform_close(&platform_jitsi, &jitsi);
}

static void native_clients_get_their_scheme_and_our_host(void **state)
{
	void *jitsi = open_jitsi(*state, "site = \"https://" HOST ":8443\"");

	lands_at(jitsi, "", STATE("{\"room\":\"R\",\"ios\":true,\"host\":\"evil.example\"}"),
		"org.jitsi.meet://" HOST ":8443/R?jwt=to.k-e_n");
	lands_at(jitsi, "", STATE("{\"room\":\"R\",\"electron\":true}"),
		"jitsi-meet://" HOST ":8443/R?jwt=to.k-e_n");
	lands_at(jitsi, "",
		STATE("{\"room\":\"R\",\"tenant\":\"t\",\"android\":true,\"config.a\":1}"),
		"intent://" HOST ":8443/t/R?jwt=to.k-e_n#config.a=1#Intent;scheme=org.jitsi.meet;"
		"package=org.jitsi.meet;end");
	lands_at(jitsi, "", STATE("{\"room\":\"R\",\"android\":\"true\",\"ios\":false}"),
		"https://" HOST ":8443/R?jwt=to.k-e_n");
	platform_close(&platform_jitsi, &jitsi);
}

static void what_a_ticket_holds_is_bounded(void **state)
{
	void *jitsi = open_jitsi(*state, "");
	struct buffer text = BUFFER_INIT(65536);
	struct join join;
	size_t length = 0;

	buffer_text(&text, "{\"room\":\"r\"");
	for (int i = 0; i < 200; i++)
		buffer_printf(&text, ",\"config.k%d\":\"%0*d\"", i, i < 100 ? 300 : 150, i);
	buffer_text(&text, "}");
	assert_null(arrive_with(&platform_jitsi, jitsi, "", STATE(text.data), &join));
	for (size_t i = 0; i < join.forward_count; i++)
		length += strlen(join.forward[i].name) + strlen(join.forward[i].value);
	assert_true(join.forward_count <= JOIN_FORWARD_MAX);
	assert_true(length < 1900);
	join_release(&join);
	buffer_release(&text);
	platform_close(&platform_jitsi, &jitsi);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(a_room_comes_by_path_parameter_or_state),
		TEST(what_is_no_room_is_refused),
		TEST(the_domain_is_no_tenant),
		TEST(a_state_that_says_two_things_is_refused),
		TEST(flow_F7_rooms_are_as_long_as_prosody_takes),
		TEST(the_token_is_for_one_room_and_minutes),
		TEST(a_tenant_is_bound),
		TEST(only_the_role_makes_a_moderator),
		TEST(the_header_says_jwt_and_the_algorithm),
		TEST(a_secret_that_is_no_key_is_named_and_not_shown),
		TEST(a_join_of_another_type_gets_no_token),
		TEST(a_join_of_the_version_before_goes_on),
		TEST(people_land_in_the_room_as_they_know_it),
		TEST(overrides_go_along_and_nothing_else),
		TEST(native_clients_get_their_scheme_and_our_host),
		TEST(what_a_ticket_holds_is_bounded),
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
