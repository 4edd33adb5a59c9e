/* SPDX-License-Identifier: MIT */
#include "join/secrets.h"

#include "base/clock.h"
#include "visit/operate.h"

enum {
	NOTE_EVERY_S = 60,
	ACCEPTANCE_S = 400 * 24 * 3600, /* how long the time of acceptance is stored */
};

/* What the store calls the secret for the visit's meeting, in `room` unless it is the platform's
 * name; NULL where there can be none. */
static const char *find_name(const struct visit *visit, char room[STORE_NAME_MAX + 1])
{
	int length;

	switch (visit->platform->driver->secret_scope) {
	case PLATFORM_SECRET_PER_PLATFORM:
		return visit->join.platform;
	case PLATFORM_SECRET_PER_MEETING:
		length = snprintf(room, STORE_NAME_MAX + 1, "meeting/%s/%s", visit->join.platform,
			visit->join.meeting_id);
		return length >= 0 && length <= STORE_NAME_MAX ? room : NULL;
	case PLATFORM_SECRET_NONE:
		break;
	}
	return NULL;
}

const struct store_secret *secrets_of(const struct visit *visit, size_t *count_r)
{
	char room[STORE_NAME_MAX + 1];
	const char *name = find_name(visit, room);

	*count_r = 0;
	if (name == NULL)
		return NULL;
	return store_secrets(visit->files->store, name, visit->now, count_r);
}

int64_t secrets_ended(const struct visit *visit)
{
	char room[STORE_NAME_MAX + 1];
	const char *name = find_name(visit, room);

	return name != NULL ? store_ended(visit->files->store, name, visit->now) : 0;
}

/* `meetauthctl secret list` shows the time. Storing it once a minute is enough. */
void secrets_note_acceptance(struct visit *visit, const struct store_secret *secret)
{
	struct service_platform *platform = visit->platform;
	uint8_t key[STATE_KEY_SIZE];

	if (platform->noted_version == secret->version &&
		visit->now < platform->noted_at + NOTE_EVERY_S)
		return;
	platform->noted_version = secret->version;
	platform->noted_at = visit->now;
	store_accepted_key(store_hash_key(visit->files->store), secret->name, secret->version, key);
	state_mark(visit->server->state, key, visit->now, visit->now + ACCEPTANCE_S);
}

void secrets_note_refusal(struct visit *visit)
{
	const struct store_secret *secret;
	uint8_t key[STATE_KEY_SIZE];
	int64_t now = clock_wall();
	size_t count;

	secret = secrets_of(visit, &count);
	if (count == 0)
		return;
	store_refused_key(store_hash_key(visit->files->store), secret->name, secret->version, key);
	state_mark(visit->server->state, key, now, now + OPERATE_REFUSED_S);
}
