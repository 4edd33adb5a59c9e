/* SPDX-License-Identifier: MIT
 *
 * The visit's session: finding and checking it, beginning it, ending it.
 */
#pragma once

#include "visit/visit.h"

/* The current limits on the lifetime of sessions. */
struct session_limits signin_limits(const struct visit *visit);

/* Looks for a valid session in the browser's cookie. 1: found (visit->session), 0: none, -1: the
 * state does not answer. */
int signin_find_session(struct visit *visit);

/* Checks the visit's session once it is opened: whether it was ended or revoked, and whether its
 * backend still knows the person. `is_within`: it keeps today's limits. 1: valid, 0: not (it is
 * released, and ended for good), -1: the state does not answer. */
int signin_check_session(struct visit *visit, bool is_within);

/* Begins a session of `who` (taken over) and ends the browser's previous session. STEP_NEXT, or
 * STEP_DONE after a failure. */
enum step signin_begin_session(struct visit *visit, struct identity *who);

/* Ends a session for good, copies of its cookie included. 0; 1 if the person has ended too many
 * sessions lately (join_rate.h); -1 if the state does not answer. */
int signin_end_session(const struct visit *visit, const struct session *session);

/* Ends the session of the browser's cookie once more if it has ended already: replicas may lack
 * that. Returns as signin_end_session(). */
int signin_end_again(const struct visit *visit);

/* Fails the visit for a nonzero result of signin_end_session(). STEP_DONE. */
enum step signin_fail_to_end(struct visit *visit, int rc);
