/* SPDX-License-Identifier: MIT
 *
 * Algorithms and keys of JWS, and strict base64url. Private to outbound/.
 */
#pragma once

#ifdef HAVE_CJOSE

#include "base/banned.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	JOSE_MODULUS_MIN = 256, /* bytes: 2048 bits (RFC 7518 3.3) */
	JOSE_MODULUS_MAX = 2048,
	JOSE_ED25519_SIZE = 32,
};

enum jose_family {
	JOSE_UNKNOWN = 0,
	JOSE_RSA,
	JOSE_EC,
	JOSE_OKP,
	JOSE_OCT,
};

struct jose_algorithm {
	const char *name;
	enum jose_family family;
	const char *curve; /* for JOSE_EC and JOSE_OKP */
	size_t size; /* bytes of a signature; 0: as long as the modulus. For JOSE_OCT also the least
			length of a key */
};

/* NULL if the algorithm is unknown; "none" is unknown as well. */
const struct jose_algorithm *jose_algorithm(const char *name);

/* A public key. */
struct jose_key {
	enum jose_family family;
	char *kid, *algorithm; /* NULL: not set in the JWK */
	char curve[8];
	size_t size;	  /* bytes of the modulus */
	cjose_jwk_t *jwk; /* NULL for JOSE_OKP, which uses `point` */
	uint8_t point[JOSE_ED25519_SIZE];
};

/* Reads a public key that can verify signatures; 0, or -1 if the JWK is not such a key. */
int jose_key_read(const json_t *jwk, struct jose_key *key);
void jose_key_release(struct jose_key *key);

/* True if the key can be used with this algorithm. */
bool jose_key_suits(const struct jose_key *key, const struct jose_algorithm *algorithm);

/* The length of an RSA key's modulus in bytes; 0 if it is too short, too long or malformed. */
size_t jose_modulus_size(const json_t *jwk);

/* A string member of an object; NULL if it is missing or not a string. */
const char *jose_member(const json_t *object, const char *name);

/* Decodes base64url without padding (RFC 7515 section 2) and accepts only the canonical form. 0, or
 * -1 if it is malformed or the bytes do not fit into `size`. */
int jose_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *length_r);

#endif
