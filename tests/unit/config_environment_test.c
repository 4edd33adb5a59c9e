/* SPDX-License-Identifier: MIT
 *
 * Options from variables MEETAUTH_…: which option a name means, how lists are written, which names
 * are refused and what the refusal says.
 */
#include "config_fixture.h"

#define FULL                                                                                       \
	SITE "policy { default = \"deny\" rule \"all staff\" { allow = true groups = \"a\" } }\n"  \
	     "guest-desk { groups = \"hosts\" }\n"                                                 \
	     "backend \"guests\" { type = guest-account } backend \"links\" { type = invite }\n"

/* The variables of a test, removed when it ends. */
static const char *names[8];
static size_t name_count;

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
	names[name_count++] = name;
}

static int unset(void **state)
{
	(void)state;
	while (name_count > 0)
		unsetenv(names[--name_count]);
	return 0;
}

static void variables_count_before_the_file(void **state)
{
	struct settings *s;

	(void)state;
	set("MEETAUTH_SESSION_IDLE", "7m");
	set("MEETAUTH_BRAND_NAME", "R\xc3\xb6merstra\xc3\x9f"
				   "e = 1");
	s = load(SITE "session-idle = \"9m\"\nlog = syslog\n");
	assert_int_equal(s->session_idle, 420);
	assert_string_equal(s->brand_name, "R\xc3\xb6merstra\xc3\x9f"
					   "e = 1");
	assert_int_equal(s->log, CONFIG_LOG_SYSLOG);
	config_free(&s);
}

static void sections_are_named_by_kind_and_title(void **state)
{
	struct veeting_values values;
	struct settings *s;

	(void)state;
	set("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TRIES", "5"); /* not in the file */
	set("MEETAUTH_BACKEND__STAFF__USERS", "elsewhere");	   /* in the file */
	set("MEETAUTH_POLICY__DEFAULT", "allow");
	set("MEETAUTH_POLICY__RULE__ALL_STAFF__ALLOW", "false");
	set("MEETAUTH_GUEST_DESK__GROUPS", "leads,hosts");
	s = load(FULL);
	assert_int_equal(section_fill(s->platforms[0], &values, NULL), 0);
	assert_int_equal(values.tries, 5);
	assert_true(values.prefill);
	assert_string_equal(section_string(config_backend(s, "staff"), "users"), "elsewhere");
	assert_true(s->policy.allow_by_default);
	assert_false(s->policy.rules[0].allow);
	assert_int_equal(s->desk.groups.count, 2);
	config_free(&s);
}

/* The list of the rule's groups that the variable makes. */
static void expect_list(const char *text, size_t count, const char *const *items)
{
	struct settings *s;

	set("MEETAUTH_POLICY__RULE__ALL_STAFF__GROUPS", text);
	s = load(FULL);
	assert_int_equal(s->policy.rules[0].groups.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(s->policy.rules[0].groups.items[i], items[i]);
	config_free(&s);
	unset(NULL);
}

static void lists_have_commas(void **state)
{
	(void)state;
	expect_list("a", 1, (const char *const[]){"a"});
	expect_list(" a b ,c", 2, (const char *const[]){"a b", "c"});
	expect_list("\"cn=x,dc=org\" , cn=y", 2, (const char *const[]){"cn=x,dc=org", "cn=y"});
}

/* What loading FULL says. */
static void expect_refused(const char *name, const char *value, const char *words)
{
	struct error error = {""};
	struct settings *settings;
	char start[128];

	set(name, value);
	write_bytes(FULL, strlen(FULL));
	settings = config_load(file, types, &error);
	if (settings != NULL)
		fail_msg("%s=%s was accepted", name, value);
	snprintf(start, sizeof start, "environment: %s: ", name);
	if (strncmp(error.text, start, strlen(start)) != 0 || strstr(error.text, words) == NULL)
		fail_msg("expected %s…%s: %s", start, words, error.text);
	unset(NULL);
}

static void values_are_checked_as_those_of_the_file(void **state)
{
	(void)state;
	expect_refused("MEETAUTH_SESSION_IDLE", "soon", "session-idle: ");
	expect_refused("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TIMEOUT", "soon",
		"platform \"meeting.example.org\": timeout: ");
	expect_refused("MEETAUTH_BASE_URL", "", "base-url: ");
	expect_refused("MEETAUTH_POLICY__RULE__ALL_STAFF__GROUPS", "", "groups: ");
	expect_refused("MEETAUTH_POLICY__RULE__ALL_STAFF__GROUPS", "\"a", "double quotes");
	expect_refused("MEETAUTH_POLICY__RULE__ALL_STAFF__GROUPS", "\"a\"b", "double quotes");
	expect_refused("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__REALM", "x",
		"\"realm\" belongs to type \"other\"");
	expect_refused("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TYPE", "veetin", "\"veeting\"");
}

static void mistyped_names_are_refused(void **state)
{
	(void)state;
	expect_refused("MEETAUTH_SESION_IDLE", "1", "did you mean MEETAUTH_SESSION_IDLE?");
	expect_refused("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TIMEOT", "1",
		"did you mean MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TIMEOUT?");
	expect_refused("MEETAUTH_PLATFORM__MEETINGS_EXAMPLE_ORG__TIMEOUT", "1",
		"no platform whose title is written like this: did you mean MEETING_EXAMPLE_ORG?");
	expect_refused("MEETAUTH_POLICY__RULE__NOBODY__ALLOW", "1", "no rule whose title");
	expect_refused("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__XYZZY", "1", "meetauth.conf(5)");
}

static void names_with_other_underscores_or_letters_are_refused(void **state)
{
	static const char *const spelt[] = {"MEETAUTH_POLICY_DEFAULT", "MEETAUTH_POLICY___DEFAULT",
		"MEETAUTH__POLICY__DEFAULT", "MEETAUTH_policy__default", "MEETAUTH_Policy.Default",
		"MEETAUTH_POLICY_RULE_ALL_STAFF_ALLOW",
		"MEETAUTH_PLATFORM_MEETING_EXAMPLE_ORG_TIMEOUT",
		"MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG_TIMEOUT", "MEETAUTH_GUEST_DESK_GROUPS",
		"MEETAUTH_session_idle", "MEETAUTH_SESSION__IDLE", "MEETAUTH__SESSION_IDLE"};

	(void)state;
	for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++)
		expect_refused(spelt[i], "1", spelt[i]);
	expect_refused("MEETAUTH_POLICY_DEFAULT", "1", "sets policy: default is in capitals");
	expect_refused("MEETAUTH_POLICY_RULE_ALL_STAFF_ALLOW", "1",
		"sets rule \"all staff\": allow is in capitals");
}

/* It is printed to a terminal and to the log. */
static void a_name_with_control_characters_is_shown_without(void **state)
{
	struct settings *s;

	(void)state;
	set("MEETAUTH_X\033[2J", "1");
	s = load(SITE);
	assert_string_equal(config_variable(s, 0), "MEETAUTH_X?[2J sets no option, and is ignored");
	config_free(&s);
}

/* Other programs may have variables that begin like ours: a test, a service in Kubernetes. */
static void variables_unlike_any_option_are_ignored(void **state)
{
	static const char *const others[] = {
		"MEETAUTH_XYZZY", "MEETAUTH_", "MEETAUTH_PLATFORM", "MEETAUTH_TEST_REDIS"};
	struct settings *s;

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		set(others[i], "1");
		s = load(FULL);
		assert_int_equal(strncmp(config_variable(s, 0), others[i], strlen(others[i])), 0);
		assert_non_null(strstr(config_variable(s, 0), "is ignored"));
		config_free(&s);
		unset(NULL);
	}
}

static void secrets_are_refused_and_not_repeated(void **state)
{
	static const char *const secrets[] = {"MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__API_KEY",
		"MEETAUTH_PLATFORM__NOBODY__SECRET", "MEETAUTH_BACKEND__STAFF__PASSWORD",
		"MEETAUTH_CLIENT_SECRET"};

	(void)state;
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		expect_refused(secrets[i], "hunter2", "secret set NAME --from-file FILE");
}

static void a_name_that_fits_twice_is_refused(void **state)
{
	struct error error = {""};
	static const char two[] =
		BASE "platform \"a.b\" { type = veeting } platform \"a-b\" { type "
		     "= veeting } backend \"c\" { type = file users = u }\n";

	(void)state;
	set("MEETAUTH_PLATFORM__A_B__TRIES", "1");
	write_bytes(two, strlen(two));
	assert_null(config_load(file, types, &error));
	assert_non_null(strstr(error.text, "several options are written like this"));
}

/* They may begin with MEETAUTH_, too. */
static void variables_of_the_file_set_nothing(void **state)
{
	struct settings *s;

	(void)state;
	set("MEETAUTH_NAME_OF_US", "Us");
	s = load(SITE "brand-name = \"${MEETAUTH_NAME_OF_US}\"\n");
	assert_string_equal(s->brand_name, "Us");
	assert_null(config_variable(s, 0));
	config_free(&s);
}

static void what_kubernetes_sets_is_ignored(void **state)
{
	struct settings *s;

	(void)state;
	set("MEETAUTH_SERVICE_HOST", "10.0.0.11");
	set("MEETAUTH_SERVICE_PORT_HTTP", "80");
	set("MEETAUTH_PORT", "tcp://10.0.0.11:80");
	set("MEETAUTH_PORT_80_TCP_ADDR", "10.0.0.11");
	set("MEETAUTH_REDIS_PORT_6379_TCP", "tcp://10.0.0.12:6379");
	set("MEETAUTH_METRICS_PORT", "tcp://10.0.0.13:9100");
	s = load(SITE);
	for (size_t i = 0; i < 6; i++)
		assert_non_null(strstr(config_variable(s, i), "is ignored"));
	assert_null(config_variable(s, 6));
	config_free(&s);
}

static void each_variable_is_described(void **state)
{
	char expected[256];
	struct settings *s;

	(void)state;
	set("MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TRIES", "5");
	s = load(SITE);
	assert_string_equal(config_variable(s, 0), "MEETAUTH_PLATFORM__MEETING_EXAMPLE_ORG__TRIES "
						   "sets platform \"meeting.example.org\": tries");
	assert_null(config_variable(s, 1));
	config_free(&s);
	unset(NULL);
	set("MEETAUTH_LOG", "syslog");
	s = load(SITE "log = stderr\n");
	snprintf(expected, sizeof expected, "MEETAUTH_LOG sets log, over %s:4", file);
	assert_string_equal(config_variable(s, 0), expected);
	config_free(&s);
}

/* A reload reads them again, so they still count. */
static void a_reload_keeps_them(void **state)
{
	struct error error;
	struct settings *before, *after;

	(void)state;
	set("MEETAUTH_STATE", "lmdb:/here");
	set("MEETAUTH_SESSION_IDLE", "7m");
	before = load(SITE);
	after = load(SITE "state = \"lmdb:/there\"\nsession-idle = \"9m\"\n");
	assert_int_equal(config_check_reload(before, after, &error), 0);
	assert_int_equal(after->session_idle, 420);
	config_free(&before);
	config_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(variables_count_before_the_file, unset),
		cmocka_unit_test_teardown(sections_are_named_by_kind_and_title, unset),
		cmocka_unit_test_teardown(lists_have_commas, unset),
		cmocka_unit_test_teardown(values_are_checked_as_those_of_the_file, unset),
		cmocka_unit_test_teardown(mistyped_names_are_refused, unset),
		cmocka_unit_test_teardown(
			names_with_other_underscores_or_letters_are_refused, unset),
		cmocka_unit_test_teardown(a_name_with_control_characters_is_shown_without, unset),
		cmocka_unit_test_teardown(variables_unlike_any_option_are_ignored, unset),
		cmocka_unit_test_teardown(secrets_are_refused_and_not_repeated, unset),
		cmocka_unit_test_teardown(a_name_that_fits_twice_is_refused, unset),
		cmocka_unit_test_teardown(variables_of_the_file_set_nothing, unset),
		cmocka_unit_test_teardown(what_kubernetes_sets_is_ignored, unset),
		cmocka_unit_test_teardown(each_variable_is_described, unset),
		cmocka_unit_test_teardown(a_reload_keeps_them, unset),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
