/* SPDX-License-Identifier: MIT
 *
 * Changes files of records, and reloads them after changes by other processes.
 */
#include "guests/records.h"

#include "base/clock.h"
#include "guests/record.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- changes ---- */

int records_begin(struct records_change *change, const struct records_type *type, const char *path,
	struct error *error)
{
	json_t *entries = NULL;
	struct stat st;

	*change = (struct records_change){.path = path, .error = error, .mode = 0600};
	change->lock = file_lock(path, error);
	if (change->lock >= 0)
		entries = records_entries(type, path, error);
	if (entries != NULL)
		change->read = records_make(type, path, entries, error);
	/* change->read keeps a reference to the old entries. */
	if (change->read != NULL && (change->entries = json_copy(entries)) == NULL)
		error_set(error, "%s: out of memory", path);
	json_decref(entries);
	if (stat(path, &st) == 0)
		change->mode = st.st_mode &
			       0640; /* keep a group permission that root has set for the daemon */
	change->old = change->read;
	change->failed = change->entries == NULL;
	return change->failed ? -1 : 0;
}

static const char *entry_id(const json_t *entry)
{
	return json_string_value(json_object_get(entry, "id"));
}

/* Returns the index of the entry with this id, or the size of the list. */
static size_t position(const json_t *entries, const char *id)
{
	size_t i = 0, count = json_array_size(entries);

	while (i < count && strcmp(entry_id(json_array_get(entries, i)), id) != 0)
		i++;
	return i;
}

void records_put(struct records_change *change, const void *record)
{
	size_t at = position(change->entries, record_id(record));
	json_t *old = json_array_get(change->entries, at);
	json_t *entry = record_write(records_type(change->old), old, record);
	int rc = old != NULL ? json_array_set_new(change->entries, at, entry)
			     : json_array_append_new(change->entries, entry);

	change->changed = true;
	if (rc != 0 && !change->failed) {
		change->failed = true;
		error_set(change->error, "%s: out of memory for an entry", change->path);
	}
}

void records_drop(struct records_change *change, const char *id)
{
	json_array_remove(change->entries, position(change->entries, id));
	change->changed = true;
}

void records_forget(struct records_change *change, const char *but)
{
	int64_t then = clock_wall() - RECORDS_KEPT;
	const void *record;

	for (size_t i = 0; (record = records_at(change->old, i)) != NULL; i++)
		if (record_expired(records_type(change->old), record, then) &&
			(but == NULL || strcmp(record_id(record), but) != 0))
			json_array_remove(
				change->entries, position(change->entries, record_id(record)));
}

bool records_keeps(const struct records_change *change, const char *id)
{
	return position(change->entries, id) < json_array_size(change->entries);
}

static void format_entries(const struct records_change *change, struct buffer *text)
{
	json_t *entry;
	size_t i;

	buffer_printf(
		text, "{\"format\": \"%s\", \"entries\": [", records_type(change->old)->format);
	json_array_foreach(change->entries, i, entry)
	{
		char *line = json_dumps(entry, 0);

		buffer_text(text, i > 0 ? ",\n" : "\n");
		if (line != NULL) {
			buffer_text(text, line);
			explicit_bzero(line, strlen(line));
		} else {
			text->failed = true;
		}
		free(line);
	}
	buffer_text(text, "\n]}\n");
}

static int replace_file(const struct records_change *change)
{
	struct buffer text = BUFFER_INIT(RECORDS_FILE_MAX);
	int rc;

	format_entries(change, &text);
	if (text.failed)
		rc = error_set(change->error, "%s: would be larger than %d bytes, or out of memory",
			change->path, RECORDS_FILE_MAX);
	else
		rc = file_replace(
			change->path, text.data, text.length, change->mode, change->error);
	buffer_wipe(&text);
	return rc;
}

int records_end(struct records_change *change)
{
	struct records *check;
	int rc = change->failed ? -1 : 0;

	/* Never write a file that could not be read back. */
	if (rc == 0 && change->changed) {
		check = records_make(
			records_type(change->old), change->path, change->entries, change->error);
		rc = check != NULL ? replace_file(change) : -1;
		records_free(&check);
	}
	json_decref(change->entries);
	records_free(&change->read);
	if (change->lock >= 0)
		close(change->lock);
	return rc;
}

/* ---- following the changes of other processes ---- */

static struct records *load_stamped(struct records_file *file, struct error *error)
{
	/* Take the stamp before loading, so that a concurrent change is noticed. The stamp of an
	 * invalid file is not stored, so the error repeats until the file is valid. */
	struct file_stamp stamp = file_stamp(file->path);
	struct records *records = records_load(file->type, file->path, error);

	if (records != NULL)
		file->stamp = stamp;
	return records;
}

int records_open(struct records_file *file, const struct records_type *type, struct error *error)
{
	file->type = type;
	file->records = load_stamped(file, error);
	if (file->records == NULL)
		return -1;
	pthread_mutex_init(&file->lock, NULL);
	pthread_mutex_init(&file->reading, NULL);
	return 0;
}

/* The caller holds `reading`. */
static int read_again(struct records_file *file, struct error *error)
{
	struct records *records, *old;

	if (file_stamp_equal(file_stamp(file->path), file->stamp))
		return 0;
	records = load_stamped(file, error);
	if (records == NULL)
		return -1;
	pthread_mutex_lock(&file->lock);
	old = file->records;
	file->records = records;
	pthread_mutex_unlock(&file->lock);
	records_free(&old);
	return 1;
}

int records_refresh(void *instance, struct error *error)
{
	struct records_file *file = instance;
	int rc;

	pthread_mutex_lock(&file->reading);
	rc = read_again(file, error);
	if (rc == 0 && file->ahead)
		rc = 1;
	file->ahead = false;
	pthread_mutex_unlock(&file->reading);
	return rc;
}

bool records_catch_up(struct records_file *file)
{
	struct error error; /* ignored: records_refresh() reports invalid files */
	bool changed;

	pthread_mutex_lock(&file->reading);
	changed = read_again(file, &error) == 1;
	file->ahead |= changed;
	pthread_mutex_unlock(&file->reading);
	return changed;
}

void records_close(void *instance)
{
	struct records_file *file = instance;

	records_free(&file->records);
	pthread_mutex_destroy(&file->lock);
	pthread_mutex_destroy(&file->reading);
}

static bool has_active(struct records_file *file, const char *id)
{
	const void *record;
	bool active;

	pthread_mutex_lock(&file->lock);
	record = records_by_id(file->records, id);
	active = record != NULL && records_is_active(file->type, record, clock_wall());
	pthread_mutex_unlock(&file->lock);
	return active;
}

bool records_id_active(struct records_file *file, const char *id)
{
	return has_active(file, id) || (records_catch_up(file) && has_active(file, id));
}
