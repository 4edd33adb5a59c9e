/* SPDX-License-Identifier: MIT
 *
 * The log line and the metrics of a join or of a failure.
 */
#ifndef VISIT_AUDIT_H
#define VISIT_AUDIT_H

#include "visit/visit.h"

/* Writes the line that the visit's outcome calls for, and counts it. */
void audit_visit(const struct visit *visit, int64_t total_ms);

#endif
