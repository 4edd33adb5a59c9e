/* SPDX-License-Identifier: MIT
 *
 * `include`: what files of a configuration say together, and that an error names the file and the
 * line in which something was written.
 */
#include "config_fixture.h"

#include "config/source.h"

#include <ftw.h>
#include <sys/stat.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Writes a file of the folder, and returns its path, good until the next but one. */
static const char *put(const char *name, const char *text)
{
	static char paths[2][128];
	static size_t next;
	char *path = paths[next ^= 1];
	FILE *out;

	snprintf(path, sizeof *paths, "%s/%s", folder, name);
	out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, strlen(text), out), strlen(text));
	assert_int_equal(fclose(out), 0);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st, (void)type, (void)walk;
	return remove(path);
}

static int up(void **state)
{
	char path[128];

	snprintf(folder, sizeof folder, "/tmp/meetauth-config-XXXXXX");
	if (fixture_up(state) != 0)
		return -1;
	snprintf(path, sizeof path, "%s/conf.d", folder);
	return mkdir(path, 0755);
}

static int down(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Loading fails; the error begins with that file of the folder and line, and has the words. */
static void refused_in(const char *name, int line, const char *words)
{
	struct error error = {""};
	struct settings *settings = config_load(file, types, &error);
	char place[160];

	snprintf(place, sizeof place, "%s/%s:%d: ", folder, name, line);
	if (settings != NULL || strncmp(error.text, place, strlen(place)) != 0 ||
		strstr(error.text, words) == NULL)
		fail_msg("%s and \"%s\" expected: %s", place, words, error.text);
}

static void a_folder_is_read_by_name(void **state)
{
	struct settings *s;

	(void)state;
	put("conf.d/b.conf", "platform \"b.example\" { type = \"veeting\" }");
	put("conf.d/a.conf", "# a\n\nplatform \"a.example\" {\n\ttype = \"veeting\"\n}\n");
	put("conf.d/10.conf", "platform \"c.example\" { type = \"other\" } # no newline");
	put("conf.d/.hidden.conf", "nonsense");
	put("conf.d/a.conf.dpkg-old", "nonsense");
	put("conf.d/a.conf~", "nonsense");
	s = load(BASE "include = \"conf.d/*.conf\"\nbackend \"staff\" { type = \"file\" users = "
		      "\"u\" }\n");
	assert_int_equal(s->platform_count, 3);
	assert_string_equal(section_title(s->platforms[0]), "c.example");
	assert_string_equal(section_title(s->platforms[1]), "a.example");
	assert_string_equal(section_title(s->platforms[2]), "b.example");
	assert_int_equal(section_line(s->platforms[1]), 3);
	assert_string_equal(strrchr(section_file(s->platforms[1]), '/'), "/a.conf");
	assert_int_equal(section_line(s->backends[0]), 3);
	assert_string_equal(section_file(s->backends[0]), file);
	config_free(&s);
}

static void a_file_may_hold_rules_and_options(void **state)
{
	struct settings *s;

	(void)state;
	put("rules", "rule \"two\" { allow = false users = {\"x\"} }\ndefault = \"allow\"\n");
	put("conf.d/options", "session-idle = \"5m\"");
	s = load(SITE
		"include='conf.d/options' policy { rule \"one\" { allow = true users = {\"y\"} } "
		"include = \"rules\" rule \"three\" { allow = true users = {\"z\"} } }\n");
	assert_int_equal(s->session_idle, 300);
	assert_int_equal(s->policy.count, 3);
	assert_string_equal(s->policy.rules[1].name, "two");
	assert_string_equal(s->policy.rules[2].name, "three");
	assert_int_equal(s->policy.rules[1].line, 1);
	assert_string_equal(strrchr(s->policy.rules[1].file, '/'), "/rules");
	assert_int_equal(s->policy.rules[2].line, 4);
	assert_true(s->policy.allow_by_default);
	config_free(&s);
	/* Without files, and from a folder below that of the file that includes. */
	put("conf.d/empty", "");
	put("conf.d/more", "include = \"../rules\"\n");
	s = load(SITE "include = \"conf.d/empty\" include = \"conf.d/*.none\"\npolicy {\ninclude = "
		      "\"conf.d/more\"\n}\n");
	assert_int_equal(s->policy.count, 1);
	config_free(&s);
}

/* The word is no statement elsewhere. */
static void other_uses_of_the_word(void **state)
{
	struct settings *s = load(SITE "brand-name = include\nlanguages = {include}\n"
				       "# include = \"nowhere\"\n/* include = \"nowhere\" */\n");

	(void)state;
	assert_string_equal(s->brand_name, "include");
	config_free(&s);
	refused_at(SITE "includes = \"x\"\n", 4, "unknown option \"includes\"");
}

static void errors_name_the_file_and_its_line(void **state)
{
	static const struct {
		const char *included;
		int line; /* of conf.d/x; 0: of the main file */
		const char *words;
	} cases[] = {
		{"\n\nnonsense = 1\n", 3, "unknown option \"nonsense\""},
		{"/* a\nb */ session-idle = \"x\"\n", 2, "session-idle: expected a duration"},
		{"\nplatform \"a.example\" {\n", 2, "never closed"},
		{"}", 1, "a } without a {"},
		{"\n/* open\n", 2, "comment"},
		{"brand-name = \"${CONFIG_TEST_UNSET}\"", 1, "is not set"},
		{"\nplatform \"MEETING.example.org\" { type = \"veeting\" }\n", 2,
			"duplicate: the same is in "},
		{"\n\npolicy { }\npolicy { }\n", 4, "put all rules into the first, on line 3"},
		{"brand-name = \"a\"\nbrand-name = \"b\"\n", 2, "set twice, first on line 1"},
		{"\nbase-url = \"https://x.example\"\n", 2, "set twice, first in "},
		{"platform \"a.example\" {\n type = \"other\"\n api = \"x\"\n}\n", 3,
			"belongs to type \"veeting\""},
		{"backend \"r\" {\n\n type = \"radius\" }\n", 3, "this build lacks this type"},
		{"policy { rule \"r\" { allow = true\n groups = { } } }\n", 2, "groups"},
		{"\n\nrule\n", 3, "unknown option"},
		{"", 0, "unknown option \"after\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		put("conf", cases[i].line > 0 ? SITE "include = \"conf.d/x\"\n"
					      : SITE "include = \"conf.d/x\"\nafter = 1\n");
		put("conf.d/x", cases[i].included);
		refused_in(cases[i].line > 0 ? "conf.d/x" : "conf",
			cases[i].line > 0 ? cases[i].line : 5, cases[i].words);
	}
}

static void what_cannot_be_included_is_named(void **state)
{
	static const struct {
		const char *statement, *words;
	} cases[] = {
		{"include = \"nowhere\"", "include: "},
		{"include = \"nowhere/*.conf\"", "cannot read the folder "},
		{"include = \"*/x.conf\"", "not their folder"},
		{"include = \"conf.d\"", "conf.d"},
		{"include = \"conf\"", "includes itself"},
		{"include = \"../${HOME}/x\"", "without \\ and ${NAME}"},
		{"include = x", "write include = "},
		{"include = {\"x\"}", "write include = "},
		{"include = \"x", "write include = "},
		{"include = \"\"", "write include = "},
		{"include(\"x\")", "write include = "},
		{"include = 'x\"", "write include = "},
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof text, SITE "%s\n", cases[i].statement);
		put("conf", text);
		refused_in("conf", 4, cases[i].words);
	}
	put("conf.d/one", "\ninclude = \"two\"\n");
	put("conf.d/two", "include = \"../conf.d/./one\"\n");
	put("conf", SITE "include = \"conf.d/one\"\n");
	refused_in("conf.d/two", 1, "includes itself");
	put("conf.d/two", "include = \"three\"\n");
	refused_in("conf.d/two", 1, "three");
}

static void others_must_not_be_able_to_write_what_root_reads(void **state)
{
	const char *path;

	(void)state;
	if (geteuid() != 0)
		skip();
	path = put("conf.d/x", "session-idle = \"5m\"\n");
	put("conf", SITE "include = \"conf.d/*\"\n");
	assert_int_equal(chmod(path, 0666), 0);
	refused_in("conf", 4, "root does not read a configuration that other users can replace");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, 65534, 65534), 0);
	refused_in("conf", 4, "root does not read");
}

static void a_change_of_any_file_is_seen(void **state)
{
	struct settings *s;
	struct file_stamp before, after;

	(void)state;
	put("conf.d/x.conf", "session-idle = \"5m\"\n");
	s = load(SITE "include = \"conf.d/*.conf\"\n");
	before = config_stamp_read(s);
	after = config_stamp(s);
	assert_true(file_stamp_equal(before, after));
	put("conf.d/x.conf", "session-idle = \"15m\"\n");
	after = config_stamp(s);
	assert_false(file_stamp_equal(before, after));
	put("conf.d/y.conf", ""); /* a file that was not there is a change of the folder */
	before = config_stamp(s);
	assert_false(file_stamp_equal(before, after));
	config_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_folder_is_read_by_name, up, down),
		cmocka_unit_test_setup_teardown(a_file_may_hold_rules_and_options, up, down),
		cmocka_unit_test_setup_teardown(other_uses_of_the_word, up, down),
		cmocka_unit_test_setup_teardown(errors_name_the_file_and_its_line, up, down),
		cmocka_unit_test_setup_teardown(what_cannot_be_included_is_named, up, down),
		cmocka_unit_test_setup_teardown(
			others_must_not_be_able_to_write_what_root_reads, up, down),
		cmocka_unit_test_setup_teardown(a_change_of_any_file_is_seen, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
