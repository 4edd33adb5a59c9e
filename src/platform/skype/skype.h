/* SPDX-License-Identifier: MIT
 *
 * Internal interface of platform "skype", Skype for Business Online. Private to src/platform/skype.
 */
#pragma once

#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/talk.h"

#include <pthread.h>

enum { SKYPE_TOKEN_MAX = 6000 };

/* The application's access token. `cached`: an earlier visit obtained it. */
struct skype_held {
	char *token;
	bool cached;
};

struct skype {
	struct platform_peer peer;
	char api[PLATFORM_URL_MAX];
	char *origins; /* owned: "https://a;https://b" */
	struct links hosts;
	struct config_list meeting_hosts;
	const char *title, *discover, *authority, *tenant, *client_id, *endpoint, *resource;
	char token_url[2 * PLATFORM_URL_MAX];
	pthread_mutex_t lock; /* protects the members below */
	char *token;	      /* the application's access token, or NULL */
	int64_t token_ends;   /* seconds since 1970 */
};

/* -- token.c: the application's access token -- */

/* Returns the application's access token from the cache, or requests one with the newest secret
 * that the token endpoint accepts. The caller releases held->token with skype_wipe(). */
enum platform_verdict skype_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, struct skype_held *held);

/* Tests whether the token endpoint accepts the newest secret. Blocks. Returns 0 or -1. */
int skype_try_secret(void *instance, const struct platform_secrets *secrets, struct error *error);

/* Removes `token` from the cache, unless another visit has replaced it. */
void skype_forget(struct skype *skype, const char *token);

/* Wipes and frees a token and sets it to NULL. */
void skype_wipe(char **token);

/* -- api.c: the calls -- */

/* Follows discovery and capabilities to the anonymous token and appends the JSON object {token,
 * expiryTime, discoverUrl} to grant->token. *unauthorized_r is true if one of the GETs on the way
 * failed with 401: the service does not accept the application's token. A 401 to the final POST is
 * about the meeting. */
enum platform_verdict skype_make_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, const char *token, bool *unauthorized_r);
