/* SPDX-License-Identifier: MIT
 *
 * Options as data: each kind takes what it should, says what it expected of what it refuses, and
 * its value gets into the struct of the driver.
 */
#include "section_fixture.h"

enum colour { RED, GREEN, BLUE };

struct car {
	const char *name, *plate, *url, *page, *site, *host, *domain, *path, *file, *word, *absent;
	enum colour colour;
	bool fast, green;
	int64_t wheels, wait_ms, wait, rest, since, absent_number;
	unsigned doors, colours;
	struct config_list hosts, origins, sent, texts;
	struct config_rate rate;
};

static const char *const colours[] = {"red", "green", "blue", NULL};

static int check_lower(const char *text, struct error *why)
{
	return strpbrk(text, "ABC") == NULL ? 0 : error_set(why, "has a capital letter");
}

static const struct option options[] = {
	{"name", OPTION_TEXT, "carla", "what it is called", .min = 1, .max = 8,
		OPTION_INTO(struct car, name)},
	{"plate", OPTION_NAME, "b-1", "its plate", .extra = "-", .min = 3, .max = 9,
		.check = check_lower, OPTION_INTO(struct car, plate)},
	{"url", OPTION_URL, NULL, "its page", OPTION_INTO(struct car, url)},
	{"page", OPTION_PAGE, NULL, "its page", OPTION_INTO(struct car, page)},
	{"site", OPTION_ORIGIN, NULL, "its site", OPTION_INTO(struct car, site)},
	{"host", OPTION_HOST, NULL, "its host", OPTION_INTO(struct car, host)},
	{"domain", OPTION_DOMAIN, NULL, "its domain", OPTION_INTO(struct car, domain)},
	{"path", OPTION_PATH, "/var", "where it is", OPTION_INTO(struct car, path)},
	{"file", OPTION_FILE, NULL, "its papers", OPTION_INTO(struct car, file)},
	{"colour", OPTION_ENUM, "green", "its colour", .words = colours,
		OPTION_INTO(struct car, colour)},
	{"word", OPTION_ENUM, "red", "its colour as a word", .words = colours,
		OPTION_INTO(struct car, word)},
	{"green", OPTION_ENUM, "red", "whether it has one", .words = colours,
		OPTION_INTO(struct car, green)},
	{"fast", OPTION_BOOL, "true", "whether it is", OPTION_INTO(struct car, fast)},
	{"wheels", OPTION_NUMBER, "4", "how many", .min = 3, .max = 18,
		OPTION_INTO(struct car, wheels)},
	{"doors", OPTION_NUMBER, "5", "how many", OPTION_INTO(struct car, doors)},
	{"wait", OPTION_DURATION, "2s", "how long", .min = 10, .max = 50000,
		OPTION_INTO(struct car, wait_ms)},
	{"whole", OPTION_SECONDS, "2m", "how long", .min = 1, OPTION_INTO(struct car, wait)},
	{"rest", OPTION_MINUTES, "2m", "how long", .min = 1, .max = 60,
		OPTION_INTO(struct car, rest)},
	{"since", OPTION_TIME, "2026-01-01", "when it was built", OPTION_INTO(struct car, since)},
	{"absent", OPTION_TEXT, NULL, "a text", .null_if_unset = true,
		OPTION_INTO(struct car, absent)},
	{"absent-number", OPTION_SECONDS, NULL, "a number", .null_if_unset = true,
		OPTION_INTO(struct car, absent_number)},
	{"colours", OPTION_LIST, "{\"red\", \"blue\"}", "words", .of = OPTION_ENUM,
		.words = colours, OPTION_INTO(struct car, colours)},
	{"hosts", OPTION_LIST, NULL, "hosts", .of = OPTION_HOST, .max = 2, .required = true,
		OPTION_INTO(struct car, hosts)},
	{"origins", OPTION_LIST, NULL, "origins", .of = OPTION_ORIGIN,
		OPTION_INTO(struct car, origins)},
	{"sent", OPTION_LIST, NULL, "origins", .of = OPTION_SENT, OPTION_INTO(struct car, sent)},
	{"texts", OPTION_LIST, NULL, "texts", .distinct = true, .not_empty = true,
		.check = check_lower, OPTION_INTO(struct car, texts)},
	{"rate", OPTION_RATE, "10/10m", "how often", OPTION_INTO(struct car, rate)},
	{"nowhere", OPTION_DURATION, "7d", "read by others"},
	{0},
};

#define HOSTS "hosts = {\"a.example\"}\n"

/* The options begin in the fourth line. -1 with the error of the load or of the filling. */
static int fill(struct fixture *fixture, const char *text, struct car *car, struct error *error)
{
	const struct option none[] = {{0}};
	const struct section_type platforms[] = {{"car", options}, {0}};
	const struct section_type backends[] = {{"none", none}, {0}};
	const struct config_types types = {platforms, backends};

	if (try_configure(fixture, types, error,
		    "platform \"Meeting.example.org:8443\" {\n type = \"car\"\n%s\n}\n"
		    "backend \"b\" { type = \"none\" }\n",
		    text) != 0)
		return -1;
	return section_fill(fixture->settings->platforms[0], car, error);
}

static void test_defaults_fill_the_struct(void **state)
{
	struct error error = {""};
	struct car car = {0};

	if (fill(*state, HOSTS, &car, &error) != 0)
		fail_msg("%s", error.text);
	assert_string_equal(car.name, "carla");
	assert_string_equal(car.url, "");
	assert_string_equal(car.file, "");
	assert_string_equal(car.site, "https://meeting.example.org:8443");
	assert_string_equal(car.word, "red");
	assert_int_equal(car.colour, GREEN);
	assert_false(car.green);
	assert_true(car.fast);
	assert_int_equal(car.wheels, 4);
	assert_int_equal(car.doors, 5);
	assert_int_equal(car.wait_ms, 2000);
	assert_int_equal(car.wait, 120);
	assert_int_equal(car.rest, 2);
	assert_int_equal(car.since, 1767225600);
	assert_null(car.absent);
	assert_int_equal(car.absent_number, -1);
	assert_int_equal(car.colours, 1 << RED | 1 << BLUE);
	assert_int_equal(car.hosts.count, 1);
	assert_string_equal(car.hosts.items[0], "a.example");
	assert_int_equal(car.texts.count, 0);
	assert_int_equal(car.rate.count, 10);
	assert_int_equal(car.rate.period_ms, 600000);
}

static void test_what_the_file_says_fills_the_struct(void **state)
{
	struct error error = {""};
	struct car car = {0};
	static const char text[] =
		HOSTS "name = \"x\"\nplate = \"p-9\"\nurl = \"https://h/p\"\n"
		      "page = \"https://h/p?q=1\"\nsite = \"https://WWW.example:443\"\n"
		      "host = \"h:99\"\ndomain = \"h\"\nfile = \"/dev/null\"\ncolour = blue\n"
		      "word = green\ngreen = green\nfast = false\nwheels = 18\nwait = \"10ms\"\n"
		      "whole = \"1h\"\nrest = \"60m\"\nabsent = \"\"\nabsent-number = 0\n"
		      "colours = {}\norigins = {\"https://A.example:443\"}\n"
		      "sent = {\"https://a.example\"}\ntexts = {\"a\", \"b\"}\n";

	if (fill(*state, text, &car, &error) != 0)
		fail_msg("%s", error.text);
	assert_string_equal(car.site, "https://www.example");
	assert_string_equal(car.page, "https://h/p?q=1");
	assert_string_equal(car.file, "/dev/null");
	assert_string_equal(car.word, "green");
	assert_int_equal(car.colour, BLUE);
	assert_true(car.green);
	assert_false(car.fast);
	assert_int_equal(car.wait_ms, 10);
	assert_int_equal(car.wait, 3600);
	assert_int_equal(car.rest, 60);
	assert_string_equal(car.absent, "");
	assert_int_equal(car.absent_number, 0);
	assert_int_equal(car.colours, 0);
	assert_string_equal(car.origins.items[0], "https://a.example");
	assert_int_equal(car.texts.count, 2);
}

static void test_what_is_refused_says_what_was_expected(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"", ":2: platform \"meeting.example.org:8443\": hosts: is missing: write hosts = "
		     "{\"…\"}, hosts"},
		{"hosts = {}", ":4: platform \"meeting.example.org:8443\": hosts: expected 1 to 2 "
			       "entries, found 0"},
		{"hosts = {\"a\", \"b\", \"c\"}", "hosts: expected 1 to 2 entries, found 3"},
		{"hosts = {\"a b\"}", "expected a host name, perhaps with a port, found \"a b\""},
		{"hosts = {\"a\", \"\"}", "hosts: has an empty text in its list"},
		{HOSTS "name = \"\"", ":5: platform \"meeting.example.org:8443\": name: expected 1 "
				      "to 8 bytes of text, found \"\""},
		{HOSTS "name = \"123456789\"",
			"expected 1 to 8 bytes of text, found \"123456789\""},
		{HOSTS "plate = \"a/b\"", "expected 3 to 9 letters, digits or -, found \"a/b\""},
		{HOSTS "plate = \"ab\"", "expected 3 to 9 letters"},
		{HOSTS "plate = \"AAA\"", "plate: \"AAA\" has a capital letter"},
		{HOSTS "url = \"http://h/\"", "url: \"http://h/\" names another host, and http:// "
					      "is for this machine only"},
		{HOSTS "url = \"https://h/?q\"", "has a query"},
		{HOSTS "page = \"h\"", "page: \"h\" is not an address"},
		{HOSTS "site = \"https://h/\"", "must be https://host or https://host:port"},
		{HOSTS "site = \"\"", "site: \"\" is not an address"},
		{HOSTS "host = \"a_b\"", "expected a host name, perhaps with a port"},
		{HOSTS "domain = \"a:1\"", "expected a host name without a port, found \"a:1\""},
		{HOSTS "path = \"a\"", "path: expected an absolute path, found \"a\""},
		{HOSTS "path = \"\"", "path: expected an absolute path, found \"\""},
		{HOSTS "file = \"/nowhere/at/all\"",
			"file: cannot read \"/nowhere/at/all\": No such file"},
		{HOSTS "colour = Red", "expected \"red\", \"green\" or \"blue\", found \"Red\""},
		{HOSTS "colours = {\"red\", \"\"}", "expected \"red\", \"green\" or \"blue\""},
		{HOSTS "fast = perhaps", "fast: expected true or false, found \"perhaps\""},
		{HOSTS "wheels = 2", "expected a whole number from 3 to 18, found \"2\""},
		{HOSTS "doors = 2147483648", "expected a whole number from 0 to 2147483647"},
		{HOSTS "wait = \"9ms\"", "expected a duration like \"90s\", \"10m\", \"12h\" or "
					 "\"7d\", from 10ms to 50s, found \"9ms\""},
		{HOSTS "wait = \"51s\"", "from 10ms to 50s"},
		{HOSTS "whole = \"1500ms\"",
			"expected a duration in whole seconds, at least 1s, found \"1500ms\""},
		{HOSTS "whole = 0", "at least 1s"},
		{HOSTS "rest = \"90s\"", "expected a duration in whole minutes, from 1m to 1h"},
		{HOSTS "rest = \"61m\"", "from 1m to 1h"},
		{HOSTS "since = \"soon\"", "expected a time in UTC like"},
		{HOSTS "sent = {\"https://A.example\"}",
			"\"https://A.example\" has capital letters"},
		{HOSTS "sent = {\"https://a.example:443\"}", "has the default port"},
		{HOSTS "origins = {\"https://a/b\"}", "without a path"},
		{HOSTS "texts = {}", "texts: an empty list: name at least one"},
		{HOSTS "texts = {\"a\", \"a\"}", "texts: \"a\" is in the list twice"},
		{HOSTS "texts = {\"a\", \"B\"}", "texts: \"B\" has a capital letter"},
		{HOSTS "rate = \"10\"", "expected a rate like \"10/10m\""},
		{HOSTS "name = \"a\x01\"", "expected text in UTF-8 without control characters"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct error error = {""};
		struct car car = {0};

		if (fill(*state, cases[i].text, &car, &error) != -1)
			fail_msg("taken: %s", cases[i].text);
		if (strstr(error.text, cases[i].words) == NULL)
			fail_msg("%s: expected \"%s\": %s", cases[i].text, cases[i].words,
				error.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_defaults_fill_the_struct, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(
			test_what_the_file_says_fills_the_struct, fixture_up, fixture_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_refused_says_what_was_expected, fixture_up, fixture_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
