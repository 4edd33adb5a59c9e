/* SPDX-License-Identifier: MIT */
#include "secret/password.h"

#include "base/typed.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>

#define PREFIX "$argon2id$v=19$"

enum { KEY_SIZE = 32 };

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium's size");

const char password_nobody[] = PREFIX "m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
				      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* The parts of a hash. */
struct parts {
	uint32_t memory_kib, passes;
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t key[KEY_SIZE];
};

static bool decode(const char *text, uint8_t *bytes, size_t size)
{
	size_t length;

	return sodium_base642bin(bytes, size, text, strlen(text), NULL, &length, NULL,
		       sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       length == size;
}

static bool parse_hash(const char *hash, struct parts *parts)
{
	static const char form[] = PREFIX "m=%" SCNu32 ",t=%" SCNu32 ",p=1$%22[^$]$%43[^$]%n";
	char salt[23], key[44];
	int end = 0;

	/* libsodium checks the numbers, which sscanf() does not. */
	if (crypto_pwhash_str_needs_rehash(hash, crypto_pwhash_OPSLIMIT_INTERACTIVE,
		    crypto_pwhash_MEMLIMIT_INTERACTIVE) < 0)
		return false;
	if (sscanf(hash, form, &parts->memory_kib, &parts->passes, salt, key, &end) != 4)
		return false;
	return hash[end] == '\0' && decode(salt, parts->salt, sizeof parts->salt) &&
	       decode(key, parts->key, sizeof parts->key);
}

const char *password_hash_fault(const char *hash)
{
	struct parts parts;

	if (strncmp(hash, PREFIX, strlen(PREFIX)) != 0)
		return "the password hash does not begin with " PREFIX;
	if (!parse_hash(hash, &parts))
		return "the password hash is damaged, or not in libsodium's format";
	if (parts.memory_kib > PASSWORD_MEMORY_MAX_KIB)
		return "the password hash requires more memory than m=262144 (256 MiB)";
	if (parts.passes > PASSWORD_PASSES_MAX)
		return "the password hash requires more passes than t=8";
	return NULL;
}

int password_hash(const char *password, char hash[PASSWORD_HASH_SIZE])
{
	size_t size = 3 * strlen(password) + 1; /* normalisation may lengthen it (Unicode TR 15) */
	char *normal = malloc(size);
	int rc = -1;

	if (normal == NULL)
		return -1;
	typed_password(password, normal, size);
	rc = crypto_pwhash_str(hash, normal, strlen(normal), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE);
	explicit_bzero(normal, size);
	free(normal);
	return rc;
}

/* crypto_pwhash_str_verify() would report a lack of memory as a wrong password. */
enum password_match password_verify(const char *hash, const char *password)
{
	enum password_match match = PASSWORD_MISMATCH;
	uint8_t key[KEY_SIZE];
	struct parts parts;

	if (!parse_hash(hash, &parts))
		return PASSWORD_BROKEN;
	if (crypto_pwhash(key, sizeof key, password, strlen(password), parts.salt, parts.passes,
		    (size_t)parts.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
		match = PASSWORD_BROKEN;
	else if (sodium_memcmp(key, parts.key, sizeof key) == 0)
		match = PASSWORD_MATCH;
	sodium_memzero(key, sizeof key);
	return match;
}
