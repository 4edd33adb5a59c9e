/* SPDX-License-Identifier: MIT
 *
 * Access at a platform that signs, or that is talked with in several turns.
 */
#ifndef JOIN_GRANT_H
#define JOIN_GRANT_H

#include "visit/visit.h"

/* What exchange_token() does for drivers with a grant. */
enum step grant_access(struct visit *visit);

#endif
