/* SPDX-License-Identifier: MIT */
#include "desk/joined.h"

#include "desk/steps.h"

enum { JOINED_S = 400 * 24 * 3600 }; /* how long the time is stored */

static void joined_key(
	const struct visit *visit, const struct identity *who, uint8_t key[STATE_KEY_SIZE])
{
	seal_hash(store_hash_key(visit->files->store), key, "joined", who->backend, who->subject,
		NULL);
}

static bool is_title(const struct section *backend, const char *title)
{
	return backend != NULL && strcmp(section_title(backend), title) == 0;
}

enum step desk_mark_joined(struct visit *visit)
{
	const struct config_desk *settings = &visit->service->settings->desk;
	const struct identity *who = &visit->session.who;
	uint8_t key[STATE_KEY_SIZE];

	if (visit->outcome !=
		OUTCOME_JOINED) /* a script will request the token; that request is marked */
		return STEP_NEXT;
	if (!is_title(settings->accounts, who->backend) &&
		!is_title(settings->invitations, who->backend))
		return STEP_NEXT;
	joined_key(visit, who, key);
	state_mark(visit->server->state, key, visit->now, visit->now + JOINED_S);
	return STEP_NEXT;
}

int64_t joined_at(const struct visit *visit, const char *backend, const char *subject)
{
	const struct identity who = {
		.backend = (char *)(uintptr_t)backend, .subject = (char *)(uintptr_t)subject};
	uint8_t key[STATE_KEY_SIZE];

	joined_key(visit, &who, key);
	return state_marked(visit->server->state, key);
}
