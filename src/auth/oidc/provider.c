/* SPDX-License-Identifier: MIT */
#include "auth/oidc/oidc.h"

#include "base/clock.h"
#include "base/text.h"

/* The context of a fetch, for oidc_make. */
struct errand {
	struct oidc *oidc;
	const struct oidc_metadata *metadata; /* for its keys */
	bool ahead;			      /* a prefetch */
};

/* -- metadata -- */

static int read_endpoints(struct oidc_metadata *metadata, const char *issuer, struct error *error)
{
	const struct {
		const char *name, **url;
		bool needed;
	} rows[] = {
		{"authorization_endpoint", &metadata->authorization, true},
		{"token_endpoint", &metadata->token, true},
		{"jwks_uri", &metadata->keys, true},
		{"userinfo_endpoint", &metadata->userinfo, false},
		{"end_session_endpoint", &metadata->end_session, false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *url = json_string_value(json_object_get(metadata->json, rows[i].name));

		if (url == NULL && rows[i].needed)
			return error_set(error, "%s is missing", rows[i].name);
		if (url != NULL && oidc_check_endpoint(url, rows[i].name, issuer, error) != 0) {
			if (rows[i].needed)
				return -1;
			url = NULL; /* optional endpoints: ignore an unusable one */
		}
		*rows[i].url = url;
	}
	return 0;
}

static int read_metadata(struct oidc_metadata *metadata, const char *issuer, struct error *error)
{
	const char *name = json_string_value(json_object_get(metadata->json, "issuer"));

	if (name != NULL && strcmp(name, issuer) != 0 && strstr(name, "{tenantid}") != NULL)
		return error_set(error,
			"its metadata is for all tenants (\"common\", \"organizations\"): set the "
			"option \"issuer\" with the id of your tenant, as in "
			"\"https://login.microsoftonline.com/TENANT-ID/v2.0\"");
	if (name == NULL || strcmp(name, issuer) != 0)
		return error_set(error, "its metadata is that of another issuer: write the option "
					"\"issuer\" exactly as the provider does; if the metadata "
					"has another URL, set metadata-url");
	metadata->sends_issuer = json_is_true(
		json_object_get(metadata->json, "authorization_response_iss_parameter_supported"));
	return read_endpoints(metadata, issuer, error);
}

static void free_metadata(struct oidc_value *value)
{
	struct oidc_metadata *metadata = (struct oidc_metadata *)value;

	json_decref(metadata->json);
	free(metadata);
}

struct oidc_metadata *oidc_metadata_parse(
	const char *text, size_t length, const char *issuer, struct error *error)
{
	struct oidc_metadata *metadata = calloc(1, sizeof *metadata);
	int rc;

	if (metadata == NULL) {
		error_set(error, "out of memory for metadata");
		return NULL;
	}
	atomic_init(&metadata->value.holders, 1);
	metadata->value.free = free_metadata;
	metadata->json = jose_json(text, length, JSON_REJECT_DUPLICATES);
	rc = json_is_object(metadata->json) ? read_metadata(metadata, issuer, error)
					    : error_set(error, "its metadata is not a JSON object");
	if (rc != 0) {
		free_metadata(&metadata->value);
		return NULL;
	}
	return metadata;
}

/* -- fetching -- */

/* Requests a document. Returns 0 or -1. The caller always releases the answer. */
static int get(const struct errand *errand, const char *url, struct fetch_answer *answer,
	int64_t *max_age_ms_r, struct error *error)
{
	const char *const headers[] = {"Accept: application/json", NULL};
	const struct fetch_request request = {.url = url,
		.headers = headers,
		.repeatable = true,
		.timeout_ms = errand->ahead ? OIDC_WARM_MS : 0};

	if (fetch_do(errand->oidc->fetch, &request, answer, error) != FETCH_ANSWER) {
		if (errand->ahead) /* it may just have been slow: do not cache the failure */
			*max_age_ms_r = 0;
		return -1;
	}
	if (answer->status != 200)
		return error_set(error, "the answer is HTTP %ld", answer->status);
	if (answer->max_age >= 0)
		*max_age_ms_r = answer->max_age * 1000;
	return 0;
}

/* OpenID Connect Discovery 1.0 section 4.1: remove a slash at the end of the issuer before
 * appending the path. */
static void discovery_url(const char *issuer, char url[OIDC_URL_MAX + 64])
{
	size_t length = strlen(issuer);

	if (length > 0 && issuer[length - 1] == '/')
		length--;
	snprintf(url, OIDC_URL_MAX + 64, "%.*s/.well-known/openid-configuration", (int)length,
		issuer);
}

static struct oidc_value *make_metadata(void *context, int64_t *max_age_ms_r, struct error *error)
{
	const struct errand *errand = context;
	const struct oidc_options *options = &errand->oidc->options;
	const char *issuer = options->issuer;
	struct oidc_metadata *metadata = NULL;
	struct fetch_answer answer;
	char url[OIDC_URL_MAX + 64];

	discovery_url(issuer, url);
	if (get(errand, options->metadata_url[0] != '\0' ? options->metadata_url : url, &answer,
		    max_age_ms_r, error) == 0)
		metadata = oidc_metadata_parse(answer.body.data, answer.body.length, issuer, error);
	fetch_answer_release(&answer);
	if (metadata == NULL)
		error_prefix(error, "discovery of %s: ", issuer);
	return metadata != NULL ? &metadata->value : NULL;
}

static void free_keys(struct oidc_value *value)
{
	struct oidc_keys *keys = (struct oidc_keys *)value;

	jose_keys_free(&keys->keys);
	free(keys);
}

static struct oidc_value *make_keys(void *context, int64_t *max_age_ms_r, struct error *error)
{
	const struct errand *errand = context;
	struct oidc_keys *keys = calloc(1, sizeof *keys);
	struct fetch_answer answer;

	if (keys == NULL) {
		error_set(error, "out of memory for keys");
		return NULL;
	}
	atomic_init(&keys->value.holders, 1);
	keys->value.free = free_keys;
	if (get(errand, errand->metadata->keys, &answer, max_age_ms_r, error) == 0)
		keys->keys = jose_keys_parse(answer.body.data, answer.body.length, error);
	fetch_answer_release(&answer);
	if (keys->keys == NULL) {
		error_prefix(error, "keys of %s: ", errand->oidc->options.issuer);
		oidc_value_drop(&keys->value);
		return NULL;
	}
	return &keys->value;
}

/* -- metadata and keys, cached -- */

static struct oidc_metadata *get_metadata(struct errand *errand, struct error *error)
{
	return (struct oidc_metadata *)oidc_cache_get(
		&errand->oidc->metadata, NULL, clock_monotonic_ms(), make_metadata, errand, error);
}

static struct oidc_keys *get_keys(
	struct errand *errand, const struct oidc_keys *doubted, struct error *error)
{
	return (struct oidc_keys *)oidc_cache_get(&errand->oidc->keys,
		doubted != NULL ? &doubted->value : NULL, clock_monotonic_ms(), make_keys, errand,
		error);
}

struct oidc_metadata *oidc_provider_metadata(struct oidc *oidc, struct error *error)
{
	return get_metadata(&(struct errand){.oidc = oidc}, error);
}

static enum auth_verdict verify_with(const struct oidc *oidc, const struct oidc_keys *keys,
	const char *token, const char *const *types, json_t **claims_r, struct error *error)
{
	static const enum auth_verdict verdicts[] = {[JOSE_BAD] = AUTH_DENY,
		[JOSE_UNKNOWN_KEY] = AUTH_UNKNOWN,
		[JOSE_GOOD] = AUTH_GRANT};

	return verdicts[jose_verify(
		keys->keys, token, oidc->options.algorithms.items, types, claims_r, error)];
}

enum auth_verdict oidc_provider_verify(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *token, const char *const *types, json_t **claims_r, struct error *error)
{
	struct errand errand = {.oidc = oidc, .metadata = metadata};
	struct oidc_keys *keys = get_keys(&errand, NULL, error), *newer;
	enum auth_verdict verdict;

	*claims_r = NULL;
	if (keys == NULL)
		return AUTH_UNAVAILABLE;
	verdict = verify_with(oidc, keys, token, types, claims_r, error);
	if (verdict == AUTH_UNKNOWN) {
		newer = get_keys(&errand, keys, error);
		if (newer != NULL && newer != keys)
			verdict = verify_with(oidc, newer, token, types, claims_r, error);
		if (newer != NULL)
			oidc_value_drop(&newer->value);
	}
	oidc_value_drop(&keys->value);
	return verdict;
}

void oidc_provider_warm(struct oidc *oidc)
{
	struct errand errand = {.oidc = oidc, .ahead = true};
	int64_t now_ms = clock_monotonic_ms();
	struct oidc_metadata *metadata;
	struct oidc_keys *keys = NULL;
	struct error error;

	if (oidc->warmed_ms != 0 && now_ms - oidc->warmed_ms < OIDC_WARM_EVERY_MS)
		return;
	oidc->warmed_ms = now_ms;
	metadata = get_metadata(&errand, &error);
	errand.metadata = metadata;
	if (metadata != NULL)
		keys = get_keys(&errand, NULL, &error);
	if (keys != NULL)
		oidc_value_drop(&keys->value);
	if (metadata != NULL)
		oidc_value_drop(&metadata->value);
}

/* -- for meetauthctl check -- */

static bool lists(const json_t *list, const char *word)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (json_is_string(item) && strcmp(json_string_value(item), word) == 0)
			return true;
	}
	return false;
}

static int check_algorithms(
	const struct oidc *oidc, const struct oidc_metadata *metadata, struct error *error)
{
	const json_t *list =
		json_object_get(metadata->json, "id_token_signing_alg_values_supported");

	for (const char *const *name = oidc->options.algorithms.items; *name != NULL; name++)
		if (list == NULL || lists(list, *name))
			return 0;
	return error_set(error, "%s supports none of the algorithms in \"algorithms\"",
		oidc->options.issuer);
}

/* A method that the metadata does not list may still work (OpenID Connect Discovery 1.0 section 3).
 */
static int check_client_auth(
	const struct oidc *oidc, const struct oidc_metadata *metadata, struct error *error)
{
	const json_t *list =
		json_object_get(metadata->json, "token_endpoint_auth_methods_supported");
	const char *word = oidc_client_auth_word(oidc->options.client_auth);

	if (list == NULL || lists(list, word))
		return 0;
	return error_set(error, "%s does not list client-auth = \"%s\" as supported",
		oidc->options.issuer, word);
}

static int check_userinfo(
	const struct oidc *oidc, const struct oidc_metadata *metadata, struct error *error)
{
	if (!oidc->options.userinfo || metadata->userinfo != NULL)
		return 0;
	return error_set(error, "userinfo = true, but %s has no usable userinfo_endpoint",
		oidc->options.issuer);
}

int oidc_provider_connect(struct oidc *oidc, struct error *error)
{
	struct errand errand = {.oidc = oidc};
	struct oidc_metadata *metadata = get_metadata(&errand, error);
	struct oidc_keys *keys = NULL;
	int rc = -1;

	if (metadata == NULL)
		return -1;
	errand.metadata = metadata;
	if (check_algorithms(oidc, metadata, error) == 0 &&
		check_client_auth(oidc, metadata, error) == 0 &&
		check_userinfo(oidc, metadata, error) == 0)
		keys = get_keys(&errand, NULL, error);
	if (keys != NULL) {
		rc = 0;
		oidc_value_drop(&keys->value);
	}
	oidc_value_drop(&metadata->value);
	return rc;
}
