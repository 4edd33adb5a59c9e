/* SPDX-License-Identifier: MIT
 *
 * JSON Web Signatures (RFC 7515) and keys (RFC 7517): checks what a provider signed, signs what a
 * platform wants. The only user of cjose, which knows neither EdDSA (libsodium does that) nor what
 * is allowed: the list of algorithms is looked at before anything else (RFC 8725 3.1), keys come
 * from the set alone, `jwk` and `crit` are refused, "none" and, with public keys, HS* never pass.
 */
#pragma once

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { JOSE_TOKEN_MAX = 16 * 1024, JOSE_KEYS_MAX = 64 };

/* Reads JSON that a provider sent. A byte order mark before it is ignored (RFC 8259 8.1). Where an
 * integer is too large for jansson, which need not concern anybody, all numbers are reals. `flags`
 * are jansson's. NULL: it is none; the caller's (json_decref). */
json_t *jose_json(const char *text, size_t length, size_t flags);

/* A set of public keys, immutable; may be used by several threads at once. */
struct jose_keys;

/* Reads a JWKS (RFC 7517 section 5). Keys of an unknown type, curve or use ("enc"), and symmetric
 * ones, are left out; of a member that a key has twice the last counts (section 4). NULL when it is
 * no JWKS or no key is left. */
struct jose_keys *jose_keys_parse(const char *json, size_t length, struct error *error);
void jose_keys_free(struct jose_keys **keys);

enum jose_verdict {
	JOSE_BAD = 0,	  /* malformed, an algorithm off the list, or the signature is wrong */
	JOSE_UNKNOWN_KEY, /* no key of the set has this kid, and none without one made the
			     signature: a newer set may have it */
	JOSE_GOOD,
};

/* Whether `name` is a signature algorithm that jose_verify() can be allowed: RS*, PS*, ES*, EdDSA.
 */
bool jose_is_algorithm(const char *name);

/* Checks a compact JWS (RFC 7515 3.1) whose payload is a JSON object. `algorithms`: those allowed,
 * ended by NULL. `types`: one of which the header `typ` must be, without case, where it is there,
 * ended by NULL; NULL: not looked at. On JOSE_GOOD *claims_r is the payload, the caller's
 * (json_decref). */
enum jose_verdict jose_verify(const struct jose_keys *keys, const char *token,
	const char *const *algorithms, const char *const *types, json_t **claims_r,
	struct error *error);

/* A key to sign with. */
struct jose_signer;

/* `algorithm`: HS256, HS384 or HS512 with the bytes of the key, or a JWK of type "oct"; RS*, PS*,
 * ES* or EdDSA with a private key as JWK (the store keeps no newlines, so no PEM). The JWK's `kid`
 * is used where `kid` is NULL. NULL with an error that has nothing of the key in it, also for keys
 * that are too short (RFC 7518 3.2, 3.3). */
struct jose_signer *jose_signer_new(const char *algorithm, const char *key, size_t length,
	const char *kid, struct error *error);
void jose_signer_free(struct jose_signer **signer);

/* The compact JWS of the claims, "typ":"JWT"; NULL on failure. The caller wipes and frees it. */
char *jose_sign(const struct jose_signer *signer, const json_t *claims, struct error *error);
