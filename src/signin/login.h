/* SPDX-License-Identifier: MIT
 *
 * How a sign-in ends, whichever way it was made: somebody is in, or what they typed was wrong.
 */
#ifndef SIGNIN_LOGIN_H
#define SIGNIN_LOGIN_H

#include "visit/visit.h"

/* Somebody (taken over) has proved who they are: counts, logs, begins the session. STEP_NEXT, or
 * STEP_DONE after a failure. */
enum step login_grant(struct visit *visit, struct identity *who);

/* Somebody who is right and whose session would not fit into a cookie: logs it and fails. */
enum step login_refuse_size(struct visit *visit, const struct identity *who);

/* What was typed is wrong, which is logged already: shows the form again, that of the second
 * question where there is one; `name` is put back into the field of the form of `backend` (a title;
 * NULL: the form for passwords). STEP_DONE. */
enum step login_answer_wrong(struct visit *visit, const char *name, const char *backend);

#endif
