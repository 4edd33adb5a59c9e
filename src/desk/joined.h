/* SPDX-License-Identifier: MIT
 *
 * When a guest last came into a meeting, which the desk shows. Kept in the shared state.
 */
#pragma once

#include "visit/visit.h"

/* When the guest with this subject of this backend last came, in seconds since 1970; 0 where never,
 * and where the state was lost; -1 when it does not answer. */
int64_t joined_at(const struct visit *visit, const char *backend, const char *subject);
