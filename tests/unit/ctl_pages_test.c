/* SPDX-License-Identifier: MIT
 *
 * meetauthctl pages: the pages of errors that the web server shows by itself.
 */
#include "ctl_fixture.h"

static void the_web_server_has_pages_in_each_language(void **state)
{
	static const char *const names[] = {
		"400", "403", "404", "405", "413", "429", "503", "start"};
	char text[20000], path[60];

	(void)state;
	configure("languages = {\"en\", \"de\"}\nbrand-name = \"A & B\"\n");
	CALL(0, "pages", "static", folder);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof path, "en/errors/%s.html", names[i]);
		get_file(in_folder(path), text, sizeof text);
		says(text, "<html lang=\"en\" dir=\"ltr\">");
		says(text, "A &amp; B");
		says(text, "/auth/static/style.css?");
		assert_null(strstr(text, "<code>"));
		assert_non_null(strstr(text, "<svg class=\"icon\""));
		assert_null(strstr(text, "<style"));
		snprintf(path, sizeof path, "de/errors/%s.html", names[i]);
		get_file(in_folder(path), text, sizeof text);
		says(text, "<html lang=\"de\" dir=\"ltr\">");
	}
	get_file(in_folder("de/errors/start.html"), text, sizeof text);
	says(text, "action=\"/auth/open\"");
	says(text, "name=\"link\"");
	get_file(in_folder("en/errors/503.html"), text, sizeof text);
	says(text, "href=\"\"");
	assert_null(strstr(text, "<form"));
}

static void the_pages_have_the_icon_of_the_brand(void **state)
{
	char text[20000];

	(void)state;
	configure("brand-icon = \"/auth/static/ours.png\"\n");
	CALL(0, "pages", "static", folder);
	get_file(in_folder("en/errors/404.html"), text, sizeof text);
	says(text, "<link rel=\"icon\" href=\"/auth/static/ours.png\">");
}

/* share/static/errors is for web servers that choose no language. Mended by:
 * meetauthctl pages static FOLDER && cp FOLDER/en/errors/[45]*.html share/static/errors */
static void the_shipped_pages_are_what_it_writes(void **state)
{
	static const char *const names[] = {"400", "403", "404", "405", "413", "429", "503"};
	char path[4200], own[40], wanted[20000], text[20000];

	(void)state;
	configure("languages = {\"en\"}\n");
	CALL(0, "pages", "static", folder);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(own, sizeof own, "en/errors/%s.html", names[i]);
		get_file(in_folder(own), wanted, sizeof wanted);
		snprintf(path, sizeof path, "%s/share/static/errors/%s.html",
			getenv("srcdir") != NULL ? getenv("srcdir") : ".", names[i]);
		get_file(path, text, sizeof text);
		if (strcmp(text, wanted) != 0)
			fail_msg("%s is not what \"meetauthctl pages static\" writes", path);
	}
}

static void the_web_server_may_read_them(void **state)
{
	struct stat folder_info, file_info;
	mode_t mask;

	(void)state;
	configure("languages = {\"en\"}\n");
	mask = umask(027); /* as main() sets it */
	CALL(0, "pages", "static", folder);
	umask(mask);
	assert_int_equal(stat(in_folder("en/errors"), &folder_info), 0);
	assert_int_equal(folder_info.st_mode & 0777, 0755);
	assert_int_equal(stat(in_folder("en/errors/503.html"), &file_info), 0);
	assert_int_equal(file_info.st_mode & 0777, 0644);
}

static void nginx_gets_a_map_of_languages(void **state)
{
	char text[20000], wanted[300];

	(void)state;
	configure("languages = {\"de\", \"en\"}\n");
	CALL(0, "pages", "static", folder);
	get_file(in_folder("languages.conf"), text, sizeof text);
	snprintf(wanted, sizeof wanted,
		"map \"$cookie_meetauth_language,$http_accept_language\" $meetauth_pages {\n"
		"    default %s/de;\n",
		folder);
	says(text, wanted);
	snprintf(wanted, sizeof wanted, "\"~*^en(-|,|;| |$)\" %s/en;\n", folder);
	says(text, wanted);
	snprintf(wanted, sizeof wanted, "\"~*^[^,]*, *en(-|,|;| |$)\" %s/en;\n", folder);
	says(text, wanted);
}

static void a_folder_that_nginx_would_misread_is_refused(void **state)
{
	(void)state;
	CALL(EX_USAGE, "pages", "static", "relative");
	says(err, "absolute path");
	CALL(EX_USAGE, "pages", "static", "/tmp/a;b");
	CALL(EX_CANTCREAT, "pages", "static", "/nowhere/pages");
	says(err, "/nowhere/pages/en");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_web_server_has_pages_in_each_language, folder_up, folder_down),
		cmocka_unit_test_setup_teardown(
			the_pages_have_the_icon_of_the_brand, folder_up, folder_down),
		cmocka_unit_test_setup_teardown(
			the_shipped_pages_are_what_it_writes, folder_up, folder_down),
		cmocka_unit_test_setup_teardown(
			the_web_server_may_read_them, folder_up, folder_down),
		cmocka_unit_test_setup_teardown(
			nginx_gets_a_map_of_languages, folder_up, folder_down),
		cmocka_unit_test_setup_teardown(
			a_folder_that_nginx_would_misread_is_refused, folder_up, folder_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
