/* SPDX-License-Identifier: MIT
 *
 * The backend "ldap" against a directory that says anything; test_ldap.py has the one against a
 * real server.
 */
#ifdef HAVE_LDAP

#include "ldap_fixture.h"

#include "auth/ldap/ldap.h"
#include "auth/registry.h"
#include "base/clock.h"
#include "platform/registry.h"

#include <signal.h>

extern const struct auth_backend auth_ldap;

#define SEARCH	 "base = \"ou=people,dc=example,dc=org\"\nbind-dn = \"" FAKE_SERVICE "\"\n"
#define TEMPLATE "user-dn = \"uid={name},ou=people,dc=example,dc=org\"\ngroup-refresh = \"0\"\n"
/* Where an answer comes, and where none does. */
#define TIMES	    "connect-timeout = \"10s\"\ntimeout = \"20s\"\n"
#define SHORT_TIMES "connect-timeout = \"300ms\"\ntimeout = \"600ms\"\n"

static const struct fake_entry alice = {"uid=alice,ou=people,dc=example,dc=org",
	{{"uid", {"alice"}}, {"cn", {"Alice Liddell"}}, {"mail", {"alice@example.org"}},
		{"memberOf", {"cn=staff,ou=groups,dc=example,dc=org",
				     "cn=Hosts\\, all,ou=groups,dc=example,dc=org"}}}};

struct world {
	struct fixture *fixture;
	struct fake fake;
	void *instance;
	struct error error;
	struct identity who;
};

static const char *const passwords[] = {FAKE_PASSWORD};
static const struct auth_secrets secrets = {passwords, 1};

static int up(void **state)
{
	struct world *world = calloc(1, sizeof *world);

	fake_start(&world->fake);
	world->fake.script.entries = &alice;
	world->fake.script.entry_count = 1;
	*state = world;
	return fixture_up((void **)&world->fixture);
}

static int down(void **state)
{
	struct world *world = *state;

	if (world->instance != NULL)
		auth_close(&auth_ldap, world->instance);
	identity_release(&world->who);
	fake_stop(&world->fake);
	fixture_down((void **)&world->fixture);
	free(world);
	return 0;
}

static int try_open(struct world *world, const char *servers, const char *options)
{
	static struct section_type backends[2];

	backends[0] = (struct section_type){"ldap", auth_ldap.options};
	if (try_configure(world->fixture, (struct config_types){platform_section_types(), backends},
		    &world->error,
		    "platform \"meeting.example.org\" { type = \"veeting\" }\n"
		    "backend \"people\" {\ntype = \"ldap\"\nservers = {%s}\n%s%s}\n",
		    servers, options, strstr(options, "timeout") == NULL ? TIMES : "") != 0)
		return -1;
	world->instance =
		auth_open(&auth_ldap, world->fixture->settings->backends[0], &world->error);
	return world->instance != NULL ? 0 : -1;
}

static void open_with(struct world *world, const char *options)
{
	char servers[64];

	snprintf(servers, sizeof servers, "\"ldap://127.0.0.1:%d\"", world->fake.port);
	if (try_open(world, servers, options) != 0)
		fail_msg("%s", world->error.text);
}

static enum auth_verdict try_with(
	struct world *world, const char *name, const char *password, struct auth_secrets given)
{
	struct auth_attempt attempt = {.name = name,
		.password = password,
		.client = "",
		.secrets = given,
		.who = &world->who,
		.error = &world->error};

	identity_release(&world->who);
	identity_set(&world->who.backend, "people", IDENTITY_SUBJECT_MAX);
	world->error.text[0] = '\0';
	return auth_ldap.check(world->instance, &attempt);
}

static enum auth_verdict try(struct world *world, const char *name, const char *password)
{
	return try_with(world, name, password, secrets);
}

static void expect(
	struct world *world, const char *name, const char *password, enum auth_verdict wanted)
{
	enum auth_verdict verdict = try(world, name, password);

	if (verdict != wanted)
		fail_msg("%s: %d and not %d: %s", name, verdict, wanted, world->error.text);
}

static enum auth_verdict renew(struct world *world)
{
	struct auth_renewal renewal = {secrets, &world->who, &world->error};

	world->error.text[0] = '\0';
	return auth_ldap.renew(world->instance, &renewal);
}

/* ---- names in filters and DNs ---- */

static void a47_names_are_escaped_in_filters(void **state)
{
	static const struct {
		const char *name, *filter;
	} cases[] = {{"alice", "(uid=alice)"}, {"*", "(uid=\\2A)"},
		{"*)(uid=*", "(uid=\\2A\\29\\28uid=\\2A)"}, {"a\\2a", "(uid=a\\5C2a)"},
		{"x)(|(objectClass=*)", "(uid=x\\29\\28|\\28objectClass=\\2A\\29)"},
		{"{name}", "(uid={name})"}, {"{dn}", "(uid={dn})"}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *filter = directory_filter("(uid={name})", cases[i].name, NULL);

		assert_string_equal(filter, cases[i].filter);
		free(filter);
	}
}

static void a47_a_dn_is_escaped_in_a_filter(void **state)
{
	char *filter = directory_filter(
		"(|(member={dn})(memberUid={name}))", "a*", "cn=a\\2C (b)*,dc=example");

	(void)state;
	assert_string_equal(
		filter, "(|(member=cn=a\\5C2C \\28b\\29\\2A,dc=example)(memberUid=a\\2A))");
	free(filter);
}

static void a47_names_that_are_too_long_make_no_filter(void **state)
{
	char name[DIRECTORY_TEXT_MAX];

	(void)state;
	memset(name, '*', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_null(directory_filter("(uid={name})", name, NULL));
}

static void check_round(const char *name)
{
	char *dn = directory_dn("uid={name},ou=people,dc=example,dc=org", name);
	LDAPDN parsed = NULL;

	assert_non_null(dn);
	assert_int_equal(ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3), LDAP_SUCCESS);
	assert_null(parsed[4]);
	assert_null(parsed[0][1]);
	assert_int_equal(parsed[0][0]->la_value.bv_len, strlen(name));
	assert_memory_equal(parsed[0][0]->la_value.bv_val, name, strlen(name));
	assert_memory_equal(parsed[1][0]->la_value.bv_val, "people", 6);
	ldap_dnfree(parsed);
	ldap_memfree(dn);
}

static void a47_names_are_escaped_in_dns(void **state)
{
	static const char *const names[] = {"alice", "a,ou=admins", "a+cn=b", "#04024869", " a ",
		"\"a\"", "a\\", "a\\,b", "a;b", "<a>", "a=b", "J\xc3\xbcrg", "\xe5\x90\x8d",
		"{name}", "*", "a\\00b"};
	char name[IDENTITY_SUBJECT_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		check_round(names[i]);
	memset(name, ',', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	check_round(name);
}

static void a_template_without_a_place_for_the_name_is_none(void **state)
{
	(void)state;
	assert_null(directory_dn("uid=x,dc=example", "alice"));
	assert_null(directory_dn("{name}@example.org", "alice"));
	assert_null(directory_dn("", "alice"));
}

static void a47_a_name_that_is_a_filter_finds_nobody(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	world->fake.script.entry_count = 0;
	expect(world, "*)(uid=*", FAKE_PASSWORD, AUTH_UNKNOWN);
	expect(world, "alice)(objectClass=*", FAKE_PASSWORD, AUTH_UNKNOWN);
}

/* ---- who they are ---- */

static void a_right_password_gives_a_whole_identity(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->error.text, "");
	assert_string_equal(world->who.backend, "people");
	assert_string_equal(world->who.subject, "alice");
	assert_string_equal(world->who.name, "Alice Liddell");
	assert_string_equal(world->who.email, "alice@example.org");
	assert_int_equal(world->who.group_count, 2);
	assert_true(identity_has_group(&world->who, "staff"));
	assert_true(identity_has_group(&world->who, "Hosts, all"));
	assert_null(world->who.refresh_data);
	assert_string_equal(world->fake.bound_dn, alice.dn);
}

static void however_it_is_typed_it_is_one_person(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	expect(world, "ALICE", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.subject, "alice");
	assert_string_equal(world->who.refresh_data, "ALICE");
}

static void of_several_names_it_is_always_the_same(void **state)
{
	struct world *world = *state;
	static struct fake_entry one, two;

	one = two = alice;
	one.attributes[0] = (struct fake_attribute){"uid", {"wonder", "alice"}};
	two.attributes[0] = (struct fake_attribute){"uid", {"alice", "wonder"}};
	open_with(world, SEARCH);
	world->fake.script.entries = &one;
	expect(world, "wonder", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.subject, "alice");
	world->fake.script.entries = &two;
	expect(world, "wonder", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.subject, "alice");
}

static void an_entry_without_a_subject_is_a_fault(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH "subject-attribute = \"employeeNumber\"\n");
	expect(world, "alice", "wrong", AUTH_DENY);
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "employeeNumber"));
	assert_null(strstr(world->error.text, "alice"));
	assert_null(world->who.subject);
}

static void a48_an_empty_password_reaches_no_server(void **state)
{
	struct world *world = *state;
	struct link_answer answer;
	struct link link = {0};

	world->fake.script.bind_code = LDAP_SUCCESS;
	open_with(world, SEARCH);
	expect(world, "alice", "", AUTH_DENY);
	expect(world, "", FAKE_PASSWORD, AUTH_DENY);
	assert_int_equal(world->fake.accepted, 0);
	/* and the one place that binds refuses too */
	link_bind(&link, alice.dn, "", 0, &answer);
	assert_int_not_equal(answer.code, LDAP_SUCCESS);
	link_bind(&link, "", FAKE_PASSWORD, 0, &answer);
	assert_int_not_equal(answer.code, LDAP_SUCCESS);
}

static void a49_two_entries_are_nobody(void **state)
{
	struct world *world = *state;
	static struct fake_entry both[2];

	both[0] = both[1] = alice;
	both[1].dn = "uid=alice,ou=guests,dc=example,dc=org";
	world->fake.script.entries = both;
	world->fake.script.entry_count = 2;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_DENY);
	assert_non_null(strstr(world->error.text, "more than one entry"));
	assert_string_not_equal(world->fake.bound_dn, both[0].dn);
	assert_string_not_equal(world->fake.bound_dn, both[1].dn);
	/* a server that stops at one and says that there are more */
	world->fake.script.entry_count = 1;
	world->fake.script.search_code = LDAP_SIZELIMIT_EXCEEDED;
	expect(world, "alice", FAKE_PASSWORD, AUTH_DENY);
}

static void a49_referrals_are_not_followed(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	world->fake.script.entry_count = 0;
	world->fake.script.search_code = LDAP_REFERRAL;
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
	assert_non_null(strstr(world->error.text, "refers to another server"));
	assert_int_equal(world->fake.binds, 0);
}

static void a49_references_among_the_entries_are_passed_over(void **state)
{
	struct world *world = *state;
	struct fake other;
	static char reference[64];

	fake_start(&other);
	snprintf(reference, sizeof reference, "ldap://127.0.0.1:%d/dc=example", other.port);
	open_with(world, SEARCH);
	world->fake.script.reference = reference;
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	world->fake.script.entry_count = 0;
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNKNOWN);
	assert_int_equal(other.accepted, 0);
	fake_stop(&other);
}

static void a49_a_server_that_strips_starttls_gets_no_password(void **state)
{
	static const int answers[] = {LDAP_PROTOCOL_ERROR, LDAP_UNAVAILABLE, LDAP_REFERRAL,
		LDAP_SUCCESS /* and then goes on in the clear */};

	for (size_t i = 0; i < COUNT(answers); i++) {
		struct world *world = *state;

		open_with(world, SEARCH "start-tls = true\n");
		world->fake.script.extended_code = answers[i];
		expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
		assert_non_null(strstr(world->error.text, "StartTLS"));
		assert_int_equal(world->fake.extended, i + 1);
		assert_int_equal(world->fake.service_binds + world->fake.binds, 0);
		auth_close(&auth_ldap, world->instance);
		open_with(world, TEMPLATE "start-tls = true\n");
		expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
		assert_int_equal(world->fake.service_binds + world->fake.binds, 0);
		atomic_fetch_sub(&world->fake.extended, 1);
		auth_close(&auth_ldap, world->instance);
		world->instance = NULL;
	}
}

/* ---- what a server may answer ---- */

static const struct {
	int code;
	const char *words;
	int policy;
	bool control;
	enum auth_verdict searched, templated;
} answers[] = {
	{LDAP_SUCCESS, NULL, -1, false, AUTH_GRANT, AUTH_GRANT},
	{LDAP_SUCCESS, NULL, PP_changeAfterReset, false, AUTH_DENY, AUTH_DENY},
	{LDAP_SUCCESS, NULL, PP_passwordExpired, false, AUTH_DENY, AUTH_DENY},
	{LDAP_SUCCESS, NULL, -1, true, AUTH_DENY, AUTH_DENY},
	{LDAP_INVALID_CREDENTIALS, NULL, -1, false, AUTH_DENY, AUTH_UNKNOWN},
	{LDAP_INVALID_CREDENTIALS, NULL, PP_accountLocked, false, AUTH_DENY, AUTH_DENY},
	{LDAP_INVALID_CREDENTIALS, NULL, PP_passwordExpired, false, AUTH_DENY, AUTH_DENY},
	{LDAP_INVALID_CREDENTIALS,
		"80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data 52e, "
		"v4563",
		-1, false, AUTH_DENY, AUTH_UNKNOWN},
	{LDAP_INVALID_CREDENTIALS,
		"80090308: LdapErr: DSID-0C090449, comment: AcceptSecurityContext error, data 533, "
		"v4563",
		-1, false, AUTH_DENY, AUTH_DENY},
	{LDAP_INVALID_CREDENTIALS, "…, data 775, v1db1", -1, false, AUTH_DENY, AUTH_DENY},
	{LDAP_NO_SUCH_OBJECT, NULL, -1, false, AUTH_DENY, AUTH_UNKNOWN},
	{LDAP_INVALID_DN_SYNTAX, NULL, -1, false, AUTH_DENY, AUTH_UNKNOWN},
	{LDAP_CONSTRAINT_VIOLATION, "Exceed password retry limit.", -1, false, AUTH_DENY,
		AUTH_DENY},
	{LDAP_UNWILLING_TO_PERFORM, "Account inactivated. Contact system administrator.", -1, false,
		AUTH_DENY, AUTH_DENY},
	{LDAP_UNWILLING_TO_PERFORM, "operation restricted", -1, false, AUTH_UNAVAILABLE,
		AUTH_UNAVAILABLE},
	{LDAP_BUSY, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
	{LDAP_UNAVAILABLE, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
	{LDAP_CONFIDENTIALITY_REQUIRED, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
	{LDAP_REFERRAL, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
	{LDAP_SASL_BIND_IN_PROGRESS, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
	{12345, NULL, -1, false, AUTH_UNAVAILABLE, AUTH_UNAVAILABLE},
};

static void try_answers(struct world *world, const char *options, bool searched)
{
	open_with(world, options);
	for (size_t i = 0; i < COUNT(answers); i++) {
		enum auth_verdict wanted = searched ? answers[i].searched : answers[i].templated;

		world->fake.script.bind_code = answers[i].code;
		world->fake.script.words = answers[i].words;
		world->fake.script.policy_error = answers[i].policy;
		world->fake.script.expired_control = answers[i].control;
		if (try(world, "alice", FAKE_PASSWORD) != wanted)
			fail_msg("%zu: code %d: another verdict than %d: %s", i, answers[i].code,
				wanted, world->error.text);
		/* Also who was denied is told apart, for their tries to be counted. */
		assert_int_equal(world->who.subject != NULL,
			wanted == AUTH_GRANT || (searched && wanted == AUTH_DENY));
		assert_int_equal(world->who.email != NULL, wanted == AUTH_GRANT);
		assert_int_equal(world->error.text[0] != '\0',
			wanted == AUTH_UNAVAILABLE || wanted == AUTH_DENY);
		assert_null(strstr(world->error.text, "alice"));
	}
}

static void each_answer_to_a_bind_has_a_verdict(void **state)
{
	try_answers(*state, SEARCH, true);
}

static void each_answer_to_a_bind_by_template_has_a_verdict(void **state)
{
	try_answers(*state, TEMPLATE, false);
}

static void an_unknown_name_makes_as_many_round_trips(void **state)
{
	struct world *world = *state;
	int known, unknown;

	open_with(world, SEARCH);
	try(world, "alice", "wrong");
	known = world->fake.binds + world->fake.searches;
	world->fake.script.entry_count = 0;
	expect(world, "nobody", "wrong", AUTH_UNKNOWN);
	unknown = world->fake.binds + world->fake.searches - known;
	assert_int_equal(unknown, known);
	assert_int_equal(known, 2);
}

static void nothing_is_searched_as_a_person_where_there_is_an_account(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH "group-base = \"ou=groups,dc=example,dc=org\"\n"
				"group-filter = \"(member={dn})\"\n");
	for (int i = 0; i < 3; i++)
		expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->fake.searches_as_person, 0);
	assert_int_equal(world->fake.group_searches, 3);
}

static void by_template_people_read_their_own_entry(void **state)
{
	struct world *world = *state;

	open_with(world, TEMPLATE);
	expect(world, "Alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.subject, "alice");
	assert_string_equal(world->fake.bound_dn, "uid=Alice,ou=people,dc=example,dc=org");
	assert_string_equal(world->fake.base, "uid=Alice,ou=people,dc=example,dc=org");
	assert_int_equal(world->fake.searches_as_person, 1);
	world->fake.script.search_code = LDAP_NO_SUCH_OBJECT;
	world->fake.script.entry_count = 0;
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "cannot read the user"));
	assert_int_equal(renew(world), AUTH_UNKNOWN);
}

/* ---- connections ---- */

static void connections_are_kept(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	for (int i = 0; i < 5; i++)
		expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->fake.accepted, 2);
	assert_int_equal(world->fake.service_binds, 1);
	assert_int_equal(world->fake.searches, 5);
	assert_int_equal(world->fake.binds, 5);
}

static void a_connection_that_died_is_opened_again(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	world->fake.script.closes = true;
	for (int i = 0; i < 3; i++)
		expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->fake.service_binds, 3);
}

static void a_connection_that_dies_at_the_next_request_is_opened_again(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	/* The kept one and the new one end so; then nobody is asked any more. */
	world->fake.script.closes_before = true;
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
	assert_int_equal(world->fake.service_binds, 2);
	world->fake.script.closes_before = false;
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
}

static void a_silent_server_takes_no_longer_than_the_timeout(void **state)
{
	struct world *world = *state;
	int64_t began;

	open_with(world, SEARCH SHORT_TIMES);
	world->fake.script.silent = true;
	began = clock_monotonic_ms();
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 20000);
	assert_non_null(strstr(world->error.text, "bind as bind-dn"));
}

static void half_an_answer_takes_no_longer_than_the_timeout(void **state)
{
	struct world *world = *state;
	int64_t began;

	open_with(world, SEARCH SHORT_TIMES);
	world->fake.script.half = true;
	began = clock_monotonic_ms();
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNAVAILABLE);
	assert_true(clock_monotonic_ms() - began < 20000);
}

static void the_next_server_is_asked_and_the_dead_one_left_out(void **state)
{
	struct world *world = *state;
	struct fake dead;
	char servers[128];

	fake_start(&dead);
	dead.script.silent = true;
	snprintf(servers, sizeof servers, "\"ldap://127.0.0.1:%d\", \"ldap://127.0.0.1:%d\"",
		dead.port, world->fake.port);
	assert_int_equal(
		try_open(world, servers, SEARCH "connect-timeout = \"2s\"\ntimeout = \"20s\"\n"),
		0);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->error.text, "");
	assert_int_equal(dead.accepted, 1);
	world->fake.script.closes = true; /* so that each try connects anew */
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(dead.accepted, 1);
	fake_stop(&dead);
}

/* ---- the service account ---- */

static void a_wrong_service_password_is_sent_once(void **state)
{
	static const char *const wrong[] = {"not it at all", FAKE_PASSWORD};
	struct world *world = *state;
	char servers[128];

	snprintf(servers, sizeof servers, "\"ldap://127.0.0.1:%d\", \"ldap://localhost:%d\"",
		world->fake.port, world->fake.port);
	assert_int_equal(try_open(world, servers, SEARCH), 0);
	assert_int_equal(try_with(world, "alice", FAKE_PASSWORD, (struct auth_secrets){wrong, 2}),
		AUTH_UNAVAILABLE);
	assert_int_equal(world->fake.service_binds, 1);
	assert_non_null(strstr(world->error.text, "bind as bind-dn: Invalid credentials"));
	assert_null(strstr(world->error.text, wrong[0]));
}

static void without_a_service_password_nobody_is_asked(void **state)
{
	struct world *world = *state;
	struct error error;

	open_with(world, SEARCH);
	assert_int_equal(try_with(world, "alice", FAKE_PASSWORD, (struct auth_secrets){NULL, 0}),
		AUTH_UNAVAILABLE);
	assert_non_null(strstr(world->error.text, "meetauthctl secret set backend/people"));
	assert_int_equal(
		auth_ldap.connect(world->instance, &(struct auth_secrets){NULL, 0}, &error), -1);
	assert_non_null(strstr(error.text, "meetauthctl secret set backend/people"));
	assert_int_equal(world->fake.accepted, 0);
}

static void connect_tries_base_and_filter(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	assert_int_equal(auth_ldap.connect(world->instance, &secrets, &world->error), 0);
	assert_int_equal(world->fake.searches, 2);
	assert_int_equal(world->fake.binds, 0);
	world->fake.script.search_code = LDAP_NO_SUCH_OBJECT;
	assert_int_equal(auth_ldap.connect(world->instance, &secrets, &world->error), -1);
	assert_non_null(strstr(world->error.text, "base: No such object"));
	auth_close(&auth_ldap, world->instance);
	open_with(world, SEARCH "filter = \"(&(uid={name})(!(a=b)(c=d)))\"\n");
	world->fake.script.search_code = LDAP_SUCCESS;
	assert_int_equal(auth_ldap.connect(world->instance, &secrets, &world->error), -1);
	assert_non_null(strstr(world->error.text, "filter: Bad search filter"));
}

/* ---- groups ---- */

static void a_search_finds_groups_too(void **state)
{
	static const struct fake_entry groups[] = {
		{"cn=hosts,ou=groups,dc=example,dc=org", {{"description", {"The hosts", "Hosts"}}}},
		{"cn=staff,ou=groups,dc=example,dc=org", {{0}}}};
	struct world *world = *state;

	world->fake.script.groups = groups;
	world->fake.script.group_count = 2;
	open_with(world, SEARCH "group-base = \"ou=groups,dc=example,dc=org\"\n"
				"group-filter = \"(member={dn})\"\n");
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->who.group_count, 3); /* staff is in memberOf too */
	assert_true(identity_has_group(&world->who, "hosts"));
	auth_close(&auth_ldap, world->instance);
	open_with(world, SEARCH "group-base = \"ou=groups,dc=example,dc=org\"\nnested = true\n"
				"group-attribute = \"\"\ngroup-name-attribute = \"description\"\n");
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->who.group_count, 2);
	assert_true(identity_has_group(&world->who, "The hosts"));
	assert_non_null(memmem(world->fake.filter, world->fake.filter_length,
		"1.2.840.113556.1.4.1941", strlen("1.2.840.113556.1.4.1941")));
	assert_non_null(
		memmem(world->fake.filter, world->fake.filter_length, alice.dn, strlen(alice.dn)));
	world->fake.script.search_code = LDAP_SIZELIMIT_EXCEEDED;
	assert_int_equal(renew(world), AUTH_DENY); /* the search for her says so first */
}

static void group_names_may_be_whole_dns(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH "group-names = \"dn\"\n");
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_true(identity_has_group(&world->who, "cn=staff,ou=groups,dc=example,dc=org"));
	assert_false(identity_has_group(&world->who, "staff"));
}

static void too_many_groups_are_a_fault_and_not_a_choice(void **state)
{
	static char names[IDENTITY_GROUPS_MAX + 1][64];
	struct world *world = *state;
	static struct fake_entry many;

	many = alice;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(names[i], sizeof names[i], "cn=g%zu,dc=example,dc=org", i);
		many.attributes[3].values[i] = names[i];
	}
	world->fake.script.entries = &many;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "group-match"));
	assert_string_equal(world->who.subject, "alice"); /* so that the log says who */
	assert_int_equal(world->who.group_count, 0);
	auth_close(&auth_ldap, world->instance);
	open_with(world, SEARCH "group-match = {\"G1*\", \"g2\"}\n");
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->who.group_count, 12);
	assert_true(identity_has_group(&world->who, "g19"));
	assert_false(identity_has_group(&world->who, "g3"));
}

static void a_group_name_that_does_not_fit_is_a_fault(void **state)
{
	static char name[256];
	struct world *world = *state;
	static struct fake_entry odd;

	odd = alice;
	snprintf(name, sizeof name, "cn=%0*d,dc=example", IDENTITY_GROUP_MAX + 1, 1);
	odd.attributes[3] = (struct fake_attribute){"memberOf", {name}};
	world->fake.script.entries = &odd;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "longer than"));
	odd.attributes[3] = (struct fake_attribute){"memberOf", {"no dn at all", "cn=ok,dc=x"}};
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(world->who.group_count, 1);
}

/* The example of [MS-DTYP] is not one: RFC 4122's name space of DNS, as Active Directory has it. */
#define GUID_BYTES "\x10\xb8\xa7\x6b\xad\x9d\xd1\x11\x80\xb4\x01\xc0\x4f\xd4\x30\xc8"
#define GUID_TEXT  "6ba7b810-9dad-11d1-80b4-01c04fd430c8"

static void an_object_guid_is_a_subject(void **state)
{
	struct world *world = *state;
	static struct fake_entry entry;

	entry = alice;
	entry.attributes[0] = (struct fake_attribute){"objectGUID", {GUID_BYTES}};
	world->fake.script.entries = &entry;
	open_with(world, SEARCH "subject-attribute = \"objectguid\"\n");
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.subject, GUID_TEXT);
	entry.attributes[0] = (struct fake_attribute){"objectGUID", {"short"}};
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "subject-attribute"));
}

static void binary_names_are_written_as_their_tools_do(void **state)
{
	static const struct {
		const char *attribute;
		struct berval value;
		const char *text;
	} cases[] = {
		{"mS-DS-ConsistencyGuid", {16, (char *)GUID_BYTES}, GUID_TEXT},
		{"objectGUID", {17, (char *)GUID_BYTES "x"}, NULL},
		{"objectSid",
			{28, (char *)"\1\5\0\0\0\0\0\5\x15\0\0\0\1\0\0\0\2\0\0\0"
				     "\xff\xff\xff\xff\x51\4\0\0"},
			"S-1-5-21-1-2-4294967295-1105"},
		{"objectSid", {12, (char *)"\1\1\0\0\0\0\0\1\0\0\0\0"}, "S-1-1-0"},
		{"objectSid", {12, (char *)"\1\2\0\0\0\0\0\1\0\0\0\0"}, NULL},
		{"objectSid", {12, (char *)"\2\1\0\0\0\0\0\1\0\0\0\0"}, NULL},
		{"objectSid", {8, (char *)"\1\0\0\0\0\0\0\1"}, NULL},
		{"uid", {5, (char *)"alice"}, "alice"},
		{"uid", {3, (char *)"a\0b"}, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *text = directory_subject(cases[i].attribute, &cases[i].value);

		if (cases[i].text == NULL)
			assert_null(text);
		else
			assert_string_equal(text, cases[i].text);
		free(text);
	}
}

/* Active Directory tells 1500 or 5000 values at once. */
static void a_part_of_the_groups_is_a_fault(void **state)
{
	struct world *world = *state;
	static struct fake_entry some;

	some = alice;
	some.attributes[3] =
		(struct fake_attribute){"memberOf;range=0-1", {"cn=a,dc=x", "cn=b,dc=x"}};
	world->fake.script.entries = &some;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_UNFIT);
	assert_non_null(strstr(world->error.text, "only some of the groups in memberOf"));
	some = alice;
	world->fake.script.entries = &some;
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	some.attributes[3] = (struct fake_attribute){"MEMBEROF;Range=0-1", {"cn=a,dc=x"}};
	assert_int_equal(renew(world), AUTH_UNFIT);
}

/* ---- renewing ---- */

static void a28_new_groups_are_read(void **state)
{
	struct world *world = *state;
	static struct fake_entry changed;

	changed = alice;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	world->who.second_factor = true;
	changed.attributes[1] = (struct fake_attribute){"cn", {"Alice Hargreaves"}};
	changed.attributes[3] = (struct fake_attribute){"memberOf", {"cn=guests,dc=example"}};
	world->fake.script.entries = &changed;
	assert_int_equal(renew(world), AUTH_GRANT);
	assert_string_equal(world->who.subject, "alice");
	assert_string_equal(world->who.backend, "people");
	assert_string_equal(world->who.name, "Alice Hargreaves");
	assert_int_equal(world->who.group_count, 1);
	assert_true(identity_has_group(&world->who, "guests"));
	assert_true(world->who.second_factor);
	assert_int_equal(world->fake.binds, 1);
}

static void a28_who_is_gone_loses_the_session(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	world->fake.script.entry_count = 0;
	assert_int_equal(renew(world), AUTH_DENY);
}

static void a28_a_name_that_is_somebody_else_s_now_loses_the_session(void **state)
{
	struct world *world = *state;
	static struct fake_entry other;

	other = alice;
	open_with(world, SEARCH);
	expect(world, "info@example.org", FAKE_PASSWORD, AUTH_GRANT);
	assert_string_equal(world->who.refresh_data, "info@example.org");
	assert_int_equal(renew(world), AUTH_GRANT);
	other.attributes[0] = (struct fake_attribute){"uid", {"bob"}};
	world->fake.script.entries = &other;
	assert_int_equal(renew(world), AUTH_DENY);
}

static void a28_who_is_disabled_loses_the_session(void **state)
{
	static const struct {
		const char *attribute, *value;
		enum auth_verdict verdict;
	} cases[] = {{"userAccountControl", "514", AUTH_DENY},
		{"userAccountControl", "512", AUTH_GRANT},
		{"pwdAccountLockedTime", "000001010000Z", AUTH_DENY},
		{"pwdAccountLockedTime", "20260101000000Z", AUTH_GRANT},
		{"nsAccountLock", "TRUE", AUTH_DENY}, {"nsAccountLock", "false", AUTH_GRANT},
		{"loginDisabled", "TRUE", AUTH_DENY},
		/* p3: an account that expires; in 100 ns since 1601, in days, as a time */
		{"accountExpires", "130000000000000000", AUTH_DENY},
		{"accountExpires", "0", AUTH_GRANT},
		{"accountExpires", "9223372036854775807", AUTH_GRANT},
		{"accountExpires", "9223372036854775806", AUTH_GRANT},
		{"accountExpires", "1", AUTH_DENY}, {"accountExpires", "-1", AUTH_GRANT},
		{"accountExpires", "159000000000000000", AUTH_GRANT}, /* 2104 */
		{"shadowExpire", "1", AUTH_DENY}, {"shadowExpire", "0", AUTH_GRANT},
		{"shadowExpire", "-1", AUTH_GRANT}, {"shadowExpire", "99999", AUTH_GRANT},
		{"krbPrincipalExpiration", "20200101000000Z", AUTH_DENY},
		{"krbPrincipalExpiration", "20990101000000Z", AUTH_GRANT},
		{"krbPrincipalExpiration", "2020", AUTH_GRANT},
		{"krbPrincipalExpiration", "", AUTH_GRANT},
		{"loginExpirationTime", "20200101000000Z", AUTH_DENY},
		{"pwdEndTime", "20200101000000.123Z", AUTH_DENY},
		{"pwdEndTime", "2020-01-01T00:00:00Z", AUTH_GRANT}};
	struct world *world = *state;
	static struct fake_entry marked;

	marked = alice;
	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	world->fake.script.entries = &marked;
	for (size_t i = 0; i < COUNT(cases); i++) {
		marked.attributes[4] =
			(struct fake_attribute){cases[i].attribute, {cases[i].value}};
		assert_int_equal(renew(world), cases[i].verdict);
	}
}

/* The entry and when its password was set are those of the sign-in. */
static void p10_another_password_or_entry_loses_the_session(void **state)
{
	static const char *const attributes[] = {"pwdChangedTime", "pwdLastSet", "pwdUpdateTime",
		"krbLastPwdChange", "shadowLastChange", "entryUUID", "objectGUID", "nsUniqueId"};
	struct world *world = *state;
	static struct fake_entry before, after;

	open_with(world, SEARCH);
	for (size_t i = 0; i < COUNT(attributes); i++) {
		before = after = alice;
		before.attributes[4] = (struct fake_attribute){attributes[i], {"133000"}};
		after.attributes[4] = (struct fake_attribute){attributes[i], {"133001"}};
		world->fake.script.entries = &before;
		expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
		assert_int_equal(renew(world), AUTH_GRANT);
		world->fake.script.entries = &after;
		assert_int_equal(renew(world), AUTH_DENY);
		assert_non_null(strstr(world->error.text, "new password"));
		before.attributes[4] = (struct fake_attribute){"modifyTimestamp", {"1"}};
		world->fake.script.entries = &before;
		assert_int_equal(renew(world), AUTH_DENY);
	}
	world->fake.script.entries = &alice;
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	assert_int_equal(renew(world), AUTH_GRANT);
	before = alice;
	before.attributes[4] = (struct fake_attribute){"modifyTimestamp", {"1"}};
	world->fake.script.entries = &before;
	assert_int_equal(renew(world), AUTH_GRANT);
}

static void an_outage_is_no_word_about_anybody(void **state)
{
	struct world *world = *state;

	open_with(world, SEARCH);
	expect(world, "alice", FAKE_PASSWORD, AUTH_GRANT);
	world->fake.script.search_code = LDAP_BUSY;
	assert_int_equal(renew(world), AUTH_UNAVAILABLE);
	/* the base is gone, or hidden: nobody in particular is */
	world->fake.script.search_code = LDAP_NO_SUCH_OBJECT;
	assert_int_equal(renew(world), AUTH_UNAVAILABLE);
	assert_string_equal(world->who.subject, "alice");
	assert_int_equal(world->who.group_count, 2);
}

/* ---- options ---- */

static void wrong_options_say_what_would_be_right(void **state)
{
	static const struct {
		const char *servers, *options, *said;
	} cases[] = {
		{"", SEARCH, "servers: expected 1 to 8 entries, found 0"},
		{"\"ldap://ldap.example.org\"", SEARCH, "would send passwords unencrypted"},
		{"\"ldap://127.0.0.1.example.org\"", SEARCH, "would send passwords unencrypted"},
		{"\"ldap://10.0.0.1\"", SEARCH, "would send passwords unencrypted"},
		{"\"ldapi:///\"", SEARCH, "does not start with ldap:// or ldaps://"},
		{"\"ldap.example.org\"", SEARCH, "is not a server's URL"},
		{"\"ldaps://\"", SEARCH, "has no host"},
		{"\"ldaps://h/dc=example\"", SEARCH, "must be a server only"},
		{"\"ldaps://h\"", SEARCH "ca-file = \"/nonexistent/ca.pem\"\n", "ca-file: "},
		{"\"ldap://localhost\"", "", "base: is missing"},
		{"\"ldap://localhost\"", "base = \"people\"\n", "is not a DN"},
		{"\"ldap://localhost\"", SEARCH "filter = \"(uid=x)\"\n",
			"does not contain {name}"},
		{"\"ldap://localhost\"", SEARCH "filter = \"uid={name}\"\n",
			"is not a filter like"},
		{"\"ldap://localhost\"", SEARCH "filter = \"(uid={name}))\"\n",
			"is not a filter like"},
		{"\"ldap://localhost\"", SEARCH "filter = \"(a=b)(uid={name})\"\n",
			"is not a filter like"},
		{"\"ldap://localhost\"", SEARCH "scope = \"children\"\n",
			"expected \"sub\" or \"one\""},
		{"\"ldap://localhost\"", TEMPLATE "base = \"dc=example\"\n", "user-dn replaces"},
		{"\"ldap://localhost\"", TEMPLATE "filter = \"(uid={name})\"\n",
			"user-dn replaces"},
		{"\"ldap://localhost\"", "user-dn = \"uid=x,dc=example\"\n", "with {name} as a"},
		{"\"ldap://localhost\"", "user-dn = \"{name}@example.org\"\n", "is not a DN"},
		{"\"ldap://localhost\"", "user-dn = \"uid={name},dc=example\"\n",
			"requires bind-dn"},
		{"\"ldap://localhost\"", "base = \"dc=example\"\nbind-dn = \"admin\"\n",
			"is not a DN"},
		{"\"ldap://localhost\"", SEARCH "subject-attribute = \"\"\n", "is empty"},
		{"\"ldap://localhost\"", SEARCH "name-attribute = \"c n\"\n",
			"not the name of an attr"},
		{"\"ldap://localhost\"", SEARCH "group-names = \"cn\"\n",
			"expected \"rdn\" or \"dn\""},
		{"\"ldap://localhost\"", SEARCH "group-filter = \"(member=x)\"\n",
			"contains neither {dn} nor"},
		{"\"ldap://localhost\"", SEARCH "nested = true\ngroup-filter = \"(member={dn})\"\n",
			"remove one of them"},
		{"\"ldap://localhost\"", TEMPLATE "nested = true\n", "group-base: is missing"},
		{"\"ldap://localhost\"", SEARCH "timeout = \"0\"\n",
			"timeout: expected a duration"},
		{"\"ldap://localhost\"", SEARCH "connect-timeout = \"1h\"\n", "from 1ms to 1m"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(try_open(world, cases[i].servers, cases[i].options), -1);
		if (strstr(world->error.text, cases[i].said) == NULL)
			fail_msg("%zu: \"%s\" is not in \"%s\"", i, cases[i].said,
				world->error.text);
		assert_non_null(strstr(world->error.text, "/conf:"));
	}
	assert_null(world->instance);
}

static void these_options_are_good(void **state)
{
	static const struct {
		const char *servers, *options;
	} cases[] = {
		{"\"ldap://127.0.0.1:1389\", \"ldap://[::1]\", \"ldap://LocalHost\"", SEARCH},
		{"\"ldap://127.8.9.10\"", TEMPLATE},
		{"\"ldaps://ldap.example.org\", \"ldap://ldap2.example.org:389\"",
			SEARCH "start-tls = true\nca-file = \"/dev/null\"\n"},
		{"\"ldap://localhost\"", SEARCH "filter = \"(|(uid={name})(mail={name}))\"\n"},
	};
	struct world *world = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (try_open(world, cases[i].servers, cases[i].options) != 0)
			fail_msg("%s", world->error.text);
		auth_close(&auth_ldap, world->instance);
		world->instance = NULL;
	}
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a47_names_are_escaped_in_filters),
		cmocka_unit_test(a47_a_dn_is_escaped_in_a_filter),
		cmocka_unit_test(a47_names_that_are_too_long_make_no_filter),
		cmocka_unit_test(a47_names_are_escaped_in_dns),
		cmocka_unit_test(a_template_without_a_place_for_the_name_is_none),
		ROW(a47_a_name_that_is_a_filter_finds_nobody),
		ROW(a_right_password_gives_a_whole_identity),
		ROW(however_it_is_typed_it_is_one_person),
		ROW(of_several_names_it_is_always_the_same),
		ROW(an_entry_without_a_subject_is_a_fault),
		ROW(a48_an_empty_password_reaches_no_server),
		ROW(a49_two_entries_are_nobody),
		ROW(a49_referrals_are_not_followed),
		ROW(a49_references_among_the_entries_are_passed_over),
		ROW(a49_a_server_that_strips_starttls_gets_no_password),
		ROW(each_answer_to_a_bind_has_a_verdict),
		ROW(each_answer_to_a_bind_by_template_has_a_verdict),
		ROW(an_unknown_name_makes_as_many_round_trips),
		ROW(nothing_is_searched_as_a_person_where_there_is_an_account),
		ROW(by_template_people_read_their_own_entry),
		ROW(connections_are_kept),
		ROW(a_connection_that_died_is_opened_again),
		ROW(a_connection_that_dies_at_the_next_request_is_opened_again),
		ROW(a_silent_server_takes_no_longer_than_the_timeout),
		ROW(half_an_answer_takes_no_longer_than_the_timeout),
		ROW(the_next_server_is_asked_and_the_dead_one_left_out),
		ROW(a_wrong_service_password_is_sent_once),
		ROW(without_a_service_password_nobody_is_asked),
		ROW(connect_tries_base_and_filter),
		ROW(a_search_finds_groups_too),
		ROW(group_names_may_be_whole_dns),
		ROW(too_many_groups_are_a_fault_and_not_a_choice),
		ROW(a_group_name_that_does_not_fit_is_a_fault),
		ROW(an_object_guid_is_a_subject),
		ROW(binary_names_are_written_as_their_tools_do),
		ROW(a_part_of_the_groups_is_a_fault),
		ROW(a28_new_groups_are_read),
		ROW(a28_who_is_gone_loses_the_session),
		ROW(a28_a_name_that_is_somebody_else_s_now_loses_the_session),
		ROW(a28_who_is_disabled_loses_the_session),
		ROW(p10_another_password_or_entry_loses_the_session),
		ROW(an_outage_is_no_word_about_anybody),
		ROW(wrong_options_say_what_would_be_right),
		ROW(these_options_are_good),
	};

	signal(SIGPIPE, SIG_IGN); /* as the daemon has it */
	return cmocka_run_group_tests_name("ldap", tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* automake's word for a test that does not apply */
}

#endif
