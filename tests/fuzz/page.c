/* SPDX-License-Identifier: MIT
 *
 * A template of a page, filled with values that try to get out of it: no < of a value is ever in
 * the page.
 */
#include "fuzz.h"

#include "http/page.h"

static const char *const names[] = {"name", "list", "code", NULL};

static struct langs *load_langs(void)
{
	static const char *const codes[] = {"en", "de"};
	struct error error = {""};
	char folder[256];
	struct langs *langs;

	snprintf(folder, sizeof folder, "%s/share/lang", sources());
	langs = langs_load(folder, codes, 2, &error);
	if (langs == NULL) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return langs;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct langs *langs;
	const struct page_value row[] = {{.name = "name", .text = "\x01<\x02"}, {.name = NULL}};
	const struct page_value *const rows[] = {row, row, NULL};
	const struct page_value values[] = {{.name = "name", .text = "\x01<\"'&\x02"},
		{.name = "list", .rows = rows}, {.name = "code", .text = ""}, {.name = NULL}};
	struct buffer html = BUFFER_INIT(64 * 1024);
	struct error error = {""};
	struct page *page;

	if (langs == NULL)
		langs = load_langs();
	page = page_load(file_of(bytes, length), names, langs, &error);
	PROMISE(page != NULL || error.text[0] != '\0');
	if (page != NULL) {
		/* a template may have it, a value not */
		if (memmem(bytes, length, "\x01<", 2) == NULL &&
			page_render(page, langs_choose(langs, "de"), values, &html) == 0 &&
			html.data != NULL)
			PROMISE(strstr(html.data, "\x01<") == NULL);
		page_free(&page);
	}
	buffer_release(&html);
	return 0;
}
