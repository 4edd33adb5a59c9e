/* SPDX-License-Identifier: MIT
 *
 * Arrival of a join at a platform whose driver parses the visit.
 */
#pragma once

#include "visit/visit.h"

/* Calls the driver's arrive() with the path after the entry and with the parameters of `query`,
 * which get() reads. Returns STEP_NEXT, or STEP_DONE after a failure. */
enum step arrive_at(struct visit *visit, const char *rest,
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r),
	const void *query);
