/* SPDX-License-Identifier: MIT
 *
 * The link under which the platform, or its entry here, leads to the visit's meeting.
 */
#ifndef VIEW_LINK_H
#define VIEW_LINK_H

#include "visit/visit.h"

/* Appends where a new request token is to be had: the platform's own page of the meeting. Nothing
 * where there is none. */
void link_to_meeting(const struct visit *visit, struct buffer *url);

#endif
