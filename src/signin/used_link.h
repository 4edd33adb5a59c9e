/* SPDX-License-Identifier: MIT
 *
 * The claim of a join's request token, and whether somebody has made it: a visitor is told before
 * they sign in that their link is used up.
 */
#pragma once

#include "visit/visit.h"

/* Makes the key of the claim of the visit's request token. */
void used_link_key(const struct visit *visit, uint8_t key[STATE_KEY_SIZE]);

/* Fails the visit if its request token was used. A state that does not answer is asked again, with
 * the claim, so it does not prevent the sign-in. */
enum step used_link_refuse(struct visit *visit);
