/* SPDX-License-Identifier: MIT
 *
 * The one line that a join, or a failure, leaves in the log, and what is counted of both.
 */
#ifndef VISIT_AUDIT_H
#define VISIT_AUDIT_H

#include "visit/visit.h"

/* Writes and counts what the visit's outcome asks for. */
void audit_visit(const struct visit *visit, int64_t total_ms);

#endif
