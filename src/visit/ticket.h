/* SPDX-License-Identifier: MIT
 *
 * A visit's tickets, what they remember of a sign-in that is under way, and the browser that they
 * are for.
 */
#ifndef VISIT_TICKET_H
#define VISIT_TICKET_H

#include "visit/visit.h"

/* The browser's id from its cookie, or a new one whose cookie goes out with the answer. */
void visit_know_browser(struct visit *visit);

/* Opens a ticket of that kind, sealed for this browser (of the logout form and the desk: also for
 * whoever is signed in, whose session has been found before), into the visit's join and pending. 0,
 * or -1 with the cause in the visit's detail. */
int visit_open_ticket(struct visit *visit, enum ticket_kind kind, const char *text);

/* Appends a ticket for the visit's join and browser, with its pending sign-in where the kind has
 * one. 0 or -1 (too long). */
int visit_seal_ticket(struct visit *visit, enum ticket_kind kind, struct buffer *text);

/* Refuses a join that no ticket holds, and names the longest of what is handed on. STEP_DONE. */
enum step visit_refuse_long_join(struct visit *visit);

/* The visit's pending, a new one with a fresh id and seed for this backend. NULL without memory. */
struct pending *visit_new_pending(struct visit *visit, const struct service_backend *backend);

void visit_drop_pending(struct visit *visit);

/* A key in the state for what may happen to a pending sign-in a certain number of times. */
void visit_pending_key(const struct visit *visit, const char *purpose, uint8_t key[STATE_KEY_SIZE]);

/* Whether the visit's pending sign-in is granted for the first time; else fails. */
bool visit_use_up_pending(struct visit *visit);

#endif
