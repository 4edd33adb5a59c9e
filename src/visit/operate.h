/* SPDX-License-Identifier: MIT
 *
 * What operators ask: alive, ready, metrics. nginx lets only them in. Each step ends the visit.
 */
#ifndef VISIT_OPERATE_H
#define VISIT_OPERATE_H

#include "visit/visit.h"

step_function operate_healthz; /* 200 */
step_function operate_readyz;  /* 503 while joins cannot work, with the reasons a line each */
step_function operate_metrics;

#endif
