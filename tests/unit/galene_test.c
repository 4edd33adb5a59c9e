/* SPDX-License-Identifier: MIT
 *
 * The platform "galene": the group, the permissions in the token, the way back.
 */
#include "platform_fixture.h"

#ifdef HAVE_CJOSE

extern const struct platform_driver platform_galene;

#define HOST "galene.example.org"
#define KEY  "0123456789abcdef0123456789abcdef"
#define JWK                                                                                        \
	"{\"kty\":\"oct\",\"alg\":\"HS256\",\"kid\":\"2026\",\"k\":"                               \
	"\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}"
/* RFC 7515 appendix A.3.1 */
#define JWK_EC                                                                                     \
	"{\"kty\":\"EC\",\"alg\":\"ES256\",\"crv\":\"P-256\","                                     \
	"\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                                   \
	"\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","                                   \
	"\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"

static void *open_galene(struct fixture *fixture, const char *options)
{
	return open_driver(fixture, &platform_galene, HOST, options);
}

static void wrong_options_are_named(void **state)
{
	static const struct bad_option cases[] = {{"site = \"http://" HOST "\"", "site: "},
		{"lifetime = \"0\"", "lifetime: "},
		{"allowed-origins = {\"https://" HOST "/group\"}", "allowed-origins: "},
		{"allowed-origins = {\"https://Galene.example.org\"}", "capital letters"},
		{"allowed-origins = {\"https://" HOST ":443\"}", "the default port"},
		{"allowed-origins = {\"http://localhost:80\"}", "the default port"}};

	refuses_options(*state, &platform_galene, HOST, cases, COUNT(cases));
}

static void its_own_page_may_ask_unless_others_are_named(void **state)
{
	void *galene = open_galene(*state, "site = \"https://" HOST ":8443\"");
	const struct platform_peer *peer = platform_peer(galene);

	assert_int_equal(peer->origins.count, 1);
	assert_string_equal(peer->origins.items[0], "https://" HOST ":8443");
	platform_close(&platform_galene, &galene);
	galene = open_galene(*state, "allowed-origins = {\"https://other.example\"}");
	peer = platform_peer(galene);
	assert_int_equal(peer->origins.count, 1);
	assert_string_equal(peer->origins.items[0], "https://other.example");
	platform_close(&platform_galene, &galene);
}

/* What browsers send, in Origin and in the address of the page, is not what somebody typed. */
static void site_means_the_same_however_it_is_written(void **state)
{
	static const char *const sites[] = {"https://" HOST ":443", "https://Galene.Example.ORG",
		"https://GALENE.example.org:443"};

	for (size_t i = 0; i < COUNT(sites); i++) {
		char option[100];
		void *galene;

		snprintf(option, sizeof option, "site = \"%s\"", sites[i]);
		galene = open_galene(*state, option);
		assert_string_equal(platform_peer(galene)->origins.items[0], "https://" HOST);
		arrives_at(&platform_galene, galene, "",
			QUERY({"location", "https://" HOST "/group/public/"}), "public");
		platform_close(&platform_galene, &galene);
	}
}

static void a_group_comes_by_path_or_by_the_address_of_the_page(void **state)
{
	void *galene = open_galene(*state, "");
	static const char *const bad[] = {"", "a//b", "/a", "a/", "a/../b", ".hidden", "a b", "a?b",
		"gr\xc3\xbcppe", "a%2fb", "*"};

	arrives_at(&platform_galene, galene, "public", QUERY(), "public");
	arrives_at(&platform_galene, galene, "Uni/maths_1", QUERY(), "Uni/maths_1");
	arrives_at(&platform_galene, galene, "",
		QUERY({"location", "https://" HOST "/group/uni/maths/"}, {"username", "x"}),
		"uni/maths");
	for (size_t i = 0; i < COUNT(bad); i++)
		is_refused(&platform_galene, galene, bad[i], QUERY(), "group");
	platform_close(&platform_galene, &galene);
}

/* A token for what the caller names would open another server that trusts the same key. */
static void the_address_of_another_server_is_refused(void **state)
{
	void *galene = open_galene(*state, "");
	static const char *const bad[] = {"", "https://evil.example/group/public/",
		"https://" HOST ".evil.example/group/public/", "http://" HOST "/group/public/",
		"https://" HOST "@evil.example/group/public/", "https://" HOST "/group/public",
		"https://" HOST "/group/", "https://" HOST "/recordings/public/",
		"https://" HOST ":8443/group/public/", "https://" HOST "//group/public/"};

	for (size_t i = 0; i < COUNT(bad); i++)
		is_refused(&platform_galene, galene, "", QUERY({"location", bad[i]}), "location");
	is_refused(&platform_galene, galene, "",
		QUERY({"location", "https://" HOST "/group/a/../b/"}), "group");
	is_refused(&platform_galene, galene, "",
		QUERY({"location", "https://" HOST "/group/a/?x=/"}), "group");
	platform_close(&platform_galene, &galene);
}

static json_t *claims_for(void *galene, const struct identity *who, const char *role)
{
	struct join join = {.meeting_id = (char *)"uni/maths"};
	struct granted granted = grant_for(&platform_galene, galene, &join, who, role, JWK);
	json_t *claims, *header;

	assert_int_equal(granted.verdict, PLATFORM_GRANTED);
	is_signed_with(granted.token.data, KEY, strlen(KEY));
	header = part_of(granted.token.data, 0);
	assert_string_equal(text_of(header, "kid"), "2026");
	assert_string_equal(text_of(header, "alg"), "HS256");
	json_decref(header);
	claims = part_of(granted.token.data, 1);
	buffer_wipe(&granted.token);
	return claims;
}

static void the_token_is_for_one_group_and_seconds(void **state)
{
	void *galene = open_galene(*state, "");
	json_t *claims = claims_for(galene, &alice, "");

	assert_string_equal(text_of(claims, "sub"), "Alice K\xc3\xb6nig");
	assert_string_equal(text_of(claims, "aud"), "https://" HOST "/group/uni/maths/");
	assert_int_equal(json_integer_value(json_object_get(claims, "iat")), NOW);
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 30);
	assert_null(json_object_get(claims, "include-subgroups"));
	json_decref(claims);
	platform_close(&platform_galene, &galene);
	galene = open_galene(*state, "prefill = false lifetime = \"60s\"");
	claims = claims_for(galene, &alice, "");
	assert_string_equal(text_of(claims, "sub"), "alice");
	assert_int_equal(json_integer_value(json_object_get(claims, "exp")), NOW + 60);
	json_decref(claims);
	platform_close(&platform_galene, &galene);
}

static void the_role_decides_on_the_permissions(void **state)
{
	static const struct {
		const char *role, *permissions;
	} cases[] = {{"", "[\"present\",\"message\"]"},
		{"participant", "[\"present\",\"message\"]"}, {"observer", "[]"},
		{"moderator", "[\"op\",\"present\",\"message\",\"token\"]"},
		{"op", "[\"present\",\"message\"]"}};
	void *galene = open_galene(*state, "");

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *claims = claims_for(galene, &alice, cases[i].role);
		char *text = json_dumps(json_object_get(claims, "permissions"), JSON_COMPACT);

		assert_string_equal(text, cases[i].permissions);
		free(text);
		json_decref(claims);
	}
	platform_close(&platform_galene, &galene);
}

static void keys_of_curves_sign_too(void **state)
{
	void *galene = open_galene(*state, "");
	struct join join = {.meeting_id = (char *)"g"};
	struct granted granted = grant_for(&platform_galene, galene, &join, &alice, "", JWK_EC);
	json_t *header;

	assert_int_equal(granted.verdict, PLATFORM_GRANTED);
	header = part_of(granted.token.data, 0);
	assert_string_equal(text_of(header, "alg"), "ES256");
	json_decref(header);
	buffer_wipe(&granted.token);
	platform_close(&platform_galene, &galene);
}

static void a_secret_that_is_no_key_is_named(void **state)
{
	static const char *const bad[] = {"hunter22", "{}", "[]", "{\"alg\":\"HS256\"}",
		("{\"kty\":\"oct\",\"alg\":\"none\",\"k\":"
		 "\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk\"}"),
		"{\"kty\":\"oct\",\"alg\":\"HS256\",\"k\":\"c2hvcnQ\"}"};
	struct join join = {.meeting_id = (char *)"g"};
	void *galene = open_galene(*state, "");

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error error = {""};
		struct granted granted =
			grant_for(&platform_galene, galene, &join, &alice, "", bad[i]);

		if (granted.verdict != PLATFORM_UNABLE ||
			platform_galene.secret->validate_secret(galene, bad[i], &error) != -1)
			fail_msg("taken: %s", bad[i]);
		buffer_wipe(&granted.token);
	}
	platform_close(&platform_galene, &galene);
}

static void people_land_in_the_group_with_name_and_token(void **state)
{
	void *galene = open_galene(*state, "");
	struct join join = {.meeting_id = (char *)"uni/maths"};
	struct buffer url = BUFFER_INIT(4096), body = BUFFER_INIT(4096);
	struct platform_token_response reply = {200, "application/json", &body};

	platform_redirect_url(&platform_galene, galene, &join, "to.k-e_n", &alice, &url);
	assert_string_equal(url.data,
		"https://" HOST "/group/uni/maths/?username=Alice%20K%C3%B6nig&token=to.k-e_n");
	buffer_clear(&url);
	platform_redirect_url(&platform_galene, galene, &join, "to.k-e_n", NULL, &url);
	assert_string_equal(url.data, "https://" HOST "/group/uni/maths/?token=to.k-e_n");
	platform_write_token(&platform_galene, galene, &join, "to.k-e_n", &reply);
	assert_int_equal(reply.status, 200);
	assert_string_equal(reply.media_type, "application/jwt");
	assert_string_equal(body.data, "to.k-e_n");
	buffer_release(&url);
	buffer_release(&body);
	platform_close(&platform_galene, &galene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wrong_options_are_named),
		TEST(its_own_page_may_ask_unless_others_are_named),
		TEST(site_means_the_same_however_it_is_written),
		TEST(a_group_comes_by_path_or_by_the_address_of_the_page),
		TEST(the_address_of_another_server_is_refused),
		TEST(the_token_is_for_one_group_and_seconds),
		TEST(the_role_decides_on_the_permissions),
		TEST(keys_of_curves_sign_too),
		TEST(a_secret_that_is_no_key_is_named),
		TEST(people_land_in_the_group_with_name_and_token),
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
