/* SPDX-License-Identifier: MIT
 *
 * The meetings that the host invited guests to lately, which the page's forms offer beside pasting
 * a link. They come from the files of invitations and accounts. Private to src/desk.
 */
#pragma once

#include "desk/desk.h"

/* Finds the host's meetings: those of invitations, the newest first, then those of accounts. For a
 * worker, since it looks at every record. Without memory, meetings are missing. */
void desk_recent_find(struct desk *desk);
void desk_recent_release(struct desk *desk);
