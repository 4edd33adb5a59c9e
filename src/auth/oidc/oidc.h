/* SPDX-License-Identifier: MIT
 *
 * Internal interface of backend "oidc". Private to src/auth/oidc.
 *
 * oidc.c      the calls of struct auth_backend
 * options.c   the options of the section
 * cache.c     a cached value that one thread fetches for all
 * provider.c  the provider's metadata and keys
 * client.c    requests to the token and userinfo endpoints
 * check.c     validation of tokens
 * person.c    the identity from the claims
 * groups.c    the groups from the claims
 */
#pragma once

#ifdef HAVE_CJOSE

#include "auth/auth.h"
#include "secret/digest.h"
#include "outbound/fetch.h"
#include "outbound/jose.h"

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>

enum {
	OIDC_SKEW_MAX = 600, /* limit of the option clock-skew, seconds */
	OIDC_URL_MAX = 1024,
	OIDC_ALGORITHMS_MAX = 16,
	OIDC_FRESH_MS = 3600 * 1000, /* lifetime of a cached answer that names none */
	OIDC_FRESH_MIN_MS = 300 * 1000,
	OIDC_SOON_MS = 5000,
	OIDC_FRESH_MAX_MS = 24 * 3600 * 1000,
	OIDC_RETRY_MS = 10 * 1000,  /* pause after a failed fetch */
	OIDC_FORCED_MS = 60 * 1000, /* pause between two fetches for unknown keys */
	OIDC_STALE_MS =
		24 * 3600 * 1000, /* how long an expired value is still used if fetching fails */
	OIDC_WARM_MS = 400,	  /* timeout of a prefetch */
	OIDC_WARM_EVERY_MS = 60 * 1000,
};

/* -- options -- */

enum oidc_client_auth {
	OIDC_SECRET_BASIC = 0,
	OIDC_SECRET_POST,
	OIDC_PRIVATE_KEY,
	OIDC_PUBLIC,
};

/* The options of the section. The strings belong to the configuration. */
struct oidc_options {
	const char *issuer, *client_id;
	const char *metadata_url; /* "": derived from the issuer */
	struct config_list algorithms;
	enum oidc_client_auth client_auth;
	const char *key_algorithm, *key_id;
	char *scope, *acr_text; /* separated by spaces; owned */
	struct config_list scopes, acr_values;
	int64_t max_age; /* seconds; -1: not set */
	int64_t skew;	 /* seconds that clocks may differ */
	const char *prompt;
	const char *name_claim, *email_claim, *groups_claim;
	struct config_list group_match; /* patterns of groups to keep; empty: all */
	const char *groups_separator;	/* NULL: not set; "": a string is one group */
	bool allow_unverified_email, userinfo;
};

/* The table of options, which fills a struct oidc. */
extern const struct option oidc_option_table[];

/* Validates the URL of an endpoint: it must be https if the issuer is. It may have a query, which
 * must be preserved (RFC 6749 sections 3.1 and 3.2). Returns 0, or -1 with an error that begins
 * with `name`. */
int oidc_check_endpoint(const char *url, const char *name, const char *issuer, struct error *error);

/* Checks how options fit together and derives further texts. Returns 0, or -1 with section_error().
 * The caller calls oidc_options_release() in both cases. */
int oidc_options_check(
	const struct section *section, struct oidc_options *options, struct error *error);
void oidc_options_release(struct oidc_options *options);

/* Returns the word for a method in the section and in the provider's metadata. */
const char *oidc_client_auth_word(enum oidc_client_auth client_auth);

/* -- cache -- */

/* First member of a cached value: immutable and reference-counted. */
struct oidc_value {
	atomic_uint holders;
	void (*free)(struct oidc_value *value);
};

/* Makes a value. Returns it with one reference for the caller, or NULL with an error. Sets
 * *max_age_ms_r if the answer names a lifetime; 0 together with NULL means that the failure must
 * not be cached. */
typedef struct oidc_value *oidc_make(void *context, int64_t *max_age_ms_r, struct error *error);

struct oidc_cache {
	pthread_mutex_t lock; /* never held during a fetch */
	pthread_cond_t fetched;
	bool fetching;
	struct oidc_value *value; /* NULL: none yet */
	int64_t fresh_until_ms;
	int64_t failed_ms, forced_ms; /* times, monotonic; 0: never */
	struct error error;	      /* of the last failure */
};

void oidc_cache_init(struct oidc_cache *cache);
void oidc_cache_release(struct oidc_cache *cache);

/* Returns the cached value with a reference for the caller, or NULL with the error. If it is not
 * fresh, one thread fetches it, while others get the old value or wait for the first one. `doubted`
 * is a value that the caller considers outdated, or NULL; the result may be the same value.
 * `now_ms` is monotonic. */
struct oidc_value *oidc_cache_get(struct oidc_cache *cache, const struct oidc_value *doubted,
	int64_t now_ms, oidc_make *make, void *context, struct error *error);

/* Returns the cached value, of any age, with a reference for the caller, or NULL. Never blocks. */
struct oidc_value *oidc_cache_peek(struct oidc_cache *cache);

/* Whether there is a value that oidc_cache_get() will return without fetching for some seconds. */
bool oidc_cache_is_fresh(struct oidc_cache *cache, int64_t now_ms);

/* Releases a reference. NULL is fine. */
void oidc_value_drop(struct oidc_value *value);

/* -- provider -- */

/* Provider metadata (OpenID Connect Discovery 1.0 section 3). userinfo and end_session are NULL if
 * the provider has no usable ones. */
struct oidc_metadata {
	struct oidc_value value;
	json_t *json; /* owns the strings */
	const char *authorization, *token, *keys, *userinfo, *end_session;
	bool sends_issuer; /* RFC 9207 section 3 */
};

struct oidc_keys {
	struct oidc_value value;
	struct jose_keys *keys;
};

struct oidc {
	struct oidc_options options;
	struct fetch_settings settings;
	struct fetch *fetch;
	struct oidc_cache metadata, keys;
	int64_t warmed_ms; /* oidc_provider_warm() only */
};

/* Returns the metadata, fetched if necessary. The caller releases it with
 * oidc_value_drop(&x->value). */
struct oidc_metadata *oidc_provider_metadata(struct oidc *oidc, struct error *error);

/* Verifies a token's signature with the provider's keys, and fetches them again if the key is
 * unknown. Returns AUTH_GRANT with *claims_r, which the caller releases, AUTH_DENY, AUTH_UNKNOWN if
 * none of the keys fits, or AUTH_UNAVAILABLE if there are no keys. */
enum auth_verdict oidc_provider_verify(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *token, const char *const *types, json_t **claims_r, struct error *error);

/* Prefetches what will soon expire, with a short timeout and at most once a minute. Only one thread
 * may call it at a time. */
void oidc_provider_warm(struct oidc *oidc);

/* Fetches everything now, for `meetauthctl check --connect`. Returns 0 or -1. */
int oidc_provider_connect(struct oidc *oidc, struct error *error);

/* Parses the metadata of an issuer. The caller releases the result with oidc_value_drop(). Returns
 * NULL with an error on failure. */
struct oidc_metadata *oidc_metadata_parse(
	const char *text, size_t length, const char *issuer, struct error *error);

/* -- client -- */

/* The answer of the token endpoint. */
struct oidc_tokens {
	json_t *json;			     /* owns the strings */
	const char *id_token, *access_token; /* access_token may be NULL */
};

enum auth_verdict oidc_client_exchange(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect, struct oidc_tokens *tokens_r, struct error *error);
void oidc_tokens_release(struct oidc_tokens *tokens);

/* Requests the claims for an access token. Returns AUTH_GRANT with *claims_r, which the caller
 * releases, or AUTH_UNKNOWN if the provider does not accept the token (any more). */
enum auth_verdict oidc_client_userinfo(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *access_token, json_t **claims_r, struct error *error);

/* Checks that the secrets have the format that client-auth needs. Returns 0 or -1. */
int oidc_client_check(const struct oidc_options *options, const struct auth_secrets *secrets,
	struct error *error);

/* -- tokens -- */

/* Validates the claims of an ID token (OpenID Connect Core 1.0 section 3.1.3.7, without signature
 * and algorithm). `access_token` may be NULL. Returns 0, or -1 with the reason. */
int oidc_check_id_token(const struct oidc_options *options, const json_t *claims, const char *nonce,
	const char *access_token, int64_t now, struct error *error);

/* Validates the claims of a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.6) and
 * sets subject, session and id. Returns 0, or -1 with the reason. */
int oidc_check_logout_token(const struct oidc_options *options, const json_t *claims, int64_t now,
	struct auth_ending *ending);

/* Computes the digest of the claim "sid": a session only has to recognize it. Returns 1, 0 with ""
 * if there is none, or -1 if it is not a string. */
int oidc_session_digest(const json_t *claims, char digest[DIGEST_SIZE]);

/* Returns a string member, or NULL if it is missing, not a string, empty or not printable. */
const char *oidc_text(const json_t *claims, const char *name);

/* Returns a claim by its name, which may contain dots ("https://example.org/groups"). If there is
 * no such claim, the dots are a path into objects ("realm_access.roles"). Returns NULL if it is
 * missing or null. */
const json_t *oidc_claim(const json_t *claims, const char *path);

/* -- person -- */

/* Fills `who`, except for `backend`. `userinfo` may be NULL. Returns 0, or -1 with an error and
 * `who` unchanged. */
int oidc_person_read(const struct oidc_options *options, const json_t *claims,
	const json_t *userinfo, const char *access_token, struct identity *who,
	struct error *error);

/* Adds the groups of the first source that contains them; `sources` ends with NULL. No source has
 * to contain groups. Returns 0, or -1 with an error if groups are present but cannot be read
 * completely: without them, a rule that denies would not apply. */
int oidc_groups_read(const struct oidc_options *options, const json_t *const *sources,
	struct identity *who, struct error *error);

/* Updates name, e-mail and groups from userinfo. Returns 0, or -1 with an error. */
int oidc_person_renew(const struct oidc_options *options, const json_t *userinfo,
	struct identity *who, struct error *error);

#endif
