/* SPDX-License-Identifier: MIT
 *
 * Second factors: the TOTP key of an account in the store, and its codes.
 */
#pragma once

#include "visit/visit.h"

/* Sets `digest` to a digest of the person's newest key; "" without a key. */
void factor_digest(
	const struct visit *visit, const struct identity *who, char digest[2 * SEAL_HASH_SIZE + 1]);

/* Whether the person's key, or the lack of one, is the same as when their session began. */
bool factor_is_same(const struct visit *visit, const struct identity *who);

/* Whether the code is right and new: each time step is accepted once in the whole pool. */
bool factor_is_right(struct visit *visit, const struct identity *who, const char *code);
