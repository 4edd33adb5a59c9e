/* SPDX-License-Identifier: MIT
 *
 * Changes to the store. Each change replaces one file, but init and rekey change two files, in
 * three steps:
 *
 *   1. the new master key is written beside the key file (KEY.new)
 *   2. the store is replaced by one sealed with that key
 *   3. KEY.new is renamed to KEY
 *
 * After a crash before step 2, the store opens with KEY, and KEY.new is useless; after step 2, it
 * opens with KEY.new. Reading tries both keys, and the next change removes or renames KEY.new.
 */
#include "secret/store.h"

#include "base/clock.h"
#include "secret/store_file.h"

#include <sodium.h>
#include <unistd.h>

/* A change under way. */
struct change {
	const char *path, *key_path;
	int lock;
	struct store_file file;
	struct error *error;
};

/* Finishes an interrupted init or rekey. */
static int finish_interrupted(struct change *change)
{
	if (change->file.pending)
		return store_key_commit(change->key_path, change->error);
	store_key_discard(change->key_path);
	return 0;
}

static int take_lock(
	struct change *change, const char *path, const char *key_path, struct error *error)
{
	*change = (struct change){.path = path, .key_path = key_path, .error = error};
	change->lock = file_lock(path, error);
	return change->lock < 0 ? -1 : 0;
}

static void end_change(struct change *change)
{
	store_file_release(&change->file);
	close(change->lock);
}

/* Locks and reads the store. After 0 the caller calls end_change(). */
static int begin_change(
	struct change *change, const char *path, const char *key_path, struct error *error)
{
	*change = (struct change){0};
	if (!store_file_exists(path)) /* otherwise this would leave a lock file behind */
		return store_file_read(path, key_path, &change->file, error);
	if (take_lock(change, path, key_path, error) != 0)
		return -1;
	if (store_file_read(path, key_path, &change->file, error) == 0 &&
		finish_interrupted(change) == 0)
		return 0;
	end_change(change);
	return -1;
}

static int no_memory(struct change *change)
{
	return error_set(change->error, "%s: out of memory", change->path);
}

/* Writes what was changed. */
static int commit(struct change *change)
{
	return store_file_write(change->path, &change->file, change->error);
}

/* -- cookie keys -- */

static json_t *new_hex_key(void)
{
	uint8_t key[SEAL_KEY_SIZE];
	char hex[SEAL_KEY_SIZE * 2 + 1];
	json_t *text;

	randombytes_buf(key, sizeof key);
	sodium_bin2hex(hex, sizeof hex, key, sizeof key);
	text = json_string(hex);
	explicit_bzero(key, sizeof key);
	explicit_bzero(hex, sizeof hex);
	return text;
}

/* Inserts a new key at `index` of the ring. Ids count up and are never used twice. */
static int add_ring_key(json_t *root, size_t index)
{
	json_int_t id = json_integer_value(json_object_get(root, "nextKey"));
	json_t *key = json_pack("{s:I, s:o}", "id", id, "key", new_hex_key());

	if (key == NULL || json_array_insert_new(json_object_get(root, "keys"), index, key) != 0)
		return -1;
	return json_object_set_new(root, "nextKey", json_integer(id + 1));
}

/* The ring is [sealing key, next key, older keys …]. All processes know the next key long before a
 * rotation makes it the sealing one, so none receives a cookie that it cannot open. */
static int rotate(json_t *root, bool forget)
{
	json_t *ring = json_object_get(root, "keys");
	json_t *current = json_incref(json_array_get(ring, 0));
	int rc = -1;

	if (forget) {
		rc = json_array_clear(ring);
		if (rc == 0)
			rc = add_ring_key(root, 0);
	} else if (json_array_size(ring) >= 2) {
		/* [current, next, older] → [next, current, older] → [next, new, current, older] */
		json_array_remove(ring, 0);
		rc = json_array_insert(ring, 1, current);
	}
	json_decref(current);
	if (rc == 0)
		rc = add_ring_key(root, 1);
	while (rc == 0 && json_array_size(ring) > SEAL_KEYS_MAX)
		rc = json_array_remove(ring, SEAL_KEYS_MAX);
	return rc;
}

int store_rotate_keys(const char *path, const char *key_path, bool forget, struct error *error)
{
	struct change change;
	int rc = -1;

	if (begin_change(&change, path, key_path, error) != 0)
		return -1;
	if (rotate(change.file.root, forget) != 0)
		no_memory(&change);
	else
		rc = commit(&change);
	end_change(&change);
	return rc;
}

/* -- init and rekey -- */

static json_t *new_root(void)
{
	json_t *root = json_pack("{s:i, s:[], s:o, s:{}}", "nextKey", 1, "keys", "hashKey",
		new_hex_key(), "secrets");

	if (root != NULL && rotate(root, true) != 0) {
		json_decref(root);
		root = NULL;
	}
	return root;
}

/* Called after a failed write, which may have replaced the store all the same: the store on the
 * disk decides which key is left over. */
static void drop_unused_key(const struct change *change)
{
	struct store_file now = STORE_FILE_INIT;

	if (!store_file_exists(change->path) ||
		(store_file_read(change->path, change->key_path, &now, NULL) == 0 && !now.pending))
		store_key_discard(change->key_path);
	store_file_release(&now);
}

/* Runs the three steps. */
static int change_master(struct change *change)
{
	randombytes_buf(change->file.master, sizeof change->file.master);
	if (store_key_prepare(change->key_path, change->file.master, change->error) != 0)
		return -1;
	if (commit(change) == 0)
		return store_key_commit(change->key_path, change->error);
	drop_unused_key(change);
	return -1;
}

static int refuse_existing(struct change *change)
{
	struct store_file there = STORE_FILE_INIT;

	/* Finishes an interrupted init first. */
	if (store_file_read(change->path, change->key_path, &there, NULL) == 0 && there.pending)
		store_key_commit(change->key_path, NULL);
	store_file_release(&there);
	if (store_file_exists(change->path))
		return error_set(change->error, "%s: the store exists already; nothing was changed",
			change->path);
	if (store_file_exists(change->key_path))
		return error_set(change->error,
			"%s: the key file exists already, perhaps the key of a store in a backup; "
			"nothing was changed",
			change->key_path);
	return 0;
}

int store_init(const char *path, const char *key_path, struct error *error)
{
	struct change change;
	int rc = -1;

	if (take_lock(&change, path, key_path, error) != 0)
		return -1;
	if (refuse_existing(&change) == 0) {
		change.file.root = new_root();
		rc = change.file.root == NULL ? no_memory(&change) : change_master(&change);
	}
	end_change(&change);
	return rc;
}

int store_rekey(const char *path, const char *key_path, struct error *error)
{
	struct change change;
	int rc;

	if (begin_change(&change, path, key_path, error) != 0)
		return -1;
	rc = change_master(&change);
	end_change(&change);
	return rc;
}

/* -- secrets -- */

/* Gives a version an end, or takes it away. 0 or -1. */
static int set_end(json_t *version, int64_t expires)
{
	if (expires != 0)
		return json_object_set_new(version, "expires", json_integer(expires));
	json_object_del(version, "expires");
	return 0;
}

static json_t *new_version(json_int_t number, const struct secret *value, int64_t expires)
{
	char text[sodium_base64_ENCODED_LEN(SECRET_MAX, sodium_base64_VARIANT_ORIGINAL)];
	json_t *version;

	sodium_bin2base64(text, sizeof text, (const uint8_t *)secret_text(value),
		secret_length(value), sodium_base64_VARIANT_ORIGINAL);
	version = json_pack("{s:I, s:I, s:s}", "version", number, "created",
		(json_int_t)clock_wall(), "value", text);
	explicit_bzero(text, sizeof text);
	if (version != NULL && set_end(version, expires) != 0) {
		json_decref(version);
		return NULL;
	}
	return version;
}

/* The entry of a name, which is made if it is missing. NULL if memory ran out. */
static json_t *entry_of(json_t *root, const char *name)
{
	json_t *secrets = json_object_get(root, "secrets");
	json_t *entry = json_object_get(secrets, name);

	if (entry != NULL)
		return entry;
	entry = json_pack("{s:i, s:[]}", "next", 1, "versions");
	return json_object_set_new(secrets, name, entry) == 0 ? entry : NULL;
}

static int add_version(struct change *change, const char *name, const struct secret *value,
	int64_t expires, unsigned *version_r)
{
	json_t *entry = entry_of(change->file.root, name);
	json_t *versions = json_object_get(entry, "versions");
	json_int_t number = json_integer_value(json_object_get(entry, "next"));

	if (entry == NULL)
		return no_memory(change);
	if (json_array_size(versions) >= STORE_VERSIONS_MAX)
		return error_set(change->error,
			"%s has %d versions already; retire one first (\"meetauthctl secret list\" "
			"shows when each was last accepted)",
			name, STORE_VERSIONS_MAX);
	if (number < 1 || number >= UINT32_MAX)
		return error_set(change->error, "%s: no version number is left", name);
	if (json_array_insert_new(versions, 0, new_version(number, value, expires)) != 0 ||
		json_object_set_new(entry, "next", json_integer(number + 1)) != 0)
		return no_memory(change);
	*version_r = (unsigned)number;
	return 0;
}

int store_set(const char *path, const char *key_path, const char *name, const struct secret *value,
	int64_t expires, unsigned *version_r, struct error *error)
{
	struct change change;
	int rc;

	if (store_check_name(name, error) != 0 || store_check_value(value, error) != 0 ||
		begin_change(&change, path, key_path, error) != 0)
		return -1;
	rc = add_version(&change, name, value, expires, version_r);
	if (rc == 0)
		rc = commit(&change);
	end_change(&change);
	return rc;
}

static size_t drop_versions(const struct change *change, const char *name)
{
	json_t *entry = json_object_get(json_object_get(change->file.root, "secrets"), name);
	json_t *versions = json_object_get(entry, "versions");
	size_t count = json_array_size(versions);

	json_array_clear(versions);
	return count;
}

int store_set_only(const char *path, const char *key_path, const char *name,
	const struct secret *value, size_t *dropped_r, struct error *error)
{
	struct change change;
	unsigned version;
	int rc = 0;

	*dropped_r = 0;
	if (store_check_name(name, error) != 0 ||
		(value != NULL && store_check_value(value, error) != 0) ||
		begin_change(&change, path, key_path, error) != 0)
		return -1;
	*dropped_r = drop_versions(&change, name);
	if (value != NULL)
		rc = add_version(&change, name, value, 0, &version);
	if (rc == 0 && (value != NULL || *dropped_r > 0))
		rc = commit(&change);
	end_change(&change);
	return rc;
}

static json_t *newest_of(const struct change *change, const char *name)
{
	json_t *entry = json_object_get(json_object_get(change->file.root, "secrets"), name);

	return json_array_get(json_object_get(entry, "versions"), 0);
}

static bool has_value(const json_t *version, const struct secret *value)
{
	char text[sodium_base64_ENCODED_LEN(SECRET_MAX, sodium_base64_VARIANT_ORIGINAL)];
	const json_t *stored = json_object_get(version, "value");
	size_t length;
	bool same;

	sodium_bin2base64(text, sizeof text, (const uint8_t *)secret_text(value),
		secret_length(value), sodium_base64_VARIANT_ORIGINAL);
	length = strlen(text);
	same = json_string_length(stored) == length &&
	       seal_equal(json_string_value(stored), text, length);
	explicit_bzero(text, sizeof text);
	return same;
}

/* The newest version becomes the only one, with the end of the import. */
static int keep_newest(
	struct change *change, const struct store_import *import, struct store_imported *done_r)
{
	json_t *newest = newest_of(change, import->name);
	json_t *entry =
		json_object_get(json_object_get(change->file.root, "secrets"), import->name);
	json_t *versions = json_object_get(entry, "versions");

	if (json_array_size(versions) == 1 &&
		json_integer_value(json_object_get(newest, "expires")) == import->expires) {
		done_r->unchanged++;
		return 0;
	}
	done_r->replaced++;
	while (json_array_size(versions) > 1)
		json_array_remove(versions, 1);
	return set_end(newest, import->expires) == 0 ? 0 : no_memory(change);
}

static int import_one(
	struct change *change, const struct store_import *import, struct store_imported *done_r)
{
	unsigned version;

	if (store_check_name(import->name, change->error) != 0 ||
		store_check_value(import->value, change->error) != 0)
		return -1;
	if (has_value(newest_of(change, import->name), import->value))
		return keep_newest(change, import, done_r);
	if (drop_versions(change, import->name) > 0)
		done_r->replaced++;
	else
		done_r->added++;
	return add_version(change, import->name, import->value, import->expires, &version);
}

int store_import(const char *path, const char *key_path, const struct store_import *list,
	size_t count, struct store_imported *done_r, struct error *error)
{
	struct change change;
	int rc = 0;

	*done_r = (struct store_imported){0};
	if (begin_change(&change, path, key_path, error) != 0)
		return -1;
	for (size_t i = 0; i < count && rc == 0; i++)
		rc = import_one(&change, &list[i], done_r);
	if (rc == 0 && done_r->unchanged < count)
		rc = commit(&change);
	end_change(&change);
	return rc;
}

static int remove_version(struct change *change, const char *name, unsigned number)
{
	json_t *entry = json_object_get(json_object_get(change->file.root, "secrets"), name);
	json_t *versions = json_object_get(entry, "versions"), *version;
	size_t i;

	json_array_foreach(
		versions, i, version) if (json_integer_value(json_object_get(version, "version")) ==
					  (json_int_t)number) return json_array_remove(versions, i);
	if (json_array_size(versions) == 0)
		return error_set(change->error, "there is no secret \"%s\"", name);
	return error_set(change->error,
		"%s has no version %u; \"meetauthctl secret list\" shows its versions", name,
		number);
}

int store_retire(const char *path, const char *key_path, const char *name, unsigned version,
	struct error *error)
{
	struct change change;
	int rc;

	if (begin_change(&change, path, key_path, error) != 0)
		return -1;
	rc = remove_version(&change, name, version);
	if (rc == 0)
		rc = commit(&change);
	end_change(&change);
	return rc;
}

int store_replace(const char *path, const char *key_path, const char *name, unsigned version,
	const struct secret *value, unsigned *version_r, struct error *error)
{
	struct change change;
	const json_t *newest;
	int64_t expires;
	int rc;

	if (store_check_value(value, error) != 0 ||
		begin_change(&change, path, key_path, error) != 0)
		return -1;
	newest = newest_of(&change, name);
	expires = json_integer_value(json_object_get(newest, "expires"));
	if (json_integer_value(json_object_get(newest, "version")) != (json_int_t)version) {
		rc = 1;
	} else {
		rc = remove_version(&change, name, version);
		if (rc == 0)
			rc = add_version(&change, name, value, expires, version_r);
		if (rc == 0)
			rc = commit(&change);
	}
	end_change(&change);
	return rc;
}
