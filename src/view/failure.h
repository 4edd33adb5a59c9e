/* SPDX-License-Identifier: MIT
 *
 * The response of a failed visit: a page, or JSON if the client prefers it.
 */
#pragma once

#include "visit/visit.h"

/* Makes the response of a failed visit. Called once, at its end. */
void failure_show(struct visit *visit);
