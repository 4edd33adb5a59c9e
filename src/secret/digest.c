/* SPDX-License-Identifier: MIT */
#include "secret/digest.h"

#include "base/text.h"

enum { BYTES = DIGEST_SIZE / 2 };

void digest_begin(struct digest *digest)
{
	crypto_generichash_init(&digest->state, NULL, 0, BYTES);
}

void digest_add(struct digest *digest, const void *bytes, size_t length)
{
	uint64_t size = length;

	crypto_generichash_update(&digest->state, (const uint8_t *)&size, sizeof size);
	crypto_generichash_update(&digest->state, bytes, length);
}

void digest_text(struct digest *digest, const char *text)
{
	digest_add(digest, text, strlen(text));
}

void digest_end(struct digest *digest, char hex[DIGEST_SIZE])
{
	uint8_t hash[BYTES];

	crypto_generichash_final(&digest->state, hash, sizeof hash);
	text_hex(hash, sizeof hash, hex);
}
