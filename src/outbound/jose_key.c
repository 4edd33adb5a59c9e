/* SPDX-License-Identifier: MIT */
#include "outbound/jose_key.h"

#include <sodium.h>

enum { EXPONENT_MAX = 8 };

static const struct jose_algorithm algorithms[] = {
	{"RS256", JOSE_RSA, NULL, 0},
	{"RS384", JOSE_RSA, NULL, 0},
	{"RS512", JOSE_RSA, NULL, 0},
	{"PS256", JOSE_RSA, NULL, 0},
	{"PS384", JOSE_RSA, NULL, 0},
	{"PS512", JOSE_RSA, NULL, 0},
	{"ES256", JOSE_EC, "P-256", 64},
	{"ES384", JOSE_EC, "P-384", 96},
	{"ES512", JOSE_EC, "P-521", 132},
	{"EdDSA", JOSE_OKP, "Ed25519", 64},
	{"HS256", JOSE_OCT, NULL, 32},
	{"HS384", JOSE_OCT, NULL, 48},
	{"HS512", JOSE_OCT, NULL, 64},
};

const struct jose_algorithm *jose_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

const char *jose_member(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

int jose_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *length_r)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	/* libsodium 1.0.18 also accepts some bytes outside ASCII as digits. */
	if (strspn(text, digits) < length)
		return -1;
	return sodium_base642bin(bytes, size, text, length, NULL, length_r, NULL,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* Decodes a number without its leading zeros. Returns its length in bytes; 0 if it is missing or
 * malformed. */
static size_t decode_number(const json_t *jwk, const char *name, uint8_t *bytes, size_t size)
{
	const char *text = jose_member(jwk, name);
	size_t length, zeros = 0;

	if (text == NULL || jose_decode(text, strlen(text), bytes, size, &length) != 0)
		return 0;
	while (zeros < length && bytes[zeros] == 0)
		zeros++;
	memmove(bytes, bytes + zeros, length - zeros);
	return length - zeros;
}

size_t jose_modulus_size(const json_t *jwk)
{
	uint8_t bytes[JOSE_MODULUS_MAX];
	size_t length = decode_number(jwk, "n", bytes, sizeof bytes);

	if (length < JOSE_MODULUS_MIN || (length == JOSE_MODULUS_MIN && bytes[0] < 0x80))
		return 0;
	return length;
}

/* Makes a key of `members`, which has no private parts, and releases it. */
static int import(struct jose_key *key, json_t *members)
{
	key->jwk = members != NULL ? cjose_jwk_import_json((cjose_header_t *)members, NULL) : NULL;
	json_decref(members);
	return key->jwk != NULL ? 0 : -1;
}

static int read_rsa(const json_t *jwk, struct jose_key *key)
{
	uint8_t exponent[EXPONENT_MAX];
	size_t length = decode_number(jwk, "e", exponent, sizeof exponent);

	key->size = jose_modulus_size(jwk);
	/* With the exponent 1, every message is its own signature. */
	if (key->size == 0 || length == 0 || exponent[length - 1] % 2 == 0 ||
		(length == 1 && exponent[0] == 1))
		return -1;
	return import(key, json_pack("{s:s, s:s, s:s}", "kty", "RSA", "n", jose_member(jwk, "n"),
				   "e", jose_member(jwk, "e")));
}

static int read_ec(const json_t *jwk, struct jose_key *key)
{
	const char *x = jose_member(jwk, "x"), *y = jose_member(jwk, "y");

	if (x == NULL || y == NULL)
		return -1;
	return import(key,
		json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", key->curve, "x", x, "y", y));
}

static int read_okp(const json_t *jwk, struct jose_key *key)
{
	const char *x = jose_member(jwk, "x");
	size_t length;

	if (strcmp(key->curve, "Ed25519") != 0 || x == NULL)
		return -1;
	if (jose_decode(x, strlen(x), key->point, sizeof key->point, &length) != 0)
		return -1;
	return length == sizeof key->point ? 0 : -1;
}

static enum jose_family family_of(const json_t *jwk)
{
	const char *kty = jose_member(jwk, "kty");

	if (kty == NULL)
		return JOSE_UNKNOWN;
	if (strcmp(kty, "RSA") == 0)
		return JOSE_RSA;
	if (strcmp(kty, "EC") == 0)
		return JOSE_EC;
	return strcmp(kty, "OKP") == 0 ? JOSE_OKP : JOSE_UNKNOWN;
}

/* Checks "use" and "key_ops" (RFC 7517 4.2, 4.3) if they are there. */
static bool is_for_verifying(const json_t *jwk)
{
	const json_t *use = json_object_get(jwk, "use"), *operation;
	const json_t *operations = json_object_get(jwk, "key_ops");
	size_t i;

	if (use != NULL && (!json_is_string(use) || strcmp(json_string_value(use), "sig") != 0))
		return false;
	if (operations == NULL)
		return true;
	json_array_foreach(operations, i, operation)
	{
		if (json_is_string(operation) &&
			strcmp(json_string_value(operation), "verify") == 0)
			return true;
	}
	return false;
}

static int copy_member(const json_t *jwk, const char *name, char **copy_r)
{
	const char *text = jose_member(jwk, name);

	if (text == NULL)
		return json_object_get(jwk, name) == NULL ? 0 : -1;
	*copy_r = strdup(text);
	return *copy_r != NULL ? 0 : -1;
}

static int read_key(const json_t *jwk, struct jose_key *key)
{
	const char *curve = jose_member(jwk, "crv");

	if (!is_for_verifying(jwk) || copy_member(jwk, "kid", &key->kid) != 0 ||
		copy_member(jwk, "alg", &key->algorithm) != 0)
		return -1;
	if (curve != NULL && strlen(curve) >= sizeof key->curve)
		return -1; /* too long for a known curve; cut off, it could look like one */
	if (curve != NULL)
		snprintf(key->curve, sizeof key->curve, "%s", curve);
	key->family = family_of(jwk);
	if (key->family == JOSE_RSA)
		return read_rsa(jwk, key);
	if (key->family == JOSE_EC)
		return read_ec(jwk, key);
	return key->family == JOSE_OKP ? read_okp(jwk, key) : -1;
}

int jose_key_read(const json_t *jwk, struct jose_key *key)
{
	*key = (struct jose_key){0};
	if (json_is_object(jwk) && read_key(jwk, key) == 0)
		return 0;
	jose_key_release(key);
	return -1;
}

void jose_key_release(struct jose_key *key)
{
	if (key->jwk != NULL)
		cjose_jwk_release(key->jwk);
	free(key->kid);
	free(key->algorithm);
	*key = (struct jose_key){0};
}

bool jose_key_suits(const struct jose_key *key, const struct jose_algorithm *algorithm)
{
	if (key->family != algorithm->family)
		return false;
	if (algorithm->curve != NULL && strcmp(key->curve, algorithm->curve) != 0)
		return false;
	return key->algorithm == NULL || strcmp(key->algorithm, algorithm->name) == 0;
}
