/* SPDX-License-Identifier: MIT
 *
 * Redirects visits to an application's page or to a native application, whose script then requests
 * the token (script.c). The redirect URL names the meeting. If the script cannot send the session
 * cookie, the URL also has a code that the script exchanges (session/code.h).
 */
#pragma once

#include "visit/visit.h"

/* Whether the query of a visit has redirect parameters. */
bool handover_is_asked_for(const struct params *query);

/* Validates `redirect_uri`, `code_challenge`, `code_challenge_method` and `state` and stores them
 * in the visit's join. Returns STEP_NEXT, or STEP_DONE after a refusal. */
enum step handover_read(struct visit *visit, const struct params *query);

/* Whether the visit is redirected to an application and not to the platform. */
bool handover_is_due(const struct visit *visit);

/* Redirects the browser to the application. Returns STEP_DONE. */
enum step handover_return(struct visit *visit);
