/* SPDX-License-Identifier: MIT
 *
 * A reply of a RADIUS server: as it came, and with the proofs put right, as a server that we trust
 * may send it.
 */
#include "fuzz.h"

#ifdef HAVE_RADIUS

#include "auth/radius/packet.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { ID = 1, PROOF_AT = 4, DIGEST = 16 };

static const char secret[] = "secret";

static void walk(const struct radius_packet *reply)
{
	for (int type = 0; type < 256; type++) {
		struct radius_value value = {0};

		while (radius_next(reply, (enum radius_type)type, &value))
			PROMISE(value.bytes + value.length <= reply->bytes + reply->length);
	}
}

/* RFC 3579 section 3.2 and RFC 2865 section 3. */
static void prove(const struct radius_packet *request, struct radius_packet *reply)
{
	static const uint8_t head[] = {RADIUS_MESSAGE_AUTHENTICATOR, DIGEST + 2};
	uint8_t *proof = reply->bytes + RADIUS_HEADER;
	EVP_MD_CTX *md5 = EVP_MD_CTX_new();
	unsigned size = DIGEST;

	reply->bytes[ID] = request->bytes[ID];
	reply->bytes[2] = (uint8_t)(reply->length >> 8);
	reply->bytes[3] = (uint8_t)reply->length;
	memcpy(proof, head, sizeof head);
	memset(proof + sizeof head, 0, DIGEST);
	memcpy(reply->bytes + PROOF_AT, request->bytes + PROOF_AT, DIGEST);
	HMAC(EVP_md5(), secret, sizeof secret - 1, reply->bytes, reply->length, proof + sizeof head,
		&size);
	EVP_DigestInit_ex(md5, EVP_md5(), NULL);
	EVP_DigestUpdate(md5, reply->bytes, reply->length);
	EVP_DigestUpdate(md5, secret, sizeof secret - 1);
	EVP_DigestFinal_ex(md5, reply->bytes + PROOF_AT, &size);
	EVP_MD_CTX_free(md5);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	enum { FRONT = RADIUS_HEADER + 2 + DIGEST };
	struct radius_packet request, reply = {.length = length};
	const char *why;

	if (length > RADIUS_PACKET_MAX - FRONT)
		return 0;
	radius_request_init(&request);
	radius_add(&request, RADIUS_USER_NAME, "alice", 5);
	if (radius_request_sign(&request, secret) != 0)
		return 0;
	if (length > 0)
		memcpy(reply.bytes, bytes, length);
	PROMISE(!radius_is_answer(&request, &reply, secret, &why) && why != NULL);
	reply.length = FRONT + (length > 0 ? length - 1 : 0);
	reply.bytes[0] = length > 0 ? bytes[0] : 0;
	if (length > 0)
		memcpy(reply.bytes + FRONT, bytes + 1, length - 1);
	prove(&request, &reply);
	if (radius_is_answer(&request, &reply, secret, &why))
		walk(&reply);
	reply.bytes[PROOF_AT] ^= 1;
	PROMISE(!radius_is_answer(&request, &reply, secret, &why));
	return 0;
}

#else
LEFT_OUT
#endif
