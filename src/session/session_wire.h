/* SPDX-License-Identifier: MIT
 *
 * A session in a cookie or a code. Private to this room.
 */
#pragma once

#include "session/session.h"
#include "session/wire.h"

void wire_put_session(struct wire_out *out, const struct session *session);

/* Into an empty session, which the caller releases. 0, or -1 when it is of another form, or not all
 * that was there. */
int wire_get_session(struct wire_in *in, struct session *session);

/* 0; 1 when limits set since it began have shortened it; -1 when it has ended by its own words. */
int session_judge(const struct session *session, struct session_limits limits, int64_t now);
