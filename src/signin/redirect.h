/* SPDX-License-Identifier: MIT
 *
 * By way of a provider: the browser goes there with the pending sign-in as `state`, sealed for this
 * browser, and comes back with it once.
 */
#ifndef SIGNIN_REDIRECT_H
#define SIGNIN_REDIRECT_H

#include "visit/visit.h"

/* Sends the browser to the provider of this backend. */
enum step redirect_begin(struct visit *visit, struct service_backend *backend);

#endif
