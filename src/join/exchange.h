/* SPDX-License-Identifier: MIT
 *
 * Claims the request tokens of all visits of one iteration of the event loop together.
 */
#pragma once

#include "visit/visit.h"

/* Call at the end of each iteration: claims the request tokens of all visits that wait for that,
 * and resumes them. */
void exchange_claim_all(struct server *server);
