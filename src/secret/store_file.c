/* SPDX-License-Identifier: MIT */
#include "secret/store_file.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

#define MAGIC	"MEETAUTH"
#define CONTEXT "meetauth" /* for crypto_kdf: exactly 8 characters */

enum {
	FORMAT = 1,
	FORMAT_ENDS = 2, /* the same, and secrets may end */
	FORMAT_AT = sizeof MAGIC - 1,
	ID_AT = FORMAT_AT + 1,
	ID_SIZE = 4,
	GENERATION_AT = ID_AT + ID_SIZE,
	NONCE_AT = GENERATION_AT + 8,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	CIPHER_AT = NONCE_AT + NONCE_SIZE,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
};

/* The numbers of the keys derived from the master key. */
enum { SUBKEY_SEAL = 1, SUBKEY_ID };

_Static_assert(STORE_MASTER_SIZE == crypto_kdf_KEYBYTES, "size of the master key");

void store_file_release(struct store_file *file)
{
	json_decref(file->root);
	explicit_bzero(file, sizeof *file);
}

bool store_file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 || errno != ENOENT;
}

static void derive(
	const uint8_t master[STORE_MASTER_SIZE], uint8_t key[SEAL_KEY_SIZE], uint64_t number)
{
	crypto_kdf_derive_from_key(key, SEAL_KEY_SIZE, number, CONTEXT, master);
}

/* Derives a few bytes that identify a key and reveal nothing about it. */
static void derive_id(const uint8_t master[STORE_MASTER_SIZE], uint8_t id[ID_SIZE])
{
	uint8_t key[SEAL_KEY_SIZE];

	derive(master, key, SUBKEY_ID);
	memcpy(id, key, ID_SIZE);
	explicit_bzero(key, sizeof key);
}

static void put_number(uint8_t *at, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		at[i] = (uint8_t)(number >> (56 - 8 * i));
}

static uint64_t get_number(const uint8_t *at)
{
	uint64_t number = 0;

	for (int i = 0; i < 8; i++)
		number = number << 8 | at[i];
	return number;
}

/* Checks that the file is a store in the format of this program, whatever its key. */
static int check_header(const char *path, const struct buffer *sealed, struct error *error)
{
	const char *data = sealed->data;

	if (sealed->length >= FORMAT_AT && memcmp(data, MAGIC, FORMAT_AT) != 0)
		return error_set(error, "%s: not a store of meetauth", path);
	if (sealed->length < CIPHER_AT + TAG_SIZE)
		return error_set(error, "%s: truncated (%zu bytes); restore it from a backup", path,
			sealed->length);
	if (data[FORMAT_AT] != FORMAT && data[FORMAT_AT] != FORMAT_ENDS)
		return error_set(error,
			"%s: has format %u; this version of meetauth reads formats %d and %d", path,
			(unsigned)(unsigned char)data[FORMAT_AT], FORMAT, FORMAT_ENDS);
	return 0;
}

static int parse_plain(const char *path, const uint8_t *plain, size_t length,
	struct store_file *file, struct error *error)
{
	file->root = json_loadb((const char *)plain, length, JSON_REJECT_DUPLICATES, NULL);
	if (file->root == NULL)
		return error_set(error, "%s: the decrypted contents are not JSON", path);
	return 0;
}

/* The result of trying a key. */
enum opening { OPENING_FAILED = 0, OPENING_OTHER_KEY, OPENING_DONE };

static enum opening open_sealed(
	const char *path, const struct buffer *sealed, struct store_file *file, struct error *error)
{
	const uint8_t *data = (const uint8_t *)sealed->data;
	size_t length = sealed->length - CIPHER_AT;
	uint8_t id[ID_SIZE], key[SEAL_KEY_SIZE], *plain;
	unsigned long long plain_length;
	enum opening opening = OPENING_FAILED;

	derive_id(file->master, id);
	if (memcmp(id, data + ID_AT, ID_SIZE) != 0)
		return OPENING_OTHER_KEY;
	plain = malloc(length);
	if (plain == NULL) {
		error_set(error, "%s: out of memory", path);
		return OPENING_FAILED;
	}
	derive(file->master, key, SUBKEY_SEAL);
	file->generation = get_number(data + GENERATION_AT);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &plain_length, NULL, data + CIPHER_AT,
		    length, data, CIPHER_AT, data + NONCE_AT, key) != 0)
		error_set(error, "%s: damaged; restore it from a backup", path);
	else if (parse_plain(path, plain, (size_t)plain_length, file, error) == 0)
		opening = OPENING_DONE;
	explicit_bzero(key, sizeof key);
	explicit_bzero(plain, length);
	free(plain);
	return opening;
}

static enum opening try_key(const char *path, const char *key_path, enum store_key which,
	const struct buffer *sealed, struct store_file *file, struct error *error)
{
	if (store_key_read(key_path, which, file->master, error) != 0)
		return OPENING_FAILED;
	return open_sealed(path, sealed, file, error);
}

/* Reads both files once. A rekey replaces the store before it replaces the key, so KEY.new is tried
 * as well. */
static enum opening read_once(
	const char *path, const char *key_path, struct store_file *file, struct error *error)
{
	struct buffer sealed = BUFFER_INIT(STORE_FILE_MAX);
	enum opening opening = OPENING_FAILED;

	if (file_read(path, FILE_SECRET, &sealed, error) != 0 ||
		check_header(path, &sealed, error) != 0)
		goto out;
	if (store_key_exists(key_path, STORE_KEY_CURRENT) ||
		!store_key_exists(key_path, STORE_KEY_NEXT))
		opening = try_key(path, key_path, STORE_KEY_CURRENT, &sealed, file, error);
	else
		opening = OPENING_OTHER_KEY; /* an init was interrupted: only KEY.new exists */
	if (opening == OPENING_OTHER_KEY && store_key_exists(key_path, STORE_KEY_NEXT)) {
		opening = try_key(path, key_path, STORE_KEY_NEXT, &sealed, file, error);
		file->pending = opening == OPENING_DONE;
	}
out:
	buffer_release(&sealed);
	return opening;
}

static int explain_absence(const char *path, const char *key_path, struct error *error)
{
	if (!store_file_exists(path))
		return error_set(error,
			"%s: the store does not exist; create it with \"meetauthctl init\"", path);
	return error_set(error,
		"%s: the key file does not exist, and the store %s cannot be opened without it; "
		"restore it from a backup",
		key_path, path);
}

int store_file_read(
	const char *path, const char *key_path, struct store_file *file, struct error *error)
{
	enum opening opening = OPENING_OTHER_KEY;

	/* Repeated, because a rekey may have gone on between reading one file and the other. */
	for (int i = 0; i < 3 && opening == OPENING_OTHER_KEY; i++)
		opening = read_once(path, key_path, file, error);
	if (opening == OPENING_DONE)
		return 0;
	if (opening == OPENING_OTHER_KEY)
		error_set(error,
			"%s: sealed with another key than the one in %s; restore both from the "
			"same backup",
			path, key_path);
	else if (!store_file_exists(path) || !store_file_exists(key_path))
		explain_absence(path, key_path, error);
	store_file_release(file);
	return -1;
}

/* A program that knows no ends must not open a store that has some. */
static uint8_t format_of(json_t *root)
{
	json_t *entry, *version;
	const char *name;
	size_t i;

	json_object_foreach(json_object_get(root, "secrets"), name, entry) json_array_foreach(
		json_object_get(entry, "versions"), i,
		version) if (json_object_get(version, "expires") != NULL) return FORMAT_ENDS;
	return FORMAT;
}

/* Appends the sealed store; marks the buffer as failed if it does not fit. */
static void seal(
	const struct store_file *file, const char *plain, size_t length, struct buffer *sealed)
{
	uint8_t header[CIPHER_AT] = MAGIC, key[SEAL_KEY_SIZE], *cipher = malloc(length + TAG_SIZE);

	if (cipher == NULL) {
		sealed->failed = true;
		return;
	}
	header[FORMAT_AT] = format_of(file->root);
	derive_id(file->master, header + ID_AT);
	put_number(header + GENERATION_AT, file->generation);
	randombytes_buf(header + NONCE_AT, NONCE_SIZE);
	derive(file->master, key, SUBKEY_SEAL);
	crypto_aead_xchacha20poly1305_ietf_encrypt(cipher, NULL, (const uint8_t *)plain, length,
		header, sizeof header, NULL, header + NONCE_AT, key);
	buffer_append(sealed, header, sizeof header);
	buffer_append(sealed, cipher, length + TAG_SIZE);
	explicit_bzero(key, sizeof key);
	free(cipher);
}

int store_file_write(const char *path, struct store_file *file, struct error *error)
{
	struct buffer sealed = BUFFER_INIT(STORE_FILE_MAX);
	char *plain = json_dumps(file->root, JSON_COMPACT | JSON_SORT_KEYS);
	size_t length;
	int rc;

	if (plain == NULL)
		return error_set(error, "%s: out of memory", path);
	length = strlen(plain);
	file->generation++;
	seal(file, plain, length, &sealed);
	explicit_bzero(plain, length);
	free(plain);
	if (sealed.failed)
		rc = error_set(error,
			"%s: would become larger than %d bytes; retire versions that are no longer "
			"used",
			path, STORE_FILE_MAX);
	else
		rc = file_replace(path, sealed.data, sealed.length, 0600, error);
	buffer_release(&sealed);
	return rc;
}
