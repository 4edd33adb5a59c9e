/* SPDX-License-Identifier: MIT */
#include "guests/records.h"

#include "base/clock.h"
#include "guests/record.h"

#include <errno.h>
#include <jansson.h>
#include <sys/stat.h>

/* ---- the list ---- */

struct order {
	int (*compare)(const void *a, const void *b);
	const char *unique;
	const void **rows;
};

/* Lists are shared by all who load the same file: the service before a reload, the one after it,
 * and the guest desk. */
struct records {
	struct records *next; /* of those that may be shared */
	char *path;	      /* NULL: not shared */
	struct file_stamp stamp;
	unsigned users;
	const struct records_type *type;
	json_t *entries;    /* own the strings: these, or the text */
	struct buffer text; /* the file, without what no record needs */
	char *rows;
	char **folded; /* NULL if the type has no fold() */
	size_t count;
	struct order by_id, by_key;
	struct owned owned;
};

static int compare_ids(const void *a, const void *b)
{
	return strcmp(record_id(a), record_id(b));
}

static int compare_rows(const void *a, const void *b, void *order)
{
	return ((const struct order *)order)
		->compare(*(const void *const *)a, *(const void *const *)b);
}

static int sort_rows(
	const struct records *records, struct order *order, const char *path, struct error *error)
{
	for (size_t i = 0; i < records->count; i++)
		order->rows[i] = records->rows + i * records->type->size;
	qsort_r(order->rows, records->count, sizeof *order->rows, compare_rows, order);
	for (size_t i = 1; i < records->count; i++)
		if (order->compare(order->rows[i - 1], order->rows[i]) == 0)
			return error_set(error, "%s: entries %s and %s have the same %s", path,
				record_id(order->rows[i - 1]), record_id(order->rows[i]),
				order->unique);
	return 0;
}

static int read_rows(struct records *records, const char *path, struct error *error)
{
	const struct records_type *type = records->type;

	for (size_t i = 0; i < records->count; i++)
		if (record_check(type, json_array_get(records->entries, i),
			    records->rows + i * type->size, path, i + 1, error) != 0)
			return -1;
	return 0;
}

/* ---- sharing ---- */

static pthread_mutex_t sharing = PTHREAD_MUTEX_INITIALIZER; /* protects the next, and `users` */
static struct records *shared;

static struct records *find_shared(
	const struct records_type *type, const char *path, struct file_stamp stamp)
{
	struct records *found;

	pthread_mutex_lock(&sharing);
	for (found = shared; found != NULL; found = found->next)
		if (found->type == type && strcmp(found->path, path) == 0 &&
			file_stamp_equal(found->stamp, stamp))
			break;
	if (found != NULL)
		found->users++;
	pthread_mutex_unlock(&sharing);
	return found;
}

/* Not if there is no file, or it was changed just before `began`, when its stamp was taken: another
 * change could leave the same stamp. */
static void share(struct records *records, const char *path, struct file_stamp stamp, int64_t began)
{
	enum { SETTLED_S = 2 };

	if (stamp.inode == 0 || stamp.changed_ns / 1000000000 > began - SETTLED_S)
		return;
	records->path = strdup(path);
	if (records->path == NULL)
		return;
	records->stamp = stamp;
	pthread_mutex_lock(&sharing);
	records->next = shared;
	shared = records;
	pthread_mutex_unlock(&sharing);
}

/* Whether that was the last user. */
static bool leave(struct records *records)
{
	struct records **at = &shared;
	bool last;

	pthread_mutex_lock(&sharing);
	last = --records->users == 0;
	while (last && *at != NULL && *at != records)
		at = &(*at)->next;
	if (last && *at != NULL)
		*at = records->next;
	pthread_mutex_unlock(&sharing);
	return last;
}

/* Done at each load, so that no search has to do it for each record. */
static int fold_rows(struct records *records, const char *path, struct error *error)
{
	const struct records_type *type = records->type;

	if (type->fold == NULL)
		return 0;
	records->folded = calloc(records->count + 1, sizeof *records->folded);
	for (size_t i = 0; i < records->count; i++)
		if (records->folded == NULL ||
			(records->folded[i] = type->fold(records_at(records, i))) == NULL)
			return error_set(error, "%s: out of memory for names", path);
	return 0;
}

void records_free(struct records **records)
{
	struct records *old = *records;

	*records = NULL;
	if (old == NULL || !leave(old))
		return;
	free(old->path);
	json_decref(old->entries);
	for (size_t i = 0; old->folded != NULL && i < old->count; i++)
		free(old->folded[i]);
	free(old->folded);
	buffer_wipe(&old->text);
	free(old->rows);
	free(old->by_id.rows);
	free(old->by_key.rows);
	free(old->owned.items);
	free(old);
}

static int no_memory(const struct records *records, const char *path, struct error *error)
{
	return error_set(error, "%s: out of memory for %zu entries", path, records->count);
}

/* What is made of all rows once: the orders, and the folded texts. */
static int index_rows(struct records *records, const char *path, struct error *error)
{
	const struct records_type *type = records->type;

	records->by_id =
		(struct order){compare_ids, "id", calloc(records->count + 1, sizeof(void *))};
	if (type->compare != NULL)
		records->by_key = (struct order){
			type->compare, type->unique, calloc(records->count + 1, sizeof(void *))};
	if (records->by_id.rows == NULL || (type->compare != NULL && records->by_key.rows == NULL))
		return no_memory(records, path, error);
	if (sort_rows(records, &records->by_id, path, error) != 0)
		return -1;
	if (type->compare != NULL && sort_rows(records, &records->by_key, path, error) != 0)
		return -1;
	if (owned_make(&records->owned, type, records->rows, records->count) != 0)
		return no_memory(records, path, error);
	return fold_rows(records, path, error);
}

static struct records *new_records(
	const struct records_type *type, const char *path, struct error *error)
{
	struct records *records = calloc(1, sizeof *records);

	if (records != NULL)
		*records = (struct records){.users = 1, .type = type};
	else
		error_set(error, "%s: out of memory", path);
	return records;
}

struct records *records_make(
	const struct records_type *type, const char *path, json_t *entries, struct error *error)
{
	struct records *records = new_records(type, path, error);

	if (records == NULL)
		return NULL;
	records->entries = json_incref(entries);
	records->count = json_array_size(entries);
	records->rows = calloc(records->count + 1, type->size);
	if (records->rows == NULL)
		no_memory(records, path, error);
	if (records->rows == NULL || read_rows(records, path, error) != 0 ||
		index_rows(records, path, error) != 0)
		records_free(&records);
	return records;
}

const struct records_type *records_type(const struct records *records)
{
	return records->type;
}

size_t records_count(const struct records *records)
{
	return records->count;
}

const void *records_at(const struct records *records, size_t index)
{
	return index < records->count ? records->rows + index * records->type->size : NULL;
}

const char *records_folded(const struct records *records, size_t index)
{
	return records->folded[index];
}

static const void *search(
	const struct records *records, const struct order *order, const void *wanted)
{
	size_t from = 0, to = records->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int way = order->compare(wanted, order->rows[middle]);

		if (way == 0)
			return order->rows[middle];
		if (way < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

const void *records_by_id(const struct records *records, const char *id)
{
	return search(records, &records->by_id, &id);
}

const void *records_find(const struct records *records, const void *wanted)
{
	return search(records, &records->by_key, wanted);
}

const struct records_owned *records_of(
	const struct records *records, const char *owner, size_t *count_r)
{
	return owned_find(&records->owned, owner, count_r);
}

/* ---- the file ---- */

/* Only ENOENT means an empty list. On other errors the file may exist and contain revocations. */
static bool is_missing(const char *path)
{
	struct stat st;

	return lstat(path, &st) != 0 && errno == ENOENT;
}

static json_t *parse(const char *path, const struct buffer *text, struct error *error)
{
	json_error_t why;
	json_t *root = json_loadb(
		text->data != NULL ? text->data : "", text->length, JSON_REJECT_DUPLICATES, &why);

	if (root == NULL)
		error_set(error, "%s:%d: %s", path, why.line, why.text);
	return root;
}

/* Extracts the list from the document. */
static json_t *take_entries(const char *path, const char *format, json_t *root, struct error *error)
{
	const char *found = json_string_value(json_object_get(root, "format"));
	json_t *entries = json_object_get(root, "entries"), *entry;
	size_t i;

	if (found == NULL || strcmp(found, format) != 0) {
		error_set(error, "%s: the file's \"format\" must be \"%s\"", path, format);
		return NULL;
	}
	if (!json_is_array(entries)) {
		error_set(error, "%s: \"entries\" must be a list", path);
		return NULL;
	}
	json_array_foreach(entries, i, entry) if (!json_is_object(entry))
	{
		error_set(error, "%s: entry %zu is not an object", path, i + 1);
		return NULL;
	}
	return json_incref(entries);
}

json_t *records_entries(const struct records_type *type, const char *path, struct error *error)
{
	struct buffer text = BUFFER_INIT(RECORDS_FILE_MAX);
	json_t *root = NULL, *entries = NULL;

	if (is_missing(path)) {
		entries = json_array();
		if (entries == NULL)
			error_set(error, "%s: out of memory", path);
		return entries;
	}
	if (file_read_text(path, FILE_PRIVATE, &text, error) == 0)
		root = parse(path, &text, error);
	if (root != NULL)
		entries = take_entries(path, type->format, root, error);
	json_decref(root);
	buffer_wipe(&text);
	return entries;
}

/* NULL: records_entries() tells what is wrong, if anything is. */
static struct records *read_quickly(const struct records_type *type, const char *path)
{
	struct records *records = new_records(type, path, NULL);

	if (records == NULL)
		return NULL;
	records->text = BUFFER_INIT(RECORDS_FILE_MAX);
	if (file_read_text(path, FILE_PRIVATE, &records->text, NULL) == 0)
		records->rows = records_read_rows(type, path, &records->text, &records->count);
	if (records->rows == NULL || index_rows(records, path, NULL) != 0)
		records_free(&records);
	return records;
}

struct records *records_load(const struct records_type *type, const char *path, struct error *error)
{
	int64_t began = clock_wall();
	struct file_stamp stamp = file_stamp(path); /* first, so that a later change is noticed */
	struct records *records = find_shared(type, path, stamp);
	json_t *entries = NULL;

	if (records != NULL)
		return records;
	records = read_quickly(type, path);
	if (records == NULL)
		entries = records_entries(type, path, error);
	if (entries != NULL)
		records = records_make(type, path, entries, error);
	json_decref(entries);
	if (records != NULL)
		share(records, path, stamp, began);
	return records;
}
