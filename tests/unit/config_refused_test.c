/* SPDX-License-Identifier: MIT
 *
 * Configuration files that are refused: each case is a file, a line and what the error must say.
 * The names of attacks (A25, …) are those of the project's attack table.
 */
#include "config_fixture.h"

static void test_base_url_refused(void **state)
{
	(void)state;
	REFUSED({"\n\n", 1, "base-url: is missing"},
		{"\nbase-url = \"http://x.example/auth\"", 2, "http:// is for this machine only"},
		{"base-url = \"\"", 1, "base-url: "}, {"base-url = \"/auth\"", 1, "https://"},
		{"base-url = \"https://x.example/a//b\"", 1, "single slashes"},
		{"base-url = \"https://x.example/auth//\"", 1, "single slashes"},
		{"base-url = \"https://x.example/a%20b\"", 1, "the path"},
		{"base-url = \"https://x.example/a/../b\"", 1, "the path"},
		{"base-url = \"https://x.example/a;b\"", 1, "the path"});
}

static void test_a59_numbers_and_durations(void **state)
{
	(void)state;
	REFUSED({BASE "max-in-flight = 300x", 2, "max-in-flight: expected a whole number"},
		{BASE "\nmax-in-flight = -5", 3, "\"-5\""},
		{BASE "max-in-flight = +5", 2, "outside of quotes"},
		{BASE "max-in-flight = \"+5\"", 2, "whole number"},
		{BASE "max-in-flight = 99999999999999999999", 2, "whole number"},
		{BASE "max-in-flight = 2147483648", 2, "whole number"},
		{BASE "max-in-flight = 010", 2, "whole number"},
		{BASE "max-in-flight = 0x10", 2, "whole number"},
		{BASE "max-in-flight = 1k", 2, "whole number"},
		{BASE "max-in-flight = \"\"", 2, "whole number"},
		{BASE "max-in-flight = 0", 2, "from 1 to 1000000"},
		{BASE "max-in-flight = 1000001", 2, "from 1 to 1000000"},
		{BASE "session-idle = \"1y\"", 2,
			"session-idle: expected a duration in whole seconds"},
		{BASE "session-idle = \"-1h\"", 2, "a duration"},
		{BASE "session-idle = \"1 h\"", 2, "a duration"},
		{BASE "session-idle = \"99999999999999999999h\"", 2, "a duration"},
		{BASE "session-idle = 0", 2, "at least 1s"},
		{BASE "ticket-lifetime = 1500ms", 2, "whole seconds"},
		{BASE "session-lifetime = \"30m\"", 2, "session-idle (3600 s) is longer"},
		{BASE "session-lifetime = \"2h\"\nsession-idle = \"3h\"", 3, "is longer"},
		{BASE "throttle-account = \"10\"", 2, "a rate like"},
		{BASE "throttle-account = \"0/1m\"", 2, "a rate like"},
		{BASE "throttle-account = \"100001/1m\"", 2, "a rate like"},
		{BASE "throttle-account = \"10/0\"", 2, "a rate like"},
		{BASE "throttle-account = \"10/\"", 2, "a rate like"},
		{BASE "throttle-account = \"/10m\"", 2, "a rate like"},
		{BASE "throttle-account = \"10/10m/2\"", 2, "a rate like"},
		{BASE "throttle-address = \"99999999999999999999/1m\"", 2, "a rate like"});
}

static void test_a60_format_characters_are_data(void **state)
{
	struct settings *s = load(SITE "brand-name = \"%s%n%x\"");

	(void)state;
	assert_string_equal(s->brand_name, "%s%n%x");
	config_free(&s);
	REFUSED({BASE "%s%n = 1", 2, "unknown option \"%s%n\""},
		{BASE "log = \"%n%s\"", 2, "found \"%n%s\""},
		{BASE "platform \"%s%n\" { type = \"%n\" }\nbackend b { type = file }", 2, "%s%n"},
		{BASE "platform p { type = \"%n%s\" }", 2, "no type \"%n%s\""});
}

static void test_words(void **state)
{
	(void)state;
	REFUSED({BASE "log = \"stdout\"", 2,
			"log: expected \"stderr\", \"syslog\" or \"journald\", found \"stdout\""},
		{BASE "log-format = \"JSON\"", 2, "\"logfmt\" or \"json\""},
		{BASE "languages = {}", 2, "at least one"},
		{BASE "languages = {\"en\", \"e n\"}", 2, "\"e n\""},
		{BASE "languages = {\"..\"}", 2, "not the name"},
		{BASE "languages = {\"../../etc\"}", 2, "not the name"},
		{BASE "languages = {\"en\", \"de\", \"en\"}", 2, "twice"},
		{BASE "store = \"\"", 2, "store: is empty"},
		{BASE "share = \"\"", 2, "share: is empty"},
		{BASE "brand-logo = \"https://x/logo\"", 2, "not a path on this host"},
		{BASE "brand-logo = \"//evil/logo\"", 2, "not a path on this host"},
		{BASE "brand-icon = \"icon.svg\"", 2, "not a path on this host"},
		{BASE "brand-accent = \"blue\"", 2, "not a colour like"},
		{BASE "brand-accent = \"#12345\"", 2, "not a colour like"},
		{BASE "brand-accent = \"#ffcc00\"", 2, "has a contrast of 1.3"},
		{BASE "brand-accent = \"#ffcc00\"", 2, "the nearest colour that has it is \"#"},
		{BASE "brand-help = \"http://example.org/\"", 2, "begins with https://"},
		{BASE "brand-privacy = \"javascript:x\"", 2, "begins with https://"},
		{BASE "brand-help = \"//evil.example/\"", 2, "begins with https://"},
		{BASE "brand-name = \"a\tb\"", 2, "control characters"},
		{BASE "brand-name = \"\xff\"", 2, "UTF-8"});
}

static void test_unknown_options_name_the_nearest(void **state)
{
	(void)state;
	REFUSED({BASE "stroe = \"x\"", 2, "unknown option \"stroe\": did you mean \"store\"?"},
		{BASE "base_url = \"x\"", 2, "did you mean \"base-url\"?"},
		{BASE "\n\nfrobnicate = 1", 4, "unknown option \"frobnicate\""},
		{BASE "platform p {\n type = veeting\n time-out = \"1s\"\n}", 4,
			"platform \"p\": unknown option \"time-out\": did you mean \"timeout\"?"},
		{BASE "platform p { tpye = veeting }", 2, "did you mean \"type\"?"},
		{BASE "platform p { type = veeting\n frward = {} }", 3,
			"did you mean \"forward\"?"},
		{BASE "polciy { }", 2, "did you mean \"policy\"?"},
		{BASE "policy {\n rule \"r\" {\n  alow = true } }", 4,
			"rule \"r\": unknown option \"alow\": did you mean \"allow\"?"},
		{BASE "platform p { type = veeting label = x }", 2, "unknown option \"label\""},
		{BASE "include(\"/etc/passwd\")", 2, "write include = \"FILE\""});
}

/* Loading fails with words that are the last. */
static void ends_with(const char *text, const char *words)
{
	struct error error = {""};
	size_t length;

	write_bytes(text, strlen(text));
	assert_null(config_load(file, types, &error));
	length = strlen(error.text);
	if (length < strlen(words) || strcmp(error.text + length - strlen(words), words) != 0)
		fail_msg("\"%s\" expected at the end: %s", words, error.text);
}

/* A name that is near to an option of another type is near to nothing. */
static void test_unknown_options_name_none_of_another_type(void **state)
{
	(void)state;
	ends_with(BASE "backend b { type = file\n isuer = x }", "unknown option \"isuer\"");
	ends_with(BASE "platform p { type = veeting\n relm = x }", "unknown option \"relm\"");
	REFUSED({BASE "backend b { type = oidc\n isuer = x }", 3, "did you mean \"issuer\"?"},
		{BASE "backend b { type = file\n lable = x }", 3, "did you mean \"label\"?"},
		{BASE "backend b { isuer = x }", 2, "did you mean \"issuer\"?"});
}

static void test_secrets_are_set_elsewhere(void **state)
{
	(void)state;
	REFUSED({BASE "platform \"M.example\" { type = veeting\n secret = x }", 3,
			"\"secret\": secrets do not belong in this file; \"meetauthctl secret set "
			"M.example\" stores"},
		{BASE "platform p { api_key = x }", 2, "\"meetauthctl secret set p\""},
		{BASE "backend b { type = oidc client-secret = x }", 2,
			"\"meetauthctl secret set backend/b\""},
		{BASE "backend b { type = oidc Password = x }", 2, "secret set backend/b"});
	ends_with(BASE "password = x", "unknown option \"password\"");
}

static void test_options_of_another_type(void **state)
{
	(void)state;
	REFUSED({BASE "platform p { type = veeting }\nbackend b {\n issuer = \"x\"\n type = "
		      "file\n}",
			4,
			"backend \"b\": option \"issuer\" belongs to type \"oidc\", and this is "
			"type "
			"\"file\""},
		{BASE "platform p {\n type = other\n forward = {\"a\", \"b\"}\n}", 4,
			"forward: takes one value"},
		{BASE "platform p {\n type = other\n forward = {}\n}", 4,
			"forward: takes one value"},
		{BASE "platform p { type = other prefill = true }", 2,
			"belongs to type \"veeting\""});
}

/* Wherever the type stands, and whatever else is in the section. */
static void test_types_left_out_of_the_build(void **state)
{
	(void)state;
	REFUSED({BASE "platform p { type = veeting }\nbackend b { type = radius }", 3,
			"backend \"b\": type: this build lacks this type"},
		{BASE "platform p { type = veeting }\nbackend b {\n type = radius\n servers = "
		      "{\"a\"}\n}",
			4, "backend \"b\": type: this build lacks this type"},
		{BASE "platform p { type = veeting }\nbackend b {\n retries = 3\n type = radius }",
			5, "backend \"b\": type: this build lacks this type"},
		{BASE "platform p { type = veeting }\nbackend b { type = radius }\nbackend c {\n "
		      "servers = \"x\" type = file }",
			5, "unknown option \"servers\""});
}

static void test_types_of_values(void **state)
{
	(void)state;
	REFUSED({BASE "platform p {\n type = veeting\n prefill = maybe }", 4,
			"platform \"p\": prefill: expected true or false, found \"maybe\""},
		{BASE "platform p { type = veeting prefill = \"\" }", 2, "true or false"},
		{BASE "platform p { type = veeting tries = -1 }", 2, "whole number"},
		{BASE "platform p { type = veeting timeout = soon }", 2, "a duration"},
		{BASE "platform p { type = veeting api = {\"a\"} }", 2, "does not belong here"},
		{BASE "platform p { type = veeting forward = {\"a\x01\"} }", 2,
			"control characters"},
		{BASE "store = {\"a\", \"b\"}", 2, "does not belong here"},
		{BASE "store { }", 2, "missing equal sign"},
		{BASE "store \"x\"", 2, "missing equal sign"},
		{BASE "store = ", 2, "premature end"},
		{BASE "platform = \"x\"", 2, "missing title"},
		{BASE "platform { type = veeting }", 2, "missing title"},
		{BASE "platform p q { type = veeting }", 2, "missing opening brace"},
		{BASE "policy = { }", 2, "missing opening brace"},
		{BASE "store += \"x\"", 2, "append to non-list"},
		{BASE "\"\" = 1", 2, "the name of an option"},
		{SITE "policy {\n rule r {\n  allow = true\n  \"\" } }", 7,
			"the name of an option"});
}

static void test_duplicates(void **state)
{
	(void)state;
	REFUSED({BASE "\nbase-url = \"https://y\"", 3,
			"option \"base-url\" is set twice, first on line 1"},
		{BASE "languages = {\"en\"}\nlanguages = {\"de\"}", 3,
			"set twice, first on line 2"},
		{BASE "platform p { type = veeting\n type = other }", 3, "set twice"},
		{BASE "platform p { type = veeting }\nplatform p { type = veeting }", 3,
			"platform \"p\": duplicate: the same is on line 2"},
		{BASE "platform P.example { type = veeting }\nplatform p.EXAMPLE {\n type = "
		      "veeting }",
			3, "duplicate: the same is on line 2"},
		{SITE "backend staff { type = file }", 4, "duplicate: the same is on line 3"},
		{SITE "policy { }\n\npolicy { default = allow }", 6,
			"a second policy section: put all rules into the first, on line 4"},
		{SITE "policy {\n rule \"a\" { allow = true }\n rule \"a\" { allow = false }\n}", 6,
			"rule \"a\": duplicate: the same is on line 5"},
		{SITE "policy {\n rule b { allow = true }\n rule a { allow = true }\n"
		      " meet m { allow = true }\n rule c { allow = true }\n"
		      " meet m { allow = false }\n}",
			9, "meet \"m\": duplicate: the same is on line 7"},
		{SITE "policy { default = deny }\n\"policy|default\" = allow", 5,
			"outside of its section"},
		{SITE "policy { default = deny default = allow }", 4, "set twice"});
}

static void test_what_is_never_closed(void **state)
{
	(void)state;
	REFUSED({SITE "policy {\n rule \"a\" { allow = true }\n", 4, "never closed"},
		{SITE "policy {\n rule \"a\" {\n allow = true }\n", 4, "never closed"},
		{SITE "policy {\n rule \"a\" { allow = true groups = {\"x\" }\n", 5,
			"never closed"},
		{SITE "}", 4, "a } without a {"},
		{BASE "/* starts\n\n here", 2, "the comment that starts here is never closed"},
		{SITE "\"policy { default = deny }", 4, "not closed on its line"},
		{BASE "store = \"abc\nlog = \"stderr\"", 2, "not closed on its line"},
		{BASE "store = 'abc\nlog = 'stderr'", 2, "not closed on its line"},
		{BASE "store = \"abc\\", 2, "not closed on its line"},
		{BASE "policy { rule a { x { x { x { x { x { x { x {", 2,
			"braces are nested too deeply"});
}

static void test_text_that_libconfuse_would_change(void **state)
{
	(void)state;
	REFUSED({SITE "policy { rule a { allow = false\n meetings = {8320-*} } }", 5,
			"a * outside of quotes"},
		{SITE "policy|default = allow", 4, "a | outside of quotes"},
		{BASE "store = a+b", 2, "a + outside of quotes"},
		{BASE "store = \"a\\0b\"", 2, "a backslash"},
		{BASE "store = \"a\\x00b\"", 2, "a backslash"},
		{BASE "store = \"a\\nb\"", 2, "a backslash"});
}

static void test_sections_refused(void **state)
{
	(void)state;
	REFUSED({BASE "backend b { type = file }", 1, "no platform: write at least one"},
		{BASE "platform p { type = veeting }", 1, "no backend: write at least one"},
		{BASE "\nplatform p {\n\n}", 3,
			"platform \"p\": type is missing: write type = \"veeting\""},
		{BASE "platform p {\n type = veting }", 3,
			"no type \"veting\": did you mean \"veeting\"? Known: veeting, other"},
		{BASE "platform p { type = \"zoom-like\" }", 2, "Known: veeting, other"},
		{BASE "platform \"https://p\" { type = veeting }", 2, "host name, or host:port"},
		{BASE "platform \"a b\" { type = veeting }", 2, "host name"},
		{BASE "platform \"a@b\" { type = veeting }", 2, "host name"},
		{BASE "platform \"\" { type = veeting }", 2, "host name"},
		{BASE "platform \"p:0\" { type = veeting }", 2, "host name"},
		{BASE "platform p { type = veeting }\nbackend \"a/b\" { type = file }", 3,
			"letters, digits"},
		{BASE "platform p { type = veeting }\nbackend \"..\" { type = file }", 3,
			"dots alone"},
		{BASE "platform p { type = veeting }\nbackend \"\" { type = file }", 3,
			"letters, digits"},
		{BASE "platform p { type = veeting }\nbackend b {\n type = file\n label = \"\" }",
			5, "label: is empty"});
}

static void test_policy_refused(void **state)
{
	(void)state;
	REFUSED({SITE "policy {\n rule \"r\" {\n  groups = {\"a\"} } }", 5,
			"rule \"r\": allow is missing"},
		{SITE "policy { rule \"r\" { allow = 1 } }", 4, "true or false"},
		{SITE "policy { default = \"denied\" }", 4,
			"policy: default: expected \"deny\" or \"allow\""},
		{SITE "policy { default = \"Allow\" }", 4, "\"deny\" or \"allow\""},
		{SITE "policy { rule \"\" { allow = true } }", 4, "a rule's name"},
		{SITE "policy { rule \"default\" { allow = true } }", 4, "choose another"},
		{SITE "policy { rule \"no policy\" { allow = true } }", 4, "choose another"},
		{SITE "policy { rule \"r\" { allow = true\n not-before = \"soon\" } }", 5,
			"not-before: expected a time in UTC like"},
		{SITE "policy { rule \"r\" { allow = true not-after = \"2026-02-30\" } }", 4,
			"not-after"},
		{SITE "policy { rule \"r\" { allow = true not-after = \"2026-01-01T08:00\" } }", 4,
			"in UTC"},
		{SITE "policy { rule \"r\" { allow = true not-after = \"1970-01-01\" } }", 4,
			"not-after"},
		{SITE "policy { rule \"r\" { allow = true not-after = \"\" } }", 4, "not-after"},
		{SITE "policy { rule r { allow = true\n second-factor = false } }", 5,
			"rule \"r\": second-factor: must be true"},
		{SITE "policy { rule r { allow = true\n role = \"Moderator\" } }", 5,
			"role: \"Moderator\" is not 1 to 32 small letters"},
		{SITE "policy { rule r { allow = true role = \"\" } }", 4, "role: "},
		{SITE "policy { rule r { allow = true role = \"a b\" } }", 4, "role: "},
		{SITE "policy { rule r { allow = true role = "
		      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" } }",
			4, "role: "},
		{SITE "policy { rule r { allow = false\n role = \"moderator\" } }", 5,
			"role: a rule that denies cannot give a role"});
}

static void test_a27_networks(void **state)
{
	(void)state;
	REFUSED({SITE "policy { rule r { allow = true\n networks = {\"10.0.0.0/8\", \"x\"} } }", 5,
			"rule \"r\": networks: \"x\" is not an address or network"},
		{SITE "policy { rule r { allow = true networks = {} } }", 4,
			"networks: an empty list"},
		{SITE "policy { rule r { allow = true networks = {\"\"} } }", 4, "an empty text"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0.0/33\"} } }", 4,
			"a number from 0 to 32"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0.0/\"} } }", 4,
			"a number from 0 to 32"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0.0/08\"} } }", 4,
			"a number from 0 to 32"},
		{SITE "policy { rule r { allow = true networks = {\"2001:db8::/129\"} } }", 4,
			"a number from 0 to 128"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0.1/8\"} } }", 4,
			"has bits set after its prefix"},
		{SITE "policy { rule r { allow = true networks = {\"2001:db8::1/64\"} } }", 4,
			"has bits set"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0/8\"} } }", 4,
			"is not an address"},
		{SITE "policy { rule r { allow = true networks = {\"10.0.0.0/255.0.0.0\"} } }", 4,
			"a number from 0 to 32"},
		{SITE "policy { rule r { allow = true networks = {\"fe80::1%eth0\"} } }", 4,
			"is not an address"});
}

static void test_a25_empty_list_is_never_everybody(void **state)
{
	(void)state;
	REFUSED({SITE "policy {\n rule \"r\" { allow = true groups = {} } }", 5,
			"rule \"r\": groups: an empty list: name at least one"},
		{SITE "policy { rule r { allow = true users = {} } }", 4, "users: an empty list"},
		{SITE "policy { rule r { allow = true emails = {} } }", 4, "emails: an empty list"},
		{SITE "policy { rule r { allow = true backends = {} } }", 4,
			"backends: an empty list"},
		{SITE "policy { rule r { allow = true platforms = {} } }", 4,
			"platforms: an empty list"},
		{SITE "policy { rule r { allow = true meetings = {} } }", 4,
			"meetings: an empty list"},
		{SITE "policy { rule r { allow = true acr = {} } }", 4, "acr: an empty list"},
		{SITE "policy { rule r { allow = true groups = {\"a\"}\n groups = {} } }", 5,
			"set twice"},
		{SITE "policy { rule r { allow = true groups = {}\n groups = {\"a\"} } }", 5,
			"set twice"},
		{SITE "policy { rule r { allow = true\n\n groups = { # none\n } } }", 7,
			"an empty list"},
		{SITE "policy { rule r { allow = true groups = {\"\"} } }", 4, "an empty text"},
		{SITE "policy { rule r { allow = true groups = {\"a\", \"${CONFIG_TEST_EMPTY}\"} "
		      "} }",
			4, "an empty text"});
}

#define TOKENS_OF(conditions)                                                                      \
	SITE "policy {\n rule \"r\" { allow = true\n meeting-tokens = {\"8320-*\"} " conditions    \
	     " } }"
#define ALONE 6, "rule \"r\": meeting-tokens: visitors supply the token and nobody confirms it"

/* Whatever stands beside it that anybody has, or that leaves no meeting out. */
static void test_p1_no_rule_allows_by_a_token_alone(void **state)
{
	(void)state;
	REFUSED({TOKENS_OF(""), ALONE}, {TOKENS_OF("backends = {\"staff\"}"), ALONE},
		{TOKENS_OF("platforms = {\"meeting.example.org\"}"), ALONE},
		{TOKENS_OF("networks = {\"0.0.0.0/0\"}"), ALONE},
		{TOKENS_OF("second-factor = true"), ALONE}, {TOKENS_OF("acr = {\"gold\"}"), ALONE},
		{TOKENS_OF("not-after = \"2036-01-01\""), ALONE},
		{TOKENS_OF("role = \"moderator\""), ALONE},
		{TOKENS_OF("meetings = {\"*\"}"), ALONE},
		{TOKENS_OF("meetings = {\"5f521a93c20ff6721fbb6a6c\", \"**\"}"), ALONE},
		{TOKENS_OF("emails = {\"*@*\"}"), ALONE},
		{TOKENS_OF("emails = {\"*@*.*\"}"), ALONE},
		{SITE "policy { rule r { allow = true groups = {\"a\"} meeting-tokens = {} } }", 4,
			"meeting-tokens: an empty list"});
}

static void test_p1_tokens_beside_what_restricts(void **state)
{
	static const char *const beside[] = {"meetings = {\"5f52*\"}", "users = {\"alice\"}",
		"groups = {\"staff\"}", "emails = {\"*@partner.example\"}"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		struct settings *settings;

		snprintf(text, sizeof text, TOKENS_OF("%s"), beside[i]);
		settings = load(text);
		assert_string_equal(settings->policy.rules[0].meeting_tokens.items[0], "8320-*");
		config_free(&settings);
	}
	config_free(&(struct settings *){
		load(SITE "policy { rule r { allow = false meeting-tokens = {\"8320-*\"} } }")});
}

static void unreadable(const char *path, const char *words)
{
	struct error error = {""};

	assert_null(config_load(path, types, &error));
	if (strstr(error.text, path) == NULL || strstr(error.text, words) == NULL)
		fail_msg("%s", error.text);
}

static void test_files_that_cannot_be_read(void **state)
{
	static char huge[(16 << 20) + 2];

	(void)state;
	unreadable("/nonexistent/meetauth.conf", "cannot open");
	unreadable(folder, "not a regular file");
	memset(huge, '\n', sizeof huge);
	write_bytes(huge, sizeof huge);
	unreadable(file, "larger than");
	write_bytes(SITE "log = stderr\0policy { }", sizeof SITE + 20);
	unreadable(file, ":4: a NUL byte");
	write_bytes("", 0);
	unreadable(file, ":1: base-url: is missing");
	assert_null(config_load("/nonexistent/meetauth.conf", types, NULL));
}

#define LINKS SITE "backend \"links\" { type = \"invite\" }\n"

static void test_guest_desk_refused(void **state)
{
	(void)state;
	REFUSED({LINKS "guest-desk { }", 5, "groups: is missing"},
		{LINKS "guest-desk {\n groups = {}\n}", 6, "groups"},
		{LINKS "guest-desk { groups = {\"h\"} }\nguest-desk { groups = {\"h\"} }", 6,
			"a second guest-desk"},
		{LINKS "guest-desk { groups = {\"h\"}\n accounts = \"x\" }", 6,
			"no backend \"x\" of type \"guest-account\""},
		{LINKS "guest-desk { groups = {\"h\"}\n invitations = \"staff\" }", 6,
			"no backend \"staff\" of type \"invite\""},
		{LINKS "backend \"more\" { type = \"invite\" }\nguest-desk { groups = {\"h\"} }", 6,
			"there are 2 backends of type \"invite\": write invitations"},
		{SITE "guest-desk { groups = {\"h\"} }", 4, "the desk has nothing to offer"},
		{LINKS "guest-desk { groups = {\"h\"}\n backends = {\"staff\", \"Staff\"} }", 6,
			"guest-desk: backends: there is no backend \"Staff\""},
		{LINKS "guest-desk { groups = {\"h\"}\n backends = {} }", 6,
			"backends: an empty list"},
		{LINKS "guest-desk { groups = {\"h\"} group = {\"x\"} }", 5, "group"});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base_url_refused),
		cmocka_unit_test(test_a59_numbers_and_durations),
		cmocka_unit_test(test_a60_format_characters_are_data),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_unknown_options_name_the_nearest),
		cmocka_unit_test(test_unknown_options_name_none_of_another_type),
		cmocka_unit_test(test_secrets_are_set_elsewhere),
		cmocka_unit_test(test_options_of_another_type),
		cmocka_unit_test(test_types_left_out_of_the_build),
		cmocka_unit_test(test_types_of_values),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_what_is_never_closed),
		cmocka_unit_test(test_text_that_libconfuse_would_change),
		cmocka_unit_test(test_sections_refused),
		cmocka_unit_test(test_policy_refused),
		cmocka_unit_test(test_a27_networks),
		cmocka_unit_test(test_a25_empty_list_is_never_everybody),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_p1_no_rule_allows_by_a_token_alone),
		cmocka_unit_test(test_p1_tokens_beside_what_restricts),
		cmocka_unit_test(test_guest_desk_refused),
	};

	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
