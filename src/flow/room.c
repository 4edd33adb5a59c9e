/* SPDX-License-Identifier: MIT
 *
 * Between steps 3 and 4, for a platform with a pool of rooms: the meeting has one of them, or takes
 * one that nobody has. A lease in the shared state says which, so that no two meetings ever share
 * one, whichever process asks; each join makes it run on, and it ends by itself.
 */
#include "flow/steps.h"

enum { RETRY_AFTER_S = 60 };

static void name_room(const struct visit *visit, const char *room, struct state_thing *thing)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	const char *platform = visit->join.platform;

	seal_hash(hash_key, thing->key, "room", platform, room, NULL);
	seal_hash(
		hash_key, thing->holding, "room of", platform, room, visit->join.meeting_id, NULL);
}

static enum step refuse(struct visit *visit)
{
	visit_note(visit, "no room is free: all %zu are leased", visit->platform->peer->room_count);
	visit->no_room = true;
	visit->retry_after = RETRY_AFTER_S;
	return visit_fail(visit, FAILURE_OVERLOADED);
}

enum step room_take(struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	struct state_thing things[STATE_THINGS_MAX];
	size_t index = 0;

	if (peer->room_count == 0)
		return STEP_NEXT;
	for (size_t i = 0; i < peer->room_count; i++)
		name_room(visit, peer->rooms[i], &things[i]);
	switch (state_lease(visit->station->state, things, peer->room_count, visit->now,
		visit->now + peer->room_lease, &index)) {
	case STATE_LEASE_HELD:
		visit->join.room = strdup(peer->rooms[index]);
		return visit->join.room != NULL ? STEP_NEXT : visit_fail(visit, FAILURE_INTERNAL);
	case STATE_LEASE_NONE:
		return refuse(visit);
	case STATE_LEASE_BROKEN:
		break;
	}
	visit_note(visit, "the state does not take the lease of a room");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}
