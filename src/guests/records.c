/* SPDX-License-Identifier: MIT */
#include "guests/records.h"

#include "base/text.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only what is certainly not there counts as empty: a folder that cannot be looked into may hide a
 * list of those who must not come in. */
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

/* Takes the list out of the document. */
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
		error_set(error, "%s: entry %zu is no object", path, i + 1);
		return NULL;
	}
	return json_incref(entries);
}

json_t *records_read(const char *path, const char *format, struct error *error)
{
	struct buffer text = BUFFER_INIT(RECORDS_FILE_MAX);
	json_t *root = NULL, *entries = NULL;

	if (is_missing(path)) {
		entries = json_array();
		if (entries == NULL)
			error_set(error, "%s: no memory", path);
		return entries;
	}
	if (file_read_text(path, FILE_PRIVATE, &text, error) == 0)
		root = parse(path, &text, error);
	if (root != NULL)
		entries = take_entries(path, format, root, error);
	json_decref(root);
	buffer_wipe(&text);
	return entries;
}

const char *records_text(const json_t *record, const char *name, size_t maximum)
{
	const json_t *field = json_object_get(record, name);
	const char *text = json_string_value(field);

	if (field == NULL)
		return "";
	return text != NULL && json_string_length(field) <= maximum && text_is_printable(text)
		       ? text
		       : NULL;
}

int records_time(const json_t *record, const char *name, int64_t *seconds_r)
{
	const json_t *field = json_object_get(record, name);
	const char *text = json_string_value(field);

	*seconds_r = 0;
	if (field == NULL)
		return 0;
	return text != NULL && text_to_time(text, seconds_r) == 0 && *seconds_r > 0 ? 0 : -1;
}

int records_set_time(json_t *record, const char *name, int64_t seconds)
{
	char text[32];
	time_t when = (time_t)seconds;
	struct tm tm;

	if (seconds == 0) {
		json_object_del(record, name);
		return 0;
	}
	if (gmtime_r(&when, &tm) == NULL || strftime(text, sizeof text, "%FT%TZ", &tm) == 0)
		return -1;
	return json_object_set_new(record, name, json_string(text));
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

/* ---- changes ---- */

int records_begin(
	struct records_change *change, const char *path, const char *format, struct error *error)
{
	struct stat st;

	*change = (struct records_change){.path = path, .format = format, .mode = 0600};
	change->lock = file_lock(path, error);
	if (change->lock < 0)
		return -1;
	if (stat(path, &st) == 0)
		change->mode = st.st_mode & 0640; /* root may have let the daemon's group read it */
	change->entries = records_read(path, format, error);
	return change->entries != NULL ? 0 : -1;
}

static void write_entries(const struct records_change *change, struct buffer *text)
{
	json_t *entry;
	size_t i;

	buffer_printf(text, "{\"format\": \"%s\", \"entries\": [", change->format);
	json_array_foreach(change->entries, i, entry)
	{
		char *line = json_dumps(entry, 0);

		buffer_text(text, i > 0 ? ",\n" : "\n");
		if (line != NULL)
			buffer_text(text, line);
		else
			text->failed = true;
		if (line != NULL)
			explicit_bzero(line, strlen(line));
		free(line);
	}
	buffer_text(text, "\n]}\n");
}

int records_commit(struct records_change *change, struct error *error)
{
	struct buffer text = BUFFER_INIT(RECORDS_FILE_MAX);
	int rc;

	write_entries(change, &text);
	if (text.failed)
		rc = error_set(error, "%s: would be larger than %d bytes, or there is no memory",
			change->path, RECORDS_FILE_MAX);
	else
		rc = file_replace(change->path, text.data, text.length, change->mode, error);
	buffer_wipe(&text);
	return rc;
}

void records_end(struct records_change *change)
{
	json_decref(change->entries);
	change->entries = NULL;
	if (change->lock >= 0)
		close(change->lock);
	change->lock = -1;
}

/* ---- following the changes of others ---- */

static void *load(struct records_table *table, struct error *error)
{
	struct file_stamp stamp =
		file_stamp(table->path); /* before: what changes meanwhile shows */
	void *loaded = table->load(table->path, error);

	/* The stamp of a bad file is not kept: it is an error until it is good. */
	if (loaded != NULL)
		table->stamp = stamp;
	return loaded;
}

int records_follow(struct records_table *table, struct error *error)
{
	table->table = load(table, error);
	if (table->table == NULL)
		return -1;
	pthread_mutex_init(&table->lock, NULL);
	return 0;
}

int records_refresh(struct records_table *table, struct error *error)
{
	void *loaded, *old;

	if (file_stamp_equal(file_stamp(table->path), table->stamp))
		return 0;
	loaded = load(table, error);
	if (loaded == NULL)
		return -1;
	pthread_mutex_lock(&table->lock);
	old = table->table;
	table->table = loaded;
	pthread_mutex_unlock(&table->lock);
	table->free(old);
	return 1;
}

void records_unfollow(struct records_table *table)
{
	table->free(table->table);
	table->table = NULL;
	pthread_mutex_destroy(&table->lock);
}
