/* SPDX-License-Identifier: MIT
 *
 * meetauthctl session: rotates cookie keys and revokes sessions.
 */
#include "ctl/given.h"

#include "base/clock.h"
#include "base/text.h"
#include "secret/store.h"
#include "service/state.h"
#include "session/session.h"
#include "state/state.h"

static int run_rotate(struct ctl *ctl)
{
	const struct settings *settings = ctl->settings;
	bool forget = ctl->given.forget;

	ctl_must(1, store_rotate_keys(settings->store, settings->store_key, forget, &ctl_error));
	printf("%s\n", forget ? "all cookie keys were replaced: every session has ended"
			      : "new cookies use the next key from now on; sessions continue");
	return EX_OK;
}

void ctl_session_revoke(
	const struct settings *settings, const char *backend, const char *subject, int64_t now)
{
	struct error error;
	struct store *store = store_open(settings->store, settings->store_key, &error);
	struct state *state = store == NULL ? NULL : service_open_state(settings, store, &error);
	uint8_t key[SEAL_HASH_SIZE];
	int rc;

	if (state == NULL)
		ctl_fail(1, &error);
	session_revoke_key(store_hash_key(store), backend, subject, key);
	rc = state_revoke(state, key, now, now + SESSION_LIFETIME_MAX);
	if (rc == STATE_CHANGE_UNKNOWN)
		ctl_die(1,
			"%s: the revocation is not confirmed: the server's answer was lost, or too "
			"few replicas (state-replicas) have it; a failover may undo it: revoke "
			"again",
			settings->state);
	if (rc != 0)
		ctl_die(1, "%s: the state refused the entry; nothing was revoked", settings->state);
	state_close(&state);
	store_free(&store);
}

static int run_revoke(struct ctl *ctl)
{
	struct given_person who = given_person(ctl);
	char when[TEXT_TIME_SIZE];
	int64_t now = clock_wall();

	ctl_session_revoke(ctl->settings, who.backend, who.subject, now);
	printf("every session of %s (%s%s) that began until %s has ended\n", who.subject,
		who.backend != NULL ? "backend " : "every backend",
		who.backend != NULL ? who.backend : "", text_from_time(now, when));
	return EX_OK;
}

const struct ctl_command ctl_session_commands[] = {
	{"session rotate-keys", "[--forget]",
		"switch to the next cookie key; --forget: end every session", run_rotate,
		.changes = true},
	{"session revoke", "USER", "end the sessions of a user (SUBJECT or BACKEND/SUBJECT)",
		run_revoke, .changes = true},
	{0},
};
