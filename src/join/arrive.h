/* SPDX-License-Identifier: MIT
 *
 * A join arrives at a platform whose driver reads what the visit brings.
 */
#pragma once

#include "visit/visit.h"

/* Lets the driver of the visit's platform read what the visit brings. STEP_NEXT, or STEP_DONE after
 * a failure. */
enum step arrive_at(struct visit *visit, const char *rest,
	enum platform_parameter (*get)(const void *query, const char *name, const char **value_r),
	const void *query);
