/* SPDX-License-Identifier: MIT */
#include "outbound/jose.h"

#include "outbound/jose_key.h"

#include <sodium.h>

enum { SECRET_MAX = 4096 };

struct jose_signer {
	const struct jose_algorithm *algorithm;
	char *kid;	  /* NULL: none */
	cjose_jwk_t *jwk; /* NULL for JOSE_OKP, which uses `secret` */
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

/* -- keys -- */

static int make_oct(
	struct jose_signer *signer, const void *bytes, size_t length, struct error *error)
{
	if (length < signer->algorithm->size)
		return error_set(error, "the key has %zu bytes; %s requires at least %zu", length,
			signer->algorithm->name, signer->algorithm->size);
	signer->jwk = cjose_jwk_create_oct_spec(bytes, length, NULL);
	return signer->jwk != NULL ? 0 : error_set(error, "out of memory for a key");
}

static int read_oct(struct jose_signer *signer, const json_t *jwk, struct error *error)
{
	const char *k = jose_member(jwk, "k");
	uint8_t bytes[SECRET_MAX];
	size_t length;
	int rc;

	if (k == NULL || jose_decode(k, strlen(k), bytes, sizeof bytes, &length) != 0)
		return error_set(error, "the JWK has no \"k\" in base64url");
	rc = make_oct(signer, bytes, length, error);
	explicit_bzero(bytes, sizeof bytes);
	return rc;
}

static int read_okp(struct jose_signer *signer, const json_t *jwk, struct error *error)
{
	const char *d = jose_member(jwk, "d"), *x = jose_member(jwk, "x");
	uint8_t seed[crypto_sign_SEEDBYTES], point[crypto_sign_PUBLICKEYBYTES];
	uint8_t told[crypto_sign_PUBLICKEYBYTES];
	size_t length = 0;
	int rc = 0;

	if (d == NULL || jose_decode(d, strlen(d), seed, sizeof seed, &length) != 0 ||
		length != sizeof seed)
		rc = error_set(error, "the JWK has no private key of Ed25519 (\"d\")");
	else
		crypto_sign_seed_keypair(point, signer->secret, seed);
	if (rc == 0 && x != NULL &&
		(jose_decode(x, strlen(x), told, sizeof told, &length) != 0 ||
			length != sizeof told || memcmp(told, point, sizeof told) != 0))
		rc = error_set(error, "the JWK's \"d\" and \"x\" do not belong together");
	explicit_bzero(seed, sizeof seed);
	return rc;
}

static int read_by_cjose(struct jose_signer *signer, json_t *jwk, struct error *error)
{
	if (jose_member(jwk, "d") == NULL)
		return error_set(error, "the JWK has no private key (\"d\")");
	if (signer->algorithm->family == JOSE_RSA && jose_modulus_size(jwk) == 0)
		return error_set(
			error, "the JWK's modulus has less than %d bits", JOSE_MODULUS_MIN * 8);
	signer->jwk = cjose_jwk_import_json((cjose_header_t *)jwk, NULL);
	return signer->jwk != NULL ? 0 : error_set(error, "the JWK is not a valid key");
}

static int read_jwk(struct jose_signer *signer, json_t *jwk, struct error *error)
{
	static const char *const types[] = {
		[JOSE_RSA] = "RSA", [JOSE_EC] = "EC", [JOSE_OKP] = "OKP", [JOSE_OCT] = "oct"};
	const char *kty = jose_member(jwk, "kty"), *crv = jose_member(jwk, "crv");
	const struct jose_algorithm *algorithm = signer->algorithm;

	if (kty == NULL || strcmp(kty, types[algorithm->family]) != 0)
		return error_set(error, "%s requires a JWK whose \"kty\" is \"%s\"",
			algorithm->name, types[algorithm->family]);
	if (algorithm->curve != NULL && (crv == NULL || strcmp(crv, algorithm->curve) != 0))
		return error_set(error, "%s requires a JWK whose \"crv\" is \"%s\"",
			algorithm->name, algorithm->curve);
	if (algorithm->family == JOSE_OCT)
		return read_oct(signer, jwk, error);
	return algorithm->family == JOSE_OKP ? read_okp(signer, jwk, error)
					     : read_by_cjose(signer, jwk, error);
}

static int read_key(struct jose_signer *signer, const char *key, size_t length, const char *kid,
	struct error *error)
{
	json_t *jwk = json_loadb(key, length, JSON_REJECT_DUPLICATES, NULL);
	int rc;

	if (json_is_object(jwk))
		rc = read_jwk(signer, jwk, error);
	else if (signer->algorithm->family == JOSE_OCT)
		rc = make_oct(signer, key, length, error);
	else
		rc = error_set(error, "expected the key as a JWK (JSON on one line)");
	if (rc == 0 && kid == NULL)
		kid = jose_member(jwk, "kid");
	if (rc == 0 && kid != NULL) {
		signer->kid = strdup(kid);
		rc = signer->kid != NULL ? 0 : error_set(error, "out of memory for a key");
	}
	json_decref(jwk);
	return rc;
}

struct jose_signer *jose_signer_new(
	const char *algorithm, const char *key, size_t length, const char *kid, struct error *error)
{
	struct jose_signer *signer = calloc(1, sizeof *signer);

	if (signer == NULL) {
		error_set(error, "out of memory for a key");
		return NULL;
	}
	signer->algorithm = jose_algorithm(algorithm);
	if (signer->algorithm == NULL)
		error_set(error, "\"%s\" is not a signature algorithm", algorithm);
	if (signer->algorithm == NULL || read_key(signer, key, length, kid, error) != 0)
		jose_signer_free(&signer);
	return signer;
}

void jose_signer_free(struct jose_signer **signer)
{
	struct jose_signer *s = *signer;

	*signer = NULL;
	if (s == NULL)
		return;
	if (s->jwk != NULL)
		cjose_jwk_release(s->jwk);
	free(s->kid);
	explicit_bzero(s, sizeof *s);
	free(s);
}

/* -- signing -- */

static json_t *make_header(const struct jose_signer *signer)
{
	return json_pack("{s:s, s:s, s:s*}", "alg", signer->algorithm->name, "typ", "JWT", "kid",
		signer->kid);
}

static char *sign_by_cjose(const struct jose_signer *signer, json_t *header, const char *payload)
{
	cjose_jws_t *jws = cjose_jws_sign(signer->jwk, (cjose_header_t *)header,
		(const uint8_t *)payload, strlen(payload), NULL);
	const char *text = NULL;
	char *copy = NULL;

	if (jws != NULL && cjose_jws_export(jws, &text, NULL))
		copy = strdup(text);
	if (jws != NULL)
		cjose_jws_release(jws);
	return copy;
}

static char *append_base64(char *to, size_t size, const void *bytes, size_t length)
{
	sodium_bin2base64(to, size, bytes, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return to + strlen(to);
}

static char *sign_by_sodium(
	const struct jose_signer *signer, const char *header, const char *payload)
{
	size_t size = (strlen(header) + strlen(payload) + crypto_sign_BYTES) * 2 + 16;
	uint8_t signature[crypto_sign_BYTES];
	char *text = malloc(size), *end;

	if (text == NULL)
		return NULL;
	end = append_base64(text, size, header, strlen(header));
	*end++ = '.';
	end = append_base64(end, size - (size_t)(end - text), payload, strlen(payload));
	crypto_sign_detached(
		signature, NULL, (const uint8_t *)text, (size_t)(end - text), signer->secret);
	*end++ = '.';
	append_base64(end, size - (size_t)(end - text), signature, sizeof signature);
	return text;
}

char *jose_sign(const struct jose_signer *signer, const json_t *claims, struct error *error)
{
	json_t *header = make_header(signer);
	char *payload = json_dumps(claims, JSON_COMPACT);
	char *head = json_dumps(header, JSON_COMPACT);
	char *token = NULL;

	if (payload != NULL && head != NULL)
		token = signer->jwk != NULL ? sign_by_cjose(signer, header, payload)
					    : sign_by_sodium(signer, head, payload);
	if (token == NULL)
		error_set(error, "cannot sign with %s", signer->algorithm->name);
	free(payload);
	free(head);
	json_decref(header);
	return token;
}
