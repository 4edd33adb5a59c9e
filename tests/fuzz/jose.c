/* SPDX-License-Identifier: MIT
 *
 * What an OpenID provider sends: a set of keys and, behind an empty line, a token; or claims, which
 * are signed as its own key signs them and read as far as a person; the first byte says which.
 */
#include "fuzz.h"

#ifdef HAVE_CJOSE

#include "auth/oidc/oidc.h"

enum { NOW = 1790000000 };

#define JWK                                                                                        \
	"\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"                                               \
	"\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define PRIVATE                                                                                    \
	"{" JWK ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}" /* RFC 8037 A.1          \
									   */
#define PUBLIC "{\"keys\":[{" JWK "}]}"

static const char *const algorithms[] = {"RS256", "ES256", "EdDSA", NULL};

static void key_set(const uint8_t *bytes, size_t length)
{
	struct error error = {""};
	json_t *claims = NULL;
	char *set = take_until('\n', &bytes, &length), *token = copy_of(bytes, length);
	struct jose_keys *keys = jose_keys_parse(set, strlen(set), &error);
	struct oidc_metadata *metadata =
		oidc_metadata_parse(set, strlen(set), "https://login.example.org", &error);

	if (keys != NULL) {
		jose_verify(keys, token, algorithms, NULL, &claims, &error);
		json_decref(claims);
	}
	jose_keys_free(&keys);
	if (metadata != NULL)
		oidc_value_drop(&metadata->value);
	free(set);
	free(token);
}

/* Signed by the right key: what is in the token is taken at its word. */
static json_t *through_a_token(const json_t *claims)
{
	struct error error = {""};
	struct jose_signer *signer =
		jose_signer_new("EdDSA", PRIVATE, strlen(PRIVATE), NULL, &error);
	struct jose_keys *keys = jose_keys_parse(PUBLIC, strlen(PUBLIC), &error);
	json_t *back = NULL, *none = NULL;
	char *token;

	PROMISE(signer != NULL && keys != NULL);
	token = jose_sign(signer, claims, &error);
	if (token != NULL && strlen(token) <= JOSE_TOKEN_MAX) {
		PROMISE(jose_verify(keys, token, algorithms, NULL, &back, &error) == JOSE_GOOD);
		token[strlen(token) - 8] ^= 1;
		PROMISE(jose_verify(keys, token, algorithms, NULL, &none, &error) != JOSE_GOOD);
	}
	free(token);
	jose_signer_free(&signer);
	jose_keys_free(&keys);
	return back;
}

static void claims_of(const uint8_t *bytes, size_t length)
{
	const struct oidc_options options = {
		.issuer = "https://login.example.org",
		.client_id = "me",
		.max_age = 3600,
		.skew = 60,
		.name_claim = "name",
		.email_claim = "email",
		.groups_claim = "realm_access.roles",
	};
	struct auth_ending ending = {.error = &(struct error){""}};
	json_t *sent = jose_json((const char *)bytes, length, 0), *claims;
	struct identity who = IDENTITY_INIT;
	struct error error = {""};

	claims = json_is_object(sent) ? through_a_token(sent) : NULL;
	if (claims != NULL) {
		if (oidc_check_id_token(&options, claims, "nonce", NULL, NOW, &error) == 0)
			PROMISE(oidc_text(claims, "sub") != NULL);
		oidc_check_logout_token(&options, claims, NOW, &ending);
		if (oidc_person_read(&options, claims, NULL, NULL, &who, &error) == 0)
			PROMISE(who.group_count <= IDENTITY_GROUPS_MAX);
		else
			PROMISE(error.text[0] != '\0');
	}
	identity_release(&who);
	json_decref(claims);
	json_decref(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length > 0 && *bytes % 2 == 0)
		key_set(bytes + 1, length - 1);
	else if (length > 0)
		claims_of(bytes + 1, length - 1);
	return 0;
}

#else
LEFT_OUT
#endif
