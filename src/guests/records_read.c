/* SPDX-License-Identifier: MIT
 *
 * Reads a file of records entry by entry, without a tree of the whole document. The strings of the
 * records are moved to the front of the text, where they take less room than their JSON did.
 */
#include "guests/record.h"

#include <jansson.h>

struct reading {
	const struct records_type *type;
	const char *path;
	const char *at, *end; /* the text that is not yet read */
	char *room;	      /* for strings; never beyond what is read */
	char *rows;
	size_t count, size; /* rows: in use, and room for */
};

static void skip_blanks(struct reading *reading)
{
	while (reading->at < reading->end && strchr(" \t\r\n", *reading->at) != NULL &&
		*reading->at != '\0')
		reading->at++;
}

static bool skip(struct reading *reading, const char *word)
{
	size_t length = strlen(word);

	skip_blanks(reading);
	if ((size_t)(reading->end - reading->at) < length || memcmp(reading->at, word, length) != 0)
		return false;
	reading->at += length;
	return true;
}

static bool skip_head(struct reading *reading)
{
	char format[64];

	snprintf(format, sizeof format, "\"%s\"", reading->type->format);
	return skip(reading, "{") && skip(reading, "\"format\"") && skip(reading, ":") &&
	       skip(reading, format) && skip(reading, ",") && skip(reading, "\"entries\"") &&
	       skip(reading, ":") && skip(reading, "[");
}

static bool skip_tail(struct reading *reading)
{
	if (!skip(reading, "]") || !skip(reading, "}"))
		return false;
	skip_blanks(reading);
	return reading->at == reading->end;
}

static void *add_row(struct reading *reading)
{
	size_t size = reading->size > 0 ? 2 * reading->size : 16;
	char *rows;

	if (reading->count == reading->size) {
		rows = reallocarray(reading->rows, size, reading->type->size);
		if (rows == NULL)
			return NULL;
		reading->rows = rows;
		reading->size = size;
	}
	return reading->rows + reading->count++ * reading->type->size;
}

static bool read_entry(struct reading *reading)
{
	json_error_t where;
	json_t *entry = json_loadb(reading->at, (size_t)(reading->end - reading->at),
		JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &where);
	void *row = json_is_object(entry) ? add_row(reading) : NULL;
	bool good = row != NULL && record_check(reading->type, entry, row, reading->path,
					   reading->count, NULL) == 0;

	if (good) {
		reading->at += where.position;
		reading->room = record_move_texts(reading->type, row, reading->room);
	}
	json_decref(entry);
	return good;
}

static bool read_entries(struct reading *reading)
{
	skip_blanks(reading);
	if (*reading->at == ']')
		return true;
	do {
		if (!read_entry(reading))
			return false;
	} while (skip(reading, ","));
	return true;
}

char *records_read_rows(
	const struct records_type *type, const char *path, struct buffer *text, size_t *count_r)
{
	struct reading reading = {.type = type, .path = path, .at = text->data, .room = text->data};

	if (text->data == NULL)
		return NULL;
	reading.end = text->data + text->length;
	if (!skip_head(&reading) || !read_entries(&reading) || !skip_tail(&reading)) {
		free(reading.rows);
		return NULL;
	}
	*count_r = reading.count;
	explicit_bzero(reading.room, (size_t)(reading.end - reading.room));
	return reading.rows != NULL ? reading.rows : calloc(1, type->size);
}
