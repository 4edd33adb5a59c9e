/* SPDX-License-Identifier: MIT */
#include "platform/bigbluebutton/checksum.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static const struct {
	const char *name;
	const EVP_MD *(*digest)(void);
} algorithms[] = {
	{"sha1", EVP_sha1},
	{"sha256", EVP_sha256},
	{"sha384", EVP_sha384},
	{"sha512", EVP_sha512},
};

static const EVP_MD *find_digest(const char *algorithm)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (strcmp(algorithms[i].name, algorithm) == 0)
			return algorithms[i].digest();
	return NULL;
}

int checksum_hex(
	const char *algorithm, const char *text, const char *secret, char hex[CHECKSUM_HEX_MAX])
{
	const EVP_MD *digest = find_digest(algorithm);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	int good = context != NULL && digest != NULL &&
		   EVP_DigestInit_ex(context, digest, NULL) == 1 &&
		   EVP_DigestUpdate(context, text, strlen(text)) == 1 &&
		   EVP_DigestUpdate(context, secret, strlen(secret)) == 1 &&
		   EVP_DigestFinal_ex(context, bytes, &length) == 1;

	EVP_MD_CTX_free(context);
	if (!good)
		return -1;
	text_hex(bytes, length, hex);
	return 0;
}

int checksum_keyed(const char *secret, const char *text, char hex[33])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text,
		    strlen(text), bytes, &length) == NULL)
		return -1;
	text_hex(bytes, 16, hex);
	return 0;
}
