/* SPDX-License-Identifier: MIT
 *
 * JSON Web Signatures (RFC 7515) and keys (RFC 7517): verifies what a provider signed, and signs
 * what a platform requires. The only user of cjose. cjose cannot do EdDSA, so libsodium does. cjose
 * does not restrict what a token may ask for, so this module does: it checks the algorithm against
 * the caller's list first (RFC 8725 3.1), takes keys from the key set only, refuses `jwk` and
 * `crit` in a header, and never accepts "none" or, with public keys, HS*.
 */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { JOSE_TOKEN_MAX = 16 * 1024, JOSE_KEYS_MAX = 64 };

/* Parses JSON that a provider sent. Ignores a byte order mark (RFC 8259 8.1). If an integer is too
 * large for jansson, reads all numbers as reals. `flags` are those of json_loadb(). Returns NULL if
 * it is not JSON; the caller calls json_decref(). */
json_t *jose_json(const char *text, size_t length, size_t flags);

/* A set of public keys. It never changes, so several threads may use it at once. */
struct jose_keys;

/* Parses a JWKS (RFC 7517 section 5). Leaves out keys of an unknown type, curve or use ("enc") and
 * symmetric keys. If a key has a member twice, the last one counts (section 4). Returns NULL with
 * an error if it is not a JWKS or if no key is left. */
struct jose_keys *jose_keys_parse(const char *json, size_t length, struct error *error);
void jose_keys_free(struct jose_keys **keys);

enum jose_verdict {
	JOSE_BAD = 0, /* malformed, signed with an algorithm that is not allowed, or the signature
			 is wrong */
	JOSE_UNKNOWN_KEY, /* no key has the token's kid, and no key without a kid made the
			     signature: a newer set may have the key */
	JOSE_GOOD,
};

/* True if jose_verify() can verify signatures of the algorithm `name`: RS*, PS*, ES*, EdDSA. */
bool jose_is_algorithm(const char *name);

/* Verifies a compact JWS (RFC 7515 3.1) whose payload is a JSON object. `algorithms` lists those
 * that are allowed, ended by NULL. `types` lists the values that the header `typ` may have if it is
 * there, compared without case, ended by NULL; NULL: any. With JOSE_GOOD, *claims_r is the payload;
 * the caller calls json_decref(). */
enum jose_verdict jose_verify(const struct jose_keys *keys, const char *token,
	const char *const *algorithms, const char *const *types, json_t **claims_r,
	struct error *error);

/* A private or secret key that signs tokens. */
struct jose_signer;

/* Makes a signer. For HS256, HS384 and HS512, `key` is the key's bytes or a JWK of type "oct"; for
 * RS*, PS*, ES* and EdDSA it is a private key as JWK (PEM needs several lines, and a secret of the
 * store is one line). If `kid` is NULL, the `kid` of the JWK is used. Returns NULL with an error,
 * which contains nothing of the key, also if the key is too short (RFC 7518 3.2, 3.3). */
struct jose_signer *jose_signer_new(const char *algorithm, const char *key, size_t length,
	const char *kid, struct error *error);
void jose_signer_free(struct jose_signer **signer);

/* Signs the claims and returns the compact JWS with "typ":"JWT"; NULL with an error. The caller
 * wipes and frees it. */
char *jose_sign(const struct jose_signer *signer, const json_t *claims, struct error *error);
