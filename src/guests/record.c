/* SPDX-License-Identifier: MIT */
#include "guests/record.h"

#include "base/text.h"

#include <jansson.h>
#include <sodium.h>

static const struct records_field id_field = {
	.key = "id", .kind = RECORDS_TEXT, .maximum = RECORDS_ID_SIZE - 1};

/* ---- access to fields ---- */

static const void *member(const void *record, size_t offset)
{
	return (const char *)record + offset;
}

static const char *text_of(const void *record, size_t offset)
{
	return *(const char *const *)member(record, offset);
}

const char *record_id(const void *record)
{
	return text_of(record, 0);
}

static int64_t time_of(const void *record, const struct records_field *field)
{
	return *(const int64_t *)member(record, field->offset);
}

/* Returns the items of a list field. A text field is a list of one. */
static const char *const *items_of(
	const void *record, const struct records_field *field, size_t *count_r)
{
	*count_r = field->kind == RECORDS_LIST
			   ? *(const size_t *)member(record, field->count_offset)
			   : 1;
	return member(record, field->offset);
}

static bool is_time(const struct records_field *field)
{
	return field->kind >= RECORDS_TIME;
}

/* ---- from JSON to a record ---- */

static int read_text(const json_t *value, size_t maximum, const char **text_r)
{
	*text_r = value != NULL ? json_string_value(value) : "";
	return *text_r != NULL && json_string_length(value) <= maximum && text_is_printable(*text_r)
		       ? 0
		       : -1;
}

static int read_time(const json_t *value, int64_t *seconds_r)
{
	const char *text = json_string_value(value);

	*seconds_r = 0;
	if (value == NULL)
		return 0;
	return text != NULL && text_to_time(text, seconds_r) == 0 && *seconds_r > 0 ? 0 : -1;
}

static int read_list(const json_t *value, size_t maximum, const char **items, size_t *count_r)
{
	*count_r = json_array_size(value);
	if (*count_r > maximum)
		return -1;
	for (size_t i = 0; i < *count_r; i++)
		if (read_text(json_array_get(value, i), RECORDS_FILE_MAX, &items[i]) != 0)
			return -1;
	return 0;
}

static int read_field(const json_t *entry, const struct records_field *field, char *record)
{
	const json_t *value = json_object_get(entry, field->key);
	void *at = record + field->offset, *count = record + field->count_offset;

	switch (field->kind) {
	case RECORDS_TEXT:
		return read_text(value, field->maximum, at);
	case RECORDS_LIST:
		return read_list(value, field->maximum, at, count);
	case RECORDS_TIME:
	case RECORDS_EXPIRY:
	case RECORDS_REVOKED:
		break;
	}
	return read_time(value, at);
}

/* Fills the record. Returns NULL, or the field whose JSON has the wrong type. */
static const struct records_field *read_entry(
	const struct records_type *type, const json_t *entry, void *record)
{
	memset(record, 0, type->size);
	if (read_field(entry, &id_field, record) != 0)
		return &id_field;
	for (const struct records_field *field = type->fields; field->key != NULL; field++)
		if (read_field(entry, field, record) != 0)
			return field;
	return NULL;
}

static char *move_text(const char **text, char *room)
{
	size_t size = strlen(*text) + 1;

	if (size == 1) {
		*text = "";
		return room;
	}
	memcpy(room, *text, size);
	*text = room;
	return room + size;
}

char *record_move_texts(const struct records_type *type, void *record, char *room)
{
	room = move_text(record, room);
	for (const struct records_field *field = type->fields; field->key != NULL; field++) {
		const char **texts = (const char **)(void *)((char *)record + field->offset);
		size_t count = 0;

		if (!is_time(field))
			items_of(record, field, &count);
		for (size_t i = 0; i < count; i++)
			room = move_text(&texts[i], room);
	}
	return room;
}

static int refuse_field(
	const struct records_field *field, const char *path, size_t number, struct error *error)
{
	if (field->kind == RECORDS_TEXT)
		return error_set(error,
			"%s: entry %zu: %s: expected printable text of at most %zu bytes", path,
			number, field->key, field->maximum);
	if (field->kind == RECORDS_LIST)
		return error_set(error, "%s: entry %zu: %s: expected a list of at most %zu texts",
			path, number, field->key, field->maximum);
	return error_set(error, "%s: entry %zu: %s: expected a time like 2026-12-31T18:00:00Z",
		path, number, field->key);
}

/* ---- from a record to JSON ---- */

static json_t *time_to_json(int64_t seconds)
{
	char text[TEXT_TIME_SIZE];

	return json_string(text_from_time(seconds, text));
}

static json_t *list_to_json(const void *record, const struct records_field *field)
{
	size_t count;
	const char *const *items = items_of(record, field, &count);
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		if (json_array_append_new(list, json_string(items[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* Writes a field. In an entry of an older version a missing field stays missing while it is empty.
 * Returns 0 or -1. */
static int write_field(
	json_t *entry, bool is_new, const struct records_field *field, const void *record)
{
	bool present = json_object_get(entry, field->key) != NULL;
	size_t count;

	if (is_time(field) && time_of(record, field) == 0)
		return present ? json_object_del(entry, field->key) : 0;
	if (is_time(field))
		return json_object_set_new(entry, field->key, time_to_json(time_of(record, field)));
	if (field->kind == RECORDS_LIST) {
		items_of(record, field, &count);
		return present || count > 0
			       ? json_object_set_new(entry, field->key, list_to_json(record, field))
			       : 0;
	}
	if (!is_new && !present && text_of(record, field->offset)[0] == '\0')
		return 0;
	return json_object_set_new(entry, field->key, json_string(text_of(record, field->offset)));
}

json_t *record_write(const struct records_type *type, json_t *old, const void *record)
{
	json_t *entry = old != NULL ? json_copy(old) : json_object();
	int rc = write_field(entry, old == NULL, &id_field, record);

	for (const struct records_field *field = type->fields; field->key != NULL; field++)
		rc |= write_field(entry, old == NULL, field, record);
	if (rc == 0)
		return entry;
	json_decref(entry);
	return NULL;
}

/* ---- checks ---- */

const char *records_fault(const struct records_type *type, const void *record)
{
	for (const struct records_field *field = type->fields; field->key != NULL; field++) {
		size_t count = 0;
		const char *const *items = NULL;

		if (field->fault != NULL)
			items = items_of(record, field, &count);
		for (size_t i = 0; i < count; i++) {
			const char *fault = field->required && items[i][0] == '\0'
						    ? NULL
						    : field->fault(items[i]);

			if (fault != NULL)
				return fault;
		}
	}
	return type->fault != NULL ? type->fault(record) : NULL;
}

static const char *missing_field(const struct records_type *type, const void *record)
{
	for (const struct records_field *field = type->fields; field->key != NULL; field++)
		if (field->required && text_of(record, field->offset)[0] == '\0')
			return field->key;
	return NULL;
}

/* Returns the record's time of that kind, or 0. */
static int64_t time_of_kind(
	const struct records_type *type, const void *record, enum records_kind kind)
{
	for (const struct records_field *field = type->fields; field->key != NULL; field++)
		if (field->kind == kind)
			return time_of(record, field);
	return 0;
}

bool record_expired(const struct records_type *type, const void *record, int64_t now)
{
	int64_t expires = time_of_kind(type, record, RECORDS_EXPIRY);

	return expires != 0 && now >= expires;
}

bool records_is_active(const struct records_type *type, const void *record, int64_t now)
{
	return !record_expired(type, record, now) &&
	       time_of_kind(type, record, RECORDS_REVOKED) == 0;
}

void records_new_id(char id[RECORDS_ID_SIZE])
{
	uint8_t bytes[RECORDS_ID_SIZE / 2];

	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(id, RECORDS_ID_SIZE, bytes, sizeof bytes);
}

bool records_is_id(const char *text)
{
	return strlen(text) == RECORDS_ID_SIZE - 1 &&
	       text[strspn(text, "0123456789abcdef")] == '\0';
}

int record_check(const struct records_type *type, const json_t *entry, void *record,
	const char *path, size_t number, struct error *error)
{
	const struct records_field *bad = read_entry(type, entry, record);
	const char *fault, *missing;

	if (bad != NULL)
		return refuse_field(bad, path, number, error);
	fault = records_is_id(record_id(record)) ? records_fault(type, record)
						 : "id: expected 32 hex digits";
	if (fault != NULL)
		return error_set(error, "%s: entry %zu: %s", path, number, fault);
	missing = missing_field(type, record);
	if (missing != NULL)
		return error_set(error, "%s: entry %zu: %s is missing", path, number, missing);
	return 0;
}
