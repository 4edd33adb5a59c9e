/* SPDX-License-Identifier: MIT
 *
 * Requests of operators: health, readiness, metrics. nginx admits only operators. Each step ends
 * the visit.
 */
#pragma once

#include "visit/visit.h"

/* How long readyz says that a platform does not accept our credentials, once a join has failed for
 * it and its secret is the same. */
enum { OPERATE_REFUSED_S = 60 };

step_function operate_healthz; /* 200 */
step_function operate_readyz;  /* 503 while joins cannot work, one line a reason */
step_function operate_metrics;
