/* SPDX-License-Identifier: MIT
 *
 * The rooms that meetings share, at the desk: those that are taken, and the early end of a meeting
 * in one, as `meetauthctl room` has them. Private to desk/.
 */
#pragma once

#include "desk/desk.h"
#include "view/values.h"

enum { DESK_ROOMS_MAX = 64 };

/* Rows for the page, all zero before; what does not fit is left out. The page writes `until`. */
struct desk_rooms {
	struct desk_room {
		struct page_value cells[6];
		char *id, until[DESK_TIME_SIZE];
		int64_t ends;
	} list[DESK_ROOMS_MAX];
	const struct page_value *rows[DESK_ROOMS_MAX + 1];
	size_t count;
};

void desk_room_list(const struct visit *visit, struct desk_rooms *rooms);
void desk_room_release(struct desk_rooms *rooms);

/* Ends the meeting in the room of the form, if it is about one; sets what came of it. 0, or -1
 * where the state does not answer. */
int desk_room_end(struct desk *desk);

/* The same for the meeting "PLATFORM/MEETING-ID": 1; 0 where it has no room; -1. */
int desk_room_end_meeting(struct visit *visit, const char *meeting);
