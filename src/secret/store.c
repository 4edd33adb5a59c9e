/* SPDX-License-Identifier: MIT */
#include "secret/store.h"

#include "secret/store_file.h"

#include <sodium.h>

/* Allocated with sodium_malloc(), read-only after loading. */
struct keys {
	struct seal_ring ring;
	uint8_t hash[SEAL_KEY_SIZE];
};

struct store {
	struct keys *keys;
	struct store_secret *secrets; /* by name, newest first; the name is owned */
	size_t count;
	struct secret_block *values;
	uint64_t generation;
	bool starved; /* loading failed because memory ran out */
};

static int parse_hex(const json_t *text, uint8_t key[SEAL_KEY_SIZE])
{
	const char *hex = json_string_value(text);
	size_t got = 0;

	if (hex == NULL ||
		sodium_hex2bin(key, SEAL_KEY_SIZE, hex, strlen(hex), NULL, &got, NULL) != 0)
		return -1;
	return got == SEAL_KEY_SIZE && !sodium_is_zero(key, SEAL_KEY_SIZE) ? 0 : -1;
}

static int parse_ring(const json_t *list, struct seal_ring *ring)
{
	size_t count = json_array_size(list);

	if (count == 0 || count > SEAL_KEYS_MAX)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(list, i);
		json_int_t id = json_integer_value(json_object_get(entry, "id"));

		if (id < 1 || id > UINT32_MAX ||
			parse_hex(json_object_get(entry, "key"), ring->keys[i].bytes) != 0)
			return -1;
		ring->keys[i].id = (uint32_t)id;
	}
	ring->count = count;
	return 0;
}

static int parse_keys(struct store *store, const json_t *root)
{
	store->keys = sodium_malloc(sizeof *store->keys);
	store->starved = store->keys == NULL;
	if (store->keys == NULL)
		return -1;
	memset(store->keys, 0, sizeof *store->keys);
	if (parse_ring(json_object_get(root, "keys"), &store->keys->ring) != 0 ||
		parse_hex(json_object_get(root, "hashKey"), store->keys->hash) != 0)
		return -1;
	sodium_mprotect_readonly(store->keys);
	return 0;
}

static const struct secret *parse_value(struct secret_block *values, const json_t *value)
{
	const char *text = json_string_value(value);
	uint8_t bytes[SECRET_MAX];
	const struct secret *secret = NULL;
	size_t got = 0;

	if (text != NULL && sodium_base642bin(bytes, sizeof bytes, text, strlen(text), NULL, &got,
				    NULL, sodium_base64_VARIANT_ORIGINAL) == 0)
		secret = secret_block_add(values, bytes, got);
	explicit_bzero(bytes, sizeof bytes);
	return secret;
}

/* When a version ends: 0 for never, -1 if the member is not a time. */
static int64_t parse_end(const json_t *entry)
{
	const json_t *expires = json_object_get(entry, "expires");

	if (expires == NULL)
		return 0;
	return json_integer_value(expires) > 0 ? json_integer_value(expires) : -1;
}

/* Adds one version. store_free() frees it even if this fails. */
static int parse_version(struct store *store, const char *name, const json_t *entry)
{
	struct store_secret *secret = &store->secrets[store->count++];
	json_int_t version = json_integer_value(json_object_get(entry, "version"));

	*secret = (struct store_secret){
		.name = strdup(name),
		.version = (unsigned)version,
		.created = json_integer_value(json_object_get(entry, "created")),
		.expires = parse_end(entry),
		.secret = parse_value(store->values, json_object_get(entry, "value")),
	};
	store->starved = secret->name == NULL;
	if (version < 1 || version > UINT32_MAX || secret->expires < 0 || secret->name == NULL ||
		secret->secret == NULL)
		return -1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct store_secret *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return left->version < right->version ? 1 : -1; /* newest first */
}

/* Allocates for all versions. A base64 text is longer than the bytes that it encodes. */
static int allocate(struct store *store, json_t *all)
{
	json_t *entry, *version;
	const char *name;
	size_t i, count = 0, size = 0;

	json_object_foreach(all, name, entry)
	{
		json_array_foreach(json_object_get(entry, "versions"), i, version)
		{
			count++;
			size += json_string_length(json_object_get(version, "value"));
		}
	}
	store->secrets = calloc(count + 1, sizeof *store->secrets);
	store->values = secret_block_new(count, size);
	store->starved = store->secrets == NULL || store->values == NULL;
	return store->starved ? -1 : 0;
}

static int parse_secrets(struct store *store, const json_t *root)
{
	json_t *all = json_object_get(root, "secrets"), *entry, *version;
	const char *name;
	size_t i;

	if (allocate(store, all) != 0 || !json_is_object(all))
		return -1;
	json_object_foreach(all, name, entry) json_array_foreach(json_object_get(entry, "versions"),
		i, version) if (parse_version(store, name, version) != 0) return -1;
	secret_block_close(store->values);
	qsort(store->secrets, store->count, sizeof *store->secrets, compare);
	return 0;
}

struct store *store_open(const char *path, const char *key_path, struct error *error)
{
	struct store_file file = STORE_FILE_INIT;
	struct store *store = NULL;

	if (store_file_read(path, key_path, &file, error) != 0)
		return NULL;
	store = calloc(1, sizeof *store);
	if (store == NULL) {
		error_set(error, "%s: out of memory", path);
	} else if (parse_keys(store, file.root) != 0 || parse_secrets(store, file.root) != 0) {
		if (store->starved)
			error_set(error, "%s: out of memory for its secrets", path);
		else
			error_set(error,
				"%s: the decrypted contents do not have the form that this "
				"version of meetauth expects",
				path);
		store_free(&store);
	} else {
		store->generation = file.generation;
	}
	store_file_release(&file);
	return store;
}

void store_free(struct store **store)
{
	struct store *old = *store;

	*store = NULL;
	if (old == NULL)
		return;
	for (size_t i = 0; i < old->count; i++)
		free((char *)old->secrets[i].name);
	secret_block_free(&old->values);
	free(old->secrets);
	sodium_free(old->keys); /* wipes */
	free(old);
}

/* The index of the first secret whose name does not sort before `name`. */
static size_t lower_bound(const struct store *store, const char *name)
{
	size_t from = 0, to = store->count;

	while (from < to) {
		size_t middle = (from + to) / 2;

		if (strcmp(store->secrets[middle].name, name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static bool is_named(const struct store *store, size_t index, const char *name)
{
	return index < store->count && strcmp(store->secrets[index].name, name) == 0;
}

static bool has_ended(const struct store_secret *secret, int64_t now)
{
	return secret->expires != 0 && secret->expires <= now;
}

const struct store_secret *store_secrets(
	const struct store *store, const char *name, int64_t now, size_t *count)
{
	size_t first = lower_bound(store, name), past = first;

	while (is_named(store, past, name) && !has_ended(&store->secrets[past], now))
		past++;
	*count = past - first;
	return *count == 0 ? NULL : &store->secrets[first];
}

int64_t store_ended(const struct store *store, const char *name, int64_t now)
{
	size_t first = lower_bound(store, name);

	return is_named(store, first, name) && has_ended(&store->secrets[first], now)
		       ? store->secrets[first].expires
		       : 0;
}

const struct store_secret *store_signing(const struct store *store, const char *name, int64_t now)
{
	size_t count, i = 0;
	const struct store_secret *secrets = store_secrets(store, name, now, &count);

	while (i + 1 < count && now < secrets[i].created + STORE_SETTLE_S &&
		secrets[i + 1].expires == 0)
		i++;
	return count > 0 ? &secrets[i] : NULL;
}

size_t store_texts(const struct store *store, const char *name, int64_t now,
	const char *texts[STORE_VERSIONS_MAX])
{
	size_t count;
	const struct store_secret *secrets = store_secrets(store, name, now, &count);

	for (size_t i = 0; i < count; i++)
		texts[i] = secret_text(secrets[i].secret);
	return count;
}

const struct store_secret *store_all(const struct store *store, size_t *count)
{
	*count = store->count;
	return store->secrets;
}

uint64_t store_generation(const struct store *store)
{
	return store->generation;
}

const struct seal_ring *store_ring(const struct store *store)
{
	return &store->keys->ring;
}

const uint8_t *store_hash_key(const struct store *store)
{
	return store->keys->hash;
}

void store_version_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *what, const char *name,
	unsigned version, uint8_t key[SEAL_HASH_SIZE])
{
	char number[16];

	snprintf(number, sizeof number, "%u", version);
	seal_hash(hash_key, key, what, name, number, NULL);
}

void store_accepted_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE])
{
	store_version_key(hash_key, "accepted", name, version, key);
}

void store_refused_key(const uint8_t hash_key[SEAL_KEY_SIZE], const char *name, unsigned version,
	uint8_t key[SEAL_HASH_SIZE])
{
	store_version_key(hash_key, "refused", name, version, key);
}
