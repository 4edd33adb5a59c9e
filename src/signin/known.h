/* SPDX-License-Identifier: MIT
 *
 * Browsers that somebody has signed in with. Such a browser has its own counter of tries, which
 * nobody else can use up. A browser becomes known only after all factors; otherwise a stolen
 * password would earn more tries at the second factor. The shared state remembers it for two weeks.
 */
#pragma once

#include "base/fold.h"
#include "visit/visit.h"

/* What a browser is known for: an account, a provider, or a meeting's key. */
struct known_target {
	const char *kind;    /* "account", "provider", "meeting" */
	const char *backend; /* "alice" at another backend is somebody else */
	char name[FOLD_SIZE];
};

void known_target(
	struct known_target *target, const char *kind, const char *backend, const char *name);

bool known_browser(const struct visit *visit, const struct known_target *target);

/* Sets `key` to a key in the shared state for the visit's browser and the target. */
void known_key(const struct visit *visit, const char *purpose, const struct known_target *target,
	uint8_t key[STATE_KEY_SIZE]);

/* Remember that somebody has signed in with the visit's browser. */
void known_add_account(struct visit *visit, const char *backend, const char *account);
void known_add_meeting(struct visit *visit, const char *key);
void known_add_provider(struct visit *visit, const struct identity *who);
