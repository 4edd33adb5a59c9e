/* SPDX-License-Identifier: MIT
 *
 * The parts of the backend "oidc". Private to auth/.
 *
 * oidc.c          the verbs of the backend
 * options.c  what its section means
 * cache.c    one thing that is fetched by one thread, for all
 * provider.c what the provider says about itself, and its keys
 * client.c   what we ask it: tokens, userinfo
 * check.c    what its tokens must say
 * person.c   whom they speak of
 * groups.c   and their groups
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
	OIDC_SKEW_MAX = 600, /* seconds that clocks may differ at most */
	OIDC_URL_MAX = 1024,
	OIDC_ALGORITHMS_MAX = 16,
	OIDC_FRESH_MS = 3600 * 1000, /* where the answer does not say how long it is good for */
	OIDC_FRESH_MIN_MS = 300 * 1000,
	OIDC_SOON_MS = 5000,
	OIDC_FRESH_MAX_MS = 24 * 3600 * 1000,
	OIDC_RETRY_MS = 10 * 1000,	  /* after a failure nothing is fetched for as long */
	OIDC_FORCED_MS = 60 * 1000,	  /* between two fetches for keys that were not known */
	OIDC_STALE_MS = 24 * 3600 * 1000, /* for so long the old one is better than none */
	OIDC_WARM_MS = 400,		  /* what a fetch ahead of need may take */
	OIDC_WARM_EVERY_MS = 60 * 1000,
};

/* -- options -- */

enum oidc_client_auth {
	OIDC_SECRET_BASIC = 0,
	OIDC_SECRET_POST,
	OIDC_PRIVATE_KEY,
	OIDC_PUBLIC,
};

/* What the section says; its strings are the settings'. */
struct oidc_options {
	const char *issuer, *client_id;
	const char *metadata_url; /* "": below the issuer */
	struct config_list algorithms;
	enum oidc_client_auth client_auth;
	const char *key_algorithm, *key_id;
	char *scope, *acr_text; /* with blanks between; owned */
	struct config_list scopes, acr_values;
	int64_t max_age; /* seconds; -1: not asked for */
	int64_t skew;	 /* seconds that clocks may differ */
	const char *prompt;
	const char *name_claim, *email_claim, *groups_claim;
	struct config_list group_match; /* patterns of the groups to keep; none: all */
	const char *groups_separator;	/* NULL: not said; "": a text is one group */
	bool allow_unverified_email, userinfo;
};

/* The table fills a struct oidc. */
extern const struct option oidc_option_table[];

/* Whether it is an address that can be asked: where the issuer is https, so is everything of it.
 * The query is to be kept (RFC 6749 3.1, 3.2). 0, or -1 with an error that begins with `name`. */
int oidc_check_endpoint(const char *url, const char *name, const char *issuer, struct error *error);

/* What relates options to each other, and texts made of several; 0 or -1 with section_error().
 * Released whatever the result. */
int oidc_options_check(
	const struct section *section, struct oidc_options *options, struct error *error);
void oidc_options_release(struct oidc_options *options);

/* As the section and the provider's metadata write it. */
const char *oidc_client_auth_word(enum oidc_client_auth client_auth);

/* -- cache -- */

/* First member of what is cached. Immutable once made; whoever is last frees it. */
struct oidc_value {
	atomic_uint holders;
	void (*free)(struct oidc_value *value);
};

/* Gives a value that the caller holds, or NULL with an error. *max_age_ms_r stays where the answer
 * says nothing; 0 with NULL: the failure is not to be remembered. */
typedef struct oidc_value *oidc_make(void *context, int64_t *max_age_ms_r, struct error *error);

struct oidc_cache {
	pthread_mutex_t lock; /* never held while something is fetched */
	pthread_cond_t fetched;
	bool fetching;
	struct oidc_value *value; /* NULL: none yet */
	int64_t fresh_until_ms;
	int64_t failed_ms, forced_ms; /* when; 0: never */
	struct error error;	      /* of the last failure */
};

void oidc_cache_init(struct oidc_cache *cache);
void oidc_cache_release(struct oidc_cache *cache);

/* A use of the value, fetched by one thread where it is not fresh, while others take the old one or
 * wait for the first. `doubted`: a use that the caller has and found too old, NULL: none; what
 * comes back may be the same one. `now_ms` is monotonic. NULL: there is none, nor will there be
 * one right away. */
struct oidc_value *oidc_cache_get(struct oidc_cache *cache, const struct oidc_value *doubted,
	int64_t now_ms, oidc_make *make, void *context, struct error *error);

/* A use of what is there, however old; NULL: nothing. Never waits. */
struct oidc_value *oidc_cache_peek(struct oidc_cache *cache);

/* Whether there is a value that oidc_cache_get() will return without fetching for some seconds. */
bool oidc_cache_is_fresh(struct oidc_cache *cache, int64_t now_ms);

/* Ends a use; NULL is fine. */
void oidc_value_drop(struct oidc_value *value);

/* -- provider -- */

/* OpenID Connect Discovery 1.0 section 3; userinfo and end_session are NULL where the provider has
 * none that can be used. */
struct oidc_metadata {
	struct oidc_value value;
	json_t *json; /* holds the strings */
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

/* Uses of what is cached; dropped with oidc_value_drop(&x->value). */
struct oidc_metadata *oidc_provider_metadata(struct oidc *oidc, struct error *error);

/* Checks a token's signature with the provider's keys, with fresh ones where the key is not known.
 * AUTH_GRANT: *claims_r is the caller's; AUTH_DENY; AUTH_UNKNOWN: with none of its keys;
 * AUTH_UNAVAILABLE: there are no keys. */
enum auth_verdict oidc_provider_verify(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *token, const char *const *types, json_t **claims_r, struct error *error);

/* Fetches ahead of need, so that nobody waits for it; for a moment, and not often. Called by one
 * thread at a time. */
void oidc_provider_warm(struct oidc *oidc);

/* Asks it for everything now. 0 or -1. */
int oidc_provider_connect(struct oidc *oidc, struct error *error);

/* Reads the metadata of that issuer; NULL with an error. The caller's: oidc_value_drop(). */
struct oidc_metadata *oidc_metadata_parse(
	const char *text, size_t length, const char *issuer, struct error *error);

/* -- client -- */

/* What the token endpoint gave. */
struct oidc_tokens {
	json_t *json;			     /* holds the strings */
	const char *id_token, *access_token; /* access_token may be NULL */
};

enum auth_verdict oidc_client_exchange(struct oidc *oidc, const struct oidc_metadata *metadata,
	const struct auth_redirect *redirect, struct oidc_tokens *tokens_r, struct error *error);
void oidc_tokens_release(struct oidc_tokens *tokens);

/* The claims of an access token; AUTH_UNKNOWN when the provider does not take the token (any
 * more). */
enum auth_verdict oidc_client_userinfo(struct oidc *oidc, const struct oidc_metadata *metadata,
	const char *access_token, json_t **claims_r, struct error *error);

/* Whether the secrets are such as the section's client-auth needs. 0 or -1. */
int oidc_client_check(const struct oidc_options *options, const struct auth_secrets *secrets,
	struct error *error);

/* -- tokens -- */

/* OpenID Connect Core 1.0 section 3.1.3.7, signature and list of algorithms excepted. 0, or -1 with
 * what is wrong. `access_token` may be NULL. */
int oidc_check_id_token(const struct oidc_options *options, const json_t *claims, const char *nonce,
	const char *access_token, int64_t now, struct error *error);

/* OpenID Connect Back-Channel Logout 1.0 section 2.6. Fills in subject, session and id. */
int oidc_check_logout_token(const struct oidc_options *options, const json_t *claims, int64_t now,
	struct auth_ending *ending);

/* The digest of the member "sid", which may be any text: a session has to know its provider's one
 * again, and nothing more. 1; 0 with "" where there is none, -1 where it is no text. */
int oidc_session_digest(const json_t *claims, char digest[DIGEST_SIZE]);

/* A text member; NULL where it is not there, no text, empty or not printable. */
const char *oidc_text(const json_t *claims, const char *name);

/* A claim by its name, which may have dots in it ("https://example.org/groups"); else the dots
 * lead into objects ("realm_access.roles"). NULL where it is missing or null. */
const json_t *oidc_claim(const json_t *claims, const char *path);

/* -- person -- */

/* Fills `who` but for `backend`. `userinfo` may be NULL. 0, or -1 with an error; `who` is as before
 * then. */
int oidc_person_read(const struct oidc_options *options, const json_t *claims,
	const json_t *userinfo, const char *access_token, struct identity *who,
	struct error *error);

/* Adds the groups of the first source that tells them; `sources` ends with NULL. 0, or -1 with an
 * error where they are told and cannot be read whole: taken for none, a rule that denies would not
 * apply. Sources that say nothing of groups make a member of none. */
int oidc_groups_read(const struct oidc_options *options, const json_t *const *sources,
	struct identity *who, struct error *error);

/* Puts what userinfo says in the place of what was there. */
int oidc_person_renew(const struct oidc_options *options, const json_t *userinfo,
	struct identity *who, struct error *error);

#endif
