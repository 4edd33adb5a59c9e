/* SPDX-License-Identifier: MIT
 *
 * What is found out about rules, read by config_load().
 */
#include "config_fixture.h"

#include "policy/meet.h"

struct findings {
	struct buffer text;
};

static void note(void *context, const struct config_rule *rule, const char *text)
{
	struct findings *findings = context;

	buffer_printf(&findings->text, "[%s] %s\n", rule != NULL ? rule->name : "-", text);
}

/* Linting those rules finds `count` things, each of the words among them. NULL ends the words. */
static void finds(const char *site, const char *rules, size_t count, ...)
{
	struct findings findings = {BUFFER_INIT(1 << 16)};
	struct settings *settings = with_policy_at(site, rules);
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

#define CLEAN(rules)		   finds(SITE, rules, 0, (char *)NULL)
#define CLEAN_AT(site, rules)	   finds(site, rules, 0, (char *)NULL)
#define FINDS(rules, ...)	   finds(SITE, rules, __VA_ARGS__, (char *)NULL)
#define FINDS_AT(site, rules, ...) finds(site, rules, __VA_ARGS__, (char *)NULL)

#define WITH_OIDC   SITE "backend \"google\" { type = \"oidc\" }\n"
#define WITH_GUESTS SITE "backend \"visitors\" { type = \"guest\" }\n"

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
		"[a] it can never match: not-before");
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
	FINDS("rule a { allow = false }", 1, "[-] nobody can join");
	FINDS("", 1, "[-] nobody can join");
}

static void test_a25_lint_acr_that_nobody_tells(void **state)
{
	(void)state;
	FINDS("rule a { allow = true acr = {\"gold\"} }", 1,
		"[a] acr: it can never match: only backends of type oidc report an acr, and none "
		"is");
	FINDS_AT(WITH_OIDC, "rule a { allow = true acr = {\"gold\"} backends = {\"staff\"} }", 1,
		"[a] acr: it can never match: only backends of type oidc report an acr, and none "
		"of its");
	CLEAN_AT(WITH_OIDC, "rule a { allow = true acr = {\"gold\"} }");
	CLEAN_AT(WITH_OIDC,
		"rule a { allow = true acr = {\"gold\"} backends = {\"staff\", \"google\"} }");
}

static void test_lint_roles_that_no_platform_knows(void **state)
{
	(void)state;
	FINDS("rule a { allow = true role = \"obsever\" }", 1,
		"[a] role: no platform knows \"obsever\" and treats it as participant; write "
		"\"observer\"");
	FINDS("rule a { allow = true role = \"presenter\" }", 1,
		"[a] role: no platform knows \"presenter\"", "write \"moderator\" or \"observer\"");
	CLEAN("rule a { allow = true groups = {\"a\"} role = \"moderator\" }"
	      "rule b { allow = true groups = {\"b\"} role = \"participant\" }"
	      "rule c { allow = true role = \"observer\" }");
}

static void test_lint_networks(void **state)
{
	(void)state;
	FINDS("rule a { allow = true networks = {\"10.1.0.0/16\", \"10.0.0.0/8\"} }", 1,
		"[a] networks: \"10.1.0.0/16\" is within \"10.0.0.0/8\" already");
	FINDS("rule a { allow = true networks = {\"10.0.0.0/8\", \"10.0.0.0/8\"} }", 1,
		"[a] networks: \"10.0.0.0/8\" is within \"10.0.0.0/8\" already");
	FINDS("rule a { allow = true networks = {\"::ffff:10.0.0.0/104\", \"10.0.0.1\"} }", 1,
		"[a] networks: \"10.0.0.1\" is within");
	CLEAN("rule a { allow = true networks = {\"10.0.0.0/8\", \"11.0.0.0/8\", \"::/0\"} }");
}

static void test_lint_guests(void **state)
{
	(void)state;
	FINDS_AT(WITH_GUESTS, "default = allow", 1,
		"[-] guests of backend \"visitors\" can never join");
	FINDS_AT(WITH_GUESTS, "rule a { allow = true }", 1, "[-] guests of backend \"visitors\"");
	FINDS_AT(WITH_GUESTS, "rule a { allow = false backends = {\"visitors\"} } default = allow",
		1, "[-] guests of backend \"visitors\"");
	CLEAN_AT(WITH_GUESTS, "rule a { allow = true backends = {\"visitors\"} }");
	FINDS_AT(WITH_GUESTS,
		"rule a { allow = true backends = {\"visitors\"} groups = {\"staff\"} }", 1,
		"[a] it can never match: guests have no groups");
	FINDS_AT(WITH_GUESTS,
		"rule a { allow = true backends = {\"visitors\"} users = {\"alice\"} }", 1,
		"[a] it can never match: guests have no groups");
	CLEAN_AT(WITH_GUESTS, "rule a { allow = true backends = {\"visitors\", \"staff\"} groups = "
			      "{\"staff\"} }");
}

static void test_lint_shadow_leaves_guests_out(void **state)
{
	static const char all_first[] = "rule a { allow = true }\n"
					"rule b { allow = true backends = {\"visitors\"} }";
	static const char deny_second[] = "rule a { allow = true }\n"
					  "rule b { allow = false meetings = {\"x\"} }\n"
					  "rule c { allow = true backends = {\"visitors\"} }";

	(void)state;
	CLEAN_AT(WITH_GUESTS, all_first);
	CLEAN_AT(WITH_GUESTS, deny_second);
	FINDS_AT(WITH_GUESTS,
		"rule a { allow = true backends = {\"visitors\", \"staff\"} }"
		"rule b { allow = true backends = {\"visitors\"} }",
		1, "[b] it is shadowed");
	FINDS_AT(WITH_GUESTS,
		"rule z { allow = true backends = {\"visitors\"} } rule a { allow = true }"
		"rule b { allow = true groups = {\"x\"} }",
		1, "[b] it is shadowed: rule \"a\"");
}

/* Whether by a link, a key or a password: who is a guest is passed over by rules for everybody. */
static void test_lint_knows_all_guests(void **state)
{
	static const char *const guests[] = {"guest", "guest-account", "invite", "meeting-key"};
	static const char all_first[] = "rule a { allow = true }\n"
					"rule b { allow = true backends = {\"visitors\"} }";

	(void)state;
	for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
		char site[sizeof WITH_GUESTS + 16];

		snprintf(site, sizeof site, SITE "backend \"visitors\" { type = \"%s\" }\n",
			guests[i]);
		CLEAN_AT(site, all_first);
		FINDS_AT(site, "rule a { allow = true }", 1,
			"[-] guests of backend \"visitors\" can never join");
	}
	FINDS_AT(WITH_OIDC,
		"rule a { allow = true } rule b { allow = true backends = {\"google\"} }", 1,
		"[b] it is shadowed");
}

static void test_p1_lint_tokens_that_nobody_confirms(void **state)
{
	(void)state;
	FINDS("rule a { allow = true groups = {\"x\"} meeting-tokens = {\"8320-*\"} }", 1,
		"[a] meeting-tokens: visitors supply", "admits its people to every meeting");
	FINDS("rule a { allow = true groups = {\"x\"} meetings = {\"*\"} meeting-tokens = {\"8\"} "
	      "}",
		1, "admits its people to every meeting");
	FINDS("rule a { allow = false meeting-tokens = {\"8320-*\"} } default = allow", 1,
		"[a] meeting-tokens: visitors supply", "evade the rule with another token");
	FINDS("rule a { allow = false meetings = {\"5\"} meeting-tokens = {\"8\"} } default = "
	      "allow",
		1, "evade the rule with another token");
	CLEAN("rule a { allow = true meetings = {\"5f52*\"} meeting-tokens = {\"8320-*\"} }");
}

/* What one backend says of its people says nothing about those of another. */
static void test_p8_lint_rules_that_believe_several_backends(void **state)
{
	(void)state;
	FINDS_AT(WITH_OIDC, "rule a { allow = true groups = {\"staff\"} }", 1,
		"[a] groups: the rule trusts \"staff\", \"google\", each",
		"name the backends that you mean in `backends`");
	FINDS_AT(WITH_OIDC, "rule a { allow = true users = {\"alice\", \"staff/bob\"} }", 1,
		"[a] users: the rule trusts \"staff\", \"google\", each");
	FINDS_AT(WITH_OIDC, "rule a { allow = true emails = {\"*@partner.example\"} }", 1,
		"[a] emails: the rule trusts \"staff\", \"google\", each");
	FINDS_AT(WITH_OIDC "backend \"partner\" { type = \"oidc\" }",
		"rule a { allow = true groups = {\"x\"} acr = {\"gold\"} }", 2,
		"[a] groups: the rule trusts \"staff\", \"google\", \"partner\", each",
		"[a] acr: the rule trusts \"google\", \"partner\", each");
	FINDS_AT(SITE "backend \"other\" { type = \"file\" }\n"
		      "backend c { type = oidc } backend d { type = oidc } "
		      "backend e { type = oidc }",
		"rule a { allow = true groups = {\"x\"} }", 1, "\"d\" and 1 more, each");
	CLEAN_AT(WITH_OIDC, "rule a { allow = true backends = {\"staff\"} groups = {\"staff\"} "
			    "users = {\"a\"} }");
	CLEAN_AT(WITH_OIDC, "rule a { allow = true users = {\"staff/alice\", \"google/1\"} }");
	CLEAN_AT(WITH_OIDC, "rule a { allow = false groups = {\"staff\"} } default = allow");
	CLEAN("rule a { allow = true groups = {\"staff\"} }");
}

/* Guests are passed over by rules without backends, whatever groups they have. */
static void test_p8_guests_are_no_second_source(void **state)
{
	static const char *const guests[] = {"guest", "guest-account", "invite", "meeting-key"};

	(void)state;
	for (size_t i = 0; i < sizeof guests / sizeof *guests; i++) {
		char site[sizeof SITE + 64];

		snprintf(
			site, sizeof site, SITE "backend \"other\" { type = \"%s\" }\n", guests[i]);
		CLEAN_AT(site, "rule a { allow = true groups = {\"staff\"} } "
			       "rule b { allow = true backends = {\"other\"} }");
	}
}

static void note_section(
	void *context, const char *about, const char *where, int line, const char *text)
{
	struct findings *findings = context;

	assert_string_equal(where + strlen(where) - 5, "/conf");
	buffer_printf(&findings->text, "[%s:%d] %s\n", about, line, text);
}

/* Around the policy: `count` findings, the words among them. */
static void sections_find(const char *text, size_t count, const char *words)
{
	struct findings findings = {BUFFER_INIT(1 << 16)};
	struct settings *settings = load(text);
	size_t found = policy_lint_sections(settings, note_section, &findings);
	const char *all = findings.text.data != NULL ? findings.text.data : "";

	if (found != count || strstr(all, words) == NULL)
		fail_msg("%zu findings, expected %zu with \"%s\":\n%s", found, count, words, all);
	config_free(&settings);
	buffer_release(&findings.text);
}

/* The same of the meet rules. */
static void meets_find(const char *rules, size_t count, const char *words)
{
	struct findings findings = {BUFFER_INIT(1 << 16)};
	struct settings *settings = with_policy(rules);
	size_t found = policy_lint_meets(settings, note_section, &findings);
	const char *all = findings.text.data != NULL ? findings.text.data : "";

	if (found != count || strstr(all, words) == NULL)
		fail_msg("%zu findings, expected %zu with \"%s\":\n%s", found, count, words, all);
	config_free(&settings);
	buffer_release(&findings.text);
}

static void test_lint_meet_rules(void **state)
{
	(void)state;
	meets_find("", 0, "");
	meets_find("meet m { allow = true accounts = {a} }", 1, "nobody can start a meeting");
	meets_find("meet m { allow = true }", 1, "every guest");
	meets_find("meet m { allow = true accounts = {a} platforms = {\"x.example\"} }", 1,
		"not configured");
	meets_find("meet m { allow = true accounts = {a} not-before = \"2031-01-01T00:00Z\" "
		   "not-after = \"2030-01-01T00:00Z\" }",
		1, "never opens");
	meets_find("meet m { allow = false accounts = {\"a*\"} } "
		   "meet n { allow = true accounts = {\"ab\"} with = {c} }",
		2, "meet \"m\" on line");
}

#define INVITED "backend \"links\" { type = \"invite\" }\n"

static void test_p8_lint_a_desk_that_believes_several_backends(void **state)
{
	(void)state;
	sections_find(WITH_OIDC INVITED "guest-desk { groups = {\"hosts\"} }", 1,
		"[guest-desk:6] groups: the desk trusts \"staff\", \"google\", each");
	sections_find(WITH_OIDC INVITED
		"guest-desk { groups = {\"hosts\"} backends = {\"staff\"} }",
		0, "");
	sections_find(SITE INVITED "guest-desk { groups = {\"hosts\"} }", 0, "");
	sections_find(SITE INVITED
		"guest-desk { groups = {\"hosts\"} backends = {\"staff\", \"links\"} }",
		1, "[guest-desk:5] backends: \"links\" reports no groups");
}

static void test_p14_lint_guests_who_are_asked_for_first(void **state)
{
	static const char first[] = BASE "platform \"meeting.example.org\" { type = \"veeting\" }\n"
					 "backend \"guests\" { type = \"guest-account\" }\n"
					 "backend \"staff\" { type = \"file\" users = \"u\" }\n";

	(void)state;
	sections_find(first, 1,
		"[backend \"guests\":3] a guest account locks out a person with the same name in "
		"\"staff\"");
	sections_find(SITE "backend \"guests\" { type = \"guest-account\" }\n"
			   "backend \"google\" { type = \"oidc\" }\n"
			   "backend \"more\" { type = \"guest-account\" }\n",
		0, "");
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
	FINDS("rule a { allow = true networks = {\"10.0.0.0/8\", \"::/0\"} } "
	      "rule b { allow = true networks = {\"10.1.0.0/16\", \"2001:db8::/32\"} }",
		SHADOWED);
	FINDS("rule a { allow = true second-factor = true } "
	      "rule b { allow = true second-factor = true groups = {\"x\"} }",
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
	CLEAN("rule a { allow = true networks = {\"10.1.0.0/16\"} } "
	      "rule b { allow = true networks = {\"10.0.0.0/8\"} }");
	CLEAN("rule a { allow = true second-factor = true } rule b { allow = true }");
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
		cmocka_unit_test(test_a25_lint_acr_that_nobody_tells),
		cmocka_unit_test(test_lint_roles_that_no_platform_knows),
		cmocka_unit_test(test_lint_networks),
		cmocka_unit_test(test_lint_guests),
		cmocka_unit_test(test_lint_shadow_leaves_guests_out),
		cmocka_unit_test(test_lint_knows_all_guests),
		cmocka_unit_test(test_p1_lint_tokens_that_nobody_confirms),
		cmocka_unit_test(test_p8_lint_rules_that_believe_several_backends),
		cmocka_unit_test(test_p8_guests_are_no_second_source),
		cmocka_unit_test(test_p8_lint_a_desk_that_believes_several_backends),
		cmocka_unit_test(test_p14_lint_guests_who_are_asked_for_first),
		cmocka_unit_test(test_lint_shadowed),
		cmocka_unit_test(test_lint_not_shadowed),
		cmocka_unit_test(test_lint_meet_rules),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
