/* SPDX-License-Identifier: MIT
 *
 * The log line and the metrics of a join or of a failure.
 */
#pragma once

#include "visit/visit.h"

/* Writes the line that the visit's outcome calls for, and counts it. */
void audit_visit(const struct visit *visit, int64_t total_ms);
