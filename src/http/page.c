/* SPDX-License-Identifier: MIT */
#include "http/page.h"

#include "base/file.h"

enum op_kind { OP_TEXT, OP_VALUE, OP_SENTENCE, OP_PART, OP_END };

/* One step of a page. `text` points into the page's source: the text itself, a name or a key. */
struct op {
	enum op_kind kind;
	size_t length;
	const char *text;
	size_t other; /* index of the part's end, or of the end's part */
};

struct page {
	char *source;
	size_t count;
	struct op ops[];
};

/* ---- loading ---- */

struct parser {
	const char *file;
	const char *const *names;
	const struct langs *langs;
	struct error *error;
	struct page *page;
	size_t open[PAGE_DEPTH_MAX]; /* indices of the open parts */
	size_t depth;
	int line;
};

static int complain(struct parser *parser, const char *what, const char *name)
{
	return error_set(
		parser->error, "%s:%d: %s \"%.64s\"", parser->file, parser->line, what, name);
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
		return error_prefix(parser->error, "%s:%d: ", parser->file, parser->line);
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

	if (parser->depth == 0)
		return complain(parser, "no open part matches", name);
	part = &parser->page->ops[parser->open[--parser->depth]];
	if (strcmp(part->text, name) != 0)
		return complain(parser, "the innermost open part differs from", name);
	part->other = parser->page->count;
	add(parser, OP_END, name, strlen(name))->other = parser->open[parser->depth];
	return 0;
}

static int parse_tag(struct parser *parser, const char *tag)
{
	if (tag[0] == '#')
		return open_part(parser, tag + 1);
	if (tag[0] == '/')
		return close_part(parser, tag + 1);
	if (strncmp(tag, "t.", 2) == 0)
		return add_sentence(parser, tag + 2);
	return add_value(parser, OP_VALUE, tag);
}

static void count_lines(struct parser *parser, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		parser->line += text[i] == '\n';
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
	/* escaping protects quoted attributes only */
	if (length > 0 && tag[-1] == '=')
		return complain(parser, "put the attribute in quotes at", tag);
	end = strstr(tag, "}}");
	if (end == NULL || memchr(tag, '\n', (size_t)(end - tag)) != NULL)
		return complain(parser, "this is not closed by }} on its line:", tag);
	*end = '\0'; /* ends the name in place */
	*at = end + 2;
	return parse_tag(parser, tag + 2);
}

static int parse(struct parser *parser)
{
	char *at = parser->page->source;
	const char *part;

	while (*at != '\0')
		if (parse_step(parser, &at) != 0)
			return -1;
	if (parser->depth == 0)
		return 0;
	part = parser->page->ops[parser->open[parser->depth - 1]].text;
	return complain(parser, "end of the file: this part is not closed:", part);
}

/* Takes the source over. Every tag needs at most two steps, a text and its own; a text may follow
 * the last. */
static struct page *page_new(struct buffer *source)
{
	size_t tags = 0;
	struct page *page;

	for (const char *at = source->data; (at = strstr(at, "{{")) != NULL; at += 2)
		tags++;
	page = calloc(1, sizeof *page + (2 * tags + 1) * sizeof page->ops[0]);
	if (page == NULL)
		return NULL;
	page->source = source->data;
	*source = BUFFER_INIT(PAGE_FILE_MAX);
	return page;
}

static struct page *load_source(const char *file, struct error *error)
{
	struct buffer source = BUFFER_INIT(PAGE_FILE_MAX);
	struct page *page = NULL;

	if (file_read_text(file, FILE_PUBLIC, &source, error) != 0)
		goto out;
	if (source.length == 0 || strlen(source.data) != source.length)
		error_set(error, "%s:1: the page is empty or has a NUL byte", file);
	else if ((page = page_new(&source)) == NULL)
		error_set(error, "%s:1: out of memory", file);
out:
	buffer_release(&source);
	return page;
}

struct page *page_load(
	const char *file, const char *const *names, const struct langs *langs, struct error *error)
{
	struct parser parser = {
		.file = file, .names = names, .langs = langs, .error = error, .line = 1};

	parser.page = load_source(file, error);
	if (parser.page != NULL && parse(&parser) != 0)
		page_free(&parser.page);
	return parser.page;
}

void page_free(struct page **page)
{
	if (*page == NULL)
		return;
	free((*page)->source);
	free(*page);
	*page = NULL;
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

/* Appends a sentence with its values filled in. */
static void fill(struct buffer *text, const char *sentence, const struct scope *scope)
{
	enum sentence_part kind;
	const char *part;
	size_t length;

	while ((kind = sentence_next(&sentence, &part, &length)) != SENTENCE_END) {
		const char *value = NULL;

		if (kind == SENTENCE_TEXT)
			buffer_append(text, part, length);
		else if ((value = find(scope, part, length)->text) != NULL)
			buffer_text(text, value);
	}
}

/* Escapes a sentence with its values as a whole: nothing in it is markup. */
static void render_sentence(
	struct buffer *html, const struct lang *lang, const char *key, const struct scope *scope)
{
	struct buffer text = BUFFER_INIT(html->maximum);
	const char *sentence = lang_text(lang, key);

	if (sentence != NULL)
		fill(&text, sentence, scope);
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
	fill(text, sentence, &scope);
	return text->failed ? -1 : 0;
}
