/* SPDX-License-Identifier: MIT */
#include "service/rooms.h"

#include "secret/seal.h"

void rooms_name(const uint8_t *hash_key, const char *title, const char *room_name,
	const char *meeting_id, struct room_leases *leases)
{
	uint8_t holding[STATE_KEY_SIZE];

	seal_hash(hash_key, leases->taken.key, "room", room_name, NULL);
	seal_hash(hash_key, leases->cleared.key, "cleared room", room_name, NULL);
	seal_hash(hash_key, leases->clearing.key, "room being cleared", room_name, NULL);
	seal_hash(hash_key, holding, "room of", title, room_name,
		meeting_id != NULL ? meeting_id : "", NULL);
	memcpy(leases->taken.holding, holding, sizeof holding);
	memcpy(leases->cleared.holding, holding, sizeof holding);
	seal_random(leases->clearing.holding, sizeof leases->clearing.holding);
}

int64_t rooms_taken_until(
	struct state *state, const struct room_leases *leases, int64_t now, bool *is_its_r)
{
	return state_leased_until(state, &leases->taken, now, is_its_r);
}

int rooms_find(struct state *state, const uint8_t *hash_key, const char *title,
	const struct platform_peer *peer, const char *meeting_id, int64_t now)
{
	for (size_t i = 0; i < peer->rooms.count; i++) {
		struct room_leases leases;
		bool is_its;

		rooms_name(hash_key, title, peer->room_names[i], meeting_id, &leases);
		if (rooms_taken_until(state, &leases, now, &is_its) < 0)
			return -1;
		if (is_its)
			return (int)i;
	}
	return (int)peer->rooms.count;
}

/* It is cleared for the meeting as long as that has it, and not a moment longer. */
int rooms_is_ended(struct state *state, const struct room_leases *leases, int64_t now)
{
	bool is_its;
	int64_t until = state_leased_until(state, &leases->cleared, now, &is_its);

	return until < 0 ? -1 : until == 0;
}

int rooms_end(struct state *state, const struct room_leases *leases,
	const struct platform_peer *peer, int64_t now, int64_t *free_r)
{
	bool is_its;
	int64_t until = state_leased_until(state, &leases->taken, now, &is_its);
	int is_ended = until > 0 ? rooms_is_ended(state, leases, now) : 0;

	*free_r = until > 0 ? until : now;
	if (until <= 0 || is_ended != 0)
		return until <= 0 ? (int)until : is_ended;
	*free_r = now;
	/* The lease was extended when the last person joined. */
	if (until - peer->room_lease + peer->room_rest > now)
		*free_r = until - peer->room_lease + peer->room_rest;
	if (state_lease_end(state, leases->cleared.key, now, now) < 0)
		return -1;
	return state_lease_end(state, leases->taken.key, now, *free_r);
}
