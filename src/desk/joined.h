/* SPDX-License-Identifier: MIT
 *
 * Stores in the shared state when a guest last joined a meeting, which the desk shows.
 */
#pragma once

#include "visit/visit.h"

/* Returns when this guest last joined, in seconds since 1970, 0 if never or if the state was lost,
 * or -1 if the state does not answer. */
int64_t joined_at(const struct visit *visit, const char *backend, const char *subject);
