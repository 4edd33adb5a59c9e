/* SPDX-License-Identifier: MIT */
#include "http/page.h"

#include "base/file.h"
#include "base/memory.h"
#include "http/plural.h"

#include <limits.h>

enum op_kind { OP_TEXT, OP_VALUE, OP_SENTENCE, OP_PART, OP_END };

/* One step of a page. `text` points into a source of the page: the text itself, a name or a key. */
struct op {
	enum op_kind kind;
	size_t length;
	const char *text;
	size_t other; /* index of the part's end, or of the end's part */
};

/* A file that a page was read from. */
struct source {
	char *path, *text;
	struct file_stamp stamp;
};

struct page {
	size_t source_count, count, room; /* of sources; of ops: in use, allocated */
	struct op *ops;
	struct source sources[PAGE_FILES_MAX];
};

/* ---- loading ---- */

/* Where the parser is in a file. */
struct place {
	struct place *outer; /* in the file that includes it, or NULL */
	const char *file;
	int line;
	size_t depth; /* parts that were open before the file */
};

struct parser {
	struct place *place;
	const char *const *names;
	const struct langs *langs;
	struct error *error;
	struct page *page;
	size_t open[PAGE_DEPTH_MAX]; /* indices of the open parts */
	size_t depth;
};

static int complain(struct parser *parser, const char *what, const char *name)
{
	return error_set(parser->error, "%s:%d: %s \"%.64s\"", parser->place->file,
		parser->place->line, what, name);
}

static int prefix(struct parser *parser)
{
	return error_prefix(parser->error, "%s:%d: ", parser->place->file, parser->place->line);
}

static struct op *add(struct parser *parser, enum op_kind kind, const char *text, size_t length)
{
	struct op *op = &parser->page->ops[parser->page->count++];

	*op = (struct op){.kind = kind, .text = text, .length = length};
	return op;
}

static bool is_known(const struct parser *parser, const char *name)
{
	for (const char *const *known = parser->names; *known != NULL; known++)
		if (strcmp(*known, name) == 0)
			return true;
	return false;
}

static int add_value(struct parser *parser, enum op_kind kind, const char *name)
{
	if (!is_known(parser, name))
		return complain(parser, "this page has no value", name);
	add(parser, kind, name, strlen(name));
	return 0;
}

static int add_sentence(struct parser *parser, const char *key)
{
	if (langs_check(parser->langs, key, parser->names, parser->error) != 0)
		return prefix(parser);
	add(parser, OP_SENTENCE, key, strlen(key));
	return 0;
}

static int open_part(struct parser *parser, const char *name)
{
	if (parser->depth == PAGE_DEPTH_MAX)
		return complain(parser, "parts are nested too deeply at", name);
	parser->open[parser->depth++] = parser->page->count;
	return add_value(parser, OP_PART, name);
}

static int close_part(struct parser *parser, const char *name)
{
	struct op *part;

	if (parser->depth == parser->place->depth)
		return complain(parser, "no open part matches", name);
	part = &parser->page->ops[parser->open[--parser->depth]];
	if (strcmp(part->text, name) != 0)
		return complain(parser, "the innermost open part differs from", name);
	part->other = parser->page->count;
	add(parser, OP_END, name, strlen(name))->other = parser->open[parser->depth];
	return 0;
}

static int parse_file(struct parser *parser, const char *path);

/* Parses name.html beside the file at hand in the place of {{>name}}. */
static int include(struct parser *parser, const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	const char *file = parser->place->file, *slash = strrchr(file, '/');
	char path[PATH_MAX];

	if (name[0] == '\0' || name[strspn(name, letters)] != '\0')
		return complain(
			parser, "expected the name of a file without folder and .html, not", name);
	snprintf(path, sizeof path, "%.*s%s.html", slash != NULL ? (int)(slash + 1 - file) : 0,
		file, name);
	for (const struct place *place = parser->place; place != NULL; place = place->outer)
		if (strcmp(place->file, path) == 0)
			return complain(parser, "this file includes itself by", name);
	if (parser->page->source_count == PAGE_FILES_MAX)
		return complain(parser, "this page includes too many files at", name);
	return parse_file(parser, path) == 0 ? 0 : prefix(parser);
}

static int parse_tag(struct parser *parser, const char *tag)
{
	if (tag[0] == '#')
		return open_part(parser, tag + 1);
	if (tag[0] == '/')
		return close_part(parser, tag + 1);
	if (tag[0] == '>')
		return include(parser, tag + 1);
	if (strncmp(tag, "t.", 2) == 0)
		return add_sentence(parser, tag + 2);
	return add_value(parser, OP_VALUE, tag);
}

static void count_lines(struct parser *parser, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		parser->place->line += text[i] == '\n';
}

/* Escaping protects quoted attributes only. The '=' may be the last byte of an included file. */
static bool follows_equals_sign(const struct page *page)
{
	const struct op *last = page->count > 0 ? &page->ops[page->count - 1] : NULL;

	return last != NULL && last->kind == OP_TEXT && last->text[last->length - 1] == '=';
}

/* Parses the text up to the next tag, and the tag. */
static int parse_step(struct parser *parser, char **at)
{
	char *tag = strstr(*at, "{{"), *end;
	size_t length = tag != NULL ? (size_t)(tag - *at) : strlen(*at);

	if (length > 0)
		add(parser, OP_TEXT, *at, length);
	count_lines(parser, *at, length);
	if (tag == NULL) {
		*at += length;
		return 0;
	}
	if (follows_equals_sign(parser->page))
		return complain(parser, "put the attribute in quotes at", tag);
	end = strstr(tag, "}}");
	if (end == NULL || memchr(tag, '\n', (size_t)(end - tag)) != NULL)
		return complain(parser, "this is not closed by }} on its line:", tag);
	*end = '\0'; /* ends the name in place */
	*at = end + 2;
	return parse_tag(parser, tag + 2);
}

static int parse(struct parser *parser, char *text)
{
	const char *part;

	while (*text != '\0')
		if (parse_step(parser, &text) != 0)
			return -1;
	if (parser->depth == parser->place->depth)
		return 0;
	part = parser->page->ops[parser->open[parser->depth - 1]].text;
	return complain(parser, "end of the file: this part is not closed:", part);
}

/* Makes room for the steps of a source. Every tag needs at most two, a text and its own; a text may
 * follow the last. */
static void make_room(struct page *page, const char *text)
{
	struct op *ops;

	page->room++;
	for (; (text = strstr(text, "{{")) != NULL; text += 2)
		page->room += 2;
	ops = reallocarray(page->ops, page->room, sizeof *ops);
	if (ops == NULL)
		xno_memory();
	page->ops = ops;
}

/* The stamp is taken before reading: a file that changes meanwhile is then not current. */
static struct source *add_source(struct page *page, const char *path, struct error *error)
{
	struct file_stamp stamp = file_stamp(path);
	struct buffer text = BUFFER_INIT(PAGE_FILE_MAX);
	struct source *source = &page->sources[page->source_count];

	if (file_read_text(path, FILE_PUBLIC, &text, error) != 0) {
		buffer_release(&text);
		return NULL;
	}
	if (text.length == 0 || strlen(text.data) != text.length) {
		error_set(error, "%s:1: the file is empty or has a NUL byte", path);
		buffer_release(&text);
		return NULL;
	}
	page->source_count++;
	*source = (struct source){.path = xstrdup(path), .text = text.data, .stamp = stamp};
	make_room(page, source->text);
	return source;
}

static int parse_file(struct parser *parser, const char *path)
{
	struct place place = {.outer = parser->place, .line = 1, .depth = parser->depth};
	struct source *source = add_source(parser->page, path, parser->error);
	size_t length;
	int rc;

	if (source == NULL)
		return -1;
	length = strlen(source->text);
	if (place.outer != NULL && source->text[length - 1] == '\n')
		source->text[length - 1] = '\0';
	place.file = source->path;
	parser->place = &place;
	rc = parse(parser, source->text);
	parser->place = place.outer;
	return rc;
}

struct page *page_load(
	const char *file, const char *const *names, const struct langs *langs, struct error *error)
{
	struct parser parser = {.names = names, .langs = langs, .error = error};

	parser.page = xcalloc(1, sizeof *parser.page);
	if (parse_file(&parser, file) != 0)
		page_free(&parser.page);
	return parser.page;
}

void page_free(struct page **page)
{
	struct page *p = *page;

	*page = NULL;
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->source_count; i++) {
		free(p->sources[i].path);
		free(p->sources[i].text);
	}
	free(p->ops);
	free(p);
}

bool page_is_current(const struct page *page)
{
	for (size_t i = 0; i < page->source_count; i++)
		if (!file_stamp_equal(file_stamp(page->sources[i].path), page->sources[i].stamp))
			return false;
	return true;
}

/* ---- rendering ---- */

void page_escape(struct buffer *html, const char *text)
{
	static const char special[] = "&<>\"'";
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (;;) {
		size_t length = strcspn(text, special);

		buffer_append(html, text, length);
		text += length;
		if (*text == '\0')
			return;
		buffer_text(html, entities[strchr(special, *text) - special]);
		text++;
	}
}

/* The values visible in a part of a page: of its rows, innermost first, then of the page. */
struct scope {
	size_t depth;
	struct frame {
		const struct page_value *values;      /* NULL: the part is not a list */
		const struct page_value *const *rows; /* remaining rows, or NULL */
	} frames[1 + PAGE_DEPTH_MAX];
};

static const struct page_value *find(const struct scope *scope, const char *name, size_t length)
{
	static const struct page_value none = {0};

	for (size_t i = scope->depth + 1; i-- > 0;) {
		const struct page_value *value = scope->frames[i].values;

		for (; value != NULL && value->name != NULL; value++)
			if (strncmp(value->name, name, length) == 0 && value->name[length] == '\0')
				return value;
	}
	return &none;
}

/* Appends a value of a sentence. One that may be written in the other direction than the sentence
 * stands between isolates, as <bdi> does it for values outside of sentences (Unicode UAX 9). */
static void fill_value(struct buffer *text, const struct lang *lang, const char *value)
{
	bool isolate = lang_is_right_to_left(lang);

	for (const char *c = value; *c != '\0' && !isolate; c++)
		isolate = (unsigned char)*c >= 0x80;
	buffer_text(text, isolate ? "\xe2\x81\xa8" : "");
	buffer_text(text, value);
	buffer_text(text, isolate ? "\xe2\x81\xa9" : "");
}

/* Appends the form of a plural for its value, a number of the program's. */
static void fill_plural(struct buffer *text, const struct lang *lang, const char *part,
	size_t length, const struct scope *scope)
{
	struct plural_form forms[PLURAL_COUNT], form;
	const char *number;
	size_t name;

	if (!plural_parse(part, length, &name, forms) ||
		(number = find(scope, part, name)->text) == NULL)
		return;
	form = forms[plural_of(lang_code(lang), strtoll(number, NULL, 10))];
	if (form.text == NULL)
		form = forms[PLURAL_OTHER];
	for (size_t i = 0; i < form.length; i++)
		if (form.text[i] == '#')
			fill_value(text, lang, number);
		else
			buffer_append(text, form.text + i, 1);
}

/* Appends a sentence with its values filled in. */
static void fill(struct buffer *text, const struct lang *lang, const char *sentence,
	const struct scope *scope)
{
	enum sentence_part kind;
	const char *part;
	size_t length;

	while ((kind = sentence_next(&sentence, &part, &length)) != SENTENCE_END) {
		const char *value = NULL;

		if (kind == SENTENCE_TEXT)
			buffer_append(text, part, length);
		else if (kind == SENTENCE_PLURAL)
			fill_plural(text, lang, part, length, scope);
		else if ((value = find(scope, part, length)->text) != NULL)
			fill_value(text, lang, value);
	}
}

/* Escapes a sentence with its values as a whole: nothing in it is markup. */
static void render_sentence(
	struct buffer *html, const struct lang *lang, const char *key, const struct scope *scope)
{
	struct buffer text = BUFFER_INIT(html->maximum);
	const char *sentence = lang_text(lang, key);

	if (sentence != NULL)
		fill(&text, lang, sentence, scope);
	if (text.data != NULL)
		page_escape(html, text.data);
	html->failed |= text.failed;
	buffer_wipe(&text);
}

/* Enters the part at `at`; returns the step before the next one. */
static size_t enter(struct scope *scope, const struct op *ops, size_t at)
{
	const struct page_value *value = find(scope, ops[at].text, ops[at].length);
	struct frame frame = {0};

	if (value->rows != NULL && value->rows[0] != NULL)
		frame = (struct frame){.values = value->rows[0], .rows = value->rows + 1};
	else if (value->rows != NULL || value->text == NULL || value->text[0] == '\0')
		return ops[at].other;
	scope->frames[++scope->depth] = frame;
	return at;
}

/* Ends the part at `at` or repeats it for its next row. */
static size_t leave(struct scope *scope, const struct op *ops, size_t at)
{
	struct frame *frame = &scope->frames[scope->depth];

	if (frame->rows != NULL && *frame->rows != NULL) {
		frame->values = *frame->rows++;
		return ops[at].other;
	}
	scope->depth--;
	return at;
}

int page_render(const struct page *page, const struct lang *lang, const struct page_value *values,
	struct buffer *html)
{
	struct scope scope = {.frames = {{.values = values}}};
	const struct op *ops = page->ops;
	const char *text;

	for (size_t at = 0; at < page->count && !html->failed; at++)
		switch (ops[at].kind) {
		case OP_TEXT:
			buffer_append(html, ops[at].text, ops[at].length);
			break;
		case OP_VALUE:
			text = find(&scope, ops[at].text, ops[at].length)->text;
			page_escape(html, text != NULL ? text : "");
			break;
		case OP_SENTENCE:
			render_sentence(html, lang, ops[at].text, &scope);
			break;
		case OP_PART:
			at = enter(&scope, ops, at);
			break;
		case OP_END:
			at = leave(&scope, ops, at);
			break;
		}
	return html->failed ? -1 : 0;
}

int lang_format(const struct lang *lang, const char *key, const struct page_value *values,
	struct buffer *text)
{
	struct scope scope = {.frames = {{.values = values}}};
	const char *sentence = lang_text(lang, key);

	if (sentence == NULL)
		return -1;
	fill(text, lang, sentence, &scope);
	return text->failed ? -1 : 0;
}
