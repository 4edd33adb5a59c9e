/* SPDX-License-Identifier: MIT
 *
 * Algorithms and keys, and the strict base64url of JWS. Private to outbound/.
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
	size_t size;	   /* bytes of a signature; for JOSE_OCT also the least of a key; 0: as the
			      modulus */
};

/* NULL for a name that is none. "none" is none. */
const struct jose_algorithm *jose_algorithm(const char *name);

/* A public key. */
struct jose_key {
	enum jose_family family;
	char *kid, *algorithm; /* NULL: the key does not say */
	char curve[8];
	size_t size;	  /* bytes of the modulus */
	cjose_jwk_t *jwk; /* NULL for JOSE_OKP, which has its point */
	uint8_t point[JOSE_ED25519_SIZE];
};

/* Makes a key for verifying of a JWK; 0, or -1 for one that is of no use here. */
int jose_key_read(const json_t *jwk, struct jose_key *key);
void jose_key_release(struct jose_key *key);

/* Whether the key is one for this algorithm. */
bool jose_key_suits(const struct jose_key *key, const struct jose_algorithm *algorithm);

/* Checks the modulus of an RSA key; its bytes, 0 when it is too short, too long or malformed. */
size_t jose_modulus_size(const json_t *jwk);

/* A string member of an object; NULL when it is not there or no string. */
const char *jose_member(const json_t *object, const char *name);

/* base64url without padding (RFC 7515 section 2), one text for each value. 0, or -1 when it is not
 * that or longer than `size`. */
int jose_decode(const char *text, size_t length, uint8_t *bytes, size_t size, size_t *length_r);

#endif
