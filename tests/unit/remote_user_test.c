/* SPDX-License-Identifier: MIT
 *
 * The backend "remote-user" by itself; that nothing a visitor sends gets through nginx as one of
 * its parameters is tests/integration/test_remote_user.py's.
 */
#include "backend_fixture.h"

extern const struct auth_backend auth_remote_user;

/* A request is its parameters, names and values in turn. */
static const char *param(const void *request, const char *name)
{
	for (const char *const *pair = request; pair[0] != NULL; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

#define REQUEST(...)                                                                               \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

/* What comes of a request under those options; `who` is to be released. */
static enum auth_verdict look(struct fixture *fixture, const char *lines,
	const char *const *request, struct identity *who)
{
	struct error error = {""};
	enum auth_verdict verdict;
	void *instance = open_backend(fixture, &auth_remote_user, lines);

	*who = IDENTITY_INIT;
	verdict = auth_remote_user.identify(instance, param, request, who, &error);
	if (verdict != AUTH_GRANT)
		assert_null(strstr(error.text, "alice"));
	auth_close(&auth_remote_user, instance);
	return verdict;
}

static void nobody(struct fixture *fixture, const char *lines, const char *const *request)
{
	struct identity who;

	assert_int_equal(look(fixture, lines, request, &who), AUTH_UNKNOWN);
	assert_null(who.subject);
	identity_release(&who);
}

static void is(
	struct fixture *fixture, const char *lines, const char *const *request, const char *subject)
{
	struct identity who;

	assert_int_equal(look(fixture, lines, request, &who), AUTH_GRANT);
	assert_string_equal(who.subject, subject);
	identity_release(&who);
}

static void test_name_of_the_user(void **state)
{
	is(*state, "", REQUEST("MEETAUTH_USER", "alice"), "alice");
	is(*state, "", REQUEST("MEETAUTH_USER", "Alice@EXAMPLE.ORG"), "Alice@EXAMPLE.ORG");
	is(*state, "user = \"KERBEROS_USER\"", REQUEST("KERBEROS_USER", "alice"), "alice");
	nobody(*state, "", REQUEST("MEETAUTH_USER", ""));
	nobody(*state, "", REQUEST("OTHER", "alice"));
	nobody(*state, "user = \"KERBEROS_USER\"", REQUEST("MEETAUTH_USER", "alice"));
}

static void test_a17_only_the_very_parameter(void **state)
{
	nobody(*state, "",
		REQUEST("REMOTE_USER", "alice", "HTTP_REMOTE_USER", "alice", "HTTP_X_REMOTE_USER",
			"alice", "HTTP_MEETAUTH_USER", "alice", "meetauth_user", "alice",
			"MEETAUTH-USER", "alice", "MEETAUTH_USERX", "alice", "MEETAUTH_USE",
			"alice"));
}

static void test_claims(void **state)
{
	static const char lines[] = "name = \"U_NAME\"\nemail = \"U_EMAIL\"\ngroups = \"U_GROUPS\"";
	struct identity who;

	assert_int_equal(
		look(*state, lines,
			REQUEST("MEETAUTH_USER", "alice", "U_NAME", "Alice Li\xc3\xa9", "U_EMAIL",
				"alice@example.org", "U_GROUPS", "staff, big hosts ,,staff,"),
			&who),
		AUTH_GRANT);
	assert_string_equal(who.name, "Alice Li\xc3\xa9");
	assert_string_equal(who.email, "alice@example.org");
	assert_int_equal(who.group_count, 2);
	assert_string_equal(who.groups[0], "staff");
	assert_string_equal(who.groups[1], "big hosts");
	assert_false(who.second_factor);
	assert_false(who.guest);
	identity_release(&who);
	/* What was not asked for is not looked at, and what is missing is unknown. */
	assert_int_equal(
		look(*state, "", REQUEST("MEETAUTH_USER", "alice", "U_NAME", "Alice"), &who),
		AUTH_GRANT);
	assert_null(who.name);
	identity_release(&who);
	assert_int_equal(look(*state, lines, REQUEST("MEETAUTH_USER", "alice"), &who), AUTH_GRANT);
	assert_null(who.name);
	assert_null(who.email);
	assert_int_equal(who.group_count, 0);
	identity_release(&who);
}

static void test_separator(void **state)
{
	struct identity who;

	assert_int_equal(
		look(*state, "groups = \"G\"\ngroups-separator = \";\"",
			REQUEST("MEETAUTH_USER", "alice", "G", "cn=a,dc=x;cn=b,dc=x"), &who),
		AUTH_GRANT);
	assert_int_equal(who.group_count, 2);
	assert_string_equal(who.groups[1], "cn=b,dc=x");
	identity_release(&who);
}

static void test_realm(void **state)
{
	static const char lines[] = "realm = \"EXAMPLE.ORG\"";

	is(*state, lines, REQUEST("MEETAUTH_USER", "alice@EXAMPLE.ORG"), "alice");
	is(*state, lines, REQUEST("MEETAUTH_USER", "a@b@EXAMPLE.ORG"), "a@b");
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice"));
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice@example.org"));
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice@EXAMPLE.ORG@OTHER"));
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice@X.EXAMPLE.ORG"));
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "@EXAMPLE.ORG"));
}

static void test_conditions(void **state)
{
	static const char lines[] = "require = {\"SSL_CLIENT_VERIFY=SUCCESS\", \"PLACE=a=b\"}";

	is(*state, lines,
		REQUEST("MEETAUTH_USER", "alice", "SSL_CLIENT_VERIFY", "SUCCESS", "PLACE", "a=b"),
		"alice");
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice", "SSL_CLIENT_VERIFY", "SUCCESS"));
	nobody(*state, lines, REQUEST("MEETAUTH_USER", "alice", "PLACE", "a=b"));
	nobody(*state, lines,
		REQUEST("MEETAUTH_USER", "alice", "SSL_CLIENT_VERIFY", "FAILED:x", "PLACE", "a=b"));
	nobody(*state, lines,
		REQUEST("MEETAUTH_USER", "alice", "SSL_CLIENT_VERIFY", "SUCCESSFUL", "PLACE",
			"a=b"));
}

static void denied(struct fixture *fixture, const char *lines, const char *const *request)
{
	struct identity who;

	assert_int_equal(look(fixture, lines, request, &who), AUTH_DENY);
	identity_release(&who);
}

static void test_p6_blanks_around_make_nobody_else(void **state)
{
	denied(*state, "", REQUEST("MEETAUTH_USER", "mallory "));
	denied(*state, "", REQUEST("MEETAUTH_USER", " mallory"));
	denied(*state, "", REQUEST("MEETAUTH_USER", " "));
	denied(*state, "realm = \"EXAMPLE.ORG\"", REQUEST("MEETAUTH_USER", "mallory @EXAMPLE.ORG"));
	is(*state, "", REQUEST("MEETAUTH_USER", "mal lory"), "mal lory");
}

static void left_out(struct fixture *fixture, const char *lines, const char *const *request)
{
	struct identity who;

	assert_int_equal(look(fixture, lines, request, &who), AUTH_GRANT);
	assert_string_equal(who.subject, "alice");
	assert_null(who.name);
	assert_null(who.email);
	identity_release(&who);
}

static void test_a25_what_cannot_be_taken_is_not_left_out(void **state)
{
	char groups[8192] = "", long_text[400];

	for (int i = 0; i <= IDENTITY_GROUPS_MAX; i++)
		snprintf(groups + strlen(groups), sizeof groups - strlen(groups), "g%d,", i);
	memset(long_text, 'x', sizeof long_text);
	long_text[sizeof long_text - 1] = '\0';
	denied(*state, "", REQUEST("MEETAUTH_USER", long_text));
	denied(*state, "", REQUEST("MEETAUTH_USER", "al\x01ice"));
	denied(*state, "", REQUEST("MEETAUTH_USER", "al\xffice"));
	denied(*state, "groups = \"G\"", REQUEST("MEETAUTH_USER", "alice", "G", groups));
	denied(*state, "groups = \"G\"", REQUEST("MEETAUTH_USER", "alice", "G", long_text));
	denied(*state, "groups = \"G\"", REQUEST("MEETAUTH_USER", "alice", "G", "a\x7f"));
	left_out(*state, "email = \"E\"", REQUEST("MEETAUTH_USER", "alice", "E", long_text));
	left_out(*state, "name = \"N\"", REQUEST("MEETAUTH_USER", "alice", "N", "M\xfcller"));
	left_out(*state, "name = \"N\"", REQUEST("MEETAUTH_USER", "alice", "N", long_text));
}

static void refused(struct fixture *fixture, const char *lines, const char *words)
{
	refuses(fixture, &auth_remote_user, lines, 5, words);
}

static void test_a17_parameters_of_the_visitor_are_refused(void **state)
{
	static const char *const names[] = {"QUERY_STRING", "REQUEST_URI", "SCRIPT_NAME",
		"DOCUMENT_URI", "CONTENT_TYPE", "CONTENT_LENGTH", "REQUEST_METHOD", "REMOTE_ADDR",
		"PATH_INFO", "SERVER_NAME", "REMOTE_PORT"};
	char lines[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(lines, sizeof lines, "user = \"%s\"", names[i]);
		refused(*state, lines, "comes from the visitor's request");
	}
	refused(*state, "user = \"HTTP_X_REMOTE_USER\"",
		"user: \"HTTP_X_REMOTE_USER\" is a request header");
	refused(*state, "name = \"HTTP_X_NAME\"", "name: \"HTTP_X_NAME\" is a request header");
	refused(*state, "email = \"HTTP_X_EMAIL\"", "email: \"HTTP_X_EMAIL\" is a request header");
	refused(*state, "groups = \"HTTP_X_GROUPS\"",
		"groups: \"HTTP_X_GROUPS\" is a request header");
	refused(*state, "require = {\"HTTP_X_VERIFY=1\"}",
		"require: \"HTTP_X_VERIFY=1\" is a request header");
	refused(*state, "require = {\"QUERY_STRING=1\"}", "visitor's request");
	refused(*state, "user = \"REMOTE_USER\"", "Authorization header");
}

static void test_other_options_that_are_refused(void **state)
{
	refused(*state, "user = \"\"", "user: is empty");
	refused(*state, "user = \"remote-user\"", "is not the name of a FastCGI parameter");
	refused(*state, "login = \"//evil.example/{return}\"", "must begin with / or https://");
	refused(*state, "login = \"/\\\\evil.example/{return}\"", "must begin with / or https://");
	refused(*state, "login = \"http://evil.example/{return}\"",
		"must begin with / or https://");
	refused(*state, "login = \"/Shibboleth.sso/Login\"", "must contain {return}");
	refused(*state, "login = \"/{return}?{return}\"", "must contain {return} once");
	refused(*state, "login = \"/a b{return}\"", "must be percent-encoded");
	refused(*state, "login = \"/\xc3\xbc?{return}\"", "must be percent-encoded");
	refused(*state, "login = \"https://{return}\"", "login: ");
	refused(*state, "login = \"https:///sso?{return}\"", "login: ");
	refused(*state, "login = \"https://sso.example@evil.example/{return}\"",
		"has a user name in it");
	refused(*state, "user = \"Meetauth_User\"", "is not the name");
	refused(*state, "name = \"\"", "name: is empty");
	refused(*state, "groups-separator = \"\"", "one ASCII character");
	refused(*state, "groups-separator = \", \"", "one ASCII character");
	refused(*state, "groups-separator = \"\xc2\xb7\"", "one ASCII character");
	refused(*state, "realm = \"\"", "realm: is empty");
	refused(*state, "realm = \"a@B\"", "has an @");
	refused(*state, "require = {}", "name at least one");
	refused(*state, "require = {\"SSL_CLIENT_VERIFY\"}", "must be like");
	refused(*state, "require = {\"SSL_CLIENT_VERIFY=\"}", "must be like");
	refused(*state, "require = {\"=x\"}", "is not the name");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_name_of_the_user),
		TEST(test_a17_only_the_very_parameter),
		TEST(test_claims),
		TEST(test_separator),
		TEST(test_realm),
		TEST(test_conditions),
		TEST(test_p6_blanks_around_make_nobody_else),
		TEST(test_a25_what_cannot_be_taken_is_not_left_out),
		TEST(test_a17_parameters_of_the_visitor_are_refused),
		TEST(test_other_options_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
