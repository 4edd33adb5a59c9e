/* SPDX-License-Identifier: MIT
 *
 * Browsers that somebody has signed in with. From then on such a browser has tries of its own,
 * which nobody who does not have it can use up, wherever it is. Only after all factors, or it would
 * be a way to more tries at the next one. Kept in the shared state for two weeks.
 */
#ifndef SIGNIN_KNOWN_H
#define SIGNIN_KNOWN_H

#include "base/fold.h"
#include "visit/visit.h"

/* What somebody has signed in to: an account, by a provider, or with a meeting's key. */
struct known_target {
	const char *kind;    /* "account", "provider", "meeting" */
	const char *backend; /* whose account it is: another backend's "alice" is somebody else */
	char name[FOLD_SIZE];
};

void known_target(
	struct known_target *target, const char *kind, const char *backend, const char *name);

/* Whether the visit's browser is known for that. */
bool known_browser(const struct visit *visit, const struct known_target *target);

/* A key in the shared state for the visit's browser and that. */
void known_key(const struct visit *visit, const char *purpose, const struct known_target *target,
	uint8_t key[STATE_KEY_SIZE]);

/* Somebody has signed in with this browser: from now on it is known. */
void known_add_account(struct visit *visit, const char *backend, const char *account);
void known_add_meeting(struct visit *visit, const char *key);
void known_add_provider(struct visit *visit, const struct identity *who);

#endif
