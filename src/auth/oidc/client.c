/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

#include "base/clock.h"
#include "base/text.h"

#include <sodium.h>

enum {
	FORM_MAX = 16 * 1024,
	ASSERTION_LIFETIME = 60, /* seconds */
	ID_SIZE = 24,		 /* base64url of 16 bytes, with the NUL */
};

/* A request to the token endpoint. All buffers are wiped. */
struct form {
	struct buffer body;
	struct buffer user, password; /* for HTTP Basic; empty if it is not used */
};

static void add(struct form *form, const char *name, const char *value)
{
	buffer_printf(&form->body, "%s%s=", form->body.length > 0 ? "&" : "", name);
	buffer_percent(&form->body, value);
}

static void release(struct form *form)
{
	buffer_wipe(&form->body);
	buffer_wipe(&form->user);
	buffer_wipe(&form->password);
}

/* -- client authentication (OpenID Connect Core 1.0 section 9) -- */

static char *make_assertion(const struct oidc_options *options, const char *audience,
	const char *key, struct error *error)
{
	struct jose_signer *signer = jose_signer_new(options->key_algorithm, key, strlen(key),
		options->key_id[0] != '\0' ? options->key_id : NULL, error);
	int64_t now = clock_wall();
	char id[ID_SIZE], *token = NULL;
	uint8_t bytes[16];
	json_t *claims;

	if (signer == NULL)
		return NULL;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2base64(
		id, sizeof id, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	claims = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I}", "iss", options->client_id, "sub",
		options->client_id, "aud", audience, "jti", id, "iat", (json_int_t)now, "exp",
		(json_int_t)(now + ASSERTION_LIFETIME));
	if (claims != NULL)
		token = jose_sign(signer, claims, error);
	json_decref(claims);
	jose_signer_free(&signer);
	return token;
}

static int add_assertion(struct form *form, const struct oidc_options *options,
	const char *audience, const char *key, struct error *error)
{
	char *assertion = make_assertion(options, audience, key, error);

	if (assertion == NULL)
		return error_prefix(error, "client-auth: ");
	add(form, "client_id", options->client_id);
	add(form, "client_assertion_type",
		"urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	add(form, "client_assertion", assertion);
	explicit_bzero(assertion, strlen(assertion));
	free(assertion);
	return 0;
}

/* Adds the client's credentials. `secret` is NULL if the store has none. */
static int add_client(struct form *form, const struct oidc_options *options, const char *audience,
	const char *secret, struct error *error)
{
	if (options->client_auth != OIDC_PUBLIC && secret == NULL)
		return error_set(error, "the store has no client secret: run \"meetauthctl secret "
					"set backend/TITLE\"");
	switch (options->client_auth) {
	case OIDC_SECRET_BASIC: /* RFC 6749 section 2.3.1: encode both first */
		buffer_percent(&form->user, options->client_id);
		buffer_percent(&form->password, secret);
		break;
	case OIDC_SECRET_POST:
		add(form, "client_id", options->client_id);
		add(form, "client_secret", secret);
		break;
	case OIDC_PRIVATE_KEY:
		return add_assertion(form, options, audience, secret, error);
	case OIDC_PUBLIC:
		add(form, "client_id", options->client_id);
		break;
	}
	return 0;
}

int oidc_client_check(
	const struct oidc_options *options, const struct auth_secrets *secrets, struct error *error)
{
	const char *secret = secrets->count > 0 ? secrets->values[0] : NULL;
	struct form form = {BUFFER_INIT(FORM_MAX), BUFFER_INIT(FORM_MAX), BUFFER_INIT(FORM_MAX)};
	int rc = add_client(&form, options, options->issuer, secret, error);

	release(&form);
	return rc;
}

/* -- the token request (OpenID Connect Core 1.0 section 3.1.3) -- */

static void add_code(struct form *form, const struct auth_redirect *redirect)
{
	add(form, "grant_type", "authorization_code");
	add(form, "code", redirect->code);
	add(form, "redirect_uri", redirect->callback);
	add(form, "code_verifier", redirect->verifier);
}

static int post(struct oidc *oidc, const char *url, const struct form *form,
	struct fetch_answer *answer, struct error *error)
{
	const char *const headers[] = {"Accept: application/json",
		"Content-Type: application/x-www-form-urlencoded", NULL};
	const struct fetch_request request = {
		.url = url,
		.headers = headers,
		.body = form->body.data,
		.body_length = form->body.length,
		.user = form->user.data,
		.password = form->password.data,
	};

	if (form->body.failed || form->user.failed || form->password.failed)
		return error_set(error, "the token request is too long");
	return fetch_do(oidc->fetch, &request, answer, error) == FETCH_ANSWER ? 0 : -1;
}

/* Returns the error code for the log (RFC 6749 section 5.2): only known codes, since others could
 * be any text. */
static const char *error_word(const json_t *json)
{
	static const char *const words[] = {"invalid_request", "invalid_client", "invalid_grant",
		"unauthorized_client", "unsupported_grant_type", "invalid_scope"};
	const char *word = json_string_value(json_object_get(json, "error"));

	for (size_t i = 0; word != NULL && i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i], word) == 0)
			return words[i];
	return "an unknown error code";
}

static int take_tokens(struct oidc_tokens *tokens, struct error *error)
{
	const char *type = oidc_text(tokens->json, "token_type");

	tokens->id_token = oidc_text(tokens->json, "id_token");
	tokens->access_token = oidc_text(tokens->json, "access_token");
	if (tokens->id_token == NULL)
		return error_set(error, "the token response has no ID token");
	if (type == NULL || strcasecmp(type, "Bearer") != 0 ||
		(tokens->access_token != NULL && !text_is_visible_ascii(tokens->access_token)))
		tokens->access_token = NULL; /* not a Bearer token */
	return 0;
}

/* Parses the response. Returns AUTH_UNKNOWN if the provider refuses the client's credentials; then
 * the code is still unused. */
static enum auth_verdict read_tokens(
	const struct fetch_answer *answer, struct oidc_tokens *tokens, struct error *error)
{
	const char *word;

	tokens->json = jose_json(answer->body.data, answer->body.length, JSON_REJECT_DUPLICATES);
	if (answer->status == 200 && json_is_object(tokens->json))
		/* A visitor who removes "openid" from the scope gets no ID token. */
		return take_tokens(tokens, error) == 0 ? AUTH_GRANT : AUTH_UNFIT;
	word = error_word(tokens->json);
	error_set(error, "the token endpoint answers HTTP %ld with %s", answer->status,
		json_is_object(tokens->json) ? word : "no JSON");
	if (strcmp(word, "invalid_client") == 0)
		return AUTH_UNKNOWN;
	/* invalid_grant is about the code, which the browser sent: it may be stolen, used or too
	 * old. Some providers send it with another status than 400. */
	if (strcmp(word, "invalid_grant") == 0)
		return AUTH_DENY;
	return answer->status == 400 && strcmp(word, "unauthorized_client") != 0 ? AUTH_DENY
										 : AUTH_UNAVAILABLE;
}

static enum auth_verdict exchange_with(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect, const char *secret, struct oidc_tokens *tokens,
	struct error *error)
{
	struct form form = {BUFFER_INIT(FORM_MAX), BUFFER_INIT(FORM_MAX), BUFFER_INIT(FORM_MAX)};
	struct fetch_answer answer = {0};
	enum auth_verdict verdict = AUTH_UNAVAILABLE;

	add_code(&form, redirect);
	if (add_client(&form, &oidc->options, metadata->token, secret, error) == 0 &&
		post(oidc, metadata->token, &form, &answer, error) == 0)
		verdict = read_tokens(&answer, tokens, error);
	fetch_answer_release(&answer);
	release(&form);
	return verdict;
}

enum auth_verdict oidc_client_exchange(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect, struct oidc_tokens *tokens_r, struct error *error)
{
	const struct auth_secrets *secrets = &redirect->secrets;
	enum auth_verdict verdict;
	size_t i = 0;

	do { /* newest first; an older one, if the provider does not have the new one yet */
		*tokens_r = (struct oidc_tokens){0};
		verdict = exchange_with(oidc, metadata, redirect,
			i < secrets->count ? secrets->values[i] : NULL, tokens_r, error);
		if (verdict != AUTH_GRANT)
			oidc_tokens_release(tokens_r);
	} while (verdict == AUTH_UNKNOWN && ++i < secrets->count);
	return verdict == AUTH_UNKNOWN ? AUTH_UNAVAILABLE : verdict;
}

void oidc_tokens_release(struct oidc_tokens *tokens)
{
	json_decref(tokens->json);
	*tokens = (struct oidc_tokens){0};
}

/* -- userinfo (OpenID Connect Core 1.0 section 5.3) -- */

static enum auth_verdict read_userinfo(
	const struct fetch_answer *answer, json_t **claims_r, struct error *error)
{
	if (answer->status == 401 || answer->status == 403) {
		error_set(error, "the userinfo endpoint refuses the access token");
		return AUTH_UNKNOWN;
	}
	if (answer->status != 200 || strcmp(answer->content_type, "application/json") != 0) {
		error_set(error, "the userinfo endpoint answers HTTP %ld with %s", answer->status,
			strcmp(answer->content_type, "application/jwt") == 0
				? "a signed response: configure plain JSON for this client"
				: "no JSON");
		return AUTH_UNAVAILABLE;
	}
	*claims_r = jose_json(answer->body.data, answer->body.length, JSON_REJECT_DUPLICATES);
	if (json_is_object(*claims_r))
		return AUTH_GRANT;
	json_decref(*claims_r);
	*claims_r = NULL;
	error_set(error, "the userinfo response is not a JSON object");
	return AUTH_UNAVAILABLE;
}

enum auth_verdict oidc_client_userinfo(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *access_token, json_t **claims_r, struct error *error)
{
	struct buffer header = BUFFER_INIT(FORM_MAX);
	const char *headers[] = {"Accept: application/json", NULL, NULL};
	struct fetch_request request = {
		.url = metadata->userinfo, .headers = headers, .repeatable = true};
	enum auth_verdict verdict = AUTH_UNAVAILABLE;
	struct fetch_answer answer = {0};

	*claims_r = NULL;
	if (metadata->userinfo == NULL || access_token == NULL) {
		error_set(error, "the provider has no usable userinfo endpoint, or returned no "
				 "access token: set userinfo = false");
		return AUTH_UNAVAILABLE;
	}
	buffer_printf(&header, "Authorization: Bearer %s", access_token);
	headers[1] = header.data;
	if (header.failed) { /* this user's token contains many claims */
		error_set(error, "the access token is too long");
		verdict = AUTH_UNFIT;
	} else if (fetch_do(oidc->fetch, &request, &answer, error) == FETCH_ANSWER) {
		verdict = read_userinfo(&answer, claims_r, error);
	}
	fetch_answer_release(&answer);
	buffer_wipe(&header);
	return verdict;
}
