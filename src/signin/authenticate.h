/* SPDX-License-Identifier: MIT
 *
 * The way to the login page.
 */
#ifndef SIGNIN_AUTHENTICATE_H
#define SIGNIN_AUTHENTICATE_H

#include "visit/visit.h"

/* Sends the browser to the login page, or straight to the provider where there is no other choice,
 * with what the visit is about in a ticket. STEP_DONE, or STEP_WAIT. */
enum step authenticate_again(struct visit *visit);

#endif
