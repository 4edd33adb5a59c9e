/* SPDX-License-Identifier: MIT
 *
 * The end of every kind of sign-in: granted, or wrong.
 */
#pragma once

#include "visit/visit.h"

/* `who` (taken over) has proved who they are: counts and logs the login and begins the session.
 * STEP_NEXT, or STEP_DONE after a failure. */
enum step login_grant(struct visit *visit, struct identity *who);

/* Logs and fails a correct sign-in whose session does not fit into a cookie. STEP_DONE. */
enum step login_refuse_size(struct visit *visit, const struct identity *who);

/* Shows the form again after a wrong answer that is already logged: the form of the challenge if
 * there is one. Otherwise `name` is filled into the form of `backend` (a title; NULL: the password
 * form). STEP_DONE. */
enum step login_answer_wrong(struct visit *visit, const char *name, const char *backend);
