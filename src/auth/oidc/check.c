/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

#include "base/text.h"

#include <sodium.h>

#define LOGOUT_EVENT "http://schemas.openid.net/event/backchannel-logout"

enum {
	LOGOUT_AGE_MAX = 600, /* seconds, whatever exp says: providers send the message at once */
	LOGOUT_AGE_MAX_NO_EXP = 120, /* for a message without exp */
};

static const double time_max = 253402300799; /* the end of the year 9999 */

const char *oidc_text(const json_t *claims, const char *name)
{
	const char *text = json_string_value(json_object_get(claims, name));

	return text != NULL && text[0] != '\0' && text_is_printable(text) ? text : NULL;
}

/* Returns a member, or NULL also for JSON null, which some encoders write for missing members. */
static const json_t *member(const json_t *claims, const char *name)
{
	const json_t *found = json_object_get(claims, name);

	return json_is_null(found) ? NULL : found;
}

const json_t *oidc_claim(const json_t *claims, const char *path)
{
	const json_t *found = member(claims, path);
	const char *dot = path;

	while (found == NULL && (dot = strchr(dot, '.')) != NULL) {
		char *head = strndup(path, (size_t)(dot - path));
		const json_t *inner = head != NULL ? member(claims, head) : NULL;

		free(head);
		dot++;
		if (json_is_object(inner))
			found = oidc_claim(inner, dot);
	}
	return found;
}

/* Reads a NumericDate in seconds since 1970, and drops its fraction (RFC 7519 section 2). Returns
 * 0, 1 if it is missing, or -1 with an error. */
static int read_time(const json_t *claims, const char *name, int64_t *time_r, struct error *error)
{
	const json_t *value = json_object_get(claims, name);

	if (value == NULL)
		return 1;
	if (!json_is_number(value) || json_number_value(value) < 0 ||
		json_number_value(value) > time_max)
		return error_set(error, "the token's \"%s\" is not a time", name);
	*time_r = (int64_t)json_number_value(value);
	return 0;
}

static int need_time(const json_t *claims, const char *name, int64_t *time_r, struct error *error)
{
	int rc = read_time(claims, name, time_r, error);

	return rc > 0 ? error_set(error, "the token has no \"%s\"", name) : rc;
}

static bool equals(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static int check_issuer(
	const struct oidc_options *options, const json_t *claims, struct error *error)
{
	if (!equals(oidc_text(claims, "iss"), options->issuer))
		return error_set(error, "the token is from another issuer");
	return 0;
}

/* Checks "aud", which is a string or an array of strings. */
static int check_audience(
	const struct oidc_options *options, const json_t *claims, struct error *error)
{
	const json_t *audience = json_object_get(claims, "aud"), *item;
	bool found = equals(json_string_value(audience), options->client_id);
	size_t i;

	json_array_foreach(audience, i, item)
	{
		if (!json_is_string(item))
			return error_set(error, "the token's \"aud\" is not an array of strings");
		found = found || equals(json_string_value(item), options->client_id);
	}
	return found ? 0 : error_set(error, "the token is for another client than client-id");
}

static int check_party(
	const struct oidc_options *options, const json_t *claims, struct error *error)
{
	const json_t *party = json_object_get(claims, "azp");

	if (party == NULL && json_array_size(json_object_get(claims, "aud")) < 2)
		return 0;
	if (!equals(json_string_value(party), options->client_id))
		return error_set(error, "the token was issued to another party (\"azp\")");
	return 0;
}

static int check_times(
	const struct oidc_options *options, const json_t *claims, int64_t now, struct error *error)
{
	int64_t expires, issued, begins = 0;

	if (need_time(claims, "exp", &expires, error) != 0 ||
		need_time(claims, "iat", &issued, error) != 0 ||
		read_time(claims, "nbf", &begins, error) < 0)
		return -1;
	if (now >= expires + options->skew)
		return error_set(error, "the token has expired, or a clock is wrong");
	if (issued > now + options->skew || begins > now + options->skew)
		return error_set(error,
			"the token is from the future: a clock is wrong by more than clock-skew");
	return 0;
}

static int check_nonce(const json_t *claims, const char *nonce, struct error *error)
{
	const char *told = oidc_text(claims, "nonce");

	if (told == NULL || strlen(told) != strlen(nonce) ||
		sodium_memcmp(told, nonce, strlen(nonce)) != 0)
		return error_set(error, "the token's nonce does not belong to this sign-in");
	return 0;
}

/* Checks that the authentication fulfilled our request (max-age, acr-values). */
static int check_authentication(
	const struct oidc_options *options, const json_t *claims, int64_t now, struct error *error)
{
	const char *acr = oidc_text(claims, "acr");
	int64_t when;
	size_t i = 0;

	if (options->max_age >= 0) {
		if (need_time(claims, "auth_time", &when, error) != 0)
			return -1;
		if (when > now + options->skew || now - when > options->max_age + options->skew)
			return error_set(error,
				"the user signed in at the provider longer ago than max-age");
	}
	while (i < options->acr_values.count && !equals(acr, options->acr_values.items[i]))
		i++;
	if (options->acr_values.count > 0 && i == options->acr_values.count)
		return error_set(error, "the user signed in with none of acr-values");
	return 0;
}

/* Checks at_hash, which is optional in this flow (OpenID Connect Core 1.0 section 3.1.3.8). It is
 * the left half of the hash of the token's algorithm, which its length reveals. SHA-384 is not
 * checked, since libsodium does not have it. */
static int check_token_hash(const json_t *claims, const char *access_token, struct error *error)
{
	const json_t *member = json_object_get(claims, "at_hash");
	const char *told = json_string_value(member);
	uint8_t hash[crypto_hash_sha512_BYTES];
	char text[64];
	size_t half;

	if (member == NULL || access_token == NULL)
		return 0;
	if (told == NULL)
		return error_set(error, "the token's at_hash is not a string");
	if (strlen(told) == 32) /* 24 bytes: SHA-384 */
		return 0;
	half = strlen(told) == 22 ? 16 : 32;
	if (half == 16)
		crypto_hash_sha256(hash, (const uint8_t *)access_token, strlen(access_token));
	else
		crypto_hash_sha512(hash, (const uint8_t *)access_token, strlen(access_token));
	sodium_bin2base64(text, sizeof text, hash, half, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return equals(told, text)
		       ? 0
		       : error_set(error, "the ID token belongs to another access token");
}

static int check_subject(const json_t *claims, struct error *error)
{
	const char *subject = oidc_text(claims, "sub");

	if (subject == NULL || strlen(subject) > IDENTITY_SUBJECT_MAX)
		return error_set(error, "the token's \"sub\" is not a string of at most %d bytes",
			IDENTITY_SUBJECT_MAX);
	return 0;
}

int oidc_check_id_token(const struct oidc_options *options, const json_t *claims, const char *nonce,
	const char *access_token, int64_t now, struct error *error)
{
	if (check_issuer(options, claims, error) != 0 ||
		check_audience(options, claims, error) != 0 ||
		check_party(options, claims, error) != 0 ||
		check_times(options, claims, now, error) != 0 ||
		check_nonce(claims, nonce, error) != 0 || check_subject(claims, error) != 0)
		return -1;
	if (check_authentication(options, claims, now, error) != 0)
		return -1;
	return check_token_hash(claims, access_token, error);
}

/* -- logout tokens -- */

/* Checks iat and exp. Providers that implement an older draft send no exp. */
static int check_logout_times(
	const struct oidc_options *options, const json_t *claims, int64_t now, struct error *error)
{
	bool has_end = json_object_get(claims, "exp") != NULL;
	int64_t issued, age_max = has_end ? LOGOUT_AGE_MAX : LOGOUT_AGE_MAX_NO_EXP;

	if (has_end && check_times(options, claims, now, error) != 0)
		return -1;
	if (need_time(claims, "iat", &issued, error) != 0)
		return -1;
	if (issued > now + options->skew || now - issued > age_max + options->skew)
		return error_set(error, "the logout token is too old, or a clock is wrong");
	return 0;
}

static int check_event(const json_t *claims, struct error *error)
{
	const json_t *events = json_object_get(claims, "events");

	if (!json_is_object(json_object_get(events, LOGOUT_EVENT)))
		return error_set(error, "the token is not a logout token");
	if (json_object_get(claims, "nonce") != NULL)
		return error_set(error, "the logout token has a nonce, which is forbidden");
	return 0;
}

/* Copies an optional member. Returns 0, or -1 if it is not a string or too long. */
static int take(const json_t *claims, const char *name, char text[IDENTITY_SUBJECT_MAX + 1],
	struct error *error)
{
	const char *value = oidc_text(claims, name);

	text[0] = '\0';
	if (json_object_get(claims, name) == NULL)
		return 0;
	if (value == NULL || strlen(value) > IDENTITY_SUBJECT_MAX)
		return error_set(error,
			"the logout token's \"%s\" is not a string of at most %d bytes", name,
			IDENTITY_SUBJECT_MAX);
	memcpy(text, value, strlen(value) + 1);
	return 0;
}

int oidc_session_digest(const json_t *claims, char hex[DIGEST_SIZE])
{
	const json_t *member = json_object_get(claims, "sid");
	struct digest digest;

	hex[0] = '\0';
	if (member == NULL)
		return 0;
	if (json_string_length(member) == 0)
		return -1;
	digest_begin(&digest);
	digest_add(&digest, json_string_value(member), json_string_length(member));
	digest_end(&digest, hex);
	return 1;
}

int oidc_check_logout_token(const struct oidc_options *options, const json_t *claims, int64_t now,
	struct auth_ending *ending)
{
	struct error *error = ending->error;

	if (check_issuer(options, claims, error) != 0 ||
		check_audience(options, claims, error) != 0 ||
		check_logout_times(options, claims, now, error) != 0 ||
		check_event(claims, error) != 0)
		return -1;
	if (take(claims, "sub", ending->subject, error) != 0 ||
		take(claims, "jti", ending->id, error) != 0)
		return -1;
	if (oidc_session_digest(claims, ending->provider_session) < 0)
		return error_set(error, "the logout token's \"sid\" is not a string, or is empty");
	if (ending->id[0] == '\0')
		return error_set(error, "the logout token has no \"jti\"");
	if (ending->subject[0] == '\0' && ending->provider_session[0] == '\0')
		return error_set(error, "the logout token has neither \"sub\" nor \"sid\"");
	return 0;
}
