/* SPDX-License-Identifier: MIT
 *
 * Rooms that meetings share, as leases in the shared state: which meeting has one, for how long,
 * and whether it was cleared for that meeting of whoever was left of the one before.
 */
#pragma once

#include "platform/peer.h"
#include "state/state.h"

/* Of one room for one meeting, what the state knows it by: who has it, for whom it was cleared, who
 * is clearing it now. `meeting_id` NULL: of no meeting, for what is the same for all. */
struct room_things {
	struct state_thing had, cleared, clearing;
};

void rooms_name(const uint8_t *hash_key, const char *title, const char *room_name,
	const char *meeting_id, struct room_things *things);

/* Until when (seconds) a room is taken; 0: it is free; -1: the state does not answer. *is_its_r:
 * by the meeting of `things`. */
int64_t rooms_taken_until(
	struct state *state, const struct room_things *things, int64_t now, bool *is_its_r);

/* Ends a meeting's time in a room before its lease does, whichever meeting it is. The room is free
 * at *free_r: at once, or when the last address that leads into it has ended. 1; 0: it was free;
 * -1: the state does not answer. */
int rooms_end(struct state *state, const struct room_things *things,
	const struct platform_peer *peer, int64_t now, int64_t *free_r);
