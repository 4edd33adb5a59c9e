/* SPDX-License-Identifier: MIT
 *
 * Sending the browser to sign in.
 */
#pragma once

#include "visit/visit.h"

/* Redirects the browser to the login page with the visit's destination in a ticket; or to the
 * provider, if one provider is the only way to sign in. STEP_DONE or STEP_WAIT. */
enum step authenticate_again(struct visit *visit);

/* Whether whoever signs in by that backend sees a page of this service: not at a provider that is
 * the only way. */
bool authenticate_has_page(const struct service *service, const char *backend);
