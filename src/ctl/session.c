/* SPDX-License-Identifier: MIT
 *
 * meetauthctl session: rotates cookie keys and revokes sessions.
 */
#include "ctl/ctl.h"

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

/* The user whose sessions end. "staff/alice" is alice of the backend "staff" if there is such a
 * backend, otherwise a user called "staff/alice". */
struct person {
	char *backend; /* NULL: any backend */
	const char *subject;
};

static struct person read_person(const struct settings *settings, char *text)
{
	char *slash = strchr(text, '/');

	if (slash == NULL)
		return (struct person){NULL, text};
	*slash = '\0';
	if (config_backend(settings, text) != NULL)
		return (struct person){text, slash + 1};
	*slash = '/';
	return (struct person){NULL, text};
}

static void revoke(const struct settings *settings, struct person who, int64_t now)
{
	struct error error;
	struct store *store = store_open(settings->store, settings->store_key, &error);
	struct state *state = store == NULL ? NULL : service_open_state(settings, store, &error);
	uint8_t key[SEAL_HASH_SIZE];

	if (state == NULL)
		ctl_fail(1, &error);
	session_revoke_key(store_hash_key(store), who.backend, who.subject, key);
	if (state_revoke(state, key, now, now + SESSION_LIFETIME_MAX) != 0)
		ctl_die(1, "%s: the state refused the entry; nothing was revoked", settings->state);
	state_close(&state);
	store_free(&store);
}

static int run_revoke(struct ctl *ctl)
{
	struct person who = read_person(ctl->settings, ctl->given.operands[0]);
	char when[TEXT_TIME_SIZE];
	int64_t now = clock_wall();

	if (who.subject[0] == '\0')
		ctl_usage(ctl->command, "the name is empty");
	revoke(ctl->settings, who, now);
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
