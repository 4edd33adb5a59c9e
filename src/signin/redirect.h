/* SPDX-License-Identifier: MIT
 *
 * Signing in at a provider. The browser carries the pending sign-in there as `state`, in a ticket
 * sealed for this browser, and may come back with it once.
 */
#pragma once

#include "visit/visit.h"

/* Redirects the browser to the backend's provider. STEP_WAIT, or STEP_DONE after a failure. */
enum step redirect_begin(struct visit *visit, struct service_backend *backend);
