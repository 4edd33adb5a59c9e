/* SPDX-License-Identifier: MIT
 *
 * The backend "oidc": what its section means, what providers say about themselves, and how what is
 * fetched is shared. Tokens and claims are oidc_claims_test.c's; the whole with real and lying
 * providers is test_oidc.py's.
 */
#include "backend_fixture.h"

#ifdef HAVE_CJOSE

#include "auth/oidc/oidc.h"

#define ISSUER "https://login.example.org"

extern const struct auth_backend auth_oidc;

/* ---- options ---- */

static void options_are_read(void **state)
{
	struct oidc *oidc = open_backend(*state, &auth_oidc,
		"issuer = \"" ISSUER "/realms/x\"\nclient-id = \"me\"\n"
		"algorithms = {\"ES256\", \"EdDSA\"}\n"
		"scopes = {\"openid\", \"groups\"}\nmax-age = \"1h\"\n"
		"acr-values = {\"gold\", \"silver\"}\n"
		"client-auth = \"private_key_jwt\"");

	assert_string_equal(oidc->options.issuer, ISSUER "/realms/x");
	assert_string_equal(oidc->options.algorithms.items[1], "EdDSA");
	assert_null(oidc->options.algorithms.items[2]);
	assert_string_equal(oidc->options.scope, "openid groups");
	assert_string_equal(oidc->options.acr_text, "gold silver");
	assert_int_equal(oidc->options.max_age, 3600);
	assert_int_equal(oidc->options.client_auth, OIDC_PRIVATE_KEY);
	auth_close(&auth_oidc, oidc);
}

static void defaults_are_the_usual_ones(void **state)
{
	struct oidc *oidc =
		open_backend(*state, &auth_oidc, "issuer = \"" ISSUER "\"\nclient-id = \"me\"");

	assert_string_equal(oidc->options.algorithms.items[0], "RS256");
	assert_null(oidc->options.algorithms.items[1]);
	assert_string_equal(oidc->options.scope, "openid email profile");
	assert_int_equal(oidc->options.max_age, -1);
	assert_int_equal(oidc->options.skew, 60);
	assert_string_equal(oidc->options.metadata_url, "");
	assert_null(oidc->options.groups_separator);
	assert_int_equal(oidc->options.client_auth, OIDC_SECRET_BASIC);
	assert_false(oidc->options.allow_unverified_email);
	assert_false(oidc->options.userinfo);
	auth_close(&auth_oidc, oidc);
}

static void wrong_options_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *options, *words;
	} cases[] = {{"", "issuer: is missing"}, {"issuer = \"\"", "issuer: is empty"},
		{"issuer = \"http://login.example.org\"\nclient-id = \"me\"", "http:// is for"},
		{"issuer = \"login.example.org\"\nclient-id = \"me\"", "https://"},
		{"issuer = \"" ISSUER "?x=y\"\nclient-id = \"me\"", "query"},
		{"issuer = \"" ISSUER "\"", "client-id: is missing"},
		{"issuer = \"" ISSUER "\"\nclient-id = \"\"", "client-id: is empty"},
#define GOOD "issuer = \"" ISSUER "\"\nclient-id = \"me\"\n"
		{GOOD "algorithms = {\"none\"}", "\"none\" is not one of"},
		{GOOD "algorithms = {\"RS256\", \"HS256\"}",
			"conf:7: backend \"staff\": algorithms"},
		{GOOD "algorithms = {\"rs256\"}", "\"rs256\" is not one of"},
		{GOOD "algorithms = {}", "algorithms: an empty list"},
		{GOOD "client-auth = \"basic\"", "client-auth: expected \"client_secret_basic\""},
		{GOOD "client-auth = \"private_key_jwt\"\nkey-algorithm = \"HS256\"",
			" is not one of"},
		{GOOD "scopes = {\"email\"}", "must contain \"openid\""},
		{GOOD "scopes = {\"openid email\"}", "other than visible ASCII"},
		{GOOD "scopes = {\"openid\", \"e mail\"}", "visible ASCII"},
		{GOOD "prompt = \"never\"", "prompt: expected \"none\""},
		{GOOD "acr-values = {\"\"}", "acr-values"},
		{GOOD "email-claim = \"upn\"", "allow-unverified-email"},
		{GOOD "clock-skew = \"11m\"", "whole seconds, from 0ms to 10m"},
		{GOOD "groups-separator = \", \"",
			"groups-separator: expected one ASCII character or \"\""},
		{GOOD "metadata-url = \"http://login.example.org/m\"",
			"metadata-url: it names another host"},
		{GOOD "metadata-url = \"/m\"", "metadata-url: it "},
		{GOOD "ca-file = \"/nowhere/ca.pem\"", "ca-file: /nowhere/ca.pem: cannot"}};

	for (size_t i = 0; i < COUNT(cases); i++)
		refuses(*state, &auth_oidc, cases[i].options, 0, cases[i].words);
}

/* ---- metadata ---- */

#define ENDPOINTS                                                                                  \
	"\"authorization_endpoint\":\"" ISSUER "/auth?x=y\",\"token_endpoint\":\"" ISSUER          \
	"/token\",\"jwks_uri\":\"https://keys.example.org/k\""

static struct oidc_metadata *parse(const char *text, const char *issuer, struct error *error)
{
	return oidc_metadata_parse(text, strlen(text), issuer, error);
}

static void metadata_are_read(void **state)
{
	struct error error = {""};
	struct oidc_metadata *metadata = parse("{\"issuer\":\"" ISSUER "\"," ENDPOINTS
					       ",\"end_session_endpoint\":\"" ISSUER "/end\","
					       "\"authorization_response_iss_parameter_supported\""
					       ":true,\"other\":[1,{}]}",
		ISSUER, &error);

	(void)state;
	assert_non_null(metadata);
	assert_string_equal(metadata->authorization, ISSUER "/auth?x=y");
	assert_string_equal(metadata->keys, "https://keys.example.org/k");
	assert_string_equal(metadata->end_session, ISSUER "/end");
	assert_null(metadata->userinfo);
	assert_true(metadata->sends_issuer);
	oidc_value_drop(&metadata->value);
}

static void a45_metadata_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {{"", "not a JSON"}, {"[]", "not a JSON"}, {"{}", "another issuer"},
		{"{\"issuer\":\"" ISSUER "/\"," ENDPOINTS "}", "another issuer"},
		{"{\"issuer\":\"HTTPS://login.example.org\"," ENDPOINTS "}", "another issuer"},
		{"{\"issuer\":[\"" ISSUER "\"]," ENDPOINTS "}", "another issuer"},
		{"{\"issuer\":\"https://attacker.example\",\"issuer\":\"" ISSUER "\"," ENDPOINTS
		 "}",
			"not a JSON"},
		{"{\"issuer\":\"" ISSUER "\"}", "authorization_endpoint is missing"},
		{"{\"issuer\":\"https://login.microsoftonline.com/{tenantid}/v2.0\"," ENDPOINTS "}",
			"id of your tenant"},
		{"{\"issuer\":\"" ISSUER
		 "\",\"authorization_endpoint\":\"http://login.example.org/a\"}",
			"authorization_endpoint"},
		{"{\"issuer\":\"" ISSUER "\",\"authorization_endpoint\":\"\"}",
			"authorization_endpoint"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		assert_null(parse(cases[i].text, ISSUER, &error));
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("\"%s\" is not in \"%s\"", cases[i].says, error.text);
	}
}

/* Most sign-ins need none of these. */
static void endpoints_that_cannot_be_used_are_as_none(void **state)
{
	static const char *const addresses[] = {"", "/logout", "logout",
		"http://login.example.org/x", "http://127.0.0.1/x", "javascript:alert(1)",
		ISSUER "/x#y", "file:///etc", "https://u:p@x.example/", ISSUER "/a b"};
	static const char *const names[] = {"userinfo_endpoint", "end_session_endpoint"};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses) * COUNT(names); i++) {
		struct oidc_metadata *metadata;
		struct error error = {""};
		char text[1024];

		snprintf(text, sizeof text,
			"\xef\xbb\xbf{\"issuer\":\"" ISSUER "\"," ENDPOINTS ",\"%s\":\"%s\"}",
			names[i % COUNT(names)], addresses[i / COUNT(names)]);
		metadata = parse(text, ISSUER, &error);
		if (metadata == NULL || metadata->userinfo != NULL || metadata->end_session != NULL)
			fail_msg("%s: %s", text, error.text);
		oidc_value_drop(&metadata->value);
	}
}

/* ---- cache ---- */

/* What is fetched: a number; whether the next fetch fails. */
struct source {
	atomic_int fetches;
	bool fails;
	int64_t max_age_ms; /* -1: says nothing */
	useconds_t takes;
};

struct thing {
	struct oidc_value value;
	int number;
};

static void free_thing(struct oidc_value *value)
{
	free(value);
}

static struct oidc_value *make(void *context, int64_t *max_age_ms_r, struct error *error)
{
	struct source *source = context;
	struct thing *thing;

	source->fetches++;
	if (source->takes > 0)
		usleep(source->takes);
	if (source->fails) {
		error_set(error, "out of order");
		return NULL;
	}
	if (source->max_age_ms >= 0)
		*max_age_ms_r = source->max_age_ms;
	thing = calloc(1, sizeof *thing);
	atomic_init(&thing->value.holders, 1);
	thing->value.free = free_thing;
	thing->number = source->fetches;
	return &thing->value;
}

/* The number that is there at that time; 0: none. `doubted`: that one is not good enough. */
static int get(struct oidc_cache *cache, struct source *source, bool doubted, int64_t now_ms)
{
	struct error error = {""};
	struct oidc_value *held = doubted ? oidc_cache_peek(cache) : NULL;
	struct oidc_value *value = oidc_cache_get(cache, held, now_ms, make, source, &error);
	int number = value != NULL ? ((struct thing *)value)->number : 0;

	if (value == NULL)
		assert_string_equal(error.text, "out of order");
	oidc_value_drop(held);
	oidc_value_drop(value);
	return number;
}

static void what_is_fresh_is_not_fetched_again(void **state)
{
	struct source source = {.max_age_ms = -1};
	struct oidc_cache cache;

	(void)state;
	oidc_cache_init(&cache);
	assert_null(oidc_cache_peek(&cache));
	assert_int_equal(get(&cache, &source, false, 1000), 1);
	assert_int_equal(get(&cache, &source, false, 1000 + OIDC_FRESH_MS - 1), 1);
	assert_int_equal(get(&cache, &source, false, 1000 + OIDC_FRESH_MS), 2);
	source.max_age_ms = 0; /* "no-store": even so not every time */
	assert_int_equal(get(&cache, &source, false, 10 * OIDC_FRESH_MS), 3);
	assert_int_equal(
		get(&cache, &source, false, 10 * OIDC_FRESH_MS + OIDC_FRESH_MIN_MS - 1), 3);
	assert_int_equal(get(&cache, &source, false, 10 * OIDC_FRESH_MS + OIDC_FRESH_MIN_MS), 4);
	oidc_cache_release(&cache);
}

static void a46_doubt_makes_one_fetch_a_minute(void **state)
{
	struct source source = {.max_age_ms = -1};
	struct oidc_cache cache;

	(void)state;
	oidc_cache_init(&cache);
	assert_int_equal(get(&cache, &source, false, 1000), 1);
	assert_int_equal(get(&cache, &source, true, 2000), 2);
	for (int64_t now = 2001; now < 2000 + OIDC_FORCED_MS; now += 500)
		assert_int_equal(get(&cache, &source, true, now), 2);
	assert_int_equal(get(&cache, &source, true, 2000 + OIDC_FORCED_MS), 3);
	oidc_cache_release(&cache);
}

static void a78_a_failure_is_remembered_and_the_old_one_serves(void **state)
{
	struct source source = {.max_age_ms = -1, .fails = true};
	struct oidc_cache cache;
	int64_t later = 20000 + OIDC_FRESH_MS;

	(void)state;
	oidc_cache_init(&cache);
	for (int64_t now = 1000; now < 1000 + OIDC_RETRY_MS; now += 100)
		assert_int_equal(get(&cache, &source, false, now), 0);
	assert_int_equal(source.fetches, 1);
	source.fails = false;
	assert_int_equal(get(&cache, &source, false, 1000 + OIDC_RETRY_MS), 2);
	source.fails = true;
	for (int64_t now = later; now < later + OIDC_RETRY_MS; now += 100)
		assert_int_equal(get(&cache, &source, false, now), 2);
	assert_int_equal(source.fetches, 3);
	assert_int_equal(get(&cache, &source, true, later + 1), 2); /* nor by doubt */
	assert_int_equal(source.fetches, 3);
	/* A day past its time it may hold keys that were given up. */
	assert_int_equal(get(&cache, &source, false, later + OIDC_STALE_MS), 0);
	oidc_cache_release(&cache);
}

struct crowd {
	struct oidc_cache cache;
	struct source source;
	bool doubted;
};

static void *join_crowd(void *context)
{
	struct crowd *crowd = context;

	return (void *)(intptr_t)get(&crowd->cache, &crowd->source, crowd->doubted, 5000);
}

static void a78_of_many_threads_one_fetches(void **state)
{
	struct crowd crowd = {.source = {.max_age_ms = -1, .takes = 20000}};
	pthread_t threads[8];

	(void)state;
	oidc_cache_init(&crowd.cache);
	for (int round = 1; round <= 2; round++) {
		crowd.doubted = round == 2;
		for (size_t i = 0; i < COUNT(threads); i++)
			pthread_create(&threads[i], NULL, join_crowd, &crowd);
		for (size_t i = 0; i < COUNT(threads); i++) {
			void *number = NULL;

			pthread_join(threads[i], &number);
			assert_int_equal((intptr_t)number, round);
		}
		assert_int_equal(crowd.source.fetches, round);
	}
	oidc_cache_release(&crowd.cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)
		T(options_are_read),
		T(defaults_are_the_usual_ones),
		T(wrong_options_are_refused_with_their_line),
		cmocka_unit_test(metadata_are_read),
		cmocka_unit_test(a45_metadata_that_do_not_fit_are_refused),
		cmocka_unit_test(endpoints_that_cannot_be_used_are_as_none),
		cmocka_unit_test(what_is_fresh_is_not_fetched_again),
		cmocka_unit_test(a46_doubt_makes_one_fetch_a_minute),
		cmocka_unit_test(a78_a_failure_is_remembered_and_the_old_one_serves),
		cmocka_unit_test(a78_of_many_threads_one_fetches),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
