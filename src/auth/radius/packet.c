/* SPDX-License-Identifier: MIT */
#include "auth/radius/packet.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

enum {
	DIGEST = 16,  /* bytes of an MD5 digest and of an authenticator */
	PROOF_AT = 4, /* offset of the authenticator in the header */
	LENGTH_AT = 2,
	SIGNATURE_AT = RADIUS_HEADER + 2, /* offset of the value of a request's first attribute */
};

struct piece {
	const void *bytes;
	size_t length;
};

static int md5(const struct piece *pieces, size_t count, uint8_t digest[DIGEST])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context != NULL && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1;

	for (size_t i = 0; i < count; i++)
		good = good && EVP_DigestUpdate(context, pieces[i].bytes, pieces[i].length) == 1;
	good = good && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	return good ? 0 : -1;
}

static int hmac_md5(const char *secret, const uint8_t *bytes, size_t length, uint8_t digest[DIGEST])
{
	unsigned size = 0;

	return HMAC(EVP_md5(), secret, (int)strlen(secret), bytes, length, digest, &size) != NULL &&
			       size == DIGEST
		       ? 0
		       : -1;
}

/* ---- requests ---- */

void radius_add(
	struct radius_packet *request, enum radius_type type, const void *value, size_t length)
{
	/* RFC 2865 section 5: an attribute without value must be omitted. */
	if (length == 0 || length > RADIUS_VALUE_MAX ||
		request->length + 2 + length > RADIUS_PACKET_MAX)
		request->failed = true;
	if (request->failed)
		return;
	request->bytes[request->length] = (uint8_t)type;
	request->bytes[request->length + 1] = (uint8_t)(length + 2);
	memcpy(request->bytes + request->length + 2, value, length);
	request->length += length + 2;
}

void radius_request_init(struct radius_packet *request)
{
	static const uint8_t zeros[DIGEST];

	*request = (struct radius_packet){.length = RADIUS_HEADER};
	request->bytes[0] = RADIUS_ACCESS_REQUEST;
	randombytes_buf(request->bytes + 1, 1);
	randombytes_buf(request->bytes + PROOF_AT, DIGEST);
	radius_add(request, RADIUS_MESSAGE_AUTHENTICATOR, zeros, sizeof zeros);
}

void radius_add_number(struct radius_packet *request, enum radius_type type, uint32_t number)
{
	const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		(uint8_t)(number >> 8), (uint8_t)number};

	radius_add(request, type, bytes, sizeof bytes);
}

/* Each block of 16 bytes is XORed with the MD5 of the secret and the previous block; the first with
 * that of the secret and the authenticator. */
void radius_add_password(struct radius_packet *request, const char *secret, const char *password)
{
	uint8_t hidden[RADIUS_PASSWORD_MAX] = {0}, mask[DIGEST];
	size_t length = strlen(password), padded = (length + DIGEST - 1) / DIGEST * DIGEST;
	const uint8_t *before = request->bytes + PROOF_AT;

	padded = padded == 0 ? DIGEST : padded;
	if (length > sizeof hidden) {
		request->failed = true;
		return;
	}
	memcpy(hidden, password, length); /* NOLINT(bugprone-not-null-terminated-result): no text */
	for (size_t at = 0; at < padded; at += DIGEST) {
		if (md5((struct piece[]){{secret, strlen(secret)}, {before, DIGEST}}, 2, mask) != 0)
			request->failed = true;
		for (size_t i = 0; i < DIGEST; i++)
			hidden[at + i] ^= mask[i];
		before = hidden + at;
	}
	if (!request->failed)
		radius_add(request, RADIUS_USER_PASSWORD, hidden, padded);
	explicit_bzero(hidden, sizeof hidden);
	explicit_bzero(mask, sizeof mask);
}

int radius_request_sign(struct radius_packet *request, const char *secret)
{
	uint8_t digest[DIGEST];

	request->bytes[LENGTH_AT] = (uint8_t)(request->length >> 8);
	request->bytes[LENGTH_AT + 1] = (uint8_t)request->length;
	if (request->failed || hmac_md5(secret, request->bytes, request->length, digest) != 0)
		return -1;
	memcpy(request->bytes + SIGNATURE_AT, digest, sizeof digest);
	return 0;
}

/* ---- replies ---- */

enum radius_code radius_code(const struct radius_packet *packet)
{
	return (enum radius_code)packet->bytes[0];
}

bool radius_next(
	const struct radius_packet *packet, enum radius_type type, struct radius_value *value)
{
	const uint8_t *end = packet->bytes + packet->length;
	const uint8_t *at = packet->bytes + RADIUS_HEADER;

	if (value->bytes != NULL)
		at = value->bytes + value->length;
	for (; at < end; at += at[1]) {
		if (at[0] != (uint8_t)type)
			continue;
		*value = (struct radius_value){at + 2, (size_t)at[1] - 2};
		return true;
	}
	return false;
}

/* Removes the padding and validates the lengths of all attributes, so that later code need not. */
static bool is_well_formed(struct radius_packet *reply)
{
	const uint8_t *bytes = reply->bytes;
	size_t length, at = RADIUS_HEADER;

	if (reply->length < RADIUS_HEADER || reply->length > RADIUS_PACKET_MAX)
		return false;
	length = (size_t)bytes[LENGTH_AT] << 8 | bytes[LENGTH_AT + 1];
	if (length < RADIUS_HEADER || length > reply->length)
		return false;
	reply->length = length;
	while (length - at >= 2 && bytes[at + 1] >= 2 && bytes[at + 1] <= length - at)
		at += bytes[at + 1];
	return at == length;
}

static size_t count(const struct radius_packet *reply, enum radius_type type)
{
	struct radius_value value = {0};
	size_t found = 0;

	while (radius_next(reply, type, &value))
		found++;
	return found;
}

/* Verifies the response authenticator: MD5 over the reply with the request's authenticator, and the
 * secret (RFC 2865 section 3). */
static bool has_right_proof(
	const struct radius_packet *request, const struct radius_packet *reply, const char *secret)
{
	const struct piece pieces[] = {
		{reply->bytes, PROOF_AT},
		{request->bytes + PROOF_AT, DIGEST},
		{reply->bytes + RADIUS_HEADER, reply->length - RADIUS_HEADER},
		{secret, strlen(secret)},
	};
	uint8_t digest[DIGEST];

	return md5(pieces, sizeof pieces / sizeof *pieces, digest) == 0 &&
	       CRYPTO_memcmp(digest, reply->bytes + PROOF_AT, DIGEST) == 0;
}

/* Verifies the Message-Authenticator: HMAC over the reply with the request's authenticator and
 * zeros in its own place (RFC 3579 section 3.2). */
static bool has_right_signature(
	const struct radius_packet *request, const struct radius_packet *reply, const char *secret)
{
	struct radius_value found = {0};
	uint8_t bytes[RADIUS_PACKET_MAX], digest[DIGEST];

	if (!radius_next(reply, RADIUS_MESSAGE_AUTHENTICATOR, &found) || found.length != DIGEST)
		return false;
	memcpy(bytes, reply->bytes, reply->length);
	memcpy(bytes + PROOF_AT, request->bytes + PROOF_AT, DIGEST);
	memset(bytes + (found.bytes - reply->bytes), 0, DIGEST);
	return hmac_md5(secret, bytes, reply->length, digest) == 0 &&
	       CRYPTO_memcmp(digest, found.bytes, DIGEST) == 0;
}

static const char *fault(
	const struct radius_packet *request, struct radius_packet *reply, const char *secret)
{
	if (!is_well_formed(reply))
		return "malformed";
	if (reply->bytes[1] != request->bytes[1])
		return "had another id";
	if (radius_code(reply) != RADIUS_ACCESS_ACCEPT &&
		radius_code(reply) != RADIUS_ACCESS_REJECT &&
		radius_code(reply) != RADIUS_ACCESS_CHALLENGE)
		return "had another code";
	if (count(reply, RADIUS_STATE) > 1 || count(reply, RADIUS_USER_NAME) > 1 ||
		count(reply, RADIUS_MESSAGE_AUTHENTICATOR) > 1)
		return "repeated an attribute that must be unique";
	if (!has_right_proof(request, reply, secret))
		return "had a wrong response authenticator (does the server have the same secret?)";
	if (count(reply, RADIUS_MESSAGE_AUTHENTICATOR) == 0)
		return "had no Message-Authenticator (the server must send one: CVE-2024-3596)";
	if (!has_right_signature(request, reply, secret))
		return "had a wrong Message-Authenticator";
	return NULL;
}

bool radius_is_answer(const struct radius_packet *request, struct radius_packet *reply,
	const char *secret, const char **why_r)
{
	*why_r = fault(request, reply, secret);
	return *why_r == NULL;
}
