/* SPDX-License-Identifier: MIT
 *
 * What the tests of the configuration and the policy share: two types of platforms and of
 * backends, a file in a folder of its own, and ways to load it.
 */
#ifndef CONFIG_FIXTURE_H
#define CONFIG_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "config/config.h"

#include <unistd.h>

/* 2026-06-01T12:00:00Z */
#define NOON INT64_C(1780315200)

#define BASE "base-url = \"https://external.example.org/auth\"\n"
#define SITE                                                                                       \
	BASE "platform \"meeting.example.org\" { type = \"veeting\" }\n"                           \
	     "backend \"staff\" { type = \"file\" users = \"u\" }\n"

/* What section_fill() makes of a section of type "veeting". */
struct veeting_values {
	bool prefill;
	int64_t tries;
};

static const struct option veeting_options[] = {
	{"api", OPTION_TEXT, NULL, "where the exchange goes"},
	{"join-path", OPTION_TEXT, "/join/{meetingToken}", "path of the way back"},
	{"prefill", OPTION_BOOL, "true", "send name and e-mail along",
		OPTION_INTO(struct veeting_values, prefill)},
	{"forward", OPTION_LIST, "{\"culture\", \"layout\"}", "parameters handed on"},
	{"timeout", OPTION_DURATION, "10s", "deadline"},
	{"tries", OPTION_NUMBER, "3", "a number", OPTION_INTO(struct veeting_values, tries)},
	{NULL, OPTION_TEXT, NULL, NULL},
};

static const struct option other_options[] = {
	{"realm", OPTION_TEXT, NULL, "only here"},
	{"timeout", OPTION_DURATION, "7s", "same name, another fallback"},
	{"forward", OPTION_TEXT, NULL, "same name, another type"},
	{NULL, OPTION_TEXT, NULL, NULL},
};

static const struct option file_options[] = {
	{"users", OPTION_TEXT, NULL, "the file"},
	{NULL, OPTION_TEXT, NULL, NULL},
};

static const struct option oidc_options[] = {
	{"issuer", OPTION_TEXT, NULL, "the provider"},
	{NULL, OPTION_TEXT, NULL, NULL},
};

static const struct option no_options[] = {{NULL, OPTION_TEXT, NULL, NULL}};

static const struct section_type platforms[] = {
	{"veeting", veeting_options}, {"other", other_options}, {NULL, NULL}};
static const struct section_type backends[] = {{"file", file_options}, {"oidc", oidc_options},
	{"guest", no_options}, {"guest-account", no_options}, {"invite", no_options},
	{"meeting-key", no_options}, {"radius", NULL}, {NULL, NULL}};
static const struct config_types types = {platforms, backends};

static char folder[] = "/tmp/meetauth-config-XXXXXX";
static char file[sizeof folder + 16];

static inline int fixture_up(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(file, sizeof file, "%s/conf", folder);
	unsetenv("CONFIG_TEST_UNSET");
	setenv("CONFIG_TEST_HOST", "external.example.org", 1);
	setenv("CONFIG_TEST_EMPTY", "", 1);
	setenv("CONFIG_TEST_QUOTE", "a\"b # c { * }", 1);
	return 0;
}

static inline int fixture_down(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

static inline void write_bytes(const void *bytes, size_t length)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, length, out), length);
	assert_int_equal(fclose(out), 0);
}

static inline struct settings *load(const char *text)
{
	struct error error = {""};
	struct settings *settings;

	write_bytes(text, strlen(text));
	settings = config_load(file, types, &error);
	if (settings == NULL)
		fail_msg("refused: %s", error.text);
	return settings;
}

/* Settings of a site whose policy section has that inside. */
static inline struct settings *with_policy_at(const char *site, const char *rules)
{
	struct buffer text = BUFFER_INIT(1 << 16);
	struct settings *settings;

	buffer_printf(&text, "%spolicy {\n%s\n}\n", site, rules);
	settings = load(text.data);
	buffer_release(&text);
	return settings;
}

static inline struct settings *with_policy(const char *rules)
{
	return with_policy_at(SITE, rules);
}

/* Loading fails, on that line, and the error has those words. */
static inline void refused_at(const char *text, int line, const char *words)
{
	struct error error = {""};
	struct settings *settings;
	char place[sizeof file + 16];

	write_bytes(text, strlen(text));
	settings = config_load(file, types, &error);
	if (settings != NULL) {
		config_free(&settings);
		fail_msg("taken, but should say \"%s\": %s", words, text);
	}
	snprintf(place, sizeof place, "%s:%d: ", file, line);
	if (strncmp(error.text, place, strlen(place)) != 0 || strstr(error.text, words) == NULL)
		fail_msg("line %d and \"%s\" expected: %s", line, words, error.text);
}

struct refusal {
	const char *text;
	int line;
	const char *words;
};

static inline void refused(const struct refusal *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		refused_at(cases[i].text, cases[i].line, cases[i].words);
}

#define REFUSED(...)                                                                               \
	do {                                                                                       \
		static const struct refusal cases[] = {__VA_ARGS__};                               \
		refused(cases, sizeof cases / sizeof *cases);                                      \
	} while (0)

#endif
