/* SPDX-License-Identifier: MIT
 *
 * Signed tokens (RFC 7519) for platforms that let in whoever presents one. Private to src/platform.
 */
#pragma once

#include "platform/platform.h"

#include <jansson.h>

/* The key to sign with. `kid` NULL: that of the JWK, or none. */
struct token_key {
	const char *algorithm;
	const char *bytes;
	size_t length;
	const char *kid;
};

/* Signs the claims, releases them and appends the token to grant->token. Returns PLATFORM_GRANTED,
 * or PLATFORM_UNABLE with grant->error, also if `claims` is NULL. */
enum platform_verdict token_sign(
	const struct platform_grant *grant, const struct token_key *key, json_t *claims);

/* Whether the key signs slowly. RSA keys, which are always JWKs, take half a millisecond and more;
 * other keys take microseconds. */
bool token_is_slow(const char *key);

/* Tests whether the key can sign. Returns 0, or -1 with the error. */
int token_try(const struct token_key *key, struct error *error);

/* Sets a claim to a text. Does nothing if the text is NULL. */
void token_claim(json_t *claims, const char *name, const char *text);

/* Returns "BACKEND/SUBJECT", which is unique across backends, or NULL if memory runs out. */
json_t *token_subject(const struct identity *who);
