/* SPDX-License-Identifier: MIT */
#include "secret/seal.h"

#include "secret/base64.h"

#include <sodium.h>
#include <stdarg.h>

enum {
	VERSION = 1,
	ID_AT = 1,
	NONCE_AT = ID_AT + 4,
	CIPHER_AT = NONCE_AT + crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	RAW_MAX = SEAL_PLAIN_MAX + SEAL_OVERHEAD,
	TEXT_MAX = (RAW_MAX * 4 + 2) / 3,
	PURPOSE_MAX = 32,
};

_Static_assert(CIPHER_AT + TAG_SIZE == SEAL_OVERHEAD, "SEAL_OVERHEAD is what sealing adds");
_Static_assert(SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "size of a key");
_Static_assert(SEAL_HASH_SIZE >= crypto_generichash_BYTES_MIN, "size of a hash");

/* The associated data, which the tag covers besides the ciphertext: version, key id, purpose. */
struct associated {
	uint8_t bytes[NONCE_AT + PURPOSE_MAX];
	size_t length;
};

static void associate(struct associated *data, const uint8_t *raw, const char *purpose)
{
	size_t length = strnlen(purpose, PURPOSE_MAX);

	memcpy(data->bytes, raw, NONCE_AT);
	memcpy(data->bytes + NONCE_AT, purpose, length);
	data->length = NONCE_AT + length;
}

static void put_id(uint8_t *at, uint32_t id)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(id >> (24 - 8 * i));
}

static const struct seal_key *find_key(const struct seal_ring *ring, const uint8_t *raw)
{
	uint8_t id[4];

	for (size_t i = 0; i < ring->count; i++) {
		put_id(id, ring->keys[i].id);
		if (memcmp(id, raw + ID_AT, sizeof id) == 0)
			return &ring->keys[i];
	}
	return NULL;
}

int seal_text(const struct seal_ring *ring, const char *purpose, const void *bytes, size_t length,
	struct buffer *text)
{
	uint8_t raw[RAW_MAX];
	char encoded[TEXT_MAX];
	struct associated data;

	if (length > SEAL_PLAIN_MAX || ring->count == 0)
		return -1;
	raw[0] = VERSION;
	put_id(raw + ID_AT, ring->keys[0].id);
	randombytes_buf(raw + NONCE_AT, CIPHER_AT - NONCE_AT);
	associate(&data, raw, purpose);
	crypto_aead_xchacha20poly1305_ietf_encrypt(raw + CIPHER_AT, NULL, bytes, length, data.bytes,
		data.length, NULL, raw + NONCE_AT, ring->keys[0].bytes);
	buffer_append(text, encoded, base64_encode(encoded, raw, length + SEAL_OVERHEAD));
	return text->failed ? -1 : 0;
}

int seal_open(
	const struct seal_ring *ring, const char *purpose, const char *text, struct buffer *bytes)
{
	uint8_t raw[RAW_MAX], plain[SEAL_PLAIN_MAX];
	struct associated data;
	const struct seal_key *key;
	unsigned long long length;
	size_t got;

	buffer_clear(bytes);
	if (base64_decode(raw, sizeof raw, &got, text, strlen(text)) != 0)
		return -1;
	if (got < SEAL_OVERHEAD || raw[0] != VERSION || (key = find_key(ring, raw)) == NULL)
		return -1;
	associate(&data, raw, purpose);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &length, NULL, raw + CIPHER_AT,
		    got - CIPHER_AT, data.bytes, data.length, raw + NONCE_AT, key->bytes) != 0)
		return -1;
	buffer_append(bytes, plain, (size_t)length);
	explicit_bzero(plain, (size_t)length);
	return bytes->failed ? -1 : 0;
}

static void hash_text(crypto_generichash_state *state, const char *text)
{
	size_t length = strlen(text);
	uint8_t front[8];

	for (int i = 0; i < 8; i++)
		front[i] = (uint8_t)((uint64_t)length >> (56 - 8 * i));
	crypto_generichash_update(state, front, sizeof front);
	crypto_generichash_update(state, (const uint8_t *)text, length);
}

void seal_hash(
	const uint8_t key[SEAL_KEY_SIZE], uint8_t hash[SEAL_HASH_SIZE], const char *purpose, ...)
{
	crypto_generichash_state state;
	va_list texts;

	crypto_generichash_init(&state, key, SEAL_KEY_SIZE, SEAL_HASH_SIZE);
	va_start(texts, purpose);
	for (const char *text = purpose; text != NULL; text = va_arg(texts, const char *))
		hash_text(&state, text);
	va_end(texts);
	crypto_generichash_final(&state, hash, SEAL_HASH_SIZE);
	explicit_bzero(&state, sizeof state);
}

void seal_derive_text(
	const uint8_t seed[SEAL_KEY_SIZE], const char *purpose, char text[SEAL_DERIVED_SIZE])
{
	uint8_t hash[32];

	crypto_generichash(
		hash, sizeof hash, (const uint8_t *)purpose, strlen(purpose), seed, SEAL_KEY_SIZE);
	sodium_bin2base64(text, SEAL_DERIVED_SIZE, hash, sizeof hash,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	explicit_bzero(hash, sizeof hash);
}

void seal_random(void *bytes, size_t length)
{
	randombytes_buf(bytes, length);
}

bool seal_equal(const void *a, const void *b, size_t length)
{
	return sodium_memcmp(a, b, length) == 0;
}
