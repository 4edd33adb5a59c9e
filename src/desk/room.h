/* SPDX-License-Identifier: MIT
 *
 * The rooms that meetings share, at the desk: those that are taken, and the early end of a meeting
 * in one, as `meetauthctl room` has them. The state knows the meeting in a room
 * only as a hash, so the list names those that guests are invited to. Private to desk/.
 */
#pragma once

#include "desk/desk.h"
#include "view/values.h"

enum { DESK_ROOMS_MAX = 64 };

/* Rows for the page, all zero before; what does not fit is left out. The page writes `until`. */
struct desk_rooms {
	struct desk_room {
		struct page_value cells[7];
		char *id, until[DESK_TIME_SIZE]; /* id: the meeting, if the host may end it */
		int64_t ends;
	} list[DESK_ROOMS_MAX];
	const struct page_value *rows[DESK_ROOMS_MAX + 1];
	size_t count;
};

void desk_room_list(const struct desk *desk, struct desk_rooms *rooms);
void desk_room_release(struct desk_rooms *rooms);

/* Collects the meetings that guests are invited to, the newest first, on platforms with rooms; for
 * a worker. */
void desk_room_meetings(struct desk *desk);

/* Ends the meeting of the form, if it is about one; sets what came of it. Hosts end meetings that
 * the policy lets them into. 0, or -1 where the state does not answer. */
int desk_room_end(struct desk *desk);

/* Ends the meeting "PLATFORM/MEETING-ID" early: 1; 0 where it has no room; -1. */
int desk_room_end_meeting(struct visit *visit, const char *meeting);
