/* SPDX-License-Identifier: MIT
 *
 * The policy, on rules read by config_load(). The names of attacks (A22, …) are those of the
 * project's attack table.
 */
#include "policy_fixture.h"

#include "policy/index.h"
#include "policy/meet.h"

static void decides(const char *rules, const struct policy_question *asked,
	enum policy_verdict verdict, const char *rule)
{
	struct settings *settings = with_policy(rules);
	struct policy_answer answer = policy_decide(&settings->policy, asked);

	if (answer.verdict != verdict || strcmp(answer.rule, rule) != 0)
		fail_msg("%s by \"%s\", expected %s by \"%s\": %s",
			answer.verdict == POLICY_ALLOW ? "allowed" : "denied", answer.rule,
			verdict == POLICY_ALLOW ? "allowed" : "denied", rule, rules);
	config_free(&settings);
}

/* One rule that allows under a condition: whether it hits. */
static void hits(const char *condition, const struct policy_question *asked, bool hit)
{
	char rules[1024];

	snprintf(rules, sizeof rules, "rule \"r\" { allow = true %s }", condition);
	decides(rules, asked, hit ? POLICY_ALLOW : POLICY_DENY, hit ? "r" : "default");
}

static void test_no_policy_allows(void **state)
{
	struct settings *settings = load(SITE);
	struct policy_question asked = question(&nobody);
	struct policy_answer answer = policy_decide(&settings->policy, &asked);

	(void)state;
	assert_int_equal(answer.verdict, POLICY_ALLOW);
	assert_string_equal(answer.rule, "no policy");
	config_free(&settings);
}

static void test_default(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	decides("", &asked, POLICY_DENY, "default");
	decides("default = deny", &asked, POLICY_DENY, "default");
	decides("default = allow", &asked, POLICY_ALLOW, "default");
	decides("rule r { allow = true users = {\"other\"} } default = deny", &asked, POLICY_DENY,
		"default");
	decides("rule r { allow = false users = {\"other\"} } default = allow", &asked,
		POLICY_ALLOW, "default");
}

static void test_a26_first_match_decides(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	decides("rule a { allow = false } rule b { allow = true } default = allow", &asked,
		POLICY_DENY, "a");
	decides("rule b { allow = true } rule a { allow = false } default = deny", &asked,
		POLICY_ALLOW, "b");
	decides("rule z { allow = true groups = {\"x\"} } rule a { allow = false } "
		"rule b { allow = true }",
		&asked, POLICY_DENY, "a");
	/* The default stands for "no rule", wherever it is written. */
	decides("default = deny rule b { allow = true }", &asked, POLICY_ALLOW, "b");
}

static void test_all_conditions_must_hold(void **state)
{
	struct identity who = {.backend = (char *)"staff", .subject = (char *)"alice"};
	struct policy_question asked = question(&who);

	(void)state;
	assert_int_equal(identity_add_group(&who, "staff"), 0);
	hits("users = {\"alice\"} groups = {\"staff\"} backends = {\"staff\"}", &asked, true);
	hits("users = {\"alice\"} groups = {\"admins\"}", &asked, false);
	hits("users = {\"bob\"} groups = {\"staff\"}", &asked, false);
	hits("users = {\"alice\"} platforms = {\"other.example\"}", &asked, false);
	hits("users = {\"alice\"} not-after = \"2025-01-01\"", &asked, false);
	for (size_t i = 0; i < who.group_count; i++)
		free(who.groups[i]);
	free(who.groups);
}

static void test_groups(void **state)
{
	struct identity who = {.backend = (char *)"staff", .subject = (char *)"alice"};
	struct policy_question asked = question(&who);

	(void)state;
	assert_int_equal(identity_add_group(&who, "Staff"), 0);
	assert_int_equal(identity_add_group(&who, "a*"), 0);
	hits("groups = {\"x\", \"Staff\"}", &asked, true);
	hits("groups = {\"staff\"}", &asked, false);
	decides("rule r { allow = false groups = {\"staff\"} } default = allow", &asked,
		POLICY_DENY, "r"); /* who is denied is so in any case */
	hits("groups = {\"Staf\"}", &asked, false);
	hits("groups = {\"Staffs\"}", &asked, false);
	hits("groups = {\"*\"}", &asked, false);
	hits("groups = {\"a*\"}", &asked, true);
	for (size_t i = 0; i < who.group_count; i++)
		free(who.groups[i]);
	free(who.groups);
}

static void test_users(void **state)
{
	struct identity who = {.backend = (char *)"staff", .subject = (char *)"alice"};
	struct identity slash = {.backend = (char *)"google", .subject = (char *)"staff/alice"};
	struct policy_question asked = question(&who), sneaky = question(&slash);

	(void)state;
	hits("users = {\"bob\", \"alice\"}", &asked, true);
	hits("users = {\"staff/alice\"}", &asked, true);
	hits("users = {\"google/alice\"}", &asked, false);
	hits("users = {\"Alice\"}", &asked, false);
	decides("rule r { allow = false users = {\"staff/ALICE\"} } default = allow", &asked,
		POLICY_DENY, "r"); /* who is denied is so in any case */
	hits("users = {\"alic\"}", &asked, false);
	hits("users = {\"staf/alice\"}", &asked, false);
	hits("users = {\"/alice\"}", &asked, false);
	hits("users = {\"*\"}", &asked, false);
	/* A provider's subject that looks like somebody of another backend. */
	hits("users = {\"staff/alice\"}", &sneaky, false);
	hits("users = {\"google/staff/alice\"}", &sneaky, true);
	hits("users = {\"alice\"}", &sneaky, false);
}

static void email(const char *patterns, const char *address, bool hit)
{
	struct identity who = {.backend = (char *)"staff", .subject = (char *)"a"};
	struct policy_question asked = question(&who);
	char condition[256];

	who.email = (char *)(uintptr_t)address;
	snprintf(condition, sizeof condition, "emails = {%s}", patterns);
	hits(condition, &asked, hit);
}

static void test_emails(void **state)
{
	(void)state;
	email("\"*@partner.example\"", "bob@partner.example", true);
	email("\"*@partner.example\"", "Bob@PARTNER.Example", true);
	email("\"BOB@Partner.example\"", "bob@partner.example", true);
	email("\"x@y\", \"bob@partner.example\"", "bob@partner.example", true);
	email("\"b*b@partner.example\"", "bob@partner.example", true);
	email("\"*@*\"", "bob@partner.example", true);
	email("\"*@*.partner.example\"", "bob@a.partner.example", true);
	email("\"*@*.partner.example\"", "bob@partner.example", false);
	email("\"bob@partner.example\"", "bobby@partner.example", false);
}

static void test_a22_whole_field_is_compared(void **state)
{
	(void)state;
	email("\"*@partner.example\"", "bob@partner.example.evil.example", false);
	email("\"*@partner.example\"", "bob@partner.example?x=y", false);
	email("\"*@partner.example\"", "bob@evil.example#@partner.example", false);
	email("\"bob@partner.example\"", " bob@partner.example", false);
	email("\".*@partner.example\"", "bob@partner.example", false);
	email("\"*@partner.example\"", "bob@partnerXexample", false);
}

static void test_a23_one_at_sign_and_the_exact_domain(void **state)
{
	(void)state;
	email("\"*@partner.example\"", "bob@evil.example@partner.example", false);
	email("\"*@partner.example\"", "bob@partner.example@evil.example", false);
	email("\"*@partner.example\"", "\"bob@evil.example\"@partner.example", false);
	email("\"*@*@partner.example\"", "bob@evil.example@partner.example", false);
	email("\"*@partner.example\"", "bob@partner.example.", false);
	email("\"*@partner.example\"", "@partner.example", false);
	email("\"*@*\"", "bob@", false);
	email("\"*@*\"", "bob", false);
	email("\"*@*\"", "", false);
}

static void test_a24_no_domain_suffix_without_at(void **state)
{
	(void)state;
	email("\"*partner.example\"", "bob@evilpartner.example", false);
	email("\"*partner.example\"", "bob@partner.example", false);
	email("\"partner.example\"", "bob@partner.example", false);
	email("\"*\"", "bob@partner.example", false);
	email("\"@partner.example\"", "bob@partner.example", false);
	email("\"*@partner.example\"", "bob@evilpartner.example", false);
	email("\"*@partner.example\"", "bob@evil.partner.example", false);
	/* A star does not reach over the @. */
	email("\"b*.example@x\"", "bob@partner.example@x", false);
}

static void test_a25_missing_claim_matches_nothing(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	hits("acr = {\"gold\"}", &asked, false);
	hits("acr = {\"*\"}", &asked, false);
	hits("second-factor = true", &asked, false);
	hits("emails = {\"*@*\"}", &asked, false);
	hits("emails = {\"*\"}", &asked, false);
	hits("groups = {\"staff\"}", &asked, false);
	hits("groups = {\"*\"}", &asked, false);
	/* Nor does it make a rule that denies hit. */
	decides("rule r { allow = false groups = {\"banned\"} } default = allow", &asked,
		POLICY_ALLOW, "default");
}

static void test_backends_and_platforms(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	hits("backends = {\"x\", \"staff\"}", &asked, true);
	hits("backends = {\"Staff\"}", &asked, false);
	hits("backends = {\"*\"}", &asked, false);
	hits("platforms = {\"x\", \"meeting.example.org\"}", &asked, true);
	hits("platforms = {\"MEETING.example.ORG\"}", &asked, true);
	hits("platforms = {\"example.org\"}", &asked, false);
	hits("platforms = {\"meeting.example.org:443\"}", &asked, false);
	hits("platforms = {\"*\"}", &asked, false);
}

static void test_meetings(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	hits("meetings = {\"5f521a93c20ff6721fbb6a6c\"}", &asked, true);
	hits("meetings = {\"x\", \"5f52*\"}", &asked, true);
	hits("meetings = {\"*6c\"}", &asked, true);
	hits("meetings = {\"*\"}", &asked, true);
	hits("meetings = {\"5f52\"}", &asked, false);
	hits("meetings = {\"f521*\"}", &asked, false);
	hits("meetings = {\"5F52*\"}", &asked, false);
	hits("meetings = {\"....*\"}", &asked, false);
	hits("meetings = {\"5f52?*\"}", &asked, false);
}

/* Visitors supply both, and the platform confirms the id alone. */
static void test_p1_a_token_is_no_id(void **state)
{
	static const char token[] = "5f521a93c20ff6721fbb6a6c";
	struct policy_question asked = question(&nobody);

	(void)state;
	hits("meetings = {\"8320-2640-2482-3499\"}", &asked, false);
	hits("meetings = {\"8320-*\"}", &asked, false);
	hits("meetings = {\"5f52*3499\"}", &asked, false);
	asked.meeting_id = "aaaaaaaaaaaaaaaaaaaaaaaa";
	asked.meeting_token = token;
	hits("meetings = {\"5f521a93c20ff6721fbb6a6c\"}", &asked, false);
	hits("users = {\"nobody\"} meetings = {\"5f52*\"}", &asked, false);
	decides("rule r { allow = false meetings = {\"aaaa*\"} } default = allow", &asked,
		POLICY_DENY, "r");
}

static void test_p1_tokens_are_a_condition_of_their_own(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	hits("users = {\"nobody\"} meeting-tokens = {\"8320-*\"}", &asked, true);
	hits("users = {\"nobody\"} meeting-tokens = {\"8320\"}", &asked, false);
	hits("users = {\"nobody\"} meeting-tokens = {\"5f52*\"}", &asked, false);
	/* Both have to hold: the token takes away and adds nothing. */
	hits("meetings = {\"5f52*\"} meeting-tokens = {\"8320-*\"}", &asked, true);
	hits("meetings = {\"5f52*\"} meeting-tokens = {\"x\"}", &asked, false);
	hits("meetings = {\"x\"} meeting-tokens = {\"8320-*\"}", &asked, false);
	decides("rule r { allow = false meeting-tokens = {\"8320-*\"} } default = allow", &asked,
		POLICY_DENY, "r");
}

static void test_acr(void **state)
{
	struct identity who = nobody;
	struct policy_question asked = question(&who);

	(void)state;
	who.acr = (char *)"urn:example:gold";
	hits("acr = {\"x\", \"urn:example:gold\"}", &asked, true);
	hits("acr = {\"urn:example:Gold\"}", &asked, false);
	hits("acr = {\"urn:example:*\"}", &asked, false);
	hits("acr = {\"urn:example:gol\"}", &asked, false);
	hits("acr = {\"urn:example:gold2\"}", &asked, false);
}

static void test_second_factor(void **state)
{
	struct identity who = nobody;
	struct policy_question asked = question(&who);

	(void)state;
	hits("second-factor = true", &asked, false);
	hits("", &asked, true);
	who.second_factor = true;
	hits("second-factor = true", &asked, true);
	hits("", &asked, true);
}

static void network(const char *networks, const char *client, bool hit)
{
	struct policy_question asked = question(&nobody);
	char condition[256];

	asked.client = client;
	snprintf(condition, sizeof condition, "networks = {%s}", networks);
	hits(condition, &asked, hit);
}

static void test_networks(void **state)
{
	(void)state;
	network("\"192.0.2.7\"", "192.0.2.7", true);
	network("\"192.0.2.7\"", "192.0.2.8", false);
	network("\"10.0.0.0/8\", \"192.0.2.0/29\"", "192.0.2.7", true);
	network("\"10.0.0.0/8\", \"192.0.2.0/29\"", "192.0.2.8", false);
	network("\"128.0.0.0/1\"", "127.255.255.255", false);
	network("\"128.0.0.0/1\"", "128.0.0.0", true);
	network("\"0.0.0.0/0\"", "192.0.2.7", true);
	network("\"2001:db8::/33\"", "2001:db8:7fff::1", true);
	network("\"2001:db8::/33\"", "2001:db8:8000::1", false);
	network("\"2001:db8::1\"", "2001:DB8:0::0:1", true);
}

static void test_networks_of_the_other_family(void **state)
{
	(void)state;
	network("\"::/0\"", "192.0.2.7", false);
	network("\"0.0.0.0/0\"", "2001:db8::1", false);
	network("\"::/0\"", "::ffff:192.0.2.7", false);
	/* Mapped addresses are what they map, on either side. */
	network("\"192.0.2.0/24\"", "::ffff:192.0.2.7", true);
	network("\"::ffff:192.0.2.0/120\"", "192.0.2.7", true);
	network("\"::ffff:192.0.2.0/120\"", "192.0.3.7", false);
	network("\"::ffff:192.0.2.7\"", "::FFFF:c000:0207", true);
	/* Not mapped, though it ends alike. */
	network("\"192.0.2.7\"", "::192.0.2.7", false);
}

static void test_a25_what_is_no_address_is_in_no_network(void **state)
{
	static const char *const clients[] = {"", "unix:", "192.0.2", "192.0.2.7 ", "192.0.2.7:80",
		"[2001:db8::1]", "0300.0.2.7", "fe80::1%eth0", "192.0.2.0/24"};

	(void)state;
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++)
		network("\"0.0.0.0/0\", \"::/0\"", clients[i], false);
}

static struct identity guest(void)
{
	return (struct identity){
		.backend = (char *)"visitors", .subject = (char *)"alice", .guest = true};
}

static void test_guests_need_a_rule_that_names_their_backend(void **state)
{
	struct identity who = guest();
	struct policy_question asked = question(&who);

	(void)state;
	hits("", &asked, false);
	hits("users = {\"alice\"}", &asked, false);
	hits("users = {\"visitors/alice\"}", &asked, false);
	hits("meetings = {\"*\"}", &asked, false);
	hits("backends = {\"staff\"}", &asked, false);
	hits("backends = {\"staff\", \"visitors\"}", &asked, true);
	hits("backends = {\"visitors\"} meetings = {\"5f52*\"}", &asked, true);
	hits("backends = {\"visitors\"} meetings = {\"x\"}", &asked, false);
	decides("rule a { allow = true } rule b { allow = true backends = {\"visitors\"} }", &asked,
		POLICY_ALLOW, "b");
	/* The same person, vouched for. */
	who.guest = false;
	hits("", &asked, true);
}

static void test_guests_are_denied_by_default_and_like_anybody(void **state)
{
	struct identity who = guest();
	struct policy_question asked = question(&who);
	struct settings *settings = load(SITE);
	struct policy_answer answer = policy_decide(&settings->policy, &asked);

	(void)state;
	assert_int_equal(answer.verdict, POLICY_DENY);
	assert_string_equal(answer.rule, "no policy");
	assert_string_equal(answer.role, "");
	config_free(&settings);
	decides("default = allow", &asked, POLICY_DENY, "default");
	decides("rule a { allow = false } rule b { allow = true backends = {\"visitors\"} }",
		&asked, POLICY_DENY, "a");
	decides("rule a { allow = false users = {\"alice\"} } rule b { allow = true backends = "
		"{\"visitors\"} }",
		&asked, POLICY_DENY, "a");
	decides("rule a { allow = false users = {\"bob\"} } rule b { allow = true backends = "
		"{\"visitors\"} }",
		&asked, POLICY_ALLOW, "b");
}

static void gives(const char *rules, const char *role)
{
	struct settings *settings = with_policy(rules);
	struct policy_question asked = question(&nobody);

	assert_string_equal(policy_decide(&settings->policy, &asked).role, role);
	config_free(&settings);
}

static void test_roles(void **state)
{
	struct settings *settings = load(SITE);
	struct policy_question asked = question(&nobody);

	(void)state;
	assert_string_equal(policy_decide(&settings->policy, &asked).role, "");
	config_free(&settings);
	gives("rule a { allow = true role = \"moderator\" }", "moderator");
	gives("rule a { allow = true }", "");
	gives("default = allow", "");
	gives("rule a { allow = true users = {\"x\"} role = \"moderator\" } "
	      "rule b { allow = true role = \"co-host-2\" }",
		"co-host-2");
	gives("rule a { allow = false } rule b { allow = true role = \"moderator\" }", "");
}

static void window(const char *condition, int64_t now, bool hit)
{
	struct policy_question asked = question(&nobody);

	asked.now = now;
	hits(condition, &asked, hit);
}

static void test_window_edges(void **state)
{
	static const char both[] =
		"not-before = \"2026-06-01T12:00Z\" not-after = \"2026-06-01T12:00:10Z\"";

	(void)state;
	window("not-before = \"2026-06-01T12:00Z\"", NOON - 1, false);
	window("not-before = \"2026-06-01T12:00Z\"", NOON, true);
	window("not-before = \"2026-06-01T12:00Z\"", INT64_MAX, true);
	window("not-after = \"2026-06-01T12:00Z\"", 1, true);
	window("not-after = \"2026-06-01T12:00Z\"", NOON, true);
	window("not-after = \"2026-06-01T12:00Z\"", NOON + 1, false);
	window(both, NOON - 1, false);
	window(both, NOON, true);
	window(both, NOON + 10, true);
	window(both, NOON + 11, false);
	/* A date alone is its first second. */
	window("not-after = \"2026-06-01\"", NOON, false);
	window("not-before = \"2026-06-01\"", NOON, true);
}

static void test_a27_what_is_not_known_fails_closed(void **state)
{
	struct policy_question asked = question(&nobody);
	struct identity empty = IDENTITY_INIT;

	(void)state;
	asked.now = 0;
	hits("not-before = \"2026-06-01\"", &asked, false);
	hits("not-after = \"2026-06-01\"", &asked, false);
	decides("rule r { allow = false not-after = \"2026-06-01\" } default = allow", &asked,
		POLICY_DENY, "r");
	asked = question(&nobody);
	asked.client = NULL;
	hits("networks = {\"0.0.0.0/0\"}", &asked, false);
	decides("rule r { allow = false networks = {\"192.0.2.7\"} } default = allow", &asked,
		POLICY_DENY, "r");
	asked = question(&nobody);
	asked.platform = NULL;
	hits("platforms = {\"meeting.example.org\"}", &asked, false);
	decides("rule r { allow = false platforms = {\"x\"} } default = allow", &asked, POLICY_DENY,
		"r");
	asked = question(&nobody);
	asked.meeting_id = asked.meeting_token = NULL;
	hits("meetings = {\"*\"}", &asked, false);
	decides("rule r { allow = false meetings = {\"x\"} } default = allow", &asked, POLICY_DENY,
		"r");
	decides("rule r { allow = false meeting-tokens = {\"x\"} } default = allow", &asked,
		POLICY_DENY, "r");
	asked = question(&empty);
	hits("users = {\"alice\"}", &asked, false);
	hits("backends = {\"staff\"}", &asked, false);
	decides("rule r { allow = false users = {\"x\"} } default = allow", &asked, POLICY_DENY,
		"r");
	asked = question(NULL);
	hits("users = {\"alice\"}", &asked, false);
	hits("groups = {\"alice\"}", &asked, false);
	hits("emails = {\"*@*\"}", &asked, false);
	hits("backends = {\"staff\"}", &asked, false);
	hits("acr = {\"a\"}", &asked, false);
	hits("second-factor = true", &asked, false);
}

/* ---- many rules ---- */

/* A number that looks random, and is the same in every run. */
static unsigned draw(unsigned below)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % below);
}

static const char *pick(const char *const *words, unsigned count)
{
	return words[draw(count)];
}

#define PICK(words) pick(words, sizeof(words) / sizeof *(words))

static const char *const some_users[] = {
	"anna", "ANNA", "staff/anna", "other/anna", "bob", "a/b", "x/a/b"};
static const char *const some_groups[] = {"g1", "G1", "g2", "g3"};
static const char *const some_emails[] = {"anna@example.org", "*@example.org", "*@EXAMPLE.org",
	"anna@*", "none", "a@b@c", "*@other.org"};
static const char *const some_backends[] = {"staff", "other"};
static const char *const some_platforms[] = {"meeting.example.org", "Two.example.org"};
static const char *const some_meetings[] = {"m1", "m2", "M1", "m*", "*"};

static void append_condition(
	struct buffer *text, const char *name, const char *const *words, unsigned count)
{
	if (draw(3) > 0)
		return;
	buffer_printf(text, " %s = {\"%s\"", name, pick(words, count));
	while (draw(3) == 0)
		buffer_printf(text, ", \"%s\"", pick(words, count));
	buffer_text(text, "}");
}

#define APPEND(text, name, words)                                                                  \
	append_condition(text, name, words, sizeof(words) / sizeof *(words))

static void append_rule(struct buffer *text, unsigned number)
{
	buffer_printf(text, "rule \"r%u\" { allow = %s meetings = {\"%s\"}", number,
		draw(2) ? "true" : "false", draw(2) ? PICK(some_meetings) : "m1");
	APPEND(text, "users", some_users);
	APPEND(text, "groups", some_groups);
	APPEND(text, "emails", some_emails);
	APPEND(text, "backends", some_backends);
	APPEND(text, "platforms", some_platforms);
	if (draw(4) == 0)
		buffer_text(text, " second-factor = true");
	buffer_text(text, " }\n");
}

static void assert_same_answer(const struct settings *settings, const struct policy_index *index,
	const struct policy_question *asked)
{
	struct policy_answer one = policy_decide(&settings->policy, asked);
	struct policy_answer other = policy_decide_indexed(&settings->policy, index, asked);

	assert_int_equal(one.verdict, other.verdict);
	assert_string_equal(one.rule, other.rule);
	assert_string_equal(one.role, other.role);
}

static void ask_anything(const struct settings *settings, const struct policy_index *index)
{
	char *told[] = {(char *)PICK(some_groups), (char *)PICK(some_groups)};
	struct identity who = {.backend = (char *)(draw(9) ? PICK(some_backends) : NULL),
		.subject = (char *)(draw(9) ? PICK(some_users) : NULL),
		.email = (char *)(draw(3) ? PICK(some_emails) : NULL),
		.groups = told,
		.group_count = draw(3),
		.second_factor = draw(2),
		.guest = draw(4) == 0};
	struct policy_question asked = question(&who);

	asked.who = draw(20) ? &who : NULL;
	asked.platform = draw(9) ? PICK(some_platforms) : NULL;
	asked.meeting_id = draw(9) ? PICK(some_meetings) : NULL;
	assert_same_answer(settings, index, &asked);
}

/* Of 200 policies of up to 40 rules, each asked 50 times. */
static void test_the_index_changes_no_answer(void **state)
{
	(void)state;
	for (unsigned policy = 0; policy < 200; policy++) {
		struct buffer text = BUFFER_INIT(1 << 16);
		struct settings *settings;
		struct policy_index *index;

		for (unsigned rule = draw(40) + 1; rule > 0; rule--)
			append_rule(&text, rule);
		settings = with_policy(text.data);
		index = policy_index_new(&settings->policy);
		assert_non_null(index);
		for (unsigned i = 0; i < 50; i++)
			ask_anything(settings, index);
		policy_index_free(&index);
		config_free(&settings);
		buffer_release(&text);
	}
}

static size_t rules_looked_at(const char *condition, const char *prefix, const char *suffix)
{
	enum { MANY = 500 };
	struct buffer text = BUFFER_INIT(1 << 20);
	struct policy_question asked = question(&nobody);
	struct settings *settings;
	struct policy_index *index;
	struct index_walk walk;
	size_t count = 0;

	for (unsigned i = 0; i < MANY; i++) {
		buffer_printf(&text,
			"rule \"r%u\" { allow = true meetings = {\"*\"} %s = {\"%s%u%s\"} }\n", i,
			condition, prefix, i, suffix);
	}
	settings = with_policy(text.data);
	index = policy_index_new(&settings->policy);
	assert_true(index_begin(index, &asked, &walk));
	while (index_next(&walk) != SIZE_MAX)
		count++;
	policy_index_free(&index);
	config_free(&settings);
	buffer_release(&text);
	return count;
}

static void test_of_thousands_of_rules_few_are_looked_at(void **state)
{
	(void)state;
	assert_in_range(rules_looked_at("users", "user", ""), 0, 1);
	assert_in_range(rules_looked_at("groups", "group", ""), 0, 1);
	assert_in_range(rules_looked_at("emails", "*@example", ".org"), 0, 1);
}

/* "default" where no rule hits. */
static void may_start(const char *rules, const char *starter, const char *other,
	enum policy_verdict verdict, const char *rule)
{
	struct settings *settings = with_policy(rules);
	const struct policy_pair pair = {starter, other, "meeting.example.org", NOON};
	struct policy_answer answer = policy_may_start(&settings->policy, &pair);

	assert_int_equal(answer.verdict, verdict);
	assert_string_equal(answer.rule, rule);
	config_free(&settings);
}

static void test_meet_rules_deny_by_default_and_the_first_decides(void **state)
{
	static const char rules[] =
		"meet no { allow = false accounts = {ann} with = {dan} } "
		"meet team { allow = true accounts = {ann, \"p-*\"} with = {\"*\"} } "
		"meet away { allow = true platforms = {\"elsewhere\"} } "
		"meet over { allow = true not-after = \"2020-01-01T00:00Z\" } "
		"meet later { allow = true not-before = \"2090-01-01T00:00Z\" }";

	(void)state;
	may_start("", "ann", "bea", POLICY_DENY, "default");
	may_start("default = allow", "ann", "bea", POLICY_DENY, "default");
	may_start(rules, "ann", "bea", POLICY_ALLOW, "team");
	may_start(rules, "p-7", "bea", POLICY_ALLOW, "team");
	may_start(rules, "ann", "dan", POLICY_DENY, "no");
	may_start("meet no { allow = false accounts = {ANN} } meet all { allow = true }", "ann",
		"dan", POLICY_DENY, "no");
	may_start(rules, "bea", "ann", POLICY_DENY, "default");
}

static void test_either_may_be_the_one_who_starts(void **state)
{
	struct settings *settings =
		with_policy("meet m { allow = true accounts = {a} with = {b} }");
	struct policy_pair pair = {"b", "a", "meeting.example.org", NOON};

	(void)state;
	assert_int_equal(policy_may_start(&settings->policy, &pair).verdict, POLICY_DENY);
	assert_true(policy_may_meet(&settings->policy, &pair));
	pair.other = "c";
	assert_false(policy_may_meet(&settings->policy, &pair));
	config_free(&settings);
}

static void test_a_meeting_opens_when_the_policy_turns(void **state)
{
	struct settings *settings = with_policy(
		"rule no { allow = false not-before = \"2091-01-01T00:00Z\" not-after = "
		"\"2091-01-01T09:59Z\" } "
		"rule r { allow = true not-before = \"2091-01-01T08:00Z\" }");
	struct policy_question asked = question(&nobody);
	int64_t opens = policy_opens(&settings->policy, &asked);

	(void)state;
	asked.now = opens;
	assert_true(opens > NOON);
	assert_int_equal(policy_decide(&settings->policy, &asked).verdict, POLICY_ALLOW);
	asked.now = opens - 1;
	assert_int_equal(policy_decide(&settings->policy, &asked).verdict, POLICY_DENY);
	config_free(&settings);
	settings = with_policy("rule r { allow = true not-after = \"2020-01-01T08:00Z\" }");
	assert_int_equal(policy_opens(&settings->policy, &asked), 0);
	config_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_policy_allows),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_a26_first_match_decides),
		cmocka_unit_test(test_all_conditions_must_hold),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_users),
		cmocka_unit_test(test_emails),
		cmocka_unit_test(test_a22_whole_field_is_compared),
		cmocka_unit_test(test_a23_one_at_sign_and_the_exact_domain),
		cmocka_unit_test(test_a24_no_domain_suffix_without_at),
		cmocka_unit_test(test_a25_missing_claim_matches_nothing),
		cmocka_unit_test(test_backends_and_platforms),
		cmocka_unit_test(test_meetings),
		cmocka_unit_test(test_p1_a_token_is_no_id),
		cmocka_unit_test(test_p1_tokens_are_a_condition_of_their_own),
		cmocka_unit_test(test_acr),
		cmocka_unit_test(test_second_factor),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_networks_of_the_other_family),
		cmocka_unit_test(test_a25_what_is_no_address_is_in_no_network),
		cmocka_unit_test(test_guests_need_a_rule_that_names_their_backend),
		cmocka_unit_test(test_guests_are_denied_by_default_and_like_anybody),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_window_edges),
		cmocka_unit_test(test_a27_what_is_not_known_fails_closed),
		cmocka_unit_test(test_the_index_changes_no_answer),
		cmocka_unit_test(test_of_thousands_of_rules_few_are_looked_at),
		cmocka_unit_test(test_meet_rules_deny_by_default_and_the_first_decides),
		cmocka_unit_test(test_either_may_be_the_one_who_starts),
		cmocka_unit_test(test_a_meeting_opens_when_the_policy_turns),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
