/* SPDX-License-Identifier: MIT
 *
 * The file has a line for each meeting, as RFC 4180 has it: MEETING,KEY or MEETING,KEY,EXPIRES. No
 * message quotes a field: whoever swaps two columns has keys where meetings are expected.
 */
#include "ctl/import.h"

#include "base/file.h"
#include "base/text.h"
#include "ctl/given.h"
#include "ctl/progress.h"
#include "platform/registry.h"
#include "secret/store.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

enum { IMPORT_MAX = 16 * 1024 * 1024, FIELDS_MAX = 3 };

enum field { MEETING = 0, KEY, EXPIRES };

struct row {
	char name[STORE_NAME_MAX + 1];
	const struct secret *key;
	int64_t expires;
	int line;
};

struct import {
	const char *file; /* for messages */
	const struct section *platform;
	const struct platform_driver *driver;
	void *instance;
	struct secret_block *keys;
	struct row *rows;
	size_t count, bad;
};

/* ---- reading ---- */

/* The whole file, still as the user who runs the command: it may be root's. "-": standard input. */
static void read_file(const char *path, struct buffer *text)
{
	if (strcmp(path, "-") != 0) {
		ctl_must(EX_NOINPUT, file_read_text(path, FILE_SECRET, text, &ctl_error));
		return;
	}
	given_read(STDIN_FILENO, "standard input", text);
	if (text->length > 0)
		text->length = text_strip(text->data, text->length);
}

/* Takes the field at *at out of the line, without its quotes; *at becomes NULL behind the last one.
 * NULL where the quotes are wrong. */
static char *take_field(char **at)
{
	char *field = *at, *to = field, *from = field;

	if (*from != '"') {
		from += strcspn(from, ",\"");
		if (*from == '"')
			return NULL;
		to = from;
	} else {
		for (from++; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
			from += *from == '"';
			*to++ = *from;
		}
		if (*from != '"' || (from[1] != ',' && from[1] != '\0'))
			return NULL;
		from++;
	}
	*at = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return field;
}

/* 0, or -1 with what is wrong. */
static int split(char *line, const char *fields[FIELDS_MAX], struct error *error)
{
	size_t count = 0;

	for (char *at = line; at != NULL; count++) {
		char *field = take_field(&at);

		if (field == NULL)
			return error_set(
				error, "a quotation mark inside a field, or without its other one");
		if (count == FIELDS_MAX)
			return error_set(error,
				"more than %d fields; a key with a comma stands in quotation marks",
				FIELDS_MAX);
		fields[count] = field;
	}
	if (count <= KEY)
		return error_set(error, "expected MEETING,KEY or MEETING,KEY,EXPIRES");
	if (count == EXPIRES)
		fields[EXPIRES] = "";
	return 0;
}

static int name_meeting(
	const struct import *import, const char *meeting, struct row *row, struct error *error)
{
	const char *title = section_title(import->platform);
	int length;
	char *id;

	if (platform_meeting_id(import->driver, import->instance, meeting, &id, error) != 0)
		return error_prefix(error, "field 1 is not a meeting of %s: ", title);
	length = snprintf(row->name, sizeof row->name, "meeting/%s/%s", title, id);
	free(id);
	if (length > STORE_NAME_MAX)
		return error_set(error, "field 1: the name of the meeting is too long");
	return store_check_name(row->name, error);
}

static int read_key(struct import *import, const char *text, struct row *row, struct error *error)
{
	const struct platform_secret_ops *ops = import->driver->secret;

	row->key = secret_block_add(import->keys, text, strlen(text));
	if (row->key == NULL)
		xno_memory();
	if (store_check_value(row->key, error) != 0 ||
		(ops != NULL && ops->validate_secret != NULL &&
			ops->validate_secret(import->instance, text, error) != 0))
		return error_prefix(error, "field 2: ");
	return 0;
}

static int read_row(struct import *import, char *line, struct row *row, struct error *error)
{
	const char *fields[FIELDS_MAX];

	if (split(line, fields, error) != 0 ||
		name_meeting(import, fields[MEETING], row, error) != 0 ||
		read_key(import, fields[KEY], row, error) != 0)
		return -1;
	if (fields[EXPIRES][0] != '\0' && given_end(fields[EXPIRES], &row->expires) != 0)
		return error_set(
			error, "field 3 takes " GIVEN_END_FORM ", and must lie in the future");
	return 0;
}

static void complain(struct import *import, int line, const char *text)
{
	progress_hide();
	fprintf(stderr, "meetauthctl: %s:%d: %s\n", import->file, line, text);
	import->bad++;
}

static bool is_skipped(const char *line, int number)
{
	return line[0] == '\0' || line[0] == '#' ||
	       (number == 1 && strcasecmp(line, "meeting,key,expires") == 0);
}

static void read_rows(struct import *import, char *text)
{
	char *next = text, *line;

	for (int number = 1; (line = strsep(&next, "\n")) != NULL; number++) {
		struct row *row = &import->rows[import->count];
		struct error error = {0};

		if (is_skipped(line, number))
			continue;
		*row = (struct row){.line = number};
		if (read_row(import, line, row, &error) == 0)
			import->count++;
		else
			complain(import, number, error.text);
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct row *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	return order != 0 ? order : left->line - right->line;
}

static void find_repeated(struct import *import)
{
	qsort(import->rows, import->count, sizeof *import->rows, compare_rows);
	for (size_t i = 1; i < import->count; i++) {
		const struct row *first = &import->rows[i - 1], *row = &import->rows[i];
		char text[64];

		if (strcmp(first->name, row->name) != 0)
			continue;
		snprintf(text, sizeof text, "the same meeting as in line %d", first->line);
		complain(import, row->line, text);
	}
}

/* ---- storing ---- */

static void store_rows(const struct import *import, const struct settings *settings)
{
	struct store_import *list = xcalloc(import->count, sizeof *list);
	struct store_imported done;

	for (size_t i = 0; i < import->count; i++)
		list[i] = (struct store_import){.name = import->rows[i].name,
			.value = import->rows[i].key,
			.expires = import->rows[i].expires};
	ctl_must(1, store_import(settings->store, settings->store_key, list, import->count, &done,
			    &ctl_error));
	progress_stop();
	printf("%s: %zu key%s added, %zu replaced, %zu unchanged\n",
		section_title(import->platform), done.added, done.added == 1 ? "" : "s",
		done.replaced, done.unchanged);
	free(list);
}

/* The platform, which has a secret for each meeting. */
static void open_platform(struct import *import, const struct ctl *ctl)
{
	const char *title = ctl->given.operands[0];

	import->platform = config_platform(ctl->settings, title);
	if (import->platform == NULL)
		ctl_usage(ctl->command, "the configuration has no platform \"%s\"", title);
	import->driver = platform_find(section_type(import->platform));
	if (import->driver == NULL || import->driver->secret_scope != PLATFORM_SECRET_PER_MEETING)
		ctl_usage(ctl->command,
			"\"%s\" has no keys of meetings: nothing of type \"%s\" reads them", title,
			section_type(import->platform));
	ctl_must(EX_CONFIG,
		platform_open(import->driver, import->platform, &import->instance, &ctl_error));
}

static size_t count_lines(const struct buffer *text)
{
	size_t count = 1;

	for (size_t i = 0; i < text->length; i++)
		count += text->data[i] == '\n';
	return count;
}

int import_run(struct ctl *ctl)
{
	const char *path = ctl->given.operands[1];
	struct import import = {.file = strcmp(path, "-") == 0 ? "standard input" : path};
	struct buffer text = BUFFER_INIT(IMPORT_MAX);

	read_file(path, &text);
	ctl_load_settings(ctl);
	if (text.length == 0)
		ctl_die(EX_DATAERR, "%s: has no keys", import.file);
	if (strlen(text.data) != text.length)
		ctl_die(EX_DATAERR, "%s: not a text file", import.file);
	open_platform(&import, ctl);
	import.rows = xcalloc(count_lines(&text), sizeof *import.rows);
	import.keys = secret_block_new(count_lines(&text), text.length);
	if (import.keys == NULL)
		xno_memory();
	progress_start("importing");
	read_rows(&import, text.data);
	buffer_wipe(&text);
	find_repeated(&import);
	if (import.bad > 0)
		ctl_die(EX_DATAERR, "%s: %zu line%s cannot be imported; nothing was stored",
			import.file, import.bad, import.bad == 1 ? "" : "s");
	if (import.count == 0)
		ctl_die(EX_DATAERR, "%s: has no keys", import.file);
	store_rows(&import, ctl->settings);
	platform_close(import.driver, &import.instance);
	secret_block_free(&import.keys);
	free(import.rows);
	return EX_OK;
}
