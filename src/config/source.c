/* SPDX-License-Identifier: MIT */
#include "config/source.h"

#include "base/file.h"
#include "base/memory.h"

enum { DEPTH_MAX = 8 };

struct scan {
	const char *file;
	const char *at; /* NUL-terminated */
	int line;
	char last;	       /* last character outside of blanks and comments */
	bool blank;	       /* the previous character was blank or in a comment */
	int opened[DEPTH_MAX]; /* lines of the open braces */
	bool list[DEPTH_MAX];  /* whether the brace opens a list */
	size_t depth;
	struct buffer *text;
	struct error *error;
};

static int fail(const struct scan *scan, int line, const char *what)
{
	return error_set(scan->error, "%s:%d: %s", scan->file, line, what);
}

/* Copies `length` characters, at least one. */
static void copy(struct scan *scan, size_t length)
{
	char last = scan->at[length - 1];

	buffer_append(scan->text, scan->at, length);
	scan->at += length;
	scan->blank = strchr(" \t\r\n", last) != NULL;
	if (!scan->blank)
		scan->last = last;
}

static int skip_block_comment(struct scan *scan)
{
	int line = scan->line;
	const char *end = strstr(scan->at + 2, "*/");

	if (end == NULL)
		return fail(scan, line, "the comment that starts here is never closed: write */");
	for (; scan->at < end; scan->at++) {
		if (*scan->at == '\n') {
			scan->line++;
			buffer_text(scan->text, "\n");
		}
	}
	scan->at += 2;
	buffer_text(scan->text, " ");
	scan->blank = true;
	return 0;
}

static int skip_line_comment(struct scan *scan)
{
	scan->at += strcspn(scan->at, "\n");
	scan->blank = true;
	return 0;
}

static size_t name_length(const char *text)
{
	size_t length =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

	return text[0] >= '0' && text[0] <= '9' ? 0 : length;
}

/* At "${": checks the variable that libconfuse will substitute. */
static int copy_variable(struct scan *scan)
{
	const char *name = scan->at + 2;
	size_t length = name_length(name), rest = 0;
	bool fallback = strncmp(name + length, ":-", 2) == 0;
	char *variable;
	bool known;

	if (fallback)
		rest = strcspn(name + length, "}\"'\n");
	if (length == 0 || name[length + rest] != '}')
		return fail(
			scan, scan->line, "write ${NAME}, ${NAME:-otherwise}, or \\$ for a dollar");
	variable = xstrndup(name, length);
	known = fallback || getenv(variable) != NULL;
	if (!known)
		error_set(scan->error,
			"%s:%d: the environment variable %.100s is not set: set it, or write "
			"${%.100s:-otherwise}",
			scan->file, scan->line, variable, variable);
	free(variable);
	copy(scan, 2 + length + rest + 1);
	return known ? 0 : -1;
}

/* At a backslash in quotes. Refuses libconfuse's other escapes, whose characters no option
 * accepts. */
static int copy_escape(struct scan *scan, char quote)
{
	char next = scan->at[1];

	if (next == '\0' || next == '\n')
		return fail(scan, scan->line,
			"the text is not closed on its line: write the closing quote");
	if (quote == '"' && strchr("\\\"$", next) == NULL)
		return fail(scan, scan->line,
			"in quotes, only \\, \" or $ may follow a backslash; write \\\\ for a "
			"backslash");
	copy(scan, 2);
	return 0;
}

static int copy_string(struct scan *scan)
{
	char quote = *scan->at;

	copy(scan, 1);
	while (*scan->at != quote) {
		int rc = 0;

		if (*scan->at == '\0' || *scan->at == '\n')
			return fail(scan, scan->line,
				"the text is not closed on its line: write the closing quote");
		if (*scan->at == '\\')
			rc = copy_escape(scan, quote);
		else if (quote == '"' && strncmp(scan->at, "${", 2) == 0)
			rc = copy_variable(scan);
		else
			copy(scan, 1);
		if (rc != 0)
			return -1;
	}
	copy(scan, 1);
	return 0;
}

static int copy_opening(struct scan *scan)
{
	bool list = scan->last == '=';

	if (scan->depth == DEPTH_MAX)
		return fail(scan, scan->line, "braces are nested too deeply");
	scan->list[scan->depth] = list;
	scan->opened[scan->depth++] = scan->line;
	copy(scan, 1);
	if (!list)
		buffer_text(scan->text, " " SOURCE_OPENED "=1 ");
	return 0;
}

static int copy_closing(struct scan *scan)
{
	if (scan->depth == 0)
		return fail(scan, scan->line, "a } without a {");
	scan->depth--;
	if (scan->list[scan->depth] && scan->last == '{')
		buffer_text(scan->text, "\"" SOURCE_EMPTY "\"");
	copy(scan, 1);
	return 0;
}

static int copy_plain(struct scan *scan)
{
	char c = *scan->at;

	if (c == '*' || c == '|' || (c == '+' && scan->at[1] != '='))
		return error_set(scan->error,
			"%s:%d: a %c outside of quotes: write the text in quotes", scan->file,
			scan->line, c);
	if (c == '\n')
		scan->line++;
	copy(scan, 1);
	return 0;
}

/* Whether "//" starts a comment and is not part of an unquoted address. */
static bool starts_line_comment(const struct scan *scan)
{
	if (*scan->at == '#')
		return true;
	return strncmp(scan->at, "//", 2) == 0 &&
	       (scan->blank || strchr("={},\"'", scan->last) != NULL);
}

static int scan_one(struct scan *scan)
{
	if (starts_line_comment(scan))
		return skip_line_comment(scan);
	if (strncmp(scan->at, "/*", 2) == 0)
		return skip_block_comment(scan);
	if (strncmp(scan->at, "${", 2) == 0)
		return copy_variable(scan);
	switch (*scan->at) {
	case '"':
	case '\'':
		return copy_string(scan);
	case '{':
		return copy_opening(scan);
	case '}':
		return copy_closing(scan);
	default:
		return copy_plain(scan);
	}
}

static int scan_all(struct scan *scan)
{
	while (*scan->at != '\0')
		if (scan_one(scan) != 0)
			return -1;
	if (scan->depth > 0)
		return fail(scan, scan->opened[scan->depth - 1],
			"the { on this line is never closed: write }");
	return 0;
}

int source_read(const char *file, struct buffer *text, struct error *error)
{
	struct buffer raw = BUFFER_INIT(SOURCE_MAX);
	struct scan scan = {
		.file = file, .line = 1, .last = '\n', .blank = true, .text = text, .error = error};
	int rc = file_read_text(file, FILE_PUBLIC, &raw, error);

	if (rc == 0) {
		scan.at = raw.data != NULL ? raw.data : "";
		rc = scan_all(&scan);
	}
	if (rc == 0 && raw.data != NULL && scan.at != raw.data + raw.length)
		rc = fail(&scan, scan.line, "a NUL byte: this is not a text file");
	if (rc == 0 && text->failed)
		rc = error_set(error, "%s: too large", file);
	buffer_release(&raw);
	return rc;
}
