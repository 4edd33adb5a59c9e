/* SPDX-License-Identifier: MIT
 *
 * Access at a platform that signs, or that is talked with in several turns.
 */
#pragma once

#include "visit/visit.h"

/* What exchange_token() does for drivers with a grant. */
enum step grant_access(struct visit *visit);
