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
 *
 * Names are written without blanks. In a row its own values stand before those of the page. There
 * is no unescaped form. An unknown name, an unclosed part, a tag as an attribute without quotes, a
 * key that a language lacks or a sentence that names an unknown value is an error at load, with
 * file and line.
 */
#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "http/lang.h"

enum {
	PAGE_FILE_MAX = 128 * 1024,
	PAGE_DEPTH_MAX = 8, /* parts within parts */
};

/* Where a page finds its values. A flat array, ended by a NULL name. */
struct page_value {
	const char *name;
	const char *text;		      /* NULL: not there */
	const struct page_value *const *rows; /* a list, ended by NULL; else NULL */
};

struct page;

/* Parses the template in `file` (made from FOLDER/pages/NAME.html). `names` (ended by NULL) are the
 * values it may use, in rows too; they and `langs` are not kept. NULL with "file:line: …". */
struct page *page_load(
	const char *file, const char *const *names, const struct langs *langs, struct error *error);
void page_free(struct page **page);

/* Appends the page. A value the array lacks is empty. 0, or -1 when the buffer is full. */
int page_render(const struct page *page, const struct lang *lang, const struct page_value *values,
	struct buffer *html);

/* Appends the sentence under `key` as plain text, its {names} filled from the values: for a message
 * that is a value of a page or stands in JSON; whoever prints it escapes it. 0, or -1 when there is
 * no such key or the buffer is full. Check with langs_check() at load that the names are known. */
int lang_format(const struct lang *lang, const char *key, const struct page_value *values,
	struct buffer *text);

/* Appends text escaped for HTML. */
void page_escape(struct buffer *html, const char *text);
