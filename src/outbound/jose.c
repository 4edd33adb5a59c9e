/* SPDX-License-Identifier: MIT */
#include "outbound/jose.h"

#include "outbound/jose_key.h"

#include <sodium.h>
#include <strings.h>

struct jose_keys {
	size_t count;
	struct jose_key keys[JOSE_KEYS_MAX];
};

/* The parts of a compact JWS. */
struct compact {
	const char *text;
	size_t length, signed_length; /* of "header.payload" */
	const char *payload;
	size_t payload_length;
	const struct jose_algorithm *algorithm;
	json_t *header;
	uint8_t signature[JOSE_MODULUS_MAX];
	size_t signature_length;
};

json_t *jose_json(const char *text, size_t length, size_t flags)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t size = sizeof mark - 1;
	json_t *root;

	if (length >= size && memcmp(text, mark, size) == 0) {
		text += size;
		length -= size;
	}
	root = json_loadb(text, length, flags, NULL);
	if (root == NULL)
		root = json_loadb(text, length, flags | JSON_DECODE_INT_AS_REAL, NULL);
	return root;
}

/* -- key sets -- */

/* Without a signing key, authentik and LINE answer {}, other providers an empty list. */
static int check_list(const json_t *root, struct error *error)
{
	const json_t *list = json_object_get(root, "keys");

	if (!json_is_object(root) || (list != NULL && !json_is_array(list)))
		return error_set(error, "the answer is not a JWKS");
	if (json_array_size(list) == 0)
		return error_set(error,
			"the key set is empty: set a signing key for this client at the provider "
			"(tokens signed with the client secret, HS256, are not accepted)");
	if (json_array_size(list) > JOSE_KEYS_MAX)
		return error_set(error, "the key set has more than %d keys", JOSE_KEYS_MAX);
	return 0;
}

struct jose_keys *jose_keys_parse(const char *json, size_t length, struct error *error)
{
	json_t *root = jose_json(json, length, 0);
	const json_t *list = json_object_get(root, "keys"), *jwk;
	struct jose_keys *keys = NULL;
	size_t i;

	if (check_list(root, error) != 0)
		goto done;
	keys = calloc(1, sizeof *keys);
	if (keys == NULL) {
		error_set(error, "out of memory for keys");
		goto done;
	}
	json_array_foreach(list, i, jwk)
	{
		if (jose_key_read(jwk, &keys->keys[keys->count]) == 0)
			keys->count++;
	}
	if (keys->count == 0) {
		error_set(error, "none of the %zu keys can be used to check signatures",
			json_array_size(list));
		jose_keys_free(&keys);
	}
done:
	json_decref(root);
	return keys;
}

void jose_keys_free(struct jose_keys **keys)
{
	struct jose_keys *k = *keys;

	*keys = NULL;
	if (k == NULL)
		return;
	while (k->count > 0)
		jose_key_release(&k->keys[--k->count]);
	free(k);
}

bool jose_is_algorithm(const char *name)
{
	const struct jose_algorithm *algorithm = jose_algorithm(name);

	return algorithm != NULL && algorithm->family != JOSE_OCT;
}

/* -- parsing a token -- */

static json_t *decode_object(const char *text, size_t length)
{
	uint8_t *bytes = malloc(length + 1);
	size_t decoded;
	json_t *object = NULL;

	if (bytes != NULL && jose_decode(text, length, bytes, length + 1, &decoded) == 0)
		object = jose_json((const char *)bytes, decoded, JSON_REJECT_DUPLICATES);
	free(bytes);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static int split(const char *token, struct compact *compact, struct error *error)
{
	size_t length = strnlen(token, JOSE_TOKEN_MAX + 1);
	const char *first = strchr(token, '.');
	const char *second = first != NULL ? strchr(first + 1, '.') : NULL;

	if (length > JOSE_TOKEN_MAX)
		return error_set(error, "the token is longer than %d bytes", JOSE_TOKEN_MAX);
	if (second == NULL || strchr(second + 1, '.') != NULL)
		return error_set(error, "the token does not have three parts");
	compact->text = token;
	compact->length = length;
	compact->signed_length = (size_t)(second - token);
	compact->payload = first + 1;
	compact->payload_length = (size_t)(second - first - 1);
	compact->header = decode_object(token, (size_t)(first - token));
	if (compact->header == NULL)
		return error_set(error, "the token's header is not a JSON object");
	if (jose_decode(second + 1, length - compact->signed_length - 1, compact->signature,
		    sizeof compact->signature, &compact->signature_length) != 0)
		return error_set(error, "the token's signature is not base64url");
	return 0;
}

/* Checked before anything else in the token is trusted: RFC 8725 3.1. */
static int check_algorithm(struct compact *compact, const char *const *allowed, struct error *error)
{
	const char *name = jose_member(compact->header, "alg");

	compact->algorithm = name != NULL ? jose_algorithm(name) : NULL;
	if (compact->algorithm == NULL || compact->algorithm->family == JOSE_OCT)
		return error_set(error, "the token is not signed with a public-key algorithm");
	while (*allowed != NULL && strcmp(*allowed, name) != 0)
		allowed++;
	if (*allowed == NULL)
		return error_set(error, "the token is signed with %s, which is not allowed", name);
	return 0;
}

/* Keys come from the key set only (RFC 8725 3.10). Some providers name another place for them (jku,
 * x5u) or add a certificate (x5c); those are ignored. "crit" lists extensions that must be
 * understood, and none are; "jwk" is a key inside the token, which no provider sends; "b64" and
 * "zip" say that the payload is something else than base64url. */
static int check_extras(const struct compact *compact, struct error *error)
{
	static const char *const refused[] = {"crit", "jwk", "b64", "zip"};

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (json_object_get(compact->header, refused[i]) != NULL)
			return error_set(error, "the token's header has \"%s\"", refused[i]);
	return 0;
}

/* RFC 7515 4.1.9: the prefix "application/" may be omitted. */
static int check_type(const struct compact *compact, const char *const *types, struct error *error)
{
	const json_t *typ = json_object_get(compact->header, "typ");
	const char *name = json_string_value(typ);

	if (types == NULL || typ == NULL)
		return 0;
	if (name != NULL && strncasecmp(name, "application/", 12) == 0)
		name += 12;
	while (*types != NULL && (name == NULL || strcasecmp(*types, name) != 0))
		types++;
	return *types != NULL
		       ? 0
		       : error_set(error,
				 "the token's header has a \"typ\" of another kind of token");
}

/* -- signatures -- */

static bool verify_by_cjose(const struct jose_key *key, const struct compact *compact)
{
	cjose_jws_t *jws = cjose_jws_import(compact->text, compact->length, NULL);
	bool good = jws != NULL && cjose_jws_verify(jws, key->jwk, NULL);

	if (jws != NULL)
		cjose_jws_release(jws);
	return good;
}

static bool is_signed_with(const struct jose_key *key, const struct compact *compact)
{
	size_t size = compact->algorithm->size != 0 ? compact->algorithm->size : key->size;

	if (compact->signature_length != size)
		return false;
	if (key->family != JOSE_OKP)
		return verify_by_cjose(key, compact);
	return crypto_sign_verify_detached(compact->signature, (const uint8_t *)compact->text,
		       compact->signed_length, key->point) == 0;
}

static bool has_kid(const struct jose_key *key, const char *kid)
{
	return key->kid != NULL && kid != NULL && strcmp(key->kid, kid) == 0;
}

static enum jose_verdict check_signature(
	const struct jose_keys *keys, const struct compact *compact, struct error *error)
{
	const json_t *member = json_object_get(compact->header, "kid");
	const char *kid = json_string_value(member);
	bool known = false;

	if (member != NULL && kid == NULL) {
		error_set(error, "the token's \"kid\" is not a string");
		return JOSE_BAD;
	}
	for (size_t i = 0; i < keys->count; i++) {
		const struct jose_key *key = &keys->keys[i];

		/* A key without an id (RFC 7517 4.5) may be the right one. */
		if (kid != NULL && key->kid != NULL && !has_kid(key, kid))
			continue;
		known = known || has_kid(key, kid);
		if (jose_key_suits(key, compact->algorithm) && is_signed_with(key, compact))
			return JOSE_GOOD;
	}
	/* If no key has the token's id, the key may have been replaced: a wrong signature looks the
	 * same. */
	error_set(error, known ? "the token's signature is wrong"
			       : "the token is signed with an unknown key");
	return known ? JOSE_BAD : JOSE_UNKNOWN_KEY;
}

static enum jose_verdict verify(const struct jose_keys *keys, struct compact *compact,
	const char *const *algorithms, const char *const *types, json_t **claims_r,
	struct error *error)
{
	enum jose_verdict verdict;

	if (check_algorithm(compact, algorithms, error) != 0 || check_extras(compact, error) != 0 ||
		check_type(compact, types, error) != 0)
		return JOSE_BAD;
	verdict = check_signature(keys, compact, error);
	if (verdict != JOSE_GOOD)
		return verdict;
	*claims_r = decode_object(compact->payload, compact->payload_length);
	if (*claims_r == NULL) {
		error_set(error, "the token's payload is not a JSON object");
		return JOSE_BAD;
	}
	return JOSE_GOOD;
}

enum jose_verdict jose_verify(const struct jose_keys *keys, const char *token,
	const char *const *algorithms, const char *const *types, json_t **claims_r,
	struct error *error)
{
	struct compact compact = {0};
	enum jose_verdict verdict = JOSE_BAD;

	*claims_r = NULL;
	if (split(token, &compact, error) == 0)
		verdict = verify(keys, &compact, algorithms, types, claims_r, error);
	json_decref(compact.header);
	return verdict;
}
