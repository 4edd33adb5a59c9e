/* SPDX-License-Identifier: MIT
 *
 * A step fails: the visit records why. routes->show_failure() renders the response once, when the
 * visit ends.
 */
#pragma once

#include "visit/visit.h"

/* Records the failure and drops a response that was begun. Always STEP_DONE. */
enum step visit_fail(struct visit *visit, enum failure failure);

/* Fails with 400 because of `parameter`, which must outlive the visit (a constant or of the
 * configuration). `why` goes to the log. */
enum step visit_refuse(struct visit *visit, const char *parameter, const char *why);

/* The same for a parameter that is too long. */
enum step visit_refuse_long(struct visit *visit, const char *parameter, const char *why);

/* Fails with 503 and Retry-After: `retry_after` seconds. */
enum step visit_overloaded(struct visit *visit, int64_t retry_after, const char *why);

/* Sets the log's detail: a sentence for the operator, never a secret. A later call replaces it. */
void visit_set_detail(struct visit *visit, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
