/* SPDX-License-Identifier: MIT
 *
 * How rules are explained, and what is left open where not everything is known.
 */
#include "policy_fixture.h"

/* How one rule with that condition is explained. */
static void explains(const char *condition, const struct policy_question *asked, bool who_known,
	enum policy_match match, const char *text)
{
	char rules[2048];
	struct settings *settings;
	struct policy_reason reason;

	snprintf(rules, sizeof rules, "rule \"r\" { allow = true %s }", condition);
	settings = with_policy(rules);
	reason = policy_explain(&settings->policy.rules[0], asked, who_known);
	if (reason.match != match || strcmp(reason.text, text) != 0)
		fail_msg("%s: %d \"%s\", expected %d \"%s\"", condition, (int)reason.match,
			reason.text, (int)match, text);
	config_free(&settings);
}

static void test_explain(void **state)
{
	struct policy_question asked = question(&nobody);

	(void)state;
	explains("", &asked, true, POLICY_HIT, "no conditions");
	explains("users = {\"nobody\"} meetings = {\"5f52*\"} not-before = \"2026-01-01\"", &asked,
		true, POLICY_HIT, "users, meetings, not-before");
	explains("groups = {\"staff\", \"admins\"}", &asked, true, POLICY_MISS,
		"groups: none of staff, admins");
	explains("groups = {\"staff\", \"admins\"}", &asked, false, POLICY_MAY,
		"groups: needs one of staff, admins");
	explains("emails = {\"*@x\"}", &asked, false, POLICY_MAY, "emails: needs one of *@x");
	explains("emails = {\"*@x\"}", &asked, true, POLICY_MISS, "emails: none of *@x");
	/* A miss is a miss, whatever else is open. */
	explains("groups = {\"staff\"} users = {\"x\"}", &asked, false, POLICY_MISS,
		"users: none of x");
	explains("groups = {\"staff\"} platforms = {\"x\"}", &asked, false, POLICY_MISS,
		"platforms: none of x");
	explains("not-before = \"2026-06-01T12:00:01Z\"", &asked, true, POLICY_MISS,
		"not-before: only from 2026-06-01T12:00:01Z");
	explains("acr = {\"gold\"}", &asked, true, POLICY_MISS, "acr: none of gold");
	explains("acr = {\"gold\"}", &asked, false, POLICY_MAY, "acr: needs one of gold");
	explains("second-factor = true", &asked, true, POLICY_MISS, "second-factor: none was used");
	explains("second-factor = true", &asked, false, POLICY_MAY, "second-factor: needs one");
	explains("networks = {\"10.0.0.0/8\"}", &asked, true, POLICY_MISS,
		"networks: none of 10.0.0.0/8");
	explains("networks = {\"192.0.2.0/24\"}", &asked, true, POLICY_HIT, "networks");
	explains("not-after = \"2026-06-01T11:59Z\"", &asked, true, POLICY_MISS,
		"not-after: only until 2026-06-01T11:59:00Z");
}

static void test_explain_what_is_not_known(void **state)
{
	struct identity user = {.subject = (char *)"alice"};
	struct policy_question asked = question(&user);

	(void)state;
	explains("users = {\"alice\"}", &asked, false, POLICY_HIT, "users");
	explains("users = {\"staff/alice\"}", &asked, false, POLICY_MAY,
		"users: needs one of staff/alice");
	explains("users = {\"staff/bob\"}", &asked, false, POLICY_MISS, "users: none of staff/bob");
	explains("backends = {\"staff\"}", &asked, false, POLICY_MAY,
		"backends: needs one of staff");
	asked = (struct policy_question){.who = NULL};
	explains("users = {\"x\"}", &asked, false, POLICY_MAY, "users: needs one of x");
	explains("platforms = {\"x\"}", &asked, true, POLICY_MAY, "platforms: needs one of x");
	explains("meetings = {\"x\"}", &asked, true, POLICY_MAY, "meetings: needs one of x");
	explains("meetings = {\"x\"} meeting-tokens = {\"y\"}",
		&(struct policy_question){.meeting_id = "x"}, true, POLICY_MAY,
		"meeting-tokens: needs one of y");
	explains("not-before = \"2026-01-01\"", &asked, true, POLICY_MAY,
		"not-before: only from 2026-01-01T00:00:00Z");
	explains("networks = {\"10.0.0.0/8\"}", &asked, true, POLICY_MAY,
		"networks: needs one of 10.0.0.0/8");
}

static void test_explain_guests(void **state)
{
	struct identity who = {
		.backend = (char *)"visitors", .subject = (char *)"alice", .guest = true};
	struct policy_question asked = question(&who);

	(void)state;
	explains("", &asked, true, POLICY_MISS,
		"backends: guests need a rule that names their backend");
	explains("backends = {\"visitors\"}", &asked, true, POLICY_HIT, "backends");
	explains("backends = {\"staff\"}", &asked, true, POLICY_MISS, "backends: none of staff");
}

static void test_explain_cuts_at_a_character(void **state)
{
	struct policy_question asked = question(&nobody);
	char condition[1024] = "groups = {\"", rules[2048];

	(void)state;
	for (int shift = 0; shift < 4; shift++) {
		struct settings *settings;
		struct policy_reason reason;
		size_t length = strlen("groups = {\"");

		for (int i = 0; i < shift; i++)
			condition[length++] = 'x';
		for (int i = 0; i < 100; i++, length += 3)
			memcpy(condition + length, "\xe2\x82\xac", 3);
		snprintf(condition + length, sizeof condition - length, "\"}");
		snprintf(rules, sizeof rules, "rule \"r\" { allow = true %s }", condition);
		settings = with_policy(rules);
		reason = policy_explain(&settings->policy.rules[0], &asked, true);
		length = strlen(reason.text);
		assert_in_range(length, sizeof reason.text - 8, sizeof reason.text - 1);
		assert_memory_equal(reason.text + length - 3, "…", 3);
		assert_memory_equal(reason.text + length - 6, "\xe2\x82\xac", 3);
		config_free(&settings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_what_is_not_known),
		cmocka_unit_test(test_explain_guests),
		cmocka_unit_test(test_explain_cuts_at_a_character),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
