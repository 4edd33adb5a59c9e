/* SPDX-License-Identifier: MIT
 *
 * Signed tokens (RFC 7519) for the platforms that let in whoever brings one. Private to this room.
 */
#pragma once

#include "platform/platform.h"

#include <jansson.h>

/* The key to sign with; `kid` NULL: a JWK's own, or none. */
struct token_key {
	const char *algorithm;
	const char *bytes;
	size_t length;
	const char *kid;
};

/* Appends the token of the claims, which it takes over (NULL: no memory), to grant->token.
 * PLATFORM_GRANTED or PLATFORM_UNABLE. */
enum platform_verdict token_sign(
	const struct platform_grant *grant, const struct token_key *key, json_t *claims);

/* Whether a signature with a key takes long: those of RSA, which are always JWKs, take half a
 * millisecond and more, the others some microseconds. */
bool token_is_slow(const char *key);

/* Whether the key can sign. 0 or -1. */
int token_try(const struct token_key *key, struct error *error);

/* Sets a claim to a text; not at all where it is NULL. */
void token_claim(json_t *claims, const char *name, const char *text);

/* "BACKEND/SUBJECT": tells people of different backends apart. */
json_t *token_subject(const struct identity *who);
