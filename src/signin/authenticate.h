/* SPDX-License-Identifier: MIT
 *
 * Sending the browser to sign in.
 */
#pragma once

#include "visit/visit.h"

/* Redirects the browser to the login page with the visit's destination in a ticket; or to the
 * provider, if one provider is the only way to sign in. STEP_DONE or STEP_WAIT. */
enum step authenticate_again(struct visit *visit);

/* Whether whoever signs in sees the login page: not if one provider is the only way. */
bool authenticate_has_page(const struct service *service);
