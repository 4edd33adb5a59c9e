/* SPDX-License-Identifier: MIT
 *
 * meetauthctl pages: writes the pages of errors that the web server shows by itself, from the same
 * templates and in the same languages as the others.
 */
#include "ctl/ctl.h"

#include "base/buffer.h"
#include "base/file.h"
#include "service/brand.h"
#include "service/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE_MAX = 64 * 1024, MAP_MAX = 16 * 1024 };

/* A page, by the status that the web server has. */
static const struct page_row {
	const char *name, *title, *message; /* the last two are keys */
	const char *icon;		    /* the name of its value */
	bool again, paste;		    /* a button for the same address; a field for a link */
} pages[] = {
	{"400", "error.bad-request.title", "error.bad-request.other", "icon_stop", .paste = true},
	{"403", "error.not-found.title", "error.not-found.message", "icon_stop", .paste = true},
	{"404", "error.not-found.title", "error.not-found.message", "icon_stop", .paste = true},
	{"405", "error.method-not-allowed.title", "error.method-not-allowed.message", "icon_stop",
		.paste = true},
	{"413", "error.too-large.title", "error.too-large.message", "icon_stop"},
	{"429", "error.overloaded.title", "error.overloaded.message", "icon_wait", .again = true},
	{"503", "error.unavailable.title", "error.unavailable.message", "icon_wait", .again = true},
	{"start", "open.title", "open.text", "icon_door", .paste = true},
};

/* The web server's user must read it, whatever the umask is. */
static void make_folder(const char *path)
{
	int made = mkdir(path, 0755);

	if (made != 0 && errno == EEXIST)
		return;
	if (made != 0 || chmod(path, 0755) != 0)
		ctl_die(EX_CANTCREAT, "%s: %s", path, strerror(errno));
}

static void write_file(const char *path, const struct buffer *text)
{
	if (text->failed)
		ctl_die(EX_CONFIG, "%s: the page would be longer than %d bytes", path, PAGE_MAX);
	ctl_must(EX_CANTCREAT, file_replace(path, text->data, text->length, 0644, &ctl_error));
}

static void write_page(const struct ctl *ctl, const struct page *template, const struct lang *lang,
	const struct page_row *row, const char *folder)
{
	const struct settings *settings = ctl->settings;
	struct buffer html = BUFFER_INIT(PAGE_MAX);
	/* Without the host, so that the pages can be copied to where another name leads. */
	char *open = xprintf("%s/open", settings->mount);
	char *fixed = xprintf("%s/static", settings->mount);
	char *icon = brand_icon_url(settings);
	char *path = xprintf("%s/%s.html", folder, row->name);
	const struct page_value values[] = {
		{.name = "lang", .text = lang_code(lang)},
		{.name = "dir", .text = lang_is_right_to_left(lang) ? "rtl" : "ltr"},
		{.name = "static", .text = fixed},
		{.name = "brand", .text = settings->brand_name},
		{.name = "icon", .text = icon},
		{.name = "help", .text = settings->brand_help},
		{.name = "privacy", .text = settings->brand_privacy},
		{.name = "version", .text = PACKAGE_VERSION_TEXT},
		{.name = "open", .text = open},
		{.name = "title", .text = lang_text(lang, row->title)},
		{.name = "message", .text = lang_text(lang, row->message)},
		{.name = row->icon, .text = "1"},
		{.name = "again", .text = row->again ? "1" : NULL},
		{.name = "paste", .text = row->paste ? "1" : NULL},
		{0},
	};

	page_render(template, lang, values, &html);
	write_file(path, &html);
	buffer_release(&html);
	free(open);
	free(fixed);
	free(icon);
	free(path);
}

/* Appends the lines of nginx's map for a language behind `before`. */
static void put_lines(const struct settings *settings, const char *before, const char *folder,
	struct buffer *text)
{
	for (size_t i = 0; i < settings->languages.count; i++) {
		const char *code = settings->languages.items[i];

		buffer_printf(
			text, "    \"~*^%s%s(-|,|;| |$)\" %s/%s;\n", before, code, folder, code);
	}
}

/* The language of the cookie counts first, which the visitor chose on a page (http/request.h); then
 * the first one of Accept-Language, which the browser prefers; then the second one there. */
static void write_map(const struct settings *settings, const char *folder)
{
	struct buffer text = BUFFER_INIT(MAP_MAX);
	char *path = xprintf("%s/languages.conf", folder);

	buffer_printf(&text,
		"# Written by \"meetauthctl pages static\". Include this file inside http { }.\n"
		"map \"$cookie_meetauth_language,$http_accept_language\" $meetauth_pages {\n    "
		"default %s/%s;\n",
		folder, settings->languages.items[0]);
	put_lines(settings, "", folder, &text);
	put_lines(settings, "[^,]*, *", folder, &text);
	put_lines(settings, "[^,]*,[^,]*, *", folder, &text);
	buffer_text(&text, "}\n");
	write_file(path, &text);
	buffer_release(&text);
	free(path);
}

static void check_folder(const char *folder)
{
	if (folder[0] != '/' || strpbrk(folder, " ;{}\"'$\\") != NULL)
		ctl_die(EX_USAGE,
			"%s: expected an absolute path without blanks, quotes, braces, ; and $, "
			"which goes into nginx's configuration",
			folder);
}

static int run_static(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	const char *folder = ctl->given.operands[0];
	char *path = xprintf("%s/lang", settings->share);
	struct langs *langs;
	struct page *template;

	check_folder(folder);
	langs = ctl_need(EX_CONFIG,
		langs_load(path, settings->languages.items, settings->languages.count, &ctl_error));
	template = ctl_need(EX_CONFIG, files_load_page(settings, PAGE_ERROR, langs, &ctl_error));
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		static const char *const none[] = {NULL};

		ctl_must(EX_CONFIG, langs_check(langs, pages[i].title, none, &ctl_error));
		ctl_must(EX_CONFIG, langs_check(langs, pages[i].message, none, &ctl_error));
	}
	for (size_t i = 0; i < settings->languages.count; i++) {
		const char *code = settings->languages.items[i];
		char *language = xprintf("%s/%s", folder, code);
		char *errors = xprintf("%s/errors", language);

		make_folder(language);
		make_folder(errors);
		for (size_t j = 0; j < sizeof pages / sizeof *pages; j++)
			write_page(ctl, template, langs_choose(langs, code), &pages[j], errors);
		free(errors);
		free(language);
	}
	write_map(settings, folder);
	page_free(&template);
	langs_free(&langs);
	free(path);
	return EX_OK;
}

const struct ctl_command ctl_pages_commands[] = {
	{"pages static", "FOLDER",
		"write the web server's own pages of errors, in each language, and nginx's map",
		run_static},
	{0},
};
