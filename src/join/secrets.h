/* SPDX-License-Identifier: MIT
 *
 * The secrets for a visit's platform or meeting: which versions to try, and which the platform last
 * accepted.
 */
#pragma once

#include "visit/visit.h"

/* Returns the versions of the secret, newest first, or NULL with a count of 0. They belong to
 * visit->files. */
const struct store_secret *secrets_of(const struct visit *visit, size_t *count_r);

/* Returns when the secret ended, in seconds since 1970; 0 if one can be used, or none was stored.
 */
int64_t secrets_ended(const struct visit *visit);

/* Stores in the state that the platform has just accepted this version. */
void secrets_note_acceptance(struct visit *visit, const struct store_secret *secret);

/* Records for readyz that the platform accepts no version of its secret. */
void secrets_note_refusal(struct visit *visit);
