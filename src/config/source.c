/* SPDX-License-Identifier: MIT */
#include "config/source.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 8 };

enum { INCLUDES_MAX = 8 }; /* how deep files include files */

/* What all files of a configuration share. */
struct reading {
	struct sources *sources;
	struct buffer *text;
	int line; /* of the text */
	struct error *error;
};

struct scan {
	struct reading *reading;
	const struct scan *parent; /* of the file that includes this one */
	const char *file;
	dev_t device;
	ino_t inode;
	const char *at; /* NUL-terminated */
	int line;
	char last;	       /* last character outside of blanks and comments */
	bool blank;	       /* the previous character was blank or in a comment */
	int opened[DEPTH_MAX]; /* lines of the open braces */
	bool list[DEPTH_MAX];  /* whether the brace opens a list */
	size_t depth;
};

static int fail(const struct scan *scan, int line, const char *what)
{
	return error_set(scan->reading->error, "%s:%d: %s", scan->file, line, what);
}

/* The text goes on with this line of the file. */
static void begin_part(const struct scan *scan)
{
	struct source_part part = {scan->reading->line, scan->file, scan->line};

	sources_begin_part(scan->reading->sources, &part);
}

/* ---- scanning ---- */

static void put(struct scan *scan, const char *text)
{
	buffer_text(scan->reading->text, text);
}

/* Counts a newline, which is copied to the text. */
static void next_line(struct scan *scan)
{
	scan->line++;
	scan->reading->line++;
}

/* Copies `length` characters, at least one. */
static void copy(struct scan *scan, size_t length)
{
	char last = scan->at[length - 1];

	buffer_append(scan->reading->text, scan->at, length);
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
			next_line(scan);
			put(scan, "\n");
		}
	}
	scan->at += 2;
	put(scan, " ");
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
	sources_name_variable(scan->reading->sources, variable);
	known = fallback || getenv(variable) != NULL;
	if (!known)
		error_set(scan->reading->error,
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
		put(scan, " " SOURCE_OPENED "=1 ");
	return 0;
}

static int copy_closing(struct scan *scan)
{
	if (scan->depth == 0)
		return fail(scan, scan->line, "a } without a {");
	scan->depth--;
	if (scan->list[scan->depth] && scan->last == '{')
		put(scan, "\"" SOURCE_EMPTY "\"");
	copy(scan, 1);
	return 0;
}

static int copy_plain(struct scan *scan)
{
	char c = *scan->at;

	if (c == '*' || c == '|' || (c == '+' && scan->at[1] != '='))
		return error_set(scan->reading->error,
			"%s:%d: a %c outside of quotes: write the text in quotes", scan->file,
			scan->line, c);
	if (c == '\n')
		next_line(scan);
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

/* ---- include ---- */

static int read_file(const struct scan *parent, struct reading *reading, const char *file);

/* Whether the text here is a statement `include`, which may stand wherever an option may. */
static bool is_include(const struct scan *scan)
{
	static const char word[] = "include";
	const char *after = scan->at + sizeof word - 1;
	bool in_list = scan->depth > 0 && scan->list[scan->depth - 1];

	if (strncmp(scan->at, word, sizeof word - 1) != 0 || in_list || scan->last == '=' ||
		!(scan->blank || strchr("{}\"'\n", scan->last) != NULL))
		return false;
	after += strspn(after, " \t");
	return *after == '=' || *after == '(';
}

/* Takes the statement out of the text. Returns the name in its quotes, which the caller frees, or
 * NULL with the error. */
static char *take_include(struct scan *scan)
{
	const char *at = scan->at + strcspn(scan->at, "=(\n"), *end;
	char quote;

	at += *at == '=';
	at += strspn(at, " \t");
	quote = *at;
	end = quote == '"' || quote == '\'' ? at + 1 + strcspn(at + 1, "\"'\\$\n") : at;
	if (end - at < 2 || *end != quote) {
		fail(scan, scan->line,
			"write include = \"FILE\" or include = \"FOLDER/*.conf\", without \\ and "
			"${NAME}");
		return NULL;
	}
	scan->at = end + 1;
	scan->last = quote;
	scan->blank = false;
	return xstrndup(at + 1, (size_t)(end - at - 1));
}

/* A relative name counts from the folder of the file that has it. */
static char *path_of(const struct scan *scan, const char *name)
{
	const char *slash = strrchr(scan->file, '/');

	return name[0] == '/' || slash == NULL
		       ? xstrdup(name)
		       : xprintf("%.*s/%s", (int)(slash - scan->file), scan->file, name);
}

static int compare_names(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

/* Reads the files of a folder whose names match, by name. Names that begin with a dot do not. */
static int read_folder(struct scan *scan, const char *folder, const char *pattern)
{
	struct sources *sources = scan->reading->sources;
	struct dirent **entries = NULL;
	int count, rc = 0;

	sources_add_folder(sources, folder);
	count = scandir(folder, &entries, NULL, compare_names);
	if (count < 0)
		return error_set(scan->reading->error,
			"%s:%d: include: cannot read the folder %s: %s", scan->file, scan->line,
			folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		char *path = xprintf("%s/%s", folder, entries[i]->d_name);

		if (rc == 0 && fnmatch(pattern, entries[i]->d_name, FNM_PERIOD) == 0)
			rc = read_file(scan, scan->reading, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return rc;
}

static int read_included(struct scan *scan, char *path)
{
	static const char wildcards[] = "*?[";
	char *slash = strrchr(path, '/');

	if (strpbrk(path, wildcards) == NULL)
		return read_file(scan, scan->reading, path);
	if (slash == NULL)
		return read_folder(scan, ".", path);
	*slash = '\0';
	if (strpbrk(path, wildcards) != NULL)
		return fail(scan, scan->line,
			"include: only the name of the files may have * ? or [, not their folder");
	return read_folder(scan, slash == path ? "/" : path, slash + 1);
}

/* The text goes on in the files, on a line of its own, and then here. */
static int include(struct scan *scan)
{
	char *name = take_include(scan), *path;
	int rc;

	if (name == NULL)
		return -1;
	path = path_of(scan, name);
	rc = read_included(scan, path);
	put(scan, "\n");
	scan->reading->line++;
	begin_part(scan);
	free(path);
	free(name);
	return rc;
}

static int scan_one(struct scan *scan)
{
	if (starts_line_comment(scan))
		return skip_line_comment(scan);
	if (strncmp(scan->at, "/*", 2) == 0)
		return skip_block_comment(scan);
	if (strncmp(scan->at, "${", 2) == 0)
		return copy_variable(scan);
	if (is_include(scan))
		return include(scan);
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

/* ---- files ---- */

/* Puts the place of the include in front of an error about a file. */
static int blame_include(const struct scan *scan)
{
	if (scan->parent == NULL)
		return -1;
	return error_prefix(
		scan->reading->error, "%s:%d: include: ", scan->parent->file, scan->parent->line);
}

/* Refuses a file that includes itself, and one that root may not trust: root reads none that others
 * can replace. */
static int check_included(struct scan *scan)
{
	struct error *error = scan->reading->error;
	size_t depth = 0;
	struct stat st;

	if (stat(scan->file, &st) != 0)
		return 0; /* reading it says why */
	scan->device = st.st_dev;
	scan->inode = st.st_ino;
	for (const struct scan *above = scan->parent; above != NULL; above = above->parent, depth++)
		if (above->device == scan->device && above->inode == scan->inode)
			return error_set(error, "%s includes itself", scan->file);
	if (depth > INCLUDES_MAX)
		return error_set(error, "%s: files include each other more than %d deep",
			scan->file, INCLUDES_MAX);
	if (scan->parent == NULL || geteuid() != 0 || owner_check(scan->file, 0, error) == 0)
		return 0;
	return error_prefix(
		error, "root does not read a configuration that other users can replace: ");
}

static int scan_file(struct scan *scan)
{
	struct buffer raw = BUFFER_INIT(SOURCE_MAX);
	int rc = check_included(scan);

	if (rc == 0)
		rc = file_read_text(scan->file, FILE_PUBLIC, &raw, scan->reading->error);
	if (rc != 0) {
		buffer_release(&raw);
		return blame_include(scan);
	}
	scan->at = raw.data != NULL ? raw.data : "";
	begin_part(scan);
	rc = scan_all(scan);
	if (rc == 0 && raw.data != NULL && scan->at != raw.data + raw.length)
		rc = fail(scan, scan->line, "a NUL byte: this is not a text file");
	if (rc == 0 && scan->reading->text->failed)
		rc = error_set(scan->reading->error, "%s: too large", scan->file);
	buffer_release(&raw);
	return rc;
}

static int read_file(const struct scan *parent, struct reading *reading, const char *file)
{
	struct sources *sources = reading->sources;
	struct scan scan = {.reading = reading,
		.parent = parent,
		.file = sources_add_file(sources, file),
		.line = 1,
		.last = '\n',
		.blank = true};

	if (parent != NULL) {
		put(&scan, "\n");
		reading->line++;
	}
	return scan_file(&scan);
}

int source_read(const char *file, struct sources *sources, struct buffer *text, struct error *error)
{
	struct reading reading = {sources, text, 1, error};

	return read_file(NULL, &reading, file);
}
