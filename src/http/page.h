/* SPDX-License-Identifier: MIT
 *
 * Pages: logic-less templates in files, parsed and checked at load; always escaped. The whole
 * language:
 *
 *   {{name}}            the value, escaped for HTML text and quoted attributes (& < > " ')
 *   {{#name}}…{{/name}} the part, when the value is there and not empty; once per row when it is a
 * list
 *   {{t.key}}           a sentence of the visitor's language; {name} inside the sentence is filled
 * from the values; escaped as a whole
 *   {{>name}}           the file name.html of the same folder, without its last line break
 *
 * Names are written without blanks. In a row its own values stand before those of the page. There
 * is no unescaped form. An unknown name, an unclosed part, a tag as an attribute without quotes, a
 * key that a language lacks, a sentence that names an unknown value, or a file that is missing or
 * includes itself is an error at load, with file and line. A part ends in the file in which it
 * begins.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "http/lang.h"

enum {
	PAGE_FILE_MAX = 128 * 1024,
	PAGE_DEPTH_MAX = 8,  /* parts within parts */
	PAGE_FILES_MAX = 16, /* the page's own and each {{>name}} */
};

/* The values of a page: an array ended by a NULL name. */
struct page_value {
	const char *name;
	const char *text;		      /* NULL: absent */
	const struct page_value *const *rows; /* a list, ended by NULL; else NULL */
};

struct page;

/* Parses the template in `file`. `names` (ended by NULL) are the values that it may use, also in
 * rows. `names` and `langs` need not outlive the call. NULL with "file:line: …". Free with
 * page_free(). */
struct page *page_load(
	const char *file, const char *const *names, const struct langs *langs, struct error *error);
void page_free(struct page **page);

/* True if none of the files that the page was read from has changed. */
bool page_is_current(const struct page *page);

/* Appends the page. Missing values are empty. 0, or -1 if the buffer is full. */
int page_render(const struct page *page, const struct lang *lang, const struct page_value *values,
	struct buffer *html);

/* Appends the sentence of `key` as plain text, with its {names} replaced: for a value of a page or
 * for JSON; the writer escapes it. 0, or -1 without such a key or if the buffer is full. At load,
 * langs_check() checks that the names are known. */
int lang_format(const struct lang *lang, const char *key, const struct page_value *values,
	struct buffer *text);

/* Appends text escaped for HTML. */
void page_escape(struct buffer *html, const char *text);
