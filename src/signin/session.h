/* SPDX-License-Identifier: MIT
 *
 * The visit's session: found in the browser's cookie and checked, begun, ended.
 */
#ifndef SIGNIN_SESSION_H
#define SIGNIN_SESSION_H

#include "visit/visit.h"

/* How long sessions live, as the configuration says now. */
struct session_limits signin_limits(const struct visit *visit);

/* Looks for a session that is valid. 1: there is one (visit->session), 0: none, -1: the state does
 * not answer. */
int signin_find_session(struct visit *visit);

/* Begins a session of `who` (taken over) in the place of the one that the browser had, which ends.
 * STEP_NEXT, or STEP_DONE after a failure. */
enum step signin_begin_session(struct visit *visit, struct identity *who);

/* Ends a session for good: copies of its cookie, too. 0; 1 where the person has ended too many
 * lately (join_rate.h); -1 when the state does not answer. */
int signin_end_session(const struct visit *visit, const struct session *session);

/* Fails for what that returned. STEP_DONE. */
enum step signin_fail_to_end(struct visit *visit, int rc);

#endif
