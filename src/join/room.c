/* SPDX-License-Identifier: MIT
 *
 * For a platform with a pool of rooms, around step 4: the meeting has one of them, or takes one
 * that nobody has. A lease in the shared state says which, so that no two meetings ever share one,
 * whichever process asks. For as long as the platform is asked it is a short one, which ends by
 * itself when nobody is let in; once somebody is, it runs on for `room-lease`.
 */
#include "join/steps.h"

#include "base/clock.h"
#include "visit/fail.h"

enum { RETRY_AFTER_S = 60, MARGIN_S = 5 };

static void name_room(const struct visit *visit, size_t index, struct state_thing *thing)
{
	const uint8_t *hash_key = store_hash_key(visit->files->store);
	const char *room = visit->platform->peer->room_names[index];

	seal_hash(hash_key, thing->key, "room", room, NULL);
	seal_hash(hash_key, thing->holding, "room of", visit->join.platform, room,
		visit->join.meeting_id, NULL);
}

static enum step refuse(struct visit *visit)
{
	visit->report.retry_after = RETRY_AFTER_S;
	return visit_fail(visit, FAILURE_NO_ROOM);
}

static enum step be_unavailable(struct visit *visit)
{
	visit_set_detail(visit, "the state does not take the lease of a room");
	return visit_fail(visit, FAILURE_STATE_UNAVAILABLE);
}

enum step room_take(struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	struct state_thing things[STATE_THINGS_MAX];
	int64_t now = clock_wall(), lease = peer->timeout_ms / 1000 + 1 + MARGIN_S;
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	if (lease > peer->room_lease)
		lease = peer->room_lease;
	for (size_t i = 0; i < peer->rooms.count; i++)
		name_room(visit, i, &things[i]);
	switch (state_lease(
		visit->server->state, things, peer->rooms.count, now, now + lease, &index)) {
	case STATE_LEASE_HELD:
		visit->join.room = strdup(peer->rooms.items[index]);
		return visit->join.room != NULL ? STEP_NEXT : visit_fail(visit, FAILURE_INTERNAL);
	case STATE_LEASE_NONE:
		visit_set_detail(visit, "no room is free: all %zu are leased", peer->rooms.count);
		return refuse(visit);
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}

enum step room_keep(struct visit *visit)
{
	const struct platform_peer *peer = visit->platform->peer;
	struct state_thing thing;
	int64_t now = clock_wall();
	size_t index = 0;

	if (peer->rooms.count == 0)
		return STEP_NEXT;
	while (strcmp(peer->rooms.items[index], visit->join.room) != 0)
		index++;
	name_room(visit, index, &thing);
	switch (state_lease(visit->server->state, &thing, 1, now, now + peer->room_lease, &index)) {
	case STATE_LEASE_HELD:
		return STEP_NEXT;
	case STATE_LEASE_NONE:
		visit_set_detail(
			visit, "the platform took so long that others have the room by now");
		return refuse(visit);
	case STATE_LEASE_BROKEN:
		break;
	}
	return be_unavailable(visit);
}
