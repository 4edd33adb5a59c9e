/* SPDX-License-Identifier: MIT
 *
 * A visit's tickets: the browser they are bound to and the pending sign-in they carry.
 */
#pragma once

#include "visit/visit.h"

/* Sets the browser's id from its cookie. Without one, makes an id whose cookie goes out with the
 * response. */
void visit_know_browser(struct visit *visit);

/* Opens a ticket of that kind into the visit's join and pending. The ticket must be sealed for this
 * browser; a ticket of the logout form or the desk also for the person signed in, so find the
 * session first. 0, or -1 with the cause in the visit's detail. */
int visit_open_ticket(struct visit *visit, enum ticket_kind kind, const char *text);

/* The visit's join, or the constant join of the guest desk or of /auth/me if the visit goes there.
 */
const struct join *visit_goal(const struct visit *visit);

/* Appends a ticket of the visit's join, bound to its browser, with the pending sign-in if the kind
 * carries one. 0, or -1 if it is too long. */
int visit_seal_ticket(struct visit *visit, enum ticket_kind kind, struct buffer *text);

/* Fails because the join does not fit into a ticket, and names its longest parameter. STEP_DONE. */
enum step visit_refuse_long_join(struct visit *visit);

/* Replaces the visit's pending sign-in by a new one for this backend, with a fresh id and seed. The
 * visit owns it. NULL without memory. */
struct pending *visit_new_pending(struct visit *visit, const struct service_backend *backend);

void visit_drop_pending(struct visit *visit);

/* Makes a key in the state that counts something for this pending sign-in. */
void visit_pending_key(const struct visit *visit, const char *purpose, uint8_t key[STATE_KEY_SIZE]);

/* Claims the visit's pending sign-in, which may be granted once. False after failing the visit. */
bool visit_use_up_pending(struct visit *visit);
