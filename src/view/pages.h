/* SPDX-License-Identifier: MIT
 *
 * The pages that steps answer with.
 */
#ifndef VIEW_PAGES_H
#define VIEW_PAGES_H

#include "visit/visit.h"

/* The meeting of the join where it is certain before the platform has answered: drivers with an
 * entry of their own let into the very meeting that the id says. Else NULL: it is what the visitor
 * brought, and must not be shown to them as the meeting. */
const char *pages_certain_meeting(const struct visit *visit);

/* All ways to sign in for a pending join, with a status of 200, or 401 after something wrong was
 * typed: `name` is put back into its field, of the form of `backend` (a title) or of the form for
 * passwords (NULL). 0, or -1 when the ticket cannot be made. */
int pages_login(struct visit *visit, int status, const char *name, const char *backend);

/* The second question, which is in the visit's note; 401 where the last answer was wrong. 0 or -1.
 */
int pages_challenge(struct visit *visit, bool failed);

/* The button of an invitation; the guest is in the visit's note. 0 or -1. */
int pages_invite(struct visit *visit);

/* What a platform shows instead of a redirect (platform.h, show). 0, or -1 without memory. */
int pages_meeting(struct visit *visit);

/* The logout button. `leave`: where the browser goes next to sign out at a provider; "": nowhere. 0
 * or -1. */
int pages_logout(struct visit *visit, const char *leave);

void pages_signed_out(struct visit *visit);

#endif
