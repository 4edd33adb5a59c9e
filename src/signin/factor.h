/* SPDX-License-Identifier: MIT
 *
 * Second factors: the TOTP key that an account has in the store, and the codes of it.
 */
#ifndef SIGNIN_FACTOR_H
#define SIGNIN_FACTOR_H

#include "visit/visit.h"

/* A digest of the newest key that somebody has; "" where they have none. */
void factor_digest(
	const struct visit *visit, const struct identity *who, char digest[2 * SEAL_HASH_SIZE + 1]);

/* Whether somebody has the key that their session began with, or none as then. */
bool factor_is_same(const struct visit *visit, const struct identity *who);

/* Whether a code is right for somebody and was not used before: each time step counts once in the
 * whole pool. */
bool factor_is_right(struct visit *visit, const struct identity *who, const char *code);

#endif
