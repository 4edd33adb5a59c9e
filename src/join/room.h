/* SPDX-License-Identifier: MIT
 *
 * The room that a join's meeting holds. Its steps are in steps.h.
 */
#pragma once

#include "visit/visit.h"

/* Call when a visit ends without a join: releases its right to clear the room, so that another
 * visit can do it. */
void room_stop_clearing(struct visit *visit);
