/* SPDX-License-Identifier: MIT */
#include "signin/known.h"

#include "base/clock.h"
#include "base/text.h"

enum { KNOWN_SECONDS = 14 * 24 * 3600 };

void known_target(
	struct known_target *target, const char *kind, const char *backend, const char *name)
{
	target->kind = kind;
	target->backend = backend;
	fold_name(name, target->name);
}

void known_key(const struct visit *visit, const char *purpose, const struct known_target *target,
	uint8_t key[STATE_KEY_SIZE])
{
	char browser[2 * TICKET_BROWSER_SIZE + 1];

	text_hex(visit->browser.id, TICKET_BROWSER_SIZE, browser);
	seal_hash(store_hash_key(visit->files->store), key, purpose, target->kind, target->backend,
		target->name, browser, NULL);
}

bool known_browser(const struct visit *visit, const struct known_target *target)
{
	uint8_t key[STATE_KEY_SIZE];

	if (!visit->browser.known)
		return false;
	known_key(visit, "known-browser", target, key);
	return state_known(visit->server->state, key) > 0;
}

/* New browsers a day: of one account, of one person at a provider; and of one meeting's key, which
 * many people have. */
static const struct state_rate new_browsers = {50, 24 * 3600 * 1000},
			       new_browsers_of_meeting = {1000, 24 * 3600 * 1000};

/* Remembers the browser, within the limit of new browsers of `whose`: signing in again and again
 * with new browsers must not fill the state. */
static void add_known(struct visit *visit, const struct known_target *target, const char *whose,
	struct state_rate new_ones)
{
	char folded[FOLD_SIZE];
	uint8_t key[STATE_KEY_SIZE];

	if (!visit->browser.known)
		return;
	fold_name(whose, folded);
	seal_hash(store_hash_key(visit->files->store), key, "new-browsers", target->kind,
		target->backend, folded, NULL);
	if (!known_browser(visit, target) &&
		state_take(visit->server->state, key, new_ones, clock_wall_ms()) != 0)
		return;
	known_key(visit, "known-browser", target, key);
	state_know(visit->server->state, key, visit->now, visit->now + KNOWN_SECONDS);
}

void known_add_account(struct visit *visit, const char *backend, const char *account)
{
	struct known_target target;

	known_target(&target, "account", backend, account);
	if (account[0] != '\0')
		add_known(visit, &target, account, new_browsers);
}

void known_add_meeting(struct visit *visit, const char *key)
{
	struct known_target target;

	known_target(&target, "meeting", "", key);
	add_known(visit, &target, key, new_browsers_of_meeting);
}

void known_add_provider(struct visit *visit, const struct identity *who)
{
	struct known_target target;

	known_target(&target, "provider", who->backend, "");
	add_known(visit, &target, who->subject, new_browsers);
}
