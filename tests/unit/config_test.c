/* SPDX-License-Identifier: MIT
 *
 * Configuration files that are good, and what becomes of them.
 */
#include "config_fixture.h"

#include <pthread.h>

static void test_defaults(void **state)
{
	struct settings *s = load(SITE);

	(void)state;
	assert_string_equal(s->file, file);
	assert_string_equal(s->store, LOCALSTATEDIR "/lib/meetauth/store");
	assert_string_equal(s->store_key, SYSCONFDIR "/meetauth/store.key");
	assert_string_equal(s->state, "lmdb:/run/meetauth");
	assert_string_equal(s->share, DATADIR "/meetauth");
	assert_int_equal(s->session_lifetime, 12 * 3600);
	assert_int_equal(s->session_idle, 3600);
	assert_int_equal(s->ticket_lifetime, 600);
	assert_int_equal(s->drain_timeout_ms, 10000);
	assert_true(s->confine);
	assert_int_equal(s->throttle_account.count, 10);
	assert_int_equal(s->throttle_account.period_ms, 600000);
	assert_int_equal(s->throttle_address.count, 60);
	assert_int_equal(s->throttle_address.period_ms, 600000);
	assert_int_equal(s->max_in_flight, 10000);
	assert_int_equal(s->log, CONFIG_LOG_STDERR);
	assert_int_equal(s->log_format, CONFIG_LOGFMT);
	assert_int_equal(s->log_users, CONFIG_USERS_PLAIN);
	assert_int_equal(s->languages.count, 1);
	assert_string_equal(s->languages.items[0], "en");
	assert_string_equal(s->brand_name, "");
	assert_string_equal(s->brand_logo, "");
	assert_false(s->policy.present);
	assert_false(s->policy.allow_by_default);
	assert_int_equal(s->policy.count, 0);
	config_free(&s);
	assert_null(s);
	config_free(&s);
}

static void test_everything_set(void **state)
{
	struct settings *s =
		load("base-url = 'https://external.example.org/auth/' # slash goes\n"
		     "store = \"st/ore\" store-key = \"k\" state = \"memory:\" share = \"here\"\n"
		     "session-lifetime = \"2h\" session-idle = 90 ticket-lifetime = 5m\n"
		     "drain-timeout = 250ms throttle-account = \"1/1s\" throttle-address = "
		     "\"100000/1d\"\n"
		     "max-in-flight = 1000000 log = syslog log-format = json log-users = keyed\n"
		     "languages = {\"de\", \"en\", 'pt-BR'} brand-name = \"Größe & Co\"\n"
		     "brand-logo = \"/auth/static/logo.svg\"\n"
		     "brand-logo-dark = \"/auth/static/dark.svg\" brand-icon = \"/i.png\"\n"
		     "platform \"p\" { type = other } backend \"b\" { type = file }\n");

	(void)state;
	assert_string_equal(s->base_url, "https://external.example.org/auth");
	assert_string_equal(s->store, "st/ore");
	assert_string_equal(s->store_key, "k");
	assert_string_equal(s->state, "memory:");
	assert_string_equal(s->share, "here");
	assert_int_equal(s->session_lifetime, 7200);
	assert_int_equal(s->session_idle, 90);
	assert_int_equal(s->ticket_lifetime, 300);
	assert_int_equal(s->drain_timeout_ms, 250);
	assert_int_equal(s->throttle_account.count, 1);
	assert_int_equal(s->throttle_account.period_ms, 1000);
	assert_int_equal(s->throttle_address.count, 100000);
	assert_int_equal(s->throttle_address.period_ms, 86400000);
	assert_int_equal(s->max_in_flight, 1000000);
	assert_int_equal(s->log, CONFIG_LOG_SYSLOG);
	assert_int_equal(s->log_format, CONFIG_JSON);
	assert_int_equal(s->log_users, CONFIG_USERS_KEYED);
	assert_int_equal(s->languages.count, 3);
	assert_string_equal(s->languages.items[2], "pt-BR");
	assert_string_equal(s->brand_name, "Größe & Co");
	assert_string_equal(s->brand_logo, "/auth/static/logo.svg");
	assert_string_equal(s->brand_logo_dark, "/auth/static/dark.svg");
	assert_string_equal(s->brand_icon, "/i.png");
	config_free(&s);
}

/* base-url as written, and what origin and mount become. */
static void base_url(const char *written, const char *origin, const char *mount)
{
	struct buffer text = BUFFER_INIT(4096);
	struct settings *s;
	char url[256];

	buffer_printf(&text,
		"base-url = \"%s\"\nplatform \"p\" { type = other } backend \"b\" { type = file "
		"}\n",
		written);
	s = load(text.data);
	snprintf(url, sizeof url, "%s%s", origin, mount);
	assert_string_equal(s->origin, origin);
	assert_string_equal(s->mount, mount);
	assert_string_equal(s->base_url, url);
	config_free(&s);
	buffer_release(&text);
}

static void test_base_url_gives_origin_and_mount(void **state)
{
	(void)state;
	base_url("https://x.example/auth", "https://x.example", "/auth");
	base_url("https://x.example", "https://x.example", "");
	base_url("https://x.example/", "https://x.example", "");
	base_url("https://x.example/a/b-._~c/", "https://x.example", "/a/b-._~c");
	base_url("https://X.Example:443/Auth", "https://x.example", "/Auth");
	base_url("https://x.example:8443/auth", "https://x.example:8443", "/auth");
	base_url("https://x.example:1443", "https://x.example:1443", "");
	base_url("http://localhost:80/auth", "http://localhost", "/auth");
	base_url("http://[::1]:8080/auth", "http://[::1]:8080", "/auth");
}

static void test_check_url(void **state)
{
	static const char *const good[] = {"https://a", "https://a.example:8443/x",
		"https://[2001:db8::1]/", "http://localhost", "http://LOCALHOST:1/x",
		"http://127.0.0.1:80", "http://127.9.9.9", "http://[::1]:8080/x",
		"http://[0:0:0:0:0:0:0:1]"};
	static const char *const bad[] = {"", "a", "//a", "https:a", "https:///x", "https://",
		"ftp://a", "HTTP://a", "http://a", "http://localhost.evil.example",
		"http://127.0.0.1.evil.example", "http://128.0.0.1", "http://0.0.0.0",
		"http://[::2]", "http://127.1", "http://2130706433", "https://a:0",
		"https://a:", "https://a:65536", "https://a:x", "https://u@a", "https://u:p@a",
		"https://@a", "https://a?x", "https://a/?", "https://a#x", "https://a#",
		"https://a b", "https://a\n", "https://a_b", "https://a%2eb", "https://-a",
		"https://a..b", "https://a.", "https://\xc3\xa4", "https://[v1.x]", "https://[::1",
		"https://a\\b", "https://a:80:90"};
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (config_check_url(good[i], &error) != 0)
			fail_msg("%s: %s", good[i], error.text);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		error.text[0] = '\0';
		if (config_check_url(bad[i], &error) == 0 || error.text[0] == '\0')
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(config_check_url("ftp://a", NULL), -1);
}

static void test_quotes_and_comments(void **state)
{
	struct settings *s = load("# one { \" '\n// two\n/* three\n * \" } */ base-url = "
				  "https://x.example/auth // four\n"
				  "\n"
				  "store = \"a#b//c/*d*/\\\\ \\\" \\$\" # \"five\n"
				  "store-key = 'a\\\\b\\'c\\d \"${CONFIG_TEST_UNSET}'\r\n"
				  "platform p/* x */{ type = other }backend b{type=file}//six");

	(void)state;
	assert_string_equal(s->base_url, "https://x.example/auth");
	assert_string_equal(s->store, "a#b//c/*d*/\\ \" $");
	assert_string_equal(s->store_key, "a\\b'c\\d \"${CONFIG_TEST_UNSET}");
	config_free(&s);
	REFUSED({"/* a */ # b\n// c\n/* d\n e */\nnope = 1", 5, "unknown option \"nope\""},
		{"languages = { # a list\n \"en\", // of\n \"x y\" }", 1, "base-url: is missing"},
		{"nope1 = /* {", 1, "never closed"});
}

static void test_environment(void **state)
{
	struct settings *s = load("base-url = \"https://${CONFIG_TEST_HOST}/auth\"\n"
				  "store = \"${CONFIG_TEST_UNSET:-/else/where}\"\n"
				  "store-key = ${CONFIG_TEST_HOST} # ${CONFIG_TEST_UNSET}\n"
				  "brand-name = \"<${CONFIG_TEST_EMPTY}>${CONFIG_TEST_QUOTE}\"\n"
				  "share = \"\\${CONFIG_TEST_UNSET}\"\n"
				  "platform p { type = other } backend b { type = file }");

	(void)state;
	assert_string_equal(s->base_url, "https://external.example.org/auth");
	assert_string_equal(s->store, "/else/where");
	assert_string_equal(s->store_key, "external.example.org");
	assert_string_equal(s->brand_name, "<>a\"b # c { * }");
	assert_string_equal(s->share, "${CONFIG_TEST_UNSET}");
	config_free(&s);
	REFUSED({BASE "store = \"x${CONFIG_TEST_UNSET}\"", 2,
			"the environment variable CONFIG_TEST_UNSET is not set"},
		{BASE "\nstore = ${CONFIG_TEST_UNSET}", 3, "is not set"},
		{BASE "store = \"${CONFIG_TEST_EMPTY}\"", 2, "store: is empty"},
		{BASE "store = \"${}\"", 2, "write ${NAME}"},
		{BASE "store = \"${A B}\"", 2, "write ${NAME}"},
		{BASE "store = \"${1A}\"", 2, "write ${NAME}"},
		{BASE "store = \"${A\"", 2, "write ${NAME}"},
		{BASE "store = \"${A:-\"", 2, "write ${NAME}"});
}

static void test_sections(void **state)
{
	struct settings *s;
	const struct section *p;
	struct veeting_values values;
	const char *const *items;
	struct error error;
	size_t count;

	(void)state;
	s = load(BASE "platform \"Meeting.Example.org:8443\" { type = \"veeting\" prefill = off\n"
		      " timeout = \"250ms\" forward = {\"a\", \"b\", \"c\"} tries = 7 }\n"
		      "platform \"b.example\" { type = \"veeting\" forward = {} }\n"
		      "platform \"c.example\" { type = \"other\" realm = x }\n"
		      "backend \"Staff_1.x-y\" { type = \"file\" }\n"
		      "backend \"google\" { type = \"oidc\" label = \"Sign in with Google\" }\n");
	assert_int_equal(s->platform_count, 3);
	p = s->platforms[0];
	assert_string_equal(section_title(p), "meeting.example.org:8443");
	assert_string_equal(section_type(p), "veeting");
	assert_int_equal(section_fill(p, &values, &error), 0);
	assert_false(values.prefill);
	assert_int_equal(section_milliseconds(p, "timeout"), 250);
	assert_int_equal(values.tries, 7);
	items = section_list(p, "forward", &count);
	assert_int_equal(count, 3);
	assert_string_equal(items[2], "c");
	assert_true(section_has(p, "prefill"));
	assert_false(section_has(p, "api"));
	assert_string_equal(section_string(p, "api"), "");
	assert_string_equal(section_string(p, "join-path"), "/join/{meetingToken}");
	assert_string_equal(section_string(s->platforms[2], "realm"), "x");
	assert_int_equal(section_milliseconds(s->platforms[2], "timeout"), 7000);
	section_list(s->platforms[1], "forward", &count);
	assert_int_equal(count, 0);
	assert_true(section_has(s->platforms[1], "forward"));
	assert_int_equal(section_fill(s->platforms[1], &values, &error), 0);
	assert_true(values.prefill);
	assert_int_equal(values.tries, 3);
	assert_int_equal(s->backend_count, 2);
	assert_string_equal(section_string(s->backends[0], "label"), "Staff_1.x-y");
	assert_string_equal(section_string(s->backends[1], "label"), "Sign in with Google");
	config_free(&s);
}

static void test_fallback_of_a_list(void **state)
{
	struct settings *s = load(SITE);
	size_t count;
	const char *const *items = section_list(s->platforms[0], "forward", &count);

	(void)state;
	assert_int_equal(count, 2);
	assert_string_equal(items[0], "culture");
	assert_string_equal(items[1], "layout");
	assert_false(section_has(s->platforms[0], "forward"));
	config_free(&s);
}

static void test_section_error(void **state)
{
	struct settings *s = load(BASE "platform p {\n type = veeting\n api = \"x\"\n}\n"
				       "backend b { type = file }");
	struct error error;
	char expected[128];

	(void)state;
	assert_int_equal(section_error(s->platforms[0], "api", &error, "%d is wrong", 7), -1);
	snprintf(expected, sizeof expected, "%s:4: platform \"p\": api: 7 is wrong", file);
	assert_string_equal(error.text, expected);
	section_error(s->platforms[0], "timeout", &error, "x");
	snprintf(expected, sizeof expected, "%s:2: platform \"p\": timeout: x", file);
	assert_string_equal(error.text, expected);
	section_error(s->platforms[0], NULL, &error, "x");
	snprintf(expected, sizeof expected, "%s:2: platform \"p\": x", file);
	assert_string_equal(error.text, expected);
	assert_int_equal(section_error(s->platforms[0], NULL, NULL, "x"), -1);
	config_free(&s);
}

static void test_policy(void **state)
{
	struct settings *s = load(
		SITE "policy {\n"
		     " rule \"staff\" { allow = true groups = {\"staff\", \"admins\"} }\n"
		     " rule \"partner\" {\n  allow = yes\n  emails = {\"*@partner.example\"}\n"
		     "  meetings = {\"8320-*\"} users = {\"a\"} backends = {\"staff\"}\n"
		     "  platforms = {\"meeting.example.org\"}\n"
		     "  not-before = \"2026-01-01T08:00Z\" not-after = \"2026-12-31T18:00Z\" }\n"
		     " rule \"nobody\" { allow = false }\n"
		     " default = \"allow\"\n}");
	const struct config_rule *r = s->policy.rules;

	(void)state;
	assert_true(s->policy.present);
	assert_true(s->policy.allow_by_default);
	assert_int_equal(s->policy.count, 3);
	assert_string_equal(r[0].name, "staff");
	assert_int_equal(r[0].line, 5);
	assert_true(r[0].allow);
	assert_int_equal(r[0].groups.count, 2);
	assert_string_equal(r[0].groups.items[1], "admins");
	assert_int_equal(r[0].users.count, 0);
	assert_int_equal(r[0].not_before, 0);
	assert_int_equal(r[1].line, 6);
	assert_string_equal(r[1].emails.items[0], "*@partner.example");
	assert_string_equal(r[1].meetings.items[0], "8320-*");
	assert_string_equal(r[1].users.items[0], "a");
	assert_string_equal(r[1].backends.items[0], "staff");
	assert_string_equal(r[1].platforms.items[0], "meeting.example.org");
	assert_int_equal(r[1].not_before, 1767254400);
	assert_int_equal(r[1].not_after, 1798740000);
	assert_false(r[2].allow);
	config_free(&s);
}

static void test_policy_default_is_deny(void **state)
{
	struct settings *s = load(SITE "policy { }");

	(void)state;
	assert_true(s->policy.present);
	assert_false(s->policy.allow_by_default);
	config_free(&s);
}

static void test_a_large_file(void **state)
{
	enum { RULES = 22000 };
	struct buffer text = BUFFER_INIT(2 << 20);
	struct settings *s;

	(void)state;
	buffer_text(&text, SITE "policy {\n");
	for (int i = 0; i < RULES; i++)
		buffer_printf(&text, "rule \"r%d\" { allow = true users = {\"u%d\", \"v%d\"} }\n",
			i, i, i);
	buffer_text(&text, "}");
	assert_false(text.failed);
	assert_true(text.length > 1 << 20);
	s = load(text.data);
	assert_int_equal(s->policy.count, RULES);
	for (int i = 0; i < RULES; i++) /* in the order of the file */
		assert_int_equal(s->policy.rules[i].line, 5 + i);
	assert_string_equal(s->policy.rules[RULES - 1].users.items[1], "v21999");
	config_free(&s);
	buffer_release(&text);
}

static void *load_again(void *arg)
{
	struct error error;

	for (int i = 0; i < 50; i++) {
		struct settings *s = config_load(arg, types, &error);

		if (s == NULL)
			return arg;
		config_free(&s);
	}
	return NULL;
}

static void test_two_threads(void **state)
{
	pthread_t threads[2];
	void *result;

	(void)state;
	write_bytes(SITE, strlen(SITE));
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, load_again, file), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_null(result);
	}
}

static void test_guest_desk_finds_its_backends(void **state)
{
	struct settings *s = load(SITE "backend \"links\" { type = \"invite\" }\n"
				       "guest-desk { groups = {\"hosts\", \"staff\"} backends = "
				       "{\"staff\"} }\n"
				       "backend \"g\" { type = \"guest-account\" }\n");

	(void)state;
	assert_true(s->desk.present);
	assert_int_equal(s->desk.groups.count, 2);
	assert_int_equal(s->desk.backends.count, 1);
	assert_string_equal(s->desk.backends.items[0], "staff");
	assert_string_equal(s->desk.groups.items[1], "staff");
	assert_string_equal(section_title(s->desk.accounts), "g");
	assert_string_equal(section_title(s->desk.invitations), "links");
	config_free(&s);
	s = load(SITE "backend \"a\" { type = \"guest-account\" }\n"
		      "backend \"b\" { type = \"guest-account\" }\n"
		      "guest-desk { groups = {\"hosts\"} accounts = \"b\" }\n");
	assert_string_equal(section_title(s->desk.accounts), "b");
	assert_null(s->desk.invitations);
	config_free(&s);
	s = load(SITE);
	assert_false(s->desk.present);
	config_free(&s);
}

static void test_fixed_options(void **state)
{
	static const struct {
		const char *text, *names;
	} cases[] = {
		{"state = \"redis://other\"", "state"},
		{"state-timeout = 501ms", "state-timeout"},
		{"state-replicas = 1", "state-replicas"},
		{"state-prefix = \"other:\"", "state-prefix"},
		{"state-ca-file = \"/dev/null\"", "state-ca-file"},
		{"state-certificate = \"/dev/null\"", "state-certificate"},
		{"state-certificate-key = \"/dev/null\"", "state-certificate-key"},
		{"sentinels = {\"one:1\"}", "sentinels"},
		{"sentinel-name = \"other\"", "sentinel-name"},
		{"state-required = false", "state-required"},
		{"metrics-folder = \"/run/other\"", "metrics-folder"},
		{"state-required = no\nsentinel-name = \"x\"", "sentinel-name, state-required"},
		{"state-timeout = 500ms\nstate-required = yes\nsession-idle = 59m", NULL},
	};
	struct settings *from = load(SITE), *to;
	struct error error;
	char text[1024], expected[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "%s%s\n", SITE, cases[i].text);
		to = load(text);
		snprintf(expected, sizeof expected,
			"%s: %s: cannot change while the pool runs; restart the pool", file,
			cases[i].names != NULL ? cases[i].names : "");
		assert_int_equal(
			config_check_reload(from, to, &error), cases[i].names != NULL ? -1 : 0);
		if (cases[i].names != NULL)
			assert_string_equal(error.text, expected);
		config_free(&to);
	}
	config_free(&from);
	from = load(SITE "sentinels = {\"one:1\", \"two:2\"}\n");
	to = load(SITE "sentinels = {\"one:1\", \"two:3\"}\n");
	assert_int_equal(config_check_reload(from, to, &error), -1);
	assert_int_equal(config_check_reload(from, from, &error), 0);
	config_free(&to);
	config_free(&from);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_set),
		cmocka_unit_test(test_base_url_gives_origin_and_mount),
		cmocka_unit_test(test_check_url),
		cmocka_unit_test(test_quotes_and_comments),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_fallback_of_a_list),
		cmocka_unit_test(test_section_error),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_policy_default_is_deny),
		cmocka_unit_test(test_a_large_file),
		cmocka_unit_test(test_two_threads),
		cmocka_unit_test(test_guest_desk_finds_its_backends),
		cmocka_unit_test(test_fixed_options),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
