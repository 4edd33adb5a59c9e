/* SPDX-License-Identifier: MIT
 *
 * Meeting rooms that several meetings share, as leases in the shared state: which meeting has a
 * room, until when, and whether the people of the meeting before were removed for it.
 */
#pragma once

#include "platform/peer.h"
#include "state/state.h"

/* The names of one room's leases for one meeting: who has the room, for whom it was cleared, who is
 * clearing it. `meeting_id` NULL: for no meeting. */
struct room_leases {
	struct state_resource taken, cleared, clearing;
};

void rooms_name(const uint8_t *hash_key, const char *title, const char *room_name,
	const char *meeting_id, struct room_leases *leases);

/* Until when a room is taken, in seconds since 1970; 0 if it is free; -1 if the state does not
 * answer. *is_its_r is true if the meeting of `leases` has it. */
int64_t rooms_taken_until(
	struct state *state, const struct room_leases *leases, int64_t now, bool *is_its_r);

/* Finds the room that a meeting has. Returns its index, the number of rooms if it has none, or -1
 * if the state does not answer. */
int rooms_find(struct state *state, const uint8_t *hash_key, const char *title,
	const struct platform_peer *peer, const char *meeting_id, int64_t now);

/* Whether the meeting in a taken room was ended early. 1, 0, or -1 if the state does not answer. */
int rooms_is_ended(struct state *state, const struct room_leases *leases, int64_t now);

/* Ends the lease of a room early, whichever meeting has it. *free_r is when the room will be free:
 * at once, or when the last link into it has expired; a second call does not change that time. 1; 0
 * if it was free; -1 if the state does not answer. */
int rooms_end(struct state *state, const struct room_leases *leases,
	const struct platform_peer *peer, int64_t now, int64_t *free_r);
