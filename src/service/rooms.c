/* SPDX-License-Identifier: MIT */
#include "service/rooms.h"

#include "secret/seal.h"

void rooms_name(const uint8_t *hash_key, const char *title, const char *room_name,
	const char *meeting_id, struct room_things *things)
{
	uint8_t holding[STATE_KEY_SIZE];

	seal_hash(hash_key, things->had.key, "room", room_name, NULL);
	seal_hash(hash_key, things->cleared.key, "cleared room", room_name, NULL);
	seal_hash(hash_key, things->clearing.key, "room being cleared", room_name, NULL);
	seal_hash(hash_key, holding, "room of", title, room_name,
		meeting_id != NULL ? meeting_id : "", NULL);
	memcpy(things->had.holding, holding, sizeof holding);
	memcpy(things->cleared.holding, holding, sizeof holding);
	seal_random(things->clearing.holding, sizeof things->clearing.holding);
}

int64_t rooms_taken_until(
	struct state *state, const struct room_things *things, int64_t now, bool *is_its_r)
{
	return state_leased_until(state, &things->had, now, is_its_r);
}

int rooms_end(struct state *state, const struct room_things *things,
	const struct platform_peer *peer, int64_t now, int64_t *free_r)
{
	bool is_its;
	int64_t until = state_leased_until(state, &things->had, now, &is_its);

	*free_r = now;
	if (until <= 0)
		return (int)until;
	/* The lease was extended when the last person joined. */
	if (until - peer->room_lease + peer->room_rest > now)
		*free_r = until - peer->room_lease + peer->room_rest;
	if (state_lease_end(state, things->cleared.key, now, now) < 0)
		return -1;
	return state_lease_end(state, things->had.key, now, *free_r);
}
