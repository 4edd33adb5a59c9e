/* SPDX-License-Identifier: MIT
 *
 * The one line that a join, or a failure, leaves in the log, and what is counted of both.
 */
#ifndef VISIT_AUDIT_H
#define VISIT_AUDIT_H

#include "visit/visit.h"

/* A join has ended, well or not. */
void audit_join(const struct visit *visit, int64_t total_ms);

/* A failure that is no join's: only what an operator has to look at. */
void audit_failure(const struct visit *visit);

#endif
