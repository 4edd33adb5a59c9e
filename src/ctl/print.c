/* SPDX-License-Identifier: MIT */
#include "ctl/print.h"

#include "base/buffer.h"
#include "base/text.h"

enum { CELL_MAX = 65536, COLUMNS_MAX = 8 };

/* Returns the width of a text: its number of UTF-8 characters. */
static int width_of(const char *text)
{
	int count = 0;

	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0) != 0x80;
	return count;
}

static void append_items(struct buffer *cell, const json_t *items)
{
	const json_t *item;
	size_t i;

	json_array_foreach(items, i, item)
		buffer_printf(cell, "%s%s", i > 0 ? "," : "", json_string_value(item));
}

/* Returns the text of a cell, valid until the next call. */
static const char *cell_text(
	struct buffer *cell, const json_t *row, const struct print_column *column)
{
	const json_t *value = json_object_get(row, column->key);

	buffer_clear(cell);
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_true(value))
		return column->yes;
	buffer_text(cell, "");
	if (json_is_integer(value))
		buffer_printf(cell, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_array(value))
		append_items(cell, value);
	else if (column->none != NULL)
		return column->none;
	return cell->data != NULL ? cell->data : "";
}

/* Aligns numbers to the right, and does not pad the last column. */
static void print_cell(const char *text, int width, bool right, bool last)
{
	int blanks = width - width_of(text);

	printf("%*s%s%*s", right ? blanks : 0, "", text, right || last ? 0 : blanks, "");
}

/* Computes the widths of all columns; 0 with tabs. */
static void find_widths(json_t *list, const struct print_column *columns, enum print_style style,
	struct buffer *cell, int *widths)
{
	const json_t *row;
	size_t i;

	for (size_t c = 0; columns[c].title != NULL && style == PRINT_ALIGNED; c++) {
		widths[c] = width_of(columns[c].title);
		json_array_foreach(list, i, row)
		{
			int width = width_of(cell_text(cell, row, &columns[c]));

			widths[c] = width > widths[c] ? width : widths[c];
		}
	}
}

/* Prints a row, or the titles if `row` is NULL. */
static void print_row(const json_t *row, const struct print_column *columns, enum print_style style,
	struct buffer *cell, const int *widths)
{
	for (size_t c = 0; columns[c].title != NULL; c++) {
		const char *text =
			row != NULL ? cell_text(cell, row, &columns[c]) : columns[c].title;
		bool right = row != NULL && json_is_integer(json_object_get(row, columns[c].key));

		if (c > 0)
			fputs(style == PRINT_TABS ? "\t" : "  ", stdout);
		if (style == PRINT_TABS)
			fputs(text, stdout);
		else
			print_cell(text, widths[c], right, columns[c + 1].title == NULL);
	}
	putchar('\n');
}

void print_table(json_t *list, const struct print_column *columns, enum print_style style)
{
	struct buffer cell = BUFFER_INIT(CELL_MAX);
	int widths[COLUMNS_MAX] = {0};
	const json_t *row;
	size_t i;

	find_widths(list, columns, style, &cell, widths);
	print_row(NULL, columns, style, &cell, widths);
	json_array_foreach(list, i, row) print_row(row, columns, style, &cell, widths);
	buffer_release(&cell);
}

void print_json(json_t *value)
{
	if (value == NULL)
		xno_memory();
	json_dumpf(value, stdout, JSON_INDENT(2));
	json_decref(value);
	putchar('\n');
}

void print_list(const struct ctl *ctl, json_t *list, const struct print_column *columns,
	enum print_style style)
{
	if (ctl->json) {
		print_json(list);
		return;
	}
	print_table(list, columns, style);
	json_decref(list);
}

void print_add(json_t *list, json_t *object)
{
	if (json_array_append_new(list, object) != 0)
		xno_memory();
}

json_t *print_text(const char *text)
{
	return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *print_time(int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	return seconds != 0 ? json_string(text_from_time(seconds, text)) : json_null();
}
