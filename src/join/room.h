/* SPDX-License-Identifier: MIT
 *
 * The room of a join's meeting, beside its steps (steps.h).
 */
#pragma once

#include "visit/visit.h"

/* The visit has let nobody in: another may have the room cleared. */
void room_stop_clearing(struct visit *visit);
