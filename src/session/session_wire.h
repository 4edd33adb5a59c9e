/* SPDX-License-Identifier: MIT
 *
 * Encodes a session for a cookie or a code. Private to session/.
 */
#pragma once

#include "session/session.h"
#include "session/wire.h"

void wire_put_session(struct wire_out *out, const struct session *session);

/* Decodes into an empty session, which the caller releases. 0, or -1 if the data has another form
 * or is incomplete. */
int wire_get_session(struct wire_in *in, struct session *session);

/* 0 if the session is valid; 1 if only limits that were shortened since it began exclude it; -1 if
 * it has ended. */
int session_judge(const struct session *session, struct session_limits limits, int64_t now);
