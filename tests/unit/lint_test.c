/* SPDX-License-Identifier: MIT
 *
 * What is found out about rules, read by config_load().
 */
#include "config_fixture.h"

#include "policy/policy.h"

struct findings {
	struct buffer text;
};

static void note(void *context, const struct config_rule *rule, const char *text)
{
	struct findings *findings = context;

	buffer_printf(&findings->text, "[%s] %s\n", rule != NULL ? rule->name : "-", text);
}

/* Linting those rules finds `count` things, each of the words among them. NULL ends the words. */
static void finds(const char *rules, size_t count, ...)
{
	struct findings findings = {BUFFER_INIT(1 << 16)};
	struct settings *settings = with_policy(rules);
	size_t found = policy_lint(settings, NOON, note, &findings);
	const char *all = findings.text.data != NULL ? findings.text.data : "";
	const char *words;
	va_list args;

	if (found != count)
		fail_msg("%zu findings, expected %zu: %s\n%s", found, count, rules, all);
	va_start(args, count);
	while ((words = va_arg(args, const char *)) != NULL)
		if (strstr(all, words) == NULL)
			fail_msg("no \"%s\": %s\n%s", words, rules, all);
	va_end(args);
	config_free(&settings);
	buffer_release(&findings.text);
}

#define CLEAN(rules)	  finds(rules, 0, (char *)NULL)
#define FINDS(rules, ...) finds(rules, __VA_ARGS__, (char *)NULL)

static void test_lint_clean(void **state)
{
	struct findings findings = {BUFFER_INIT(1024)};
	struct settings *settings = load(SITE);

	(void)state;
	assert_int_equal(policy_lint(settings, NOON, note, &findings), 0);
	config_free(&settings);
	CLEAN("default = allow");
	CLEAN("rule a { allow = true groups = {\"staff\"} }"
	      "rule b { allow = true emails = {\"*@partner.example\"} meetings = {\"5f52*\"}"
	      " backends = {\"staff\"} platforms = {\"Meeting.Example.org\"} users = {\"staff/x\", "
	      "\"y\"}"
	      " not-before = \"2026-01-01\" not-after = \"2026-12-31\" }");
}

static void test_lint_windows(void **state)
{
	(void)state;
	FINDS("rule a { allow = true not-after = \"2026-06-01T11:59:59Z\" }", 1,
		"[a] it has expired");
	CLEAN("rule a { allow = true not-after = \"2026-06-01T12:00:00Z\" }");
	FINDS("rule a { allow = true not-before = \"2027-01-02\" not-after = \"2027-01-01\" }", 1,
		"[a] its window never opens");
	CLEAN("rule a { allow = true not-before = \"2027-01-01\" not-after = \"2027-01-01\" }");
}

static void test_lint_what_can_never_match(void **state)
{
	(void)state;
	FINDS("rule a { allow = true platforms = {\"x.example\", \"meeting.example.org\"} }", 1,
		"[a] platforms: \"x.example\" is not configured");
	FINDS("rule a { allow = true backends = {\"Staff\"} }", 1, "backends: \"Staff\" is not");
	FINDS("rule a { allow = true users = {\"google/x\"} }", 1, "users: \"google/x\" can never");
	FINDS("rule a { allow = true users = {\"staff/\"} }", 1, "users: \"staff/\" can never");
	FINDS("rule a { allow = true emails = {\"partner.example\", \"*@\", \"@x\", \"*@*@x\", "
	      "\"*@x\"} }",
		4, "emails: \"partner.example\" can never match", "\"*@\"", "\"@x\"", "\"*@*@x\"");
	FINDS("rule a { allow = true meetings = {\"a b\", \"a/b\", \"ok\", \"..\"} }", 3,
		"meetings: \"a b\" can never", "\"a/b\"", "\"..\"");
	FINDS("rule a { allow = false }", 1, "[-] nobody can join");
	FINDS("", 1, "[-] nobody can join");
}

static void test_lint_tokens_can_be_got_around(void **state)
{
	(void)state;
	FINDS("rule a { allow = true meetings = {\"8320-*\"} }", 1,
		"[a] meetings: \"8320-*\" looks like a meeting token");
}

#define SHADOWED 1, "[b] it is shadowed: rule \"a\" on line 5"

static void test_lint_shadowed(void **state)
{
	(void)state;
	FINDS("rule a { allow = true }\nrule b { allow = false groups = {\"x\"} }", SHADOWED);
	FINDS("rule a { allow = true groups = {\"x\", \"y\"} } rule b { allow = true groups = "
	      "{\"y\"} }",
		SHADOWED);
	FINDS("rule a { allow = true groups = {\"x\"} } "
	      "rule b { allow = true groups = {\"x\"} users = {\"u\"} }",
		SHADOWED);
	FINDS("rule a { allow = true emails = {\"*@X\"} } rule b { allow = true emails = "
	      "{\"b*@x\"} }",
		SHADOWED);
	FINDS("rule a { allow = true meetings = {\"5*\"} } rule b { allow = true meetings = "
	      "{\"5f*a\"} }",
		SHADOWED);
	FINDS("rule a { allow = true users = {\"u\"} } rule b { allow = true users = {\"staff/u\"} "
	      "}",
		SHADOWED);
	FINDS("rule a { allow = true platforms = {\"meeting.example.org\"} } "
	      "rule b { allow = true platforms = {\"MEETING.example.org\"} }",
		SHADOWED);
	FINDS("rule a { allow = true not-before = \"2026-01-01\" not-after = \"2027-01-01\" } "
	      "rule b { allow = true not-before = \"2026-01-01\" not-after = \"2026-12-01\" }",
		SHADOWED);
}

static void test_lint_not_shadowed(void **state)
{
	(void)state;
	CLEAN("rule a { allow = true groups = {\"x\"} } rule b { allow = true groups = {\"x\", "
	      "\"y\"} }");
	CLEAN("rule a { allow = true groups = {\"x\"} } rule b { allow = true }");
	CLEAN("rule a { allow = true groups = {\"x\"} users = {\"u\"} } rule b { allow = true "
	      "groups = {\"x\"} }");
	CLEAN("rule a { allow = true emails = {\"b*@x\"} } rule b { allow = true emails = "
	      "{\"*@x\"} }");
	CLEAN("rule a { allow = true emails = {\"*@x\"} } rule b { allow = true emails = "
	      "{\"*@x.y\"} }");
	CLEAN("rule a { allow = true meetings = {\"5*b\"} } rule b { allow = true meetings = "
	      "{\"5*\"} }");
	CLEAN("rule a { allow = true users = {\"staff/u\"} } rule b { allow = true users = {\"u\"} "
	      "}");
	CLEAN("rule a { allow = true users = {\"U\"} } rule b { allow = true users = {\"u\"} }");
	CLEAN("rule a { allow = true not-before = \"2026-02-01\" } "
	      "rule b { allow = true not-before = \"2026-01-01\" }");
	CLEAN("rule a { allow = true not-before = \"2026-02-01\" } rule b { allow = true }");
	CLEAN("rule a { allow = true not-after = \"2027-01-01\" } rule b { allow = true }");
	CLEAN("rule a { allow = true not-after = \"2027-01-01\" } "
	      "rule b { allow = true not-after = \"2027-01-02\" }");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lint_clean),
		cmocka_unit_test(test_lint_windows),
		cmocka_unit_test(test_lint_what_can_never_match),
		cmocka_unit_test(test_lint_tokens_can_be_got_around),
		cmocka_unit_test(test_lint_shadowed),
		cmocka_unit_test(test_lint_not_shadowed),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
