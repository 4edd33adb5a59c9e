/* SPDX-License-Identifier: MIT
 *
 * The backend "oidc": what tokens must say, and whom claims speak of. By table, with a fixed time.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#ifdef HAVE_CJOSE

#include "auth/oidc/oidc.h"

#define NOW   1700000000
#define NONCE "n-0S6_WzA2Mj"
#define EVENT "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"

static const char *const acr_values[] = {"gold", "silver"};

static struct oidc_options options_of_a_test(void)
{
	return (struct oidc_options){
		.issuer = "https://login.example.org",
		.client_id = "me",
		.max_age = -1,
		.skew = 60,
		.name_claim = "name",
		.email_claim = "email",
		.groups_claim = "groups",
	};
}

/* The JSON object with those members in the place of its own. */
static json_t *with(const char *base, const char *members)
{
	char text[1024];
	json_t *claims = json_loads(base, 0, NULL), *change;
	const char *name;
	json_t *value;

	snprintf(text, sizeof text, "{%s}", members);
	change = json_loads(text, 0, NULL);
	if (claims == NULL || change == NULL)
		fail_msg("%s", text);
	json_object_foreach(change, name, value)
	{
		if (json_is_null(value))
			json_object_del(claims, name);
		else
			json_object_set(claims, name, value);
	}
	json_decref(change);
	return claims;
}

/* ---- ID tokens ---- */

static const char id_token[] =
	"{\"iss\":\"https://login.example.org\",\"aud\":\"me\",\"sub\":\"u\","
	"\"exp\":1700000300,\"iat\":1700000000,\"nonce\":\"" NONCE "\"}";

static int check(const struct oidc_options *options, const char *members, struct error *error)
{
	json_t *claims = with(id_token, members);
	int rc = oidc_check_id_token(
		options, claims, NONCE, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", NOW, error);

	json_decref(claims);
	return rc;
}

static void id_tokens_for_us_are_good(void **state)
{
	static const char *const good[] = {"", "\"aud\":[\"me\"]", "\"azp\":\"me\"",
		"\"aud\":[\"other\",\"me\"],\"azp\":\"me\"", "\"exp\":1699999941",
		"\"iat\":1700000060", "\"iat\":0", "\"nbf\":1700000060", "\"exp\":253402300799",
		/* RFC 7519 section 2: a NumericDate may have a fraction */
		"\"iat\":1700000000.25", "\"exp\":1700000300.5", "\"nbf\":1699999998.5",
		"\"exp\":1700000300.0,\"iat\":1.7e9,\"nbf\":1.7e+09", "\"iat\":0.5",
		"\"exp\":1699999941.0", "\"iat\":1700000060.9",
		/* OpenID Connect Core 1.0 has this pair in its examples */
		"\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"",
		"\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "\"acr\":7", "\"auth_time\":5"};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct error error = {""};

		if (check(&options, good[i], &error) != 0)
			fail_msg("%s: %s", good[i], error.text);
	}
}

static void a43_id_tokens_for_others_are_refused(void **state)
{
	static const struct {
		const char *members, *says;
	} bad[] = {{"\"iss\":null", "another issuer"},
		{"\"iss\":\"https://login.example.org/\"", "another issuer"},
		{"\"iss\":[\"https://login.example.org\"]", "another issuer"},
		{"\"aud\":null", "another client"}, {"\"aud\":\"\"", "another client"},
		{"\"aud\":\"Me\"", "another client"}, {"\"aud\":[]", "another client"},
		{"\"aud\":[[\"me\"]]", "not an array of strings"},
		{"\"aud\":[\"me\",\"other\"]", "another party"},
		{"\"aud\":[\"me\",\"me\"]", "another party"},
		{"\"azp\":\"other\"", "another party"}, {"\"azp\":7", "another party"},
		{"\"exp\":null", "no \"exp\""}, {"\"iat\":null", "no \"iat\""},
		{"\"exp\":1699999940", "has expired"}, {"\"exp\":0", "has expired"},
		{"\"exp\":1699999940.9", "has expired"}, {"\"exp\":1.5", "has expired"},
		{"\"iat\":1700000061.0", "from the future"},
		{"\"iat\":1700000061", "from the future"},
		{"\"nbf\":1700000061", "from the future"}, {"\"nonce\":null", "nonce"},
		{"\"nonce\":\"\"", "nonce"}, {"\"nonce\":\"n-0S6_WzA2MJ\"", "nonce"},
		{"\"nonce\":\"n-0S6_WzA2M\"", "nonce"}, {"\"nonce\":\"n-0S6_WzA2Mjj\"", "nonce"},
		{"\"nonce\":[\"" NONCE "\"]", "nonce"}, {"\"sub\":null", "\"sub\""},
		{"\"sub\":\"\"", "\"sub\""}, {"\"sub\":1", "\"sub\""},
		{"\"sub\":\"a\\u0007\"", "\"sub\""},
		{"\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RR\"", "another access token"},
		{"\"at_hash\":\"\"", "another access token"}, {"\"at_hash\":7", "at_hash"}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error error = {""};

		assert_int_equal(check(&options, bad[i].members, &error), -1);
		if (strstr(error.text, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].members, error.text);
	}
}

static void a44_times_that_are_none_are_refused(void **state)
{
	static const char *const names[] = {"exp", "iat", "nbf", "auth_time"};
	static const char *const values[] = {"1e300", "-1", "-0.5", "-1.7e9", "\"1700000000\"",
		"\"1.7e9\"", "253402300799.5", "1e20", "true", "[]", "{}", "253402300800",
		"9223372036854775807", "-9223372036854775808"};
	struct oidc_options options = options_of_a_test();

	(void)state;
	options.max_age = 600;
	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(values); j++) {
			struct error error = {""};
			char members[128];

			snprintf(members, sizeof members, "\"auth_time\":%d,\"%s\":%s", NOW,
				names[i], values[j]);
			assert_int_equal(check(&options, members, &error), -1);
			if (strstr(error.text, "is not a time") == NULL)
				fail_msg("%s: %s", members, error.text);
		}
}

static void clock_skew_says_how_much_clocks_may_differ(void **state)
{
	struct oidc_options options = options_of_a_test();
	struct error error = {""};

	(void)state;
	options.skew = 300;
	assert_int_equal(check(&options, "\"iat\":1700000300,\"nbf\":1700000300", &error), 0);
	assert_int_equal(check(&options, "\"exp\":1699999701", &error), 0);
	assert_int_equal(check(&options, "\"exp\":1699999700", &error), -1);
	assert_int_equal(check(&options, "\"iat\":1700000301", &error), -1);
	assert_non_null(strstr(error.text, "clock-skew"));
	options.skew = 0;
	assert_int_equal(check(&options, "\"iat\":1700000001", &error), -1);
}

static void what_was_asked_for_must_have_happened(void **state)
{
	static const struct {
		const char *members;
		int rc;
	} cases[] = {{"\"auth_time\":1700000000,\"acr\":\"gold\"", 0},
		{"\"auth_time\":1699999340,\"acr\":\"silver\"", 0},
		{"\"auth_time\":1699999339,\"acr\":\"silver\"", -1},
		{"\"auth_time\":1700000061,\"acr\":\"silver\"", -1}, {"\"acr\":\"gold\"", -1},
		{"\"auth_time\":1700000000", -1}, {"\"auth_time\":1700000000,\"acr\":\"Gold\"", -1},
		{"\"auth_time\":1700000000,\"acr\":[\"gold\"]", -1},
		{"\"auth_time\":1700000000,\"acr\":\"\"", -1}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	options.max_age = 600;
	options.acr_values = (struct config_list){acr_values, COUNT(acr_values)};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};

		if (check(&options, cases[i].members, &error) != cases[i].rc)
			fail_msg("%s: %s", cases[i].members, error.text);
	}
}

/* ---- logout tokens ---- */

static void logout_tokens_are_told_from_others(void **state)
{
	static const char base[] = "{\"iss\":\"https://login.example.org\",\"aud\":\"me\",\"iat\":"
				   "1700000000,\"exp\":1700000060,\"jti\":\"j\",\"sub\":\"u\","
				   "\"sid\":\"s\"," EVENT "}";
	static const struct {
		const char *members;
		int rc;
	} cases[] = {{"", 0}, {"\"sub\":null", 0}, {"\"sid\":null", 0}, {"\"exp\":null", 0},
		{"\"sub\":null,\"sid\":null", -1}, {"\"events\":null", -1}, {"\"events\":[]", -1},
		{"\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":1}", -1},
		{"\"nonce\":\"" NONCE "\"", -1}, {"\"jti\":null", -1}, {"\"jti\":\"\"", -1},
		{"\"aud\":\"other\"", -1}, {"\"iss\":\"x\"", -1}, {"\"iat\":null", -1},
		{"\"exp\":1699990000", -1}, {"\"iat\":1699990000,\"exp\":1702592000", -1},
		{"\"iat\":1699999500", 0}, {"\"exp\":null,\"iat\":1699990000", -1},
		{"\"exp\":null,\"iat\":1.5", -1}, {"\"exp\":null,\"iat\":1699999999.5", 0},
		{"\"sid\":[]", -1}, {"\"sub\":{}", -1}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct auth_ending ending = {.error = &error};
		json_t *claims = with(base, cases[i].members);

		if (oidc_check_logout_token(&options, claims, NOW, &ending) != cases[i].rc)
			fail_msg("%s: %s", cases[i].members, error.text);
		json_decref(claims);
		if (i == 0) {
			assert_string_equal(ending.subject, "u");
			assert_int_equal(strlen(ending.provider_session), DIGEST_SIZE - 1);
			assert_string_equal(ending.id, "j");
		}
	}
}

/* ---- persons ---- */

static struct identity read_person(
	const struct oidc_options *options, const char *members, const char *userinfo)
{
	struct identity who = IDENTITY_INIT;
	json_t *claims = with(id_token, members);
	json_t *more = userinfo != NULL ? with("{\"sub\":\"u\"}", userinfo) : NULL;
	struct error error = {""};

	identity_set(&who.backend, "idp", IDENTITY_NAME_MAX);
	if (oidc_person_read(options, claims, more, "token", &who, &error) != 0)
		fail_msg("%s", error.text);
	assert_string_equal(who.backend, "idp");
	assert_string_equal(who.subject, "u");
	json_decref(claims);
	json_decref(more);
	return who;
}

static void claims_make_a_person(void **state)
{
	struct oidc_options options = options_of_a_test();
	struct identity who = read_person(&options,
		"\"name\":\"Anna Kov\xc3\xa1\x63s\",\"email\":\"a@example.org\","
		"\"email_verified\":true,\"groups\":[\"staff\",\"hosts\",\"staff\"],"
		"\"acr\":\"gold\",\"sid\":\"s-1\",\"amr\":[\"pwd\",\"otp\"]",
		NULL);

	(void)state;
	assert_string_equal(who.name, "Anna Kov\xc3\xa1\x63s");
	assert_string_equal(who.email, "a@example.org");
	assert_int_equal(who.group_count, 2);
	assert_string_equal(who.acr, "gold");
	assert_int_equal(strlen(who.provider_session), DIGEST_SIZE - 1);
	assert_true(who.second_factor);
	assert_null(who.refresh_data);
	identity_release(&who);
	who = read_person(&options,
		"\"given_name\":\"Anna\",\"family_name\":\"Kov\xc3\xa1\x63s\","
		"\"preferred_username\":\"anna\"",
		NULL);
	assert_string_equal(who.name, "Anna Kov\xc3\xa1\x63s");
	identity_release(&who);
	who = read_person(&options, "\"given_name\":\"Anna\",\"family_name\":7", NULL);
	assert_null(who.name);
	identity_release(&who);
	who = read_person(&options, "\"preferred_username\":\"anna\",\"amr\":[\"pwd\"]", NULL);
	assert_string_equal(who.name, "anna");
	assert_null(who.email);
	assert_int_equal(who.group_count, 0);
	assert_false(who.second_factor);
	identity_release(&who);
}

static void p7_two_factors_are_two_kinds(void **state)
{
	static const struct {
		const char *methods;
		bool second;
	} cases[] = {{"[\"pwd\"]", false}, {"[\"otp\"]", false}, {"[\"hwk\"]", false},
		{"[\"swk\"]", false}, {"[\"sc\"]", false}, {"[\"sms\"]", false},
		{"[\"tel\"]", false}, {"[\"fpt\"]", false}, {"[\"pwd\",\"pin\",\"kba\"]", false},
		{"[\"otp\",\"sms\",\"tel\",\"pop\"]", false}, {"[\"face\",\"iris\"]", false},
		{"[\"pwd\",\"geo\",\"rba\",\"user\",\"wia\"]", false},
		{"[\"user\",\"hwk\"]", false}, {"[\"pwd\",\"pwd\"]", false},
		{"[\"pwd\",\"OTP\"]", false}, {"[\"pwd\",\"\"]", false},
		{"[\"pwd\",[\"otp\"]]", false}, {"[]", false}, {"\"mfa\"", false},
		{"{\"mfa\":1}", false}, {"[\"mfa\"]", true}, {"[\"mca\"]", true},
		{"[\"pwd\",\"mfa\"]", true}, {"[\"pwd\",\"otp\"]", true},
		{"[\"pin\",\"hwk\"]", true}, {"[\"kba\",\"sms\"]", true},
		{"[\"pwd\",\"fpt\"]", true}, {"[\"swk\",\"face\"]", true},
		{"[\"x\",\"sc\",7,\"pin\"]", true}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct identity who;
		char members[128];

		snprintf(members, sizeof members, "\"amr\":%s", cases[i].methods);
		who = read_person(&options, members, NULL);
		if (who.second_factor != cases[i].second)
			fail_msg("%s", cases[i].methods);
		identity_release(&who);
	}
}

static void a29_an_address_counts_when_its_own_source_verified_it(void **state)
{
	static const struct {
		const char *claims, *userinfo, *email;
	} cases[] = {{"\"email\":\"a@x\",\"email_verified\":true", NULL, "a@x"},
		{"\"email\":\"a@x\",\"email_verified\":\"true\"", NULL, "a@x"},
		{"\"email\":\"a@x\"", NULL, NULL},
		{"\"email\":\"a@x\",\"email_verified\":false", NULL, NULL},
		{"\"email\":\"a@x\",\"email_verified\":\"TRUE\"", NULL, NULL},
		{"\"email\":\"a@x\",\"email_verified\":1", NULL, NULL},
		{"\"email\":[\"a@x\"],\"email_verified\":true", NULL, NULL},
		{"\"email\":\"a@x@y\",\"email_verified\":true", NULL, NULL},
		{"\"email\":\"@x\",\"email_verified\":true", NULL, NULL},
		{"\"email\":\"a@\",\"email_verified\":true", NULL, NULL},
		{"\"email\":\"\\\"a b\\\"@x\",\"email_verified\":true", NULL, NULL},
		{"\"email\":\"a@x\",\"email_verified\":true", "\"email\":\"root@x\"", NULL},
		{"\"email\":\"root@x\"", "\"email_verified\":true", NULL},
		{"\"email\":\"a@x\",\"email_verified\":true", "\"name\":\"A\"", "a@x"},
		{"", "\"email\":\"b@x\",\"email_verified\":true", "b@x"}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct identity who = read_person(&options, cases[i].claims, cases[i].userinfo);

		if ((who.email == NULL) != (cases[i].email == NULL) ||
			(who.email != NULL && strcmp(who.email, cases[i].email) != 0))
			fail_msg("%s: %s", cases[i].claims, who.email);
		identity_release(&who);
	}
	options.allow_unverified_email = true;
	options.email_claim = "upn";
	struct identity who = read_person(&options, "\"upn\":\"a@x\"", NULL);
	assert_string_equal(who.email, "a@x");
	identity_release(&who);
}

static void groups_are_found_where_the_option_says(void **state)
{
	static const struct {
		const char *path, *claims;
		size_t count;
	} cases[] = {{"groups", "\"groups\":[\"a\",\"b\"]", 2}, {"groups", "\"groups\":\"a\"", 1},
		{"groups", "\"groups\":[]", 0}, {"groups", "\"groups\":[\"\"]", 0},
		{"groups", "\"groups\":\"\"", 0}, {"groups", "\"hasgroups\":\"False\"", 0},
		{"groups", "\"hasgroups\":false,\"groups\":\"a b;c\"", 1},
		{"groups", "\"_claim_names\":{\"address\":\"s\"},\"groups\":\"a\"", 1},
		{"groups", "\"_claim_names\":{\"group\":\"s\",\"groups2\":\"s\"}", 0},
		{"roles", "\"_claim_names\":{\"groups\":\"s\"},\"roles\":\"a\"", 1},
		{"roles", "\"hasgroups\":true,\"roles\":\"a\"", 1},
		{"", "\"hasgroups\":true,\"_claim_names\":{\"groups\":\"s\"}", 0},
		{"realm_access.roles", "\"realm_access\":{\"roles\":[\"a\"]}", 1},
		{"realm_access.roles", "\"realm_access\":\"roles\"", 0},
		{"https://example.org/groups", "\"https://example.org/groups\":[\"a\"]", 1},
		{"https://example.org/x.roles", "\"https://example.org/x\":{\"roles\":[\"a\"]}", 1},
		{"a..b", "\"a\":{\"\":{\"b\":\"x\"}}", 1}, {".", "\"\":{\"\":\"x\"}", 1},
		{"", "\"groups\":\"a\"", 0}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct identity who;

		options.groups_claim = cases[i].path;
		who = read_person(&options, cases[i].claims, NULL);
		if (who.group_count != cases[i].count)
			fail_msg("%s: %zu", cases[i].path, who.group_count);
		identity_release(&who);
	}
}

/* A JSON null, which with() takes for "left out". */
static void groups_that_are_null_are_none(void **state)
{
	struct oidc_options options = options_of_a_test();
	json_t *claims = with(id_token, ""), *userinfo = with("{\"sub\":\"u\"}", "");
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	(void)state;
	json_object_set_new(userinfo, "groups", json_null());
	assert_int_equal(oidc_person_read(&options, claims, userinfo, NULL, &who, &error), 0);
	assert_int_equal(who.group_count, 0);
	json_object_set_new(claims, "groups", json_string("staff"));
	assert_int_equal(oidc_person_read(&options, claims, userinfo, NULL, &who, &error), 0);
	assert_true(identity_has_group(&who, "staff"));
	identity_release(&who);
	json_decref(claims);
	json_decref(userinfo);
}

static void groups_that_are_not_told_whole_are_an_error(void **state)
{
	static const struct {
		const char *path, *claims, *says;
	} cases[] = {{"groups", "\"_claim_names\":{\"groups\":\"src1\"}", "overage"},
		{"groups", "\"_claim_names\":{\"x\":\"a\",\"groups\":\"b\"},\"groups\":[\"a\"]",
			"overage"},
		{"groups", "\"hasgroups\":true", "overage"},
		{"groups", "\"hasgroups\":\"true\"", "overage"},
		{"groups", "\"hasgroups\":1,\"groups\":[\"a\"]", "overage"},
		{"groups", "\"groups:src1\":{\"endpoint\":\"https://graph.example/x\"}", "overage"},
		{"groups", "\"groups\":\"src1\",\"_claim_sources\":{\"src1\":{}}", "overage"},
		{"realm.roles", "\"_claim_names\":{\"realm\":\"src1\"}", "overage"},
		{"groups", "\"groups\":{\"externals\":{\"1\":\"d\"}}",
			"neither a string nor an array"},
		{"groups", "\"groups\":{}", "neither a string nor an array"},
		{"groups", "\"groups\":7", "neither a string nor an array"},
		{"groups", "\"groups\":true", "neither a string nor an array"},
		{"a.b", "\"a\":{\"b\":{\"x\":1}}", "\"a.b\" is neither"},
		{"groups", "\"groups\":[[\"a\"]]", "other members than strings"},
		{"groups", "\"groups\":[\"a\",7]", "other members than strings"},
		{"groups", "\"groups\":[\"a\",null]", "other members than strings"},
		{"groups", "\"groups\":[{\"name\":\"a\"}]", "other members than strings"},
		{"groups", "\"groups\":[\"a\\n\"]", "group-match"},
		{"groups", "\"groups\":\"a,b\"", "groups-separator"},
		{"groups", "\"groups\":\"[\\\"a\\\"]\"", "groups-separator"},
		{"groups", "\"groups\":\"{\\\"a\\\":1}\"", "groups-separator"}};
	struct oidc_options options = options_of_a_test();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *claims = with(id_token, cases[i].claims), *none = with(id_token, "");
		struct identity who = IDENTITY_INIT;
		struct error error = {""};

		options.groups_claim = cases[i].path;
		if (oidc_person_read(&options, claims, NULL, NULL, &who, &error) != -1 ||
			strstr(error.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].claims, error.text);
		/* the ID token's word where userinfo says nothing, and when they are read again */
		assert_int_equal(oidc_person_read(&options, claims, none, NULL, &who, &error), -1);
		assert_null(who.subject);
		assert_int_equal(oidc_person_renew(&options, claims, &who, &error), -1);
		json_decref(claims);
		json_decref(none);
	}
}

static void group_match_and_separator_say_what_is_a_group(void **state)
{
	static const char *const match[] = {"meet*", "x"};
	struct oidc_options options = options_of_a_test();
	json_t *claims = json_loads(id_token, 0, NULL), *groups = json_array();
	struct identity who = IDENTITY_INIT;
	struct error error = {""};
	char name[IDENTITY_GROUP_MAX + 2];

	(void)state;
	for (int i = 0; i < 200; i++)
		json_array_append_new(groups, json_sprintf("%08d-guid", i));
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	json_array_append_new(groups, json_string(name));
	json_array_append_new(groups, json_string("Meeting hosts"));
	json_object_set_new(claims, "groups", groups);
	options.group_match = (struct config_list){match, COUNT(match)};
	assert_int_equal(oidc_person_read(&options, claims, NULL, NULL, &who, &error), 0);
	assert_int_equal(who.group_count, 1);
	assert_true(identity_has_group(&who, "Meeting hosts"));
	identity_release(&who);
	options.group_match.count = 0;
	options.groups_separator = ",";
	json_object_set_new(claims, "groups", json_string("staff, hosts,,  "));
	assert_int_equal(oidc_person_read(&options, claims, NULL, NULL, &who, &error), 0);
	assert_int_equal(who.group_count, 2);
	assert_true(identity_has_group(&who, "hosts"));
	identity_release(&who);
	options.groups_separator = "";
	assert_int_equal(oidc_person_read(&options, claims, NULL, NULL, &who, &error), 0);
	assert_int_equal(who.group_count, 1);
	identity_release(&who);
	json_decref(claims);
}

static void more_groups_than_the_limit_are_an_error(void **state)
{
	struct oidc_options options = options_of_a_test();
	json_t *claims = json_loads(id_token, 0, NULL), *groups = json_array();
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	(void)state;
	for (int i = 0; i <= IDENTITY_GROUPS_MAX; i++)
		json_array_append_new(groups, json_sprintf("group %d", i));
	json_object_set_new(claims, "groups", groups);
	assert_int_equal(oidc_person_read(&options, claims, NULL, NULL, &who, &error), -1);
	assert_null(who.subject);
	assert_non_null(strstr(error.text, "more than 64 groups"));
	json_decref(claims);
}

static void the_access_token_is_kept_where_groups_can_be_read_again(void **state)
{
	struct oidc_options options = options_of_a_test();
	struct identity who = read_person(&options, "", "\"groups\":[\"a\"]");

	(void)state;
	assert_string_equal(who.refresh_data, "token");
	identity_release(&who);
	who = read_person(&options, "\"groups\":[\"a\"]", "\"name\":\"Anna\"");
	assert_null(who.refresh_data);
	identity_release(&who);
}

static void a28_what_userinfo_says_later_takes_the_place(void **state)
{
	struct oidc_options options = options_of_a_test();
	struct identity who = read_person(&options, "\"name\":\"Anna\"",
		"\"email\":\"a@x\",\"email_verified\":true,\"groups\":[\"staff\",\"hosts\"]");
	json_t *later = with("{}", "\"groups\":[\"guests\"],\"name\":\"Anna K.\"");
	json_t *none = with("{}", "\"email\":\"root@x\"");
	struct error error = {""};

	(void)state;
	assert_int_equal(oidc_person_renew(&options, later, &who, &error), 0);
	assert_string_equal(who.name, "Anna K.");
	assert_string_equal(who.email, "a@x");
	assert_int_equal(who.group_count, 1);
	assert_true(identity_has_group(&who, "guests"));
	assert_string_equal(who.refresh_data, "token");
	assert_int_equal(oidc_person_renew(&options, none, &who, &error), 0);
	assert_string_equal(who.name, "Anna K.");
	assert_null(who.email); /* another one, which nobody verified */
	assert_int_equal(who.group_count, 0);
	identity_release(&who);
	json_decref(later);
	json_decref(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(id_tokens_for_us_are_good),
		cmocka_unit_test(a43_id_tokens_for_others_are_refused),
		cmocka_unit_test(a44_times_that_are_none_are_refused),
		cmocka_unit_test(clock_skew_says_how_much_clocks_may_differ),
		cmocka_unit_test(what_was_asked_for_must_have_happened),
		cmocka_unit_test(logout_tokens_are_told_from_others),
		cmocka_unit_test(claims_make_a_person),
		cmocka_unit_test(p7_two_factors_are_two_kinds),
		cmocka_unit_test(a29_an_address_counts_when_its_own_source_verified_it),
		cmocka_unit_test(groups_are_found_where_the_option_says),
		cmocka_unit_test(groups_that_are_null_are_none),
		cmocka_unit_test(groups_that_are_not_told_whole_are_an_error),
		cmocka_unit_test(group_match_and_separator_say_what_is_a_group),
		cmocka_unit_test(more_groups_than_the_limit_are_an_error),
		cmocka_unit_test(the_access_token_is_kept_where_groups_can_be_read_again),
		cmocka_unit_test(a28_what_userinfo_says_later_takes_the_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake: skipped, the build has no cjose */
}

#endif
