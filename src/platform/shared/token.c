/* SPDX-License-Identifier: MIT */
#include "platform/shared/token.h"

#include "outbound/jose.h"

enum platform_verdict token_sign(
	const struct platform_grant *grant, const struct token_key *key, json_t *claims)
{
	struct jose_signer *signer =
		jose_signer_new(key->algorithm, key->bytes, key->length, key->kid, grant->error);
	char *token = NULL;

	if (signer != NULL && claims == NULL)
		error_set(grant->error, "out of memory for a token");
	else if (signer != NULL)
		token = jose_sign(signer, claims, grant->error);
	jose_signer_free(&signer);
	json_decref(claims);
	if (token == NULL)
		return PLATFORM_UNABLE;
	buffer_text(grant->token, token);
	explicit_bzero(token, strlen(token));
	free(token);
	if (!grant->token->failed)
		return PLATFORM_GRANTED;
	error_set(grant->error, "the token is longer than %d bytes", PLATFORM_GRANT_MAX);
	return PLATFORM_UNABLE;
}

bool token_is_slow(const char *key)
{
	return strstr(key, "\"RSA\"") != NULL; /* its "kty" */
}

int token_try(const struct token_key *key, struct error *error)
{
	struct jose_signer *signer =
		jose_signer_new(key->algorithm, key->bytes, key->length, key->kid, error);
	int rc = signer != NULL ? 0 : -1;

	jose_signer_free(&signer);
	return rc;
}

void token_claim(json_t *claims, const char *name, const char *text)
{
	if (text != NULL)
		json_object_set_new(claims, name, json_string(text));
}

json_t *token_subject(const struct identity *who)
{
	return json_sprintf("%s/%s", who->backend, who->subject);
}
