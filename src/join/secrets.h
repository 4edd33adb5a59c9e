/* SPDX-License-Identifier: MIT
 *
 * The API keys of the visit's platform, or of its meeting: which are tried, and when one was last
 * taken.
 */
#pragma once

#include "visit/visit.h"

/* The versions of the secret for the visit's meeting, newest first; NULL and 0 where there are
 * none. They belong to the visit's files. */
const struct store_secret *secrets_of(const struct visit *visit, size_t *count_r);

/* Notes when the platform last took a version of its secret. */
void secrets_note_acceptance(struct visit *visit, const struct store_secret *secret);

/* Notes for readyz that the platform accepts none of its secret's versions. */
void secrets_note_refusal(struct visit *visit);
