/* SPDX-License-Identifier: MIT
 *
 * Visits that end at the page of an application or at a native program, whose script then asks for
 * the token (script.c): with the meeting and, where no session's cookie would come from there, with
 * a code that the script trades (session/code.h).
 */
#pragma once

#include "visit/visit.h"

/* Whether a visit by an entry says where it is to end. */
bool handover_is_asked_for(const struct params *query);

/* Reads `redirect_uri`, `code_challenge`, `code_challenge_method` and `state` into the visit's
 * join. STEP_NEXT, or STEP_DONE after a refusal. */
enum step handover_read(struct visit *visit, const struct params *query);

/* Whether the visit ends there, and not at the platform. */
bool handover_is_due(const struct visit *visit);

/* Sends the browser there. STEP_DONE. */
enum step handover_return(struct visit *visit);
