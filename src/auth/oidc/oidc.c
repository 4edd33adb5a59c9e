/* SPDX-License-Identifier: MIT
 *
 * Backend "oidc": users sign in at an OpenID Connect provider (authorization code flow with PKCE,
 * state and nonce; RFC 9700 section 2.1). A user is identified by issuer and `sub` (OpenID Connect
 * Core 1.0 section 5.7): the backend represents the issuer, and the identity's subject is `sub`.
 */
#include "auth/oidc/oidc.h"

#include "base/clock.h"

#include <sodium.h>
#include <unistd.h>

enum {
	CHALLENGE_SIZE = 44, /* base64url of 32 bytes, with the NUL */
	CODE_MAX = 4096,
	THREADS = 64, /* they mostly wait for the provider */
};

/* -- opening and closing -- */

static void oidc_close(void *instance)
{
	struct oidc *oidc = instance;

	oidc_cache_release(&oidc->metadata);
	oidc_cache_release(&oidc->keys);
	oidc_options_release(&oidc->options);
	fetch_free(&oidc->fetch);
}

static int oidc_open(void *instance, const struct section *section, struct error *error)
{
	struct oidc *oidc = instance;

	oidc_cache_init(&oidc->metadata);
	oidc_cache_init(&oidc->keys);
	oidc->fetch = fetch_new(&oidc->settings, error);
	if (oidc->fetch == NULL)
		return section_blame(section, "ca-file", error);
	return oidc_options_check(section, &oidc->options, error);
}

/* -- the authorization request -- */

static void add(struct buffer *url, const char *name, const char *value)
{
	buffer_printf(url, "&%s=", name);
	buffer_percent(url, value);
}

/* Adds the code challenge (RFC 7636 section 4.2). */
static void add_challenge(struct buffer *url, const char *verifier)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char challenge[CHALLENGE_SIZE];

	crypto_hash_sha256(hash, (const uint8_t *)verifier, strlen(verifier));
	sodium_bin2base64(challenge, sizeof challenge, hash, sizeof hash,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	add(url, "code_challenge", challenge);
	buffer_text(url, "&code_challenge_method=S256");
}

/* Adds the parameters of the authentication request (OpenID Connect Core 1.0 section 3.1.2.1). */
static void add_request(const struct oidc_options *options, const struct auth_redirect *redirect)
{
	const char *prompt = redirect->reauthenticate ? "login" : options->prompt;
	struct buffer *url = redirect->url;

	add(url, "client_id", options->client_id);
	add(url, "redirect_uri", redirect->callback);
	add(url, "scope", options->scope);
	add(url, "state", redirect->state);
	add(url, "nonce", redirect->nonce);
	add_challenge(url, redirect->verifier);
	if (options->acr_values.count > 0)
		add(url, "acr_values", options->acr_text);
	if (options->max_age >= 0)
		buffer_printf(url, "&max_age=%lld", (long long)options->max_age);
	if (prompt[0] != '\0')
		add(url, "prompt", prompt);
}

static enum auth_verdict oidc_authorization_url(
	void *instance, const struct auth_redirect *redirect)
{
	struct oidc *oidc = instance;
	struct oidc_metadata *metadata = oidc_provider_metadata(oidc, redirect->error);

	if (metadata == NULL)
		return AUTH_UNAVAILABLE;
	buffer_printf(redirect->url, "%s%cresponse_type=code", metadata->authorization,
		strchr(metadata->authorization, '?') != NULL ? '&' : '?');
	add_request(&oidc->options, redirect);
	oidc_value_drop(&metadata->value);
	if (!redirect->url->failed)
		return AUTH_GRANT;
	error_set(redirect->error, "the URL of the authorization request is too long");
	return AUTH_UNAVAILABLE;
}

static bool oidc_url_is_known(void *instance)
{
	struct oidc *oidc = instance;

	return oidc_cache_is_fresh(&oidc->metadata, clock_monotonic_ms());
}

/* -- the callback -- */

/* Checks "iss": a code from another provider must not be sent to this one (RFC 9207 section 2.4).
 */
static int check_issuer(const struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect)
{
	if (redirect->issuer == NULL && !metadata->sends_issuer)
		return 0;
	if (redirect->issuer == NULL || strcmp(redirect->issuer, oidc->options.issuer) != 0)
		return error_set(
			redirect->error, "the response is from another provider (\"iss\")");
	return 0;
}

/* Handles an error response (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6). It
 * comes through the browser and could be forged: so only known codes are logged, and none marks the
 * provider as unavailable. */
static enum auth_verdict refused(const struct auth_redirect *redirect)
{
	static const char *const words[] = {"access_denied", "login_required", "consent_required",
		"interaction_required", "account_selection_required",
		"unmet_authentication_requirements", "invalid_request", "invalid_scope",
		"unauthorized_client", "unsupported_response_type", "server_error",
		"temporarily_unavailable"};
	size_t i = 0;

	while (i < sizeof words / sizeof *words && strcmp(words[i], redirect->failure) != 0)
		i++;
	error_set(redirect->error, "the provider answers: %s",
		i < sizeof words / sizeof *words ? words[i] : "unknown error code");
	return AUTH_DENY;
}

static int check_same_subject(const json_t *claims, const char *subject, struct error *error)
{
	const char *told = oidc_text(claims, "sub");

	if (told == NULL || strcmp(told, subject) != 0)
		return error_set(error, "the userinfo response is about another user");
	return 0;
}

/* Requests userinfo about the user of the ID token, if the option is set. */
static enum auth_verdict ask_userinfo(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct oidc_tokens *tokens, const json_t *claims, json_t **userinfo_r,
	struct error *error)
{
	enum auth_verdict verdict;

	if (!oidc->options.userinfo)
		return AUTH_GRANT;
	verdict = oidc_client_userinfo(oidc, metadata, tokens->access_token, userinfo_r, error);
	if (verdict == AUTH_GRANT &&
		check_same_subject(*userinfo_r, oidc_text(claims, "sub"), error) != 0)
		return AUTH_DENY;
	return verdict == AUTH_UNKNOWN ? AUTH_UNFIT : verdict; /* the scope does not include it */
}

static enum auth_verdict read_tokens(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct oidc_tokens *tokens, const struct auth_redirect *redirect)
{
	static const char *const types[] = {"JWT", NULL};
	struct error *error = redirect->error;
	json_t *claims = NULL, *userinfo = NULL;
	enum auth_verdict verdict =
		oidc_provider_verify(oidc, metadata, tokens->id_token, types, &claims, error);

	if (verdict == AUTH_UNKNOWN)
		verdict = AUTH_UNAVAILABLE;
	if (verdict == AUTH_GRANT && oidc_check_id_token(&oidc->options, claims, redirect->nonce,
					     tokens->access_token, clock_wall(), error) != 0)
		verdict = AUTH_DENY;
	if (verdict == AUTH_GRANT)
		verdict = ask_userinfo(oidc, metadata, tokens, claims, &userinfo, error);
	if (verdict == AUTH_GRANT && oidc_person_read(&oidc->options, claims, userinfo,
					     tokens->access_token, redirect->who, error) != 0) {
		/* For the log: the provider has authenticated this subject. */
		identity_set(
			&redirect->who->subject, oidc_text(claims, "sub"), IDENTITY_SUBJECT_MAX);
		verdict = AUTH_DENY;
	}
	json_decref(claims);
	json_decref(userinfo);
	return verdict;
}

static enum auth_verdict take_code(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect)
{
	struct oidc_tokens tokens;
	enum auth_verdict verdict;

	if (check_issuer(oidc, metadata, redirect) != 0)
		return AUTH_DENY;
	if (redirect->failure != NULL)
		return refused(redirect);
	if (redirect->code == NULL || redirect->code[0] == '\0' ||
		strlen(redirect->code) > CODE_MAX) {
		error_set(redirect->error, "the response has no code, or a very long one");
		return AUTH_DENY;
	}
	verdict = oidc_client_exchange(oidc, metadata, redirect, &tokens, redirect->error);
	if (verdict == AUTH_GRANT)
		verdict = read_tokens(oidc, metadata, &tokens, redirect);
	oidc_tokens_release(&tokens);
	return verdict;
}

static enum auth_verdict oidc_handle_callback(void *instance, const struct auth_redirect *redirect)
{
	struct oidc *oidc = instance;
	struct oidc_metadata *metadata = oidc_provider_metadata(oidc, redirect->error);
	enum auth_verdict verdict;

	if (metadata == NULL)
		return AUTH_UNAVAILABLE;
	verdict = take_code(oidc, metadata, redirect);
	oidc_value_drop(&metadata->value);
	return verdict;
}

/* -- sign-out and renewal -- */

/* OpenID Connect RP-Initiated Logout 1.0 section 2. Without id_token_hint, since an ID token does
 * not fit into the session cookie; the provider then asks for confirmation. */
static void oidc_logout_url(
	void *instance, const struct identity *who, const char *back, struct buffer *url)
{
	struct oidc *oidc = instance;
	struct oidc_metadata *metadata = (struct oidc_metadata *)oidc_cache_peek(&oidc->metadata);

	if (metadata == NULL)
		return;
	if (metadata->end_session != NULL) {
		buffer_printf(url, "%s%cclient_id=", metadata->end_session,
			strchr(metadata->end_session, '?') != NULL ? '&' : '?');
		buffer_percent(url, oidc->options.client_id);
		add(url, "post_logout_redirect_uri", back);
	}
	oidc_value_drop(&metadata->value);
}

/* Everybody can send such a message, so an invalid one never counts as a failure of the provider.
 */
static enum auth_verdict oidc_backchannel_logout(void *instance, struct auth_ending *ending)
{
	static const char *const types[] = {"logout+jwt", "JWT", NULL};
	struct oidc *oidc = instance;
	struct oidc_metadata *metadata = oidc_provider_metadata(oidc, ending->error);
	enum auth_verdict verdict;
	json_t *claims = NULL;

	if (metadata == NULL)
		return AUTH_UNAVAILABLE;
	verdict =
		oidc_provider_verify(oidc, metadata, ending->token, types, &claims, ending->error);
	if (verdict == AUTH_UNKNOWN)
		verdict = AUTH_DENY;
	if (verdict == AUTH_GRANT &&
		oidc_check_logout_token(&oidc->options, claims, clock_wall(), ending) != 0)
		verdict = AUTH_DENY;
	json_decref(claims);
	oidc_value_drop(&metadata->value);
	return verdict;
}

static enum auth_verdict renew_by(
	struct oidc *oidc, const struct oidc_metadata *metadata, const struct auth_renewal *renewal)
{
	json_t *claims = NULL;
	enum auth_verdict verdict = oidc_client_userinfo(
		oidc, metadata, renewal->who->refresh_data, &claims, renewal->error);

	if (verdict == AUTH_GRANT &&
		check_same_subject(claims, renewal->who->subject, renewal->error) != 0)
		verdict = AUTH_DENY;
	if (verdict == AUTH_GRANT &&
		oidc_person_renew(&oidc->options, claims, renewal->who, renewal->error) != 0)
		verdict = AUTH_DENY;
	json_decref(claims);
	return verdict;
}

/* Without userinfo, groups are read only at sign-in. */
static enum auth_verdict oidc_renew(void *instance, const struct auth_renewal *renewal)
{
	struct oidc *oidc = instance;
	struct oidc_metadata *metadata;
	enum auth_verdict verdict;

	if (!oidc->options.userinfo)
		return AUTH_GRANT;
	if (renewal->who->refresh_data == NULL)
		return AUTH_UNKNOWN;
	metadata = oidc_provider_metadata(oidc, renewal->error);
	if (metadata == NULL)
		return AUTH_UNAVAILABLE;
	verdict = renew_by(oidc, metadata, renewal);
	oidc_value_drop(&metadata->value);
	return verdict;
}

/* Prefetches the metadata: logout_url() needs it in every process of the pool, also in those in
 * which nobody has signed in. */
static int oidc_refresh(void *instance, struct error *error)
{
	oidc_provider_warm(instance);
	return 0;
}

static int oidc_connect(void *instance, const struct auth_secrets *secrets, struct error *error)
{
	struct oidc *oidc = instance;

	if (oidc_provider_connect(oidc, error) != 0)
		return -1;
	return oidc_client_check(&oidc->options, secrets, error);
}

static bool oidc_needs_secret(void *instance)
{
	const struct oidc *oidc = instance;

	return oidc->options.client_auth != OIDC_PUBLIC;
}

const struct auth_backend auth_oidc = {
	.type = "oidc",
	.summary = "sign in at an OpenID Connect provider",
	.options = oidc_option_table,
	.size = sizeof(struct oidc),
	.threads = THREADS,
	.redirect = &(const struct auth_redirects){.authorization_url = oidc_authorization_url,
		.url_is_known = oidc_url_is_known,
		.handle_callback = oidc_handle_callback,
		.logout_url = oidc_logout_url,
		.backchannel_logout = oidc_backchannel_logout},
	.secret = &(const struct auth_secret){.needed = oidc_needs_secret},
	.open = oidc_open,
	.close = oidc_close,
	.renew = oidc_renew,
	.refresh = oidc_refresh,
	.connect = oidc_connect,
	.alive = oidc_connect,
};
