/* SPDX-License-Identifier: MIT
 *
 * Skype for Business Online: what its driver's files share. Private to this room.
 */
#pragma once

#include "platform/shared/links.h"
#include "platform/shared/options.h"
#include "platform/shared/talk.h"

#include <pthread.h>

enum { SKYPE_TOKEN_MAX = 6000 };

/* A token of the application, and whether it is from before this visit. */
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
	pthread_mutex_t lock; /* guards what follows */
	char *token;	      /* the app's access token, NULL: none */
	int64_t token_ends;   /* seconds since 1970 */
};

/* -- token.c: who the app is -- */

/* The app's access token, from the cache or with the newest secret that is taken: held->token is
 * the caller's (skype_wipe). */
enum platform_verdict skype_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, struct skype_held *held);

/* Whether a secret is taken. 0 or -1. */
int skype_try_secret(void *instance, const struct platform_secrets *secrets, struct error *error);

/* Forgets the token in the cache, where it still is this one. */
void skype_forget(struct skype *skype, const char *token);

void skype_wipe(char **token);

/* -- api.c: the calls -- */

/* Discovery, capabilities and the anonymous token: {token, expiryTime, discoverUrl} into the
 * grant's token. *unauthorized_r: 401, the app's token is not taken (where it was taken before, a
 * 401 is about the meeting). */
enum platform_verdict skype_make_token(struct skype *skype, const struct platform_grant *grant,
	const struct talk *talk, const char *token, bool *unauthorized_r);
