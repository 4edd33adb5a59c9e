/* SPDX-License-Identifier: MIT
 *
 * Request tokens are claimed together: those of all visits that a turn of the loop brought as far.
 */
#pragma once

#include "visit/visit.h"

/* Once a turn of the loop, after what the turn brought: claims the request tokens of all visits
 * that wait for that, and goes on with them. */
void exchange_claim_all(struct server *server);
