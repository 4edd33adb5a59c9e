/* SPDX-License-Identifier: MIT
 *
 * The pages that steps answer with. Functions that return int: 0, or -1 if the ticket cannot be
 * made or memory runs out.
 */
#pragma once

#include "visit/visit.h"

/* The join's meeting if it is certain before the platform answers, else NULL. Drivers with an entry
 * of their own open exactly the meeting of the id. Any other id is the visitor's claim and must not
 * be shown as the meeting. */
const char *pages_certain_meeting(const struct visit *visit);

/* The login page with all ways to sign in. Status 200; or 401 after a wrong answer, with `name`
 * filled into the form of `backend` (a title; NULL: the password form). */
int pages_login(struct visit *visit, int status, const char *name, const char *backend);

/* The page of the visit's challenge (visit->pending); status 401 if `failed`. */
int pages_challenge(struct visit *visit, bool failed);

/* Asks whether the visitor wants to join the meeting as the person of the session. `token` goes
 * into the form. */
int pages_confirm(struct visit *visit, const char *token);

/* The page of an invitation, with one button; the guest is in visit->pending. */
int pages_invite(struct visit *visit);

/* The page that a platform shows instead of a redirect (platform.h, page). */
int pages_meeting(struct visit *visit);

/* The page with the logout button. `leave`: the provider's logout address, for form-action; or
 * "". */
int pages_logout(struct visit *visit, const char *leave);

void pages_signed_out(struct visit *visit);
